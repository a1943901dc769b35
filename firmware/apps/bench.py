"""`powerstation bench`: a page of what stands around a station, and keys to act on it.

It speaks the bench protocol with a simulated world or with the box on a serial port. Without a
terminal it prints a line for each change until it is interrupted.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.live import Live

from firmware.apps.bench_client import BenchClient, Refused
from firmware.apps.bench_page import View, line, picture, request, undo
from firmware.apps.keys import single_keys

REFRESH_S = 0.3
SLOW_REFRESH_S = 1.0  # over a serial port, where a look takes 60 ms


class Bench:
    """One page; `stop` ends it."""

    def __init__(self, at: str, console: Console) -> None:
        self.view = View(at)
        self.console = console
        self.client = BenchClient(self._event)
        self.stop = asyncio.Event()
        self.live = console.is_terminal
        self._printed: dict[int, str] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Connect and learn what the rig can; raise `OSError`, `TimeoutError`, `Refused`."""
        await self.client.connect(self.view.at)
        self.view.took_rig(await self.client.do("rig"))
        await self.client.do("watch")
        await self.refresh()

    def press(self, key: str) -> None:
        """Carry out a key."""
        if key in ("q", "\x03"):
            self.stop.set()
            return
        task = asyncio.create_task(self._act(key))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _act(self, key: str) -> None:
        asked = request(self.view, key)
        if asked is None:
            return
        verb, arguments = asked
        words = " ".join(f"{name}={value}" for name, value in arguments.items())
        try:
            await self.client.do(verb, **arguments)
            self.view.refusals.clear()
            self._say(f"you: {verb} {words}")
        except (Refused, TimeoutError) as problem:
            undo(self.view, key)
            self.view.refusals.append(f"{verb}: {problem}")
        except OSError:
            self.stop.set()

    async def refresh(self) -> None:
        """Look."""
        self.view.took_look(await self.client.do("look"))

    def _event(self, event: dict[str, Any]) -> None:
        kind = event.pop("event")
        outlet = event.pop("outlet", None)
        event.pop("at_ms", None)
        if kind == "led":
            return  # the ring is on the page, and turns twenty times a second
        words = " ".join(f"{name}={value}" for name, value in event.items())
        where = "" if outlet is None else f" at outlet {outlet}"
        self._say(f"{kind}{where}: {words}")

    def _say(self, words: str) -> None:
        stamped = f"{datetime.now().astimezone():%H:%M:%S.%f}"[:-3] + f" {words}"
        self.view.events.append(stamped)
        if not self.live:
            print(stamped, flush=True)

    def print_changes(self) -> None:
        """Print the outlets that look different now."""
        for number in sorted(self.view.outlets):
            words = line(self.view, number)
            if self._printed.get(number) != words:
                self._printed[number] = words
                print(words, flush=True)


async def show(at: str, console: Console) -> int:
    """Show the page until `q` or Ctrl-C; return the exit code."""
    bench = Bench(at, console)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, bench.stop.set)
    try:
        await bench.open()
        await (_live(bench) if bench.live else _lines(bench))
    except (OSError, Refused, TimeoutError) as problem:
        print(f"powerstation bench: {problem}", file=sys.stderr)
        return 2
    finally:
        await bench.client.close()
    if bench.client.lost.is_set():
        print(f"powerstation bench: {at} has gone", file=sys.stderr)
        return 1
    return 0


async def _live(bench: Bench) -> None:
    loop = asyncio.get_running_loop()
    with (
        Live(console=bench.console, auto_refresh=False, screen=True) as live,
        single_keys(loop, bench.press),
    ):
        async for _ in _looks(bench):
            live.update(picture(bench.view), refresh=True)


async def _lines(bench: Bench) -> None:
    print("keys work in a terminal only; here is a line for each change, until Ctrl-C")
    async for _ in _looks(bench):
        bench.print_changes()


async def _looks(bench: Bench) -> Any:
    every_s = SLOW_REFRESH_S if bench.view.at.startswith("/dev/") else REFRESH_S
    while not bench.stop.is_set() and not bench.client.lost.is_set():
        with contextlib.suppress(TimeoutError, ConnectionError):
            await bench.refresh()
        yield
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(bench.stop.wait(), every_s)
