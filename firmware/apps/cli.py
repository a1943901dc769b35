"""The command `powerstation`: processes are exec'd before any library of the CLI is loaded."""

from __future__ import annotations

import os
import sys

PROCESSES = (
    "pilotd", "stationd", "webd", "admind", "world", "run", "safe-off", "selftest", "first-boot",
)  # fmt: skip


def main() -> None:
    """Hand over to a process, or to the commands for people."""
    if len(sys.argv) > 1 and sys.argv[1] in PROCESSES:
        module = f"firmware.apps.{sys.argv[1].replace('-', '_')}"
        os.execv(sys.executable, [sys.executable, "-m", module, *sys.argv[2:]])
    from firmware.apps.commands import app  # typer is not for the safety process

    app()


if __name__ == "__main__":
    main()
