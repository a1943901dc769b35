"""The rigs that a story plays on, by name.

A rig is a function from stories to their outcomes, one by one. To add one, write it and name it
in `RIGS`; where time is real it is a `StationSide` for `RealPlayer`, and it may as well have
another process play and tell the outcome as JSON (`firmware.sim.outcome`).
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from firmware.apps.bench_client import BenchClient, Refused
from firmware.apps.bench_station import BenchStation
from firmware.apps.real_player import COMMON_SETTINGS, RealPlayer, slack
from firmware.apps.run import WORLD, Family, Plan
from firmware.sim.backend import Backend
from firmware.sim.outcome import UNPLAYABLE, Outcome, from_plain
from firmware.sim.story import EXACT, Story
from firmware.sim.story_player import SimPlayer
from hal.board import BoardErrors, load_board

IDENTITY = "story"
BOOT_S = 20.0


@dataclass(frozen=True, slots=True)
class RigOptions:
    """Where the boards are and, for the bench, what stands there."""

    board: Path
    at: str = ""  # the bench protocol: HOST:PORT, a Unix socket, a serial port
    csms: str = "127.0.0.1:9000"  # where the back end listens for the station
    identity: str = ""  # of the station; empty: the first that connects
    station: Path | None = None  # state directory of a station on this machine

    def board_of(self, story: Story) -> Path:
        """Return the file of a story's board."""
        return self.board.with_name(f"{story.board}.toml")


class WireStation:
    """The processes that ship, as children of ours; over the mock board, or what `world` is."""

    def __init__(self, board: Path, state: Path, world: tuple[str, ...] = WORLD) -> None:
        self.identity = IDENTITY
        self.near: Mapping[str, float] = EXACT
        self.same_clock = True
        self._outlets = {outlet.number for outlet in load_board(board).outlets}
        state.mkdir(parents=True, exist_ok=True)
        self._family = Family(Plan(board, state, log=state / "log", world=world))

    async def bench(self, story: Story, backend: Backend) -> str:
        """Start world and station with the story's settings."""
        port = await backend.start("127.0.0.1", 0)
        sets = COMMON_SETTINGS | story.settings
        sets |= {"ocpp_ws_url": f"ws://127.0.0.1:{port}/ocpp", "ocpp_chargebox_identity": IDENTITY}
        self._family.plan.sets = [f"{key}={value}" for key, value in sets.items()]
        await self._family.start()
        return self._family.bench

    async def ready(self, story: Story, backend: Backend, bench: BenchClient) -> None:
        """Wait until the station has booted, and knows it: it told the state of its outlets."""
        books = backend.ledger(IDENTITY)
        booted = backend.until(lambda: self._outlets <= books.statuses.keys())
        await asyncio.wait_for(booted, BOOT_S)

    async def end(self, story: Story, backend: Backend, bench: BenchClient) -> None:
        """End all processes."""
        await self._family.end()


async def play_children(
    name: str, story: Story, station: WireStation, limit: Callable[[int], int] = slack
) -> Outcome:
    """Play against processes of our own, with a back end for this story."""
    backend = _backend()
    try:
        return await RealPlayer(name, story, station, backend, limit=limit).play()
    finally:
        await _stopped(backend)


def play_sim(stories: Sequence[Story], options: RigOptions) -> Iterator[Outcome]:
    """Play in virtual time, all in this process."""

    def play(story: Story) -> Outcome:
        return SimPlayer(story, load_board(options.board_of(story))).outcome()

    return (guarded("sim", story, play) for story in stories)


def play_wire(stories: Sequence[Story], options: RigOptions) -> Iterator[Outcome]:
    """Play against the processes that ship, over the mock board; new ones for each story."""

    def play(story: Story) -> Outcome:
        with tempfile.TemporaryDirectory(prefix="powerstation-") as state:
            station = WireStation(options.board_of(story), Path(state))
            return asyncio.run(play_children("wire", story, station))

    return (guarded("wire", story, play) for story in stories)


def play_bench(stories: Sequence[Story], options: RigOptions) -> Iterator[Outcome]:
    """Play against a real station, acting through a pilot simulator.

    The back end stays from the first story to the last, for a station comes back in its own time.
    """
    backend = _backend()
    station = BenchStation(options.at, options.csms, options.identity, options.station)
    with asyncio.Runner() as runner:

        def play(story: Story) -> Outcome:
            return runner.run(RealPlayer("bench", story, station, backend).play())

        try:
            for story in stories:
                yield guarded("bench", story, play)
        finally:
            runner.run(_stopped(backend))


def play_gpiosim(stories: Sequence[Story], _options: RigOptions) -> Iterator[Outcome]:
    """Let the virtual station of a source tree play, in a process of its own."""

    def play(story: Story) -> Outcome:
        if importlib.util.find_spec("tools.uml") is None:
            raise OSError("rig gpiosim is of a source tree: clone it, `make uml`, and play there")
        with tempfile.TemporaryDirectory(prefix="powerstation-") as folder:
            file, told = Path(folder) / story.name, Path(folder) / "outcomes.json"
            file.write_text(story.text)
            command = [sys.executable, "-m", "tools.uml", "story", str(file), "--out", str(told)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if not told.exists():
                raise OSError(done.stderr.strip() or f"rig gpiosim ended with {done.returncode}")
            return from_plain(json.loads(told.read_text())[0])

    return (guarded("gpiosim", story, play) for story in stories)


def guarded(rig: str, story: Story, play: Callable[[Story], Outcome]) -> Outcome:
    """Play; what keeps a story from being played is an outcome, too."""
    try:
        return play(story)
    except (OSError, BoardErrors, Refused, TimeoutError) as problem:
        return Outcome(story.name, rig, UNPLAYABLE, str(problem) or type(problem).__name__)


def _backend() -> Backend:
    return Backend(lambda: datetime.now(UTC))


async def _stopped(backend: Backend) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(backend.stop(), 2)


Rig = Callable[[Sequence[Story], RigOptions], Iterator[Outcome]]
RIGS: Mapping[str, Rig] = {
    "sim": play_sim,
    "wire": play_wire,
    "gpiosim": play_gpiosim,
    "bench": play_bench,
}
