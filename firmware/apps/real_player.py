"""Plays one story against processes, on whatever rig: acts through the bench protocol, listens.

How the station is started or reached is the rig's affair (`StationSide`). Where time is real a
limit is measured and told, and only ten times the limit, at least five seconds, fails.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime
from typing import Any, Protocol

from firmware.apps.bench_client import BenchClient, Refused
from firmware.sim.backend import Backend
from firmware.sim.outcome import Outcome, judged, lacks, skipped
from firmware.sim.story import Act, Seen, Story, judge
from firmware.sim.story_player import change_words, command, ocpp_words

SLACK = 10
SLACK_MIN_MS = 5_000
LISTEN_MS = 1_000  # after the story's end
SIGN_OF_LIFE_S = 5.0
COMMON_SETTINGS = {"operator_current_limit_1": "32", "operator_current_limit_2": "32"}
LACKS = ("this rig", "on this board")  # how a rig's refusal says that it never could


class CannotPlay(Exception):
    """This rig cannot play this story; the text says why. It is skipped, not failed."""


class StationSide(Protocol):
    """The station of a rig, and the way to its bench."""

    identity: str
    near: Mapping[str, float]  # how exactly the rig measures
    same_clock: bool  # the rig's times are those of this machine

    async def bench(self, story: Story, backend: Backend) -> str:
        """Return the address of the bench; what it needs to be there is started first."""

    async def ready(self, story: Story, backend: Backend, bench: BenchClient) -> None:
        """Return when the station is connected, at rest, and has the story's settings.

        Raise `CannotPlay` where it cannot have them.
        """

    async def end(self, story: Story, backend: Backend, bench: BenchClient) -> None:
        """Leave station and bench as they were; never raises."""


def slack(within_ms: int) -> int:
    """Return the limit that fails where time is real."""
    return max(within_ms * SLACK, SLACK_MIN_MS)


class RealPlayer:
    """One story, once, on one rig; who gives it a back end also stops that."""

    def __init__(
        self,
        name: str,
        story: Story,
        station: StationSide,
        backend: Backend,
        *,
        limit: Callable[[int], int] = slack,
    ) -> None:
        """`limit` makes of a story's limit the one that fails."""
        self.name = name
        self.limit = limit
        self.story = story
        self.station = station
        self.log: list[Seen] = []
        self.bench = BenchClient(self._event)
        self.backend = backend
        backend.on_frame = self._frame
        self._zero_ms = 0  # monotonic ms at the story's beginning
        self._ahead_ms: int | None = 0  # the rig's clock; None: it stamps nothing

    async def play(self) -> Outcome:
        """Play to the end; raise `OSError` when the machinery itself fails."""
        accepts = self.story.accepts
        self.backend.tokens = None if accepts is None else set(accepts)
        began_s = time.monotonic()
        try:
            async with self._rig() as outlets:
                reason = await self._steps()
                traces = {n: await self._trace(n) for n in outlets}
        except CannotPlay as why:
            return skipped(self.story.name, self.name, [str(why)])
        judgements = judge(self.story, self.log, slack=self.limit, near=self.station.near)
        return judged(
            self.story,
            self.name,
            judgements,
            slack=self.limit,
            reason=reason,
            seconds=round(time.monotonic() - began_s, 3),
            log=self.log,
            traces=traces,
        )

    @contextlib.asynccontextmanager
    async def _rig(self) -> AsyncIterator[list[int]]:
        """Have everything there and ready; give the rig's outlets."""
        try:
            await self.bench.connect(await self.station.bench(self.story, self.backend))
            rig = await self.bench.do("rig")
            missing = lacks(self.story, rig, await self.bench.do("look"))
            if missing:
                raise CannotPlay("; ".join(missing))
            if not self.station.same_clock:
                self._ahead_ms = await self.bench.ahead_ms()
            await self.station.ready(self.story, self.backend, self.bench)
            await self.bench.do("watch")
            yield rig["outlets"]
        finally:
            await self.station.end(self.story, self.backend, self.bench)
            await self.bench.close()

    async def _steps(self) -> str:
        """Carry out the story; return why it could not be played to its end."""
        self._zero_ms = _now_ms()
        for step in self.story.steps:
            if not isinstance(step, Act):
                continue
            await self._until(step.at_ms)
            if step.verb.startswith("csms "):
                identity = self.station.identity
                work = command(self.backend, identity, step.verb[5:], dict(step.arguments))
                asyncio.ensure_future(work).add_done_callback(lambda done: done.exception())
                continue
            try:
                await self.bench.do(step.verb, **step.arguments)
            except Refused as refusal:
                reason = f"line {step.line}: {step.text}: {refusal}"
                if any(words in str(refusal) for words in LACKS):
                    raise CannotPlay(reason) from refusal
                return reason
        await self._until(self.story.end_ms + LISTEN_MS)
        return ""

    async def _until(self, at_ms: int) -> None:
        while (wait_ms := self._zero_ms + at_ms - _now_ms()) > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.bench.lost.wait(), min(wait_ms / 1_000, SIGN_OF_LIFE_S))
            if self.bench.lost.is_set():
                raise ConnectionError("the bench went away in the middle of the story")
            self.bench.sign_of_life()

    async def _trace(self, outlet: int) -> list[list[Any]]:
        """Return what the rig has recorded since the story's beginning, on the story's clock."""
        if self._ahead_ms is None:
            return []
        zero_ms = self._zero_ms + self._ahead_ms
        points: list[list[Any]] = []
        from_ms: int | None = max(zero_ms - LISTEN_MS, 0)
        while from_ms is not None:
            try:
                answer = await self.bench.do("trace", outlet=outlet, from_ms=from_ms)
            except Refused:
                return []  # a rig without a recorder has no picture
            points += answer["points"]
            from_ms = answer.get("next_ms")
        return [[at_ms - zero_ms, *rest] for at_ms, *rest in points]

    def _event(self, change: dict[str, Any]) -> None:
        words = change_words(change)
        if words is None:
            return
        stamped = self._ahead_ms is not None and "at_ms" in change
        self._saw(*words, change["at_ms"] - (self._ahead_ms or 0) if stamped else _now_ms())

    def _frame(self, _station: str, direction: str, text: str, _at: datetime) -> None:
        words = ocpp_words(text) if direction == "up" else None
        if words is not None:
            self._saw("ocpp", 0, words, _now_ms())

    def _saw(self, kind: str, outlet: int, what: tuple[str, ...], at_ms: int) -> None:
        if self._zero_ms:
            self.log.append(Seen(at_ms - self._zero_ms, kind, outlet, what))


def _now_ms() -> int:
    return time.monotonic_ns() // 1_000_000
