"""Commands for people: each asks a running station or plays in virtual time."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from firmware import VERSION
from firmware.apps.asking import ETC, STATE, State, ask, console, fail
from firmware.apps.first_boot import BOARD, boards, choose
from firmware.apps.load_cli import load
from firmware.apps.progress import bar
from firmware.apps.update_cli import update
from firmware.sim.replay import BadCsv, LedgerOf, Replay, read_csv
from firmware.sim.site import BadSite
from hal.board import BoardErrors, load_board

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
sim = typer.Typer(no_args_is_help=True, help="Virtual time: whole stations, a year in minutes.")
app.add_typer(sim, name="sim")
app.add_typer(load, name="load")
app.command()(update)
UNLOCK_LOOK_S = 0.2
REPLAY_SETTINGS = {
    "ocpp:HeartbeatInterval": "3600",
    "ocpp:MeterValueSampleInterval": "900",
    "ocpp:WebSocketPingInterval": "0",
    "operator_current_limit_1": "32",
    "operator_current_limit_2": "32",
}


def default_board() -> Path:
    """Return the mock board: of the checkout, else of the installed package."""
    top = Path(__file__).parent.parent
    beside = top.parent / "boards" / "mock.toml"
    return beside if beside.exists() else top / "boards" / "mock.toml"


def _version(wanted: bool) -> None:
    if wanted:
        console.print(VERSION)
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True)] = False,
) -> None:
    """Firmware of an AC charging station.

    Processes, each with --help of its own: run, pilotd, stationd, webd, admind, world, safe-off,
    selftest, first-boot.
    """


@app.command()
def demo(
    state: Annotated[Path, typer.Option(help="where the demo keeps its station")] = Path(
        ".state/demo"
    ),
    bench: Annotated[str, typer.Option(metavar="HOST:PORT")] = "127.0.0.1:0",
) -> None:
    """A simulated two-outlet wallbox charges a car; then a person drives it."""
    from firmware.apps.demo import play

    raise typer.Exit(asyncio.run(play(default_board(), state, bench)))


@app.command()
def status(
    state: State = STATE,
    as_json: Annotated[bool, typer.Option("--json", help="the whole snapshot")] = False,
) -> None:
    """What every outlet does, and how the back end is."""
    answer = ask(state, {"do": "status"})
    if as_json:
        print(json.dumps(answer, indent=2))
        return
    if answer.get("simulated"):
        console.print(
            f"SIMULATED STATION, board {answer['board']}: no pin of this machine is driven"
        )
    table = Table("outlet", "status", "cp", "limit", "power", "energy", "token", "why")
    for o in answer["outlets"]:
        power = "" if o["power_w"] is None else f"{o['power_w'] / 1_000:.1f} kW"
        energy = "" if o["energy_wh"] is None else f"{o['energy_wh'] / 1_000:.2f} kWh"
        limit = f"{o['limit_ma'] / 1_000:g} A"
        table.add_row(
            str(o["outlet"]), o["status"], o["cp"] or "-", limit, power, energy,
            o["token"] or "", o["why"].split(": ", 1)[1],
        )  # fmt: skip
    console.print(table)
    for line in [f"outlet {o['outlet']}: {o['advice']}" for o in answer["outlets"] if o["advice"]]:
        console.print(line)
    if answer["faults"]:
        console.print(f"faults of the station: {', '.join(answer['faults'])}")
    for line in answer["warnings"]:
        console.print(f"warning: {line}")
    backend = answer["backend"]
    line = "connected" if backend["connected"] else f"not connected: {backend['problem']}"
    console.print(f"back end {line}; {backend['queued']} messages wait")


@app.command("first-passwords")
def first_passwords(
    state: State = STATE,
    etc: Annotated[Path, typer.Option(help="where the station keeps its board file")] = ETC,
) -> None:
    """Who signs in at the pages of a new station; each holds until its user chooses another."""
    from firmware.io.passwords import FIRST, read_first

    for path in (etc / FIRST, state / FIRST):
        try:
            kept = read_first(path)
        except OSError:
            continue
        for user, password in kept.items():
            print(f"{user:14}{password}")
        return
    raise fail(f"no {FIRST} can be read in {etc} or {state}; ask as root, after a first start")


@app.command()
def board(
    name: Annotated[str, typer.Argument(help="one that ships; none: list them")] = "",
    etc: Annotated[Path, typer.Option(help="where the station keeps its board file")] = ETC,
) -> None:
    """Which boards there are; with a name: the board that this station is made of."""
    if not name:
        for shipped, path in boards().items():
            print(f"{shipped}: {path.read_text().splitlines()[0].lstrip('# ')}")
        print(f"`powerstation board NAME` writes {etc / BOARD}; one of your own goes there too")
        return
    try:
        chosen = choose(name, etc)
    except (BoardErrors, OSError) as problem:
        raise fail(str(problem)) from problem
    print(f"the board is {chosen}; `systemctl restart powerstation-pilotd powerstation-stationd`")


@app.command()
def why(
    about: Annotated[str, typer.Argument(help="the number of an outlet, or backend")],
    state: State = STATE,
) -> None:
    """Why does this outlet give what it gives, or what is it with the back end? One line."""
    if about != "backend" and not about.isdecimal():
        raise fail(f"{about!r} is neither an outlet nor `backend`; try `powerstation why 1`")
    asked = {"about": about} if about == "backend" else {"outlet": int(about)}
    console.print(ask(state, {"do": "why", **asked})["why"], soft_wrap=True)


@app.command()
def faults(
    state: State = STATE,
    every: Annotated[bool, typer.Option("--all", help="also what is over")] = False,
) -> None:
    """What is wrong, since when, what to do and what ends it."""
    rows = ask(state, {"do": "faults", "all": every})["faults"]
    if not rows:
        console.print("no fault" if every else "no fault is there; --all shows what was")
        return
    table = Table("id", "outlet", "what", "since", "until", "times", "what to do", "over when")
    for r in rows:
        table.add_row(
            r["id"], str(r["outlet"] or "station"), r["text"], r["since"], r["ended"] or "now",
            str(r["times"]), r["advice"], r["clears"],
        )  # fmt: skip
    console.print(table)


@app.command()
def wear(state: State = STATE) -> None:
    """How often contactors and locks have moved, and what wants replacing."""
    table = Table("outlet", "closings", "openings under load", "lock moves", "trips", "advice")
    for o in ask(state, {"do": "wear"})["outlets"]:
        names = ("outlet", "closings", "openings_under_load", "lock_moves", "residual_trips")
        table.add_row(*(str(o[name]) for name in names), o["advice"])
    console.print(table)


@app.command()
def unlock(
    outlet: int,
    role: Annotated[str, typer.Option(help="who asks: operator, installer, manufacturer")] = (
        "operator"
    ),
    state: State = STATE,
) -> None:
    """Free a plug, whatever holds it; what is running is stopped first."""
    asked = ask(state, {"do": "unlock", "outlet": outlet, "role": role})
    stopped = "the transaction was stopped, " if asked["was_running"] else ""
    if not asked["was_locked"]:
        console.print(f"outlet {outlet}: {stopped}the plug was not held")
        return
    while (lock := ask(state, {"do": "lock", "outlet": outlet}))["waiting"]:
        time.sleep(UNLOCK_LOOK_S)  # the station gives up by itself
    if lock["locked"]:
        raise fail(f"outlet {outlet}: {stopped}the pin did not move; take the load off the plug")
    console.print(f"outlet {outlet}: {stopped}the plug is free")


@app.command("get")
def get_settings(
    keys: Annotated[list[str] | None, typer.Argument()] = None, state: State = STATE
) -> None:
    """Show parameters: the named ones, or all."""
    values = ask(state, {"do": "get", "keys": keys or []})["values"]
    for key, entry in values.items():
        print(f"{key}={entry['value']}{' ' + entry['unit'] if entry['unit'] else ''}")


@app.command("set")
def set_settings(
    pairs: Annotated[list[str], typer.Argument(metavar="KEY=VALUE...")],
    role: Annotated[str, typer.Option(help="who asks: operator, installer, manufacturer")] = (
        "operator"
    ),
    state: State = STATE,
) -> None:
    """Change parameters of the running station; all of them or none."""
    bad = [pair for pair in pairs if "=" not in pair]
    if bad:
        raise fail(*(f"{pair}: write it as key=value" for pair in bad))
    values = {key: value for key, _, value in (pair.partition("=") for pair in pairs)}
    answer = ask(state, {"do": "set", "values": values, "role": role})
    for key in answer["restart_needed_for"]:
        console.print(f"{key}: kept; it acts after the next restart")


@app.command()
def story(
    files: list[Path],
    *,
    rig: Annotated[
        str,
        typer.Option(help="sim (virtual time), wire (real processes), bench (a real station)"),
    ] = "sim",
    at: Annotated[
        str,
        typer.Option(help="bench: HOST:PORT, a Unix socket or a serial port such as /dev/ttyUSB0"),
    ] = "",
    csms: Annotated[
        str,
        typer.Option(metavar="HOST:PORT", help="bench: where our back end listens for the station"),
    ] = "127.0.0.1:9000",
    identity: Annotated[
        str, typer.Option(help="bench: the station's ChargePointID; else the first that connects")
    ] = "",
    station: Annotated[
        Path | None,
        typer.Option(help="bench: state directory of a station on this machine; else by OCPP"),
    ] = None,
    junit: Annotated[Path | None, typer.Option(help="write a JUnit report there")] = None,
    html: Annotated[Path | None, typer.Option(help="write a page with pictures there")] = None,
) -> None:
    """Play stories and say which held.

    Ends with 0 if all held, 1 if one failed, 2 if one could not be played, 3 if one was skipped
    because the rig cannot do it.
    """
    from firmware.apps.rigs import RigOptions
    from firmware.apps.stories import Reports, play_files

    host, _, port = csms.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65_535:
        raise fail(f"--csms {csms}: give HOST:PORT with a port from 0 to 65535")
    options = RigOptions(default_board(), at, csms, identity, station)
    raise typer.Exit(play_files(files, rig, options, console, Reports(junit, html)))


@app.command()
def bench(
    at: Annotated[
        str,
        typer.Option(help="HOST:PORT, a Unix socket or a serial port such as /dev/ttyUSB0"),
    ] = "127.0.0.1:7000",
) -> None:
    """A page of what stands around a station, and keys to act on it."""
    from firmware.apps.bench import show

    raise typer.Exit(asyncio.run(show(at, console)))


@app.command("replay")
def replay_box(file: Path) -> None:
    """Play a black box of pilotd through fresh machines: do they drive what was driven?"""
    from firmware.apps.replay import replay_file

    raise typer.Exit(replay_file(file))


@sim.command()
def replay(
    file: Path,
    board: Annotated[Path | None, typer.Option(help="board file")] = None,
    seed: int = 0,
    first: Annotated[int, typer.Option(help="only so many sessions; 0 plays all")] = 0,
) -> None:
    """Play recorded sessions through whole stations against a back end; print the ledger."""
    try:
        sessions, midnight = read_csv(file)
        profile = load_board(board or default_board())
    except (BadCsv, BoardErrors, OSError) as problem:
        raise fail(str(problem)) from problem
    run = Replay(sessions[: first or None], midnight, profile, seed=seed, settings=REPLAY_SETTINGS)
    began_s, cpu_s = time.monotonic(), time.process_time()
    with bar("replay") as tell:
        result = run.run(tell)
    _print_ledger(result, seed)
    print(f"took: {time.monotonic() - began_s:.0f} s, {time.process_time() - cpu_s:.0f} s of CPU")
    raise typer.Exit(0 if result.clean else 1)


@sim.command()
def site(
    site_file: Annotated[Path, typer.Argument(metavar="SITE.TOML")],
    sessions: Annotated[Path, typer.Argument(metavar="SESSIONS.CSV")],
    *,
    kw: Annotated[list[float] | None, typer.Option(help="another feeder; may be repeated")] = None,
    more_points: Annotated[int, typer.Option(min=0, max=1_000, help="what if: so many more")] = 0,
    less_amps: Annotated[int, typer.Option(min=0, help="what if: the feeder has A less")] = 0,
    html: Annotated[Path | None, typer.Option(help="write a page with pictures there")] = None,
) -> None:
    """Share a site on paper among recorded sessions: who gets what, and would more points fit?"""
    from firmware.apps.site import LEGEND, WhatIf, play_all, tables
    from firmware.apps.site_page import page
    from firmware.apps.story_reports import write_whole

    what_if = WhatIf(tuple(kw or ()), more_points, less_amps)
    try:
        with bar("sessions") as tell:
            played = play_all(site_file, sessions, what_if, tell)
        if html is not None:
            write_whole(html, page(played, site_file.stem, sessions.stem))
    except (BadCsv, BadSite, OSError) as problem:
        raise fail(str(problem)) from problem
    for shown in tables(played):
        console.print(shown)
    console.print(LEGEND, style="dim", highlight=False)


def _print_ledger(result: LedgerOf, seed: int) -> None:
    asked_wh = sum(p.recorded.energy_wh for p in result.played)
    lines = {
        "sessions": len(result.played),
        "stations": f"{result.stations}, {result.station_hours} station-hours, seed {seed}",
        "settings": ", ".join(f"{k}={v}" for k, v in result.settings.items()),
        "energy asked for by the file": f"{asked_wh} Wh",
        "energy by meter": f"{result.meter_wh} Wh",
        "energy by back end": f"{result.backend_wh} Wh",
        "lost": len(result.lost),
        "duplicated": len(result.duplicated),
        "sessions where meter and back end differ": len(result.different),
        "wire problems": len(result.wire_problems),
        "frames": f"{result.frames}, {result.retransmissions} sent again",
        "history": result.history,
    }
    for name, value in lines.items():
        print(f"{name}: {value}")
    wrong = [*result.lost, *result.duplicated, *result.different, *result.wire_problems]
    for sentence in wrong[:50]:
        print(f"  {sentence}")
