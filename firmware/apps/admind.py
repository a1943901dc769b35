"""What only root may do for the station. It is started on demand, does one thing and ends.

Verbs are fixed and their arguments typed; no text that comes from elsewhere is ever a command.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from firmware.io.installing import Places, install_offer
from firmware.io.packages import KEYS, BadPackage

STATE, WORK = Path("/var/lib/powerstation"), Path("/var/lib/powerstation-admind")
ETC_KEYS = Path("/etc/powerstation/keys")


def main(argv: list[str] | None = None) -> int:
    """Carry out one verb; 1 with a sentence where it cannot be done."""
    parser = argparse.ArgumentParser(prog="powerstation admind", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    install = verbs.add_parser("install", help="install the firmware that the station offers")
    install.add_argument("--state", type=Path, default=STATE, help="of the station")
    install.add_argument("--work", type=Path, default=WORK, help="a folder of root alone")
    install.add_argument("--root", type=Path, default=Path("/"), help="the system to change")
    install.add_argument(
        "--keys", type=Path, action="append", metavar="DIR",
        help=f"keys of makers; {KEYS} and {ETC_KEYS} if not given",
    )  # fmt: skip
    args = parser.parse_args(argv)
    keys = tuple(args.keys or (KEYS, ETC_KEYS))
    try:
        print(f"admind: {install_offer(Places(args.state, args.work, keys, args.root))}")
    except BadPackage as problem:
        print(f"admind: not installed: {problem}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
