"""`make run`: the processes that ship on the mock board, a back end, and a person at the keys.

It plays one session by itself: card, plug, charging. Then every key does something in the
world. Without a terminal it prints lines instead of a picture.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import shutil
import signal
import socket
import sys
from collections import deque
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from firmware.apps.bench_client import BenchClient, Refused
from firmware.apps.keys import single_keys
from firmware.apps.run import Family, Plan, check
from firmware.io.control import ask_station
from firmware.pilot.duty import offered_ma
from firmware.sim.backend import Backend

CARD, OTHER_CARD = "0a0e9b83", "04a1b2c3d4e5f6"
IDENTITY = "demo"
CAR = {"battery_wh": 1_000, "soc_percent": 10, "phases": 3}
REFRESH_S = 0.5
PAGES_PORT = 8080  # where a person looks first; another where it is taken
PERSON = "installer"  # who signs in at the pages
KEYS = (
    ("1", "plug or unplug a car at outlet 1"),
    ("2", "the same at outlet 2"),
    ("s", "present the card (starts, or stops your session)"),
    ("d", "present another card"),
    ("r", "remote start at outlet 2 by the back end"),
    ("g", "5 s of residual current at outlet 1"),
    ("p", "cut the power for 3 s"),
    ("q", "end (or Ctrl-C)"),
)


class Demo:
    """The state of one demo."""

    def __init__(self, family: Family, state: Path, console: Console) -> None:
        self.family = family
        self.state = state
        self.console = console
        self.bench = BenchClient()
        self.backend = Backend(lambda: datetime.now(UTC), on_frame=self._frame)
        self.lines: deque[str] = deque(maxlen=12)
        self.status: dict[str, Any] = {}
        self.world: dict[str, Any] = {}
        self.stop = asyncio.Event()
        self.password = ""
        self.live = console.is_terminal
        self._keys: dict[str, Callable[[], Awaitable[object]]] = {
            "1": lambda: self._toggle(1),
            "2": lambda: self._toggle(2),
            "s": lambda: self.do("swipe", uid=CARD),
            "d": lambda: self.do("swipe", uid=OTHER_CARD),
            "r": lambda: self.backend.remote_start(IDENTITY, "REMOTE-DRIVER", 2),
            "g": self._residual,
            "p": lambda: self.do("power", off_ms=3_000),
        }
        self._tasks: set[asyncio.Task[object]] = set()

    # -- acting -----------------------------------------------------------------------------

    async def do(self, verb: str, **arguments: object) -> None:
        """Do something in the world and say so."""
        words = " ".join(f"{k}={v}" for k, v in arguments.items() if k != "car")
        try:
            await self.bench.do(verb, **arguments)
            self.say(f"you   {verb} {words}")
        except Refused as problem:
            self.say(f"you   {verb} {words}: refused, {problem}")

    async def _toggle(self, outlet: int) -> None:
        there = (await self.bench.do("look"))["outlets"][outlet - 1]["pp_ohm"] is not None
        if there:
            await self.do("unplug", outlet=outlet)
        else:
            await self.do("plug", outlet=outlet, cable_ma=32_000, car=CAR)

    async def _residual(self) -> None:
        await self.do("residual", outlet=1, dc_ma=8)
        await asyncio.sleep(5)
        await self.do("residual", outlet=1, dc_ma=0)

    async def story(self) -> None:
        """The first session: nobody needs to touch a key."""
        await asyncio.sleep(1)
        await self.do("swipe", uid=CARD)
        await asyncio.sleep(2)
        await self.do("plug", outlet=1, cable_ma=32_000, car=CAR)

    def press(self, key: str) -> None:
        """Carry out a key."""
        if key in ("q", "\x03"):
            self.stop.set()
        elif (action := self._keys.get(key)) is not None:
            self.spawn(action())

    def spawn(self, work: Awaitable[object]) -> None:
        """Run beside; a refusal becomes a line."""

        async def guarded() -> object:
            try:
                return await work
            except (Refused, OSError, TimeoutError, KeyError) as problem:
                self.say(f"      {problem}")
                return None

        task = asyncio.create_task(guarded())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # -- showing ----------------------------------------------------------------------------

    def say(self, line: str) -> None:
        """Add a line to the log."""
        stamped = f"{datetime.now().astimezone():%H:%M:%S} {line}"
        self.lines.append(stamped)
        if not self.live:
            print(stamped, flush=True)

    def _frame(self, _station: str, direction: str, text: str, _at: datetime) -> None:
        words = {"up": "OCPP →", "down": "OCPP ←"}
        if direction not in words:
            self.say(f"OCPP  connection {direction}")
        elif "Heartbeat" not in text:
            self.say(f"{words[direction]} {text[:150]}")

    @property
    def pages(self) -> str:
        """Where the pages are, and who signs in there."""
        place = next(iter(self.family.places.get("web", ())), "nowhere")
        return f"{place}  user {PERSON}, password {self.password}"

    async def refresh(self) -> None:
        """Look at world and station."""
        with contextlib.suppress(Refused, TimeoutError):
            self.world = await self.bench.do("look")
        with contextlib.suppress(OSError, ValueError):
            asked = {"do": "status"}
            self.status = await asyncio.to_thread(ask_station, self.state, asked, 1.0)

    def picture(self) -> Group:
        """Return the whole screen."""
        table = Table("outlet", "status", "car", "offer", "contactor", "power", "energy", "battery")
        for seen, known in zip(
            self.world.get("outlets", ()), self.status.get("outlets", ()), strict=False
        ):
            table.add_row(*_row(seen, known))
        ring = Text.assemble("ring  ", *[("● ", colour) for colour in self.world.get("led", ())])
        whys = "\n".join(o["why"] for o in self.status.get("outlets", ()))
        keys = "\n".join(f" [bold]{key}[/bold]  {what}" for key, what in KEYS)
        return Group(
            Panel(table, title="Powerstation, simulated", subtitle=self.pages),
            ring,
            Text(whys, style="dim"),
            Panel(
                Text("\n".join(self.lines), no_wrap=True, overflow="ellipsis"),
                title=f"what happens (bench protocol at {self.family.bench})",
            ),
            keys,
        )

    def line(self) -> str:
        """Return the state in one line, for where there is no terminal."""
        parts = [
            f"outlet {o['outlet']} {o['status']}"
            + (f" {o['power_w'] or 0} W {o['energy_wh']} Wh" if o["energy_wh"] is not None else "")
            for o in self.status.get("outlets", ())
        ]
        return " | ".join(parts)


def _row(seen: dict[str, Any], known: dict[str, Any]) -> tuple[Any, ...]:
    car = seen["car"] or {}
    full = car.get("stored_wh", 0) / car["battery_wh"] * 100 if car.get("battery_wh") else 0
    amps = offered_ma(seen["duty_permille"]) / 1_000
    offer = f"{amps:g} A" if amps else "none"
    return (
        str(seen["outlet"]),
        known["status"],
        f"{car.get('state', 'none')}",
        offer,
        "closed" if seen["contactor_closed"] else "open",
        f"{(known['power_w'] or 0) / 1_000:.1f} kW",
        f"{known['energy_wh'] or 0} Wh",
        ProgressBar(total=100, completed=full, width=20) if car else "",
    )


async def play(board: Path, state: Path, bench: str) -> int:
    """Run the demo until `q` or Ctrl-C; return the exit code."""
    console = Console()
    shutil.rmtree(state, ignore_errors=True)
    state.mkdir(parents=True)
    family = Family(Plan(board, state, bench, f"127.0.0.1:{_port()}", log=state / "log"))
    demo = Demo(family, state, console)
    demo.password = secrets.token_hex(4)  # of this run alone
    port = await demo.backend.start("127.0.0.1", 0)
    family.plan.sets += [
        f"ocpp_ws_url=ws://127.0.0.1:{port}/ocpp",
        f"ocpp_chargebox_identity={IDENTITY}",
        f"{PERSON}_password={demo.password}",
        "operator_current_limit_1=32",
        "ocpp:MeterValueSampleInterval=10",
        "ocpp_status_strategy=occupied_on_authorized_plugged",
    ]
    problems = check(family.plan)
    if problems:
        print("\n".join(problems), file=sys.stderr)
        return 2
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, demo.stop.set)
    try:
        await family.start()
        await demo.bench.connect(family.bench)
        demo.say(f"the station is up; logs in {state / 'log'}, bench protocol at {family.bench}")
        demo.say(f"pages: {demo.pages}")
        demo.spawn(demo.story())
        await (_show(demo) if demo.live else _print(demo))
    except OSError as problem:
        print(f"powerstation demo: {problem}; the logs are in {state / 'log'}", file=sys.stderr)
        return 1
    finally:
        await family.end()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(demo.backend.stop(), 0.2)
    return 0


def _port() -> int:
    """Return the port of the pages, or 0 where that is taken."""
    with socket.socket() as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind(("127.0.0.1", PAGES_PORT))
        except OSError:
            return 0
    return PAGES_PORT


async def _show(demo: Demo) -> None:
    loop = asyncio.get_running_loop()
    with (
        Live(console=demo.console, auto_refresh=False, screen=True) as live,
        single_keys(loop, demo.press),
    ):
        while not demo.stop.is_set():
            await demo.refresh()
            live.update(demo.picture(), refresh=True)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(demo.stop.wait(), REFRESH_S)


async def _print(demo: Demo) -> None:
    print("keys work in a terminal only: " + ", ".join(f"{k} {what}" for k, what in KEYS))
    while not demo.stop.is_set():
        await demo.refresh()
        demo.say(demo.line())
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(demo.stop.wait(), 4 * REFRESH_S)
