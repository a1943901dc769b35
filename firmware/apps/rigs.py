"""The rigs that a story plays on, by name.

A rig is a function from a story to its outcome. To add one, write that function and name it in
`RIGS`; where time is real it is a `StationSide` for `RealPlayer`, and it may as well have another
process play and tell the outcome as JSON (`firmware.sim.outcome`).
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from firmware.apps.bench_station import BenchStation
from firmware.apps.real_player import COMMON_SETTINGS, RealPlayer
from firmware.apps.run import WORLD, Family, Plan
from firmware.sim.backend import Backend
from firmware.sim.outcome import Outcome, from_plain
from firmware.sim.story import EXACT, Story
from firmware.sim.story_player import SimPlayer
from hal.board import load_board

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
        self._family = Family(Plan(board, state, log=state / "log", world=world))

    async def bench(self, story: Story, backend: Backend) -> str:
        """Start world and station with the story's settings."""
        port = await backend.start("127.0.0.1", 0)
        sets = COMMON_SETTINGS | story.settings
        sets |= {"ocpp_ws_url": f"ws://127.0.0.1:{port}/ocpp", "ocpp_chargebox_identity": IDENTITY}
        self._family.plan.sets = [f"{key}={value}" for key, value in sets.items()]
        await self._family.start()
        return self._family.bench

    async def ready(self, story: Story, backend: Backend) -> None:
        """Wait until the station has booted."""
        booted = backend.until(lambda: bool(backend.ledger(IDENTITY).boots))
        await asyncio.wait_for(booted, BOOT_S)

    async def end(self, backend: Backend) -> None:
        """End all processes."""
        await self._family.end()


def play_sim(story: Story, options: RigOptions) -> Outcome:
    """Play in virtual time, all in this process."""
    return SimPlayer(story, load_board(options.board_of(story))).outcome()


def play_wire(story: Story, options: RigOptions) -> Outcome:
    """Play against the processes that ship, over the mock board."""
    with tempfile.TemporaryDirectory(prefix="powerstation-") as state:
        station = WireStation(options.board_of(story), Path(state))
        return asyncio.run(RealPlayer("wire", story, station).play())


def play_bench(story: Story, options: RigOptions) -> Outcome:
    """Play against a real station, acting through a pilot simulator."""
    station = BenchStation(options.at, options.csms, options.identity, options.station)
    return asyncio.run(RealPlayer("bench", story, station).play())


def play_gpiosim(story: Story, options: RigOptions) -> Outcome:
    """Let the virtual station of a source tree play, in a process of its own."""
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


RIGS: Mapping[str, Callable[[Story, RigOptions], Outcome]] = {
    "sim": play_sim,
    "wire": play_wire,
    "gpiosim": play_gpiosim,
    "bench": play_bench,
}
