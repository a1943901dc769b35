"""A whole station as children of one command, as systemd does on the box; ends with it.

On a simulated board the world is a child as well and outlives the station: the bench verb
`power` kills every station process at once, waits, and starts them anew.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from firmware.apps.settings_args import parse_sets, read_settings
from firmware.apps.stationd import EXIT_RESTART
from firmware.io.control import SOCKET_NAME as CONTROL_NAME
from firmware.model.errors import SettingErrors
from hal.board import BoardErrors, load_board

READY_S = 20.0
TERM_S = 1.6  # Ctrl-C is answered within two seconds
RESTART_S = 0.3
STOP_GRACE_MS = 1_000
NAMES = ("pilotd", "stationd", "webd")
WORLD = ("-m", "firmware.apps.world")
TELLING = ("world", "webd")  # a line of JSON says where they listen


@dataclass(slots=True)
class Plan:
    """What to start."""

    board: Path
    state: Path
    bench: str = "127.0.0.1:0"
    web: str = ""  # HOST:PORT of the pages; empty: none
    local: str = ""  # HOST:PORT that stands for the cable at the station
    sets: list[str] = field(default_factory=list)
    log: Path | None = None  # where the processes' logs go; None: to the terminal
    seed: int = 0
    world: tuple[str, ...] = WORLD  # the program around the station


class Family:
    """The processes of one station, and the world they live in."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.bench = ""
        self.world: asyncio.subprocess.Process | None = None
        self._owner: asyncio.StreamWriter | None = None  # our line to the world
        self.children: dict[str, asyncio.subprocess.Process] = {}
        self.ending = False
        self.names = NAMES if plan.web or plan.local else NAMES[:2]
        self.pages: asyncio.Future[dict[str, list[str]]] | None = None  # where they are, once told
        self.places: dict[str, list[str]] = {}
        self._log = plan.log.open("ab") if plan.log is not None else None
        self.powered = asyncio.Event()
        self.powered.set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Start the world, then the station; return when it answers. Raise `OSError`."""
        self.plan.state.mkdir(parents=True, exist_ok=True)
        self.world = await self._spawn("world", "--bench", self.plan.bench)
        assert self.world.stdout is not None
        line = await asyncio.wait_for(self.world.stdout.readline(), READY_S)
        if not line:
            raise OSError("the world did not start; its last words are above")
        self.bench = json.loads(line)["bench"]
        if "webd" in self.names:
            self.pages = asyncio.get_running_loop().create_future()
        await self._own_power()
        for name in self.names:
            self._keep(self._keep_alive(name))
        await self._answering()
        if self.pages is not None:
            self.places = await asyncio.wait_for(self.pages, READY_S)

    async def end(self) -> None:
        """Stop the station orderly, then the world."""
        self.ending = True
        await _terminate(list(self.children.values()), TERM_S)
        if self.world is not None:
            await _terminate([self.world], 0.3)
        for task in self._tasks:
            task.cancel()
        if self._owner is not None:
            self._owner.close()
        if self._log is not None:
            self._log.close()

    async def failed(self) -> str:
        """Wait until one of the processes is gone for good; return what happened."""
        done, _ = await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        problem = next(iter(done)).exception()
        return str(problem) if problem is not None else "the world has ended"

    def kill(self, name: str) -> None:
        """Kill one process with SIGKILL; it is started again."""
        child = self.children.get(name)
        if child is not None and child.returncode is None:
            child.kill()

    def pids(self) -> dict[str, int]:
        """Return the process ids by name."""
        world = {"world": self.world.pid} if self.world is not None else {}
        return world | {n: c.pid for n, c in self.children.items() if c.returncode is None}

    # -- children ---------------------------------------------------------------------------

    async def _spawn(self, name: str, *more: str) -> asyncio.subprocess.Process:
        plan = self.plan
        arguments = ["--board", str(plan.board), "--state", str(plan.state), *more]
        program = plan.world if name == "world" else ("-m", f"firmware.apps.{name}")
        return await asyncio.create_subprocess_exec(
            sys.executable,
            *program,
            *arguments,
            stdout=asyncio.subprocess.PIPE if name in TELLING else asyncio.subprocess.DEVNULL,
            stderr=self._log,
            start_new_session=True,
        )

    async def _keep_alive(self, name: str) -> None:
        while not self.ending:
            await self.powered.wait()
            more = ["--stop-grace-ms", str(STOP_GRACE_MS)] if name == "pilotd" else []
            if name == "stationd":
                more = [part for item in self.plan.sets for part in ("--set", item)]
            if name == "webd":
                more = self._listen()
            child = self.children[name] = await self._spawn(name, *more)
            if name == "webd":
                await self._hear(child)
            code = await child.wait()
            if self.ending or not self.powered.is_set():
                continue
            if code == 2:
                raise OSError(f"{name} cannot work with this board, state or setting")
            if code != EXIT_RESTART:
                print(f"powerstation run: {name} ended with {code}, again", file=sys.stderr)
            await asyncio.sleep(RESTART_S)

    def _listen(self) -> list[str]:
        """Return what webd is told: the ports it had before, if it is started anew."""
        wishes = {"--web": self.plan.web, "--local": self.plan.local}
        words = ["--bench", self.bench]
        for option, place in wishes.items():
            known = self.places.get(option.strip("-"), [])
            where = [one.partition("//")[2] for one in known] or ([place] if place else [])
            words += [word for one in where for word in (option, one)]
        return words

    async def _hear(self, child: asyncio.subprocess.Process) -> None:
        """Take the line in which webd says where it listens."""
        assert child.stdout is not None and self.pages is not None
        line = await child.stdout.readline()
        if line and not self.pages.done():
            self.pages.set_result(json.loads(line))

    async def _answering(self) -> None:
        deadline = time.monotonic() + READY_S
        path = self.plan.state / CONTROL_NAME
        while time.monotonic() < deadline:
            for task in self._tasks:
                if task.done() and (problem := task.exception()) is not None:
                    raise problem
            with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as sock:
                sock.connect(str(path))
                return
            await asyncio.sleep(0.05)
        raise OSError(f"the station did not answer at {path} within {READY_S:g} s")

    # -- power ------------------------------------------------------------------------------

    async def _own_power(self) -> None:
        host, _, port = self.bench.rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        self._owner = writer  # a writer that nobody holds closes its connection
        writer.write(json.dumps({"do": "watch", "own": ["power"]}).encode() + b"\n")
        await writer.drain()
        await reader.readline()
        self._keep(self._obey(reader))

    async def _obey(self, reader: asyncio.StreamReader) -> None:
        while line := await reader.readline():
            event: dict[str, Any] = json.loads(line)
            if event.get("event") == "power":
                await self._power_cut(int(event["off_ms"]))

    async def _power_cut(self, off_ms: int) -> None:
        self.powered.clear()
        for name in self.names:
            self.kill(name)
        await asyncio.sleep(off_ms / 1_000)
        self.powered.set()

    def _keep(self, work: Any) -> None:
        self._tasks.add(asyncio.ensure_future(work))


async def _terminate(children: list[asyncio.subprocess.Process], wait_s: float) -> None:
    alive = [c for c in children if c.returncode is None]
    for child in alive:
        with contextlib.suppress(ProcessLookupError):
            child.terminate()
    waits = [asyncio.ensure_future(c.wait()) for c in alive]
    if waits:
        await asyncio.wait(waits, timeout=wait_s)
    for child in alive:
        if child.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                child.kill()


def check(plan: Plan) -> tuple[str, ...]:
    """Return a sentence for everything in a plan that cannot be used; nothing is changed."""
    problems: list[str] = []
    try:
        profile = load_board(plan.board)
        if not profile.simulated:
            problems.append(f"{plan.board}: `run` needs a simulated board; use the units instead")
    except (BoardErrors, OSError) as problem:
        problems += str(problem).splitlines()
    try:
        read_settings({}, parse_sets(plan.sets))
    except SettingErrors as problem:
        problems += problem.messages
    return tuple(problems)


async def _run(plan: Plan, ready: Callable[[Family], None]) -> int:
    family = Family(plan)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    try:
        await family.start()
    except (OSError, TimeoutError) as problem:
        print(f"powerstation run: {problem}", file=sys.stderr)
        await family.end()
        return 1
    ready(family)
    stopped = asyncio.ensure_future(stop.wait())
    failed = asyncio.ensure_future(family.failed())
    await asyncio.wait((stopped, failed), return_when=asyncio.FIRST_COMPLETED)
    broken = failed.done()  # and not merely ended because we end it now
    if broken:
        print(f"powerstation run: {failed.result()}", file=sys.stderr)
    failed.cancel()
    await family.end()
    return 1 if broken else 0


def main(argv: list[str] | None = None) -> int:
    """Run until Ctrl-C; print one line of JSON with the ports when ready; 2 for bad input."""
    parser = argparse.ArgumentParser(prog="powerstation run", description=__doc__)
    parser.add_argument("--board", type=Path, required=True, help="board file (TOML)")
    parser.add_argument("--state", type=Path, default=Path(".state"), help="what lasts, sockets")
    parser.add_argument("--bench", default="127.0.0.1:0", metavar="HOST:PORT")
    parser.add_argument("--web", default="", metavar="HOST:PORT", help="pages and API")
    parser.add_argument(
        "--local", default="", metavar="HOST:PORT", help="stands for the USB cable at the station"
    )
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--log", type=Path, help="file for the logs of the processes")
    args = parser.parse_args(argv)
    plan = Plan(
        args.board, args.state, args.bench, args.web, args.local, sets=args.set, log=args.log
    )
    problems = check(plan)
    if problems:
        print("\n".join(problems), file=sys.stderr)
        return 2

    def ready(family: Family) -> None:
        words = {"ready": True, "bench": family.bench, "state": str(plan.state)}
        print(json.dumps(words | family.places | {"pids": family.pids()}), flush=True)

    return asyncio.run(_run(plan, ready))


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    sys.exit(main())
