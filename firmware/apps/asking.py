"""What commands for people share: where the station is, how it is asked, how one is told no."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from firmware.apps.first_boot import BOARD, UNNAMED
from firmware.io.control import ask_station

console = Console()
State = Annotated[
    Path,
    typer.Option("--state", envvar="POWERSTATION_STATE", help="state directory of the station"),
]
STATE = Path(".state")
INSTALLED, ETC = Path("/var/lib/powerstation"), Path("/etc/powerstation")


def fail(*sentences: str) -> typer.Exit:
    """Say what is wrong; raise what is returned."""
    for sentence in sentences:
        print(sentence, file=sys.stderr)
    return typer.Exit(2)


def ask(state: Path, asked: dict[str, Any]) -> dict[str, Any]:
    """Ask a running station; end the command with its sentences where it refuses."""
    try:
        answer = ask_station(state, asked)
    except OSError as problem:
        unnamed = state == INSTALLED and not (ETC / BOARD).exists()
        raise fail(str(problem), *([UNNAMED] if unnamed else [])) from problem
    if not answer.get("ok"):
        raise fail(*answer.get("errors", ["refused without a reason"]))
    return answer
