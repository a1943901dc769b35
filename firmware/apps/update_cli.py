"""The command that brings a firmware to a running station, as the page System does."""

from __future__ import annotations

import base64
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from firmware.apps.asking import STATE, State, ask, console, fail
from firmware.apps.progress import bar
from firmware.model.transfers import PART_MAX_BYTES

LOOK_S = 2.0
SAID = {
    "waiting": "it waits until no car is charging; nothing new begins until then",
    "installing": "it is being installed; the station starts anew by itself, within 15 minutes",
}


def update(
    file: Annotated[Path, typer.Argument(metavar="PACKAGE.deb", help="of `make deb`, signed")],
    *,
    state: State = STATE,
    wait: Annotated[bool, typer.Option(help="stay until it is being installed")] = True,
) -> None:
    """Update the firmware of a running station: bring a package, have it looked at, install it."""
    try:
        whole = file.read_bytes()
    except OSError as problem:
        raise fail(f"{file}: {problem.strerror}") from problem
    told = ask(state, {"do": "update_begin", "name": file.name, "bytes": len(whole)})["update"]
    with bar("package") as tell:
        while told["stage"] == "receiving":
            at = told["received"]
            data = base64.b64encode(whole[at : at + PART_MAX_BYTES]).decode()
            told = ask(state, {"do": "update_part", "at": at, "data": data})["update"]
            tell(told["received"], len(whole))
    if told["stage"] != "ready":
        raise fail(f"{file.name} cannot be installed: {told['problem']}")
    console.print(f"version {told['version']}, signed by {told['signer']}", highlight=False)
    _followed(state, ask(state, {"do": "update_install"})["update"], wait=wait)


def _followed(state: Path, told: dict[str, Any], *, wait: bool) -> None:
    """Say each stage once, until it is being installed or is not going to be."""
    said = ""
    while True:
        if told["stage"] != said and told["stage"] in SAID:
            said = told["stage"]
            console.print(SAID[said], highlight=False)
        if not wait or said == "installing":
            return
        if said and told["stage"] != said:
            raise fail(f"it was not installed: {told['problem'] or 'another took its place'}")
        time.sleep(LOOK_S)
        told = ask(state, {"do": "update"})["update"]
