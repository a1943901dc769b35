"""Commands of load management: look at the site, let a station join it, join one."""

from __future__ import annotations

import json
import time
from typing import Annotated, Any

import typer
from rich.table import Table

from firmware.apps.asking import STATE, State, ask, console, fail

load = typer.Typer(no_args_is_help=True, help="Load management between stations.")
LOOK_S, ANSWER_S = 0.2, 25.0
INSTALLER = {"role": "installer"}


@load.command()
def site(
    state: State = STATE,
    as_json: Annotated[bool, typer.Option("--json", help="all of it, with the history")] = False,
) -> None:
    """Who shares the current of this site, who waits, and why."""
    answer = ask(state, {"do": "site"})
    if as_json:
        print(json.dumps(answer, indent=2))
        return
    console.print(answer["text"])
    for line in (answer["problem"], *answer["warnings"], answer["available"]):
        if line:
            console.print(line)
    if not answer["points"]:
        return
    table = Table("outlet", "state", "limit", "draws", "phases", "why")
    for point in answer["points"]:
        draws = "/".join(f"{ma / 1_000:g}" for ma in point["drawn_ma"])
        table.add_row(
            point["name"], point["state"], f"{point['limit_ma'] / 1_000:g} A", draws,
            " ".join(point["phases"]), point["why"].partition(": ")[2] or point["why"],
        )  # fmt: skip
    console.print(table)


@load.command()
def invite(state: State = STATE) -> None:
    """Show a code by which one station may join this master's site."""
    before = ask(state, {"do": "pairing", **INSTALLER})
    ask(state, {"do": "pair_open", **INSTALLER})
    told = _changed(state, before)
    if not told["code"]:
        raise fail(told["text"])
    print(f"{told['code'][:4]} {told['code'][4:]}")
    console.print(
        f"Good for {told['ends_in_s']} s and one station. There: powerstation load join HOST "
        "CODE, or Site in its pages."
    )


@load.command()
def join(
    host: Annotated[str, typer.Argument(help="address of the master")],
    code: Annotated[str, typer.Argument(help="the eight digits that it shows")],
    port: Annotated[int, typer.Option(help="where it listens while a code is open")] = 8_884,
    second: Annotated[bool, typer.Option("--second", help="HOST is the second master")] = False,
    state: State = STATE,
) -> None:
    """Join the site of a master by the code that it shows."""
    before = ask(state, {"do": "pairing", **INSTALLER})
    asked = {"do": "pair", "host": host, "port": port, "code": code, "second": second}
    ask(state, {**asked, **INSTALLER})
    told = _changed(state, before)
    if not told["paired"]:
        raise fail(told["text"])
    console.print(told["text"])


@load.command()
def forget(state: State = STATE) -> None:
    """Forget every station that this master knows and does not hear."""
    console.print(ask(state, {"do": "clear_slaves"})["text"])


def _changed(state: Any, before: dict[str, Any]) -> dict[str, Any]:
    """Return what is told of joining once that has changed."""
    end_s = time.monotonic() + ANSWER_S
    while time.monotonic() < end_s:
        now = ask(state, {"do": "pairing", **INSTALLER})
        if now["told"] != before["told"]:
            return now
        time.sleep(LOOK_S)
    raise fail("the station has not answered; look at its log")
