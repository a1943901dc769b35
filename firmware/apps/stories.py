"""Stories from the command line: in virtual time, or against the processes that ship.

On `wire` time is real: a limit is measured and told, and only ten times the limit, at least
five seconds, fails.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from firmware.apps.bench_client import BenchClient, Refused
from firmware.apps.run import Family, Plan
from firmware.sim.backend import Backend
from firmware.sim.story import Act, BadStory, Judgement, Seen, Story, judge, parse
from firmware.sim.story_player import SimPlayer, change_words, command, ocpp_words
from hal.board import BoardErrors, load_board

IDENTITY = "story"
SLACK = 10
SLACK_MIN_MS = 5_000


def slack(within_ms: int) -> int:
    """Return the limit that fails where time is real."""
    return max(within_ms * SLACK, SLACK_MIN_MS)


class WirePlayer:
    """Plays one story against real processes over the mock board."""

    def __init__(self, story: Story, board: Path, state: Path) -> None:
        self.story = story
        self.log: list[Seen] = []
        self.zero_ms = 0  # monotonic ms at the story's beginning
        self.bench = BenchClient(self._event)
        self.backend = Backend(lambda: datetime.now(UTC), on_frame=self._frame)
        sets = {"operator_current_limit_1": "32", "operator_current_limit_2": "32"}
        sets |= story.settings | {"ocpp_chargebox_identity": IDENTITY}
        self.sets = [f"{key}={value}" for key, value in sets.items()]
        self.plan = Plan(board, state, log=state / "log")

    async def play(self) -> list[Judgement]:
        """Play to the end and judge."""
        if self.story.accepts is not None:
            self.backend.tokens = set(self.story.accepts)
        port = await self.backend.start("127.0.0.1", 0)
        self.plan.sets = [f"ocpp_ws_url=ws://127.0.0.1:{port}/ocpp", *self.sets]
        self.plan.state.mkdir(parents=True, exist_ok=True)
        family = Family(self.plan)
        try:
            await family.start()
            await self.bench.connect(family.bench)
            await asyncio.wait_for(
                self.backend.until(lambda: bool(self.backend.ledger(IDENTITY).boots)), 20
            )
            await self.bench.do("watch")
            await self._steps()
        finally:
            await self.bench.close()
            await family.end()
            await self.backend.stop()
        return judge(self.story, self.log, slack=slack)

    async def _steps(self) -> None:
        self.zero_ms = _now_ms()
        for step in self.story.steps:
            if isinstance(step, Act):
                await self._until(step.at_ms)
                if step.verb.startswith("csms "):
                    work = command(self.backend, IDENTITY, step.verb[5:], dict(step.arguments))
                    asyncio.ensure_future(work).add_done_callback(lambda done: done.exception())
                else:
                    await self.bench.do(step.verb, **step.arguments)
        await self._until(self.story.end_ms + 1_000)

    async def _until(self, at_ms: int) -> None:
        wait_ms = self.zero_ms + at_ms - _now_ms()
        if wait_ms > 0:
            await asyncio.sleep(wait_ms / 1_000)

    def _event(self, change: dict[str, Any]) -> None:
        words = change_words(change)
        if words is not None:
            self._saw(*words, change["at_ms"])

    def _frame(self, _station: str, direction: str, text: str, _at: datetime) -> None:
        words = ocpp_words(text) if direction == "up" else None
        if words is not None:
            self._saw("ocpp", 0, words, _now_ms())

    def _saw(self, kind: str, outlet: int, what: tuple[str, ...], at_ms: int) -> None:
        if self.zero_ms:
            self.log.append(Seen(at_ms - self.zero_ms, kind, outlet, what))


def _now_ms() -> int:
    return time.monotonic_ns() // 1_000_000


def play_files(files: list[Path], rig: str, board: Path, console: Console) -> int:
    """Play each file on a rig; return 1 if one does not hold, 2 for one that cannot be read."""
    if rig not in ("sim", "wire"):
        console.print(f"rig {rig}: there are sim and wire; gpiosim and bench come with a board")
        return 2
    worst = 0
    for file in files:
        try:
            judgements = play_one(file, rig, board)
        except (BadStory, OSError, BoardErrors, Refused) as problem:
            console.print(f"[red]cannot play[/red] {file}: {problem}", highlight=False)
            worst = 2
            continue
        held = all(j.held for j in judgements)
        worst = max(worst, 0 if held else 1)
        console.print(f"{'[green]holds[/green]' if held else '[red]fails[/red]'} {file}")
        for judgement in judgements:
            mark = "[green]✓[/green]" if judgement.held else "[red]✗[/red]"
            console.print(f"  {mark} {judgement.text}", highlight=False)
    return worst


def play_one(file: Path, rig: str, board: Path) -> list[Judgement]:
    """Play one file on `sim` or `wire`."""
    story = parse(file.name, file.read_text())
    path = board.with_name(f"{story.board}.toml")
    if rig == "sim":
        return SimPlayer(story, load_board(path)).play()
    with tempfile.TemporaryDirectory(prefix="powerstation-") as state:
        return asyncio.run(WirePlayer(story, path, Path(state)).play())
