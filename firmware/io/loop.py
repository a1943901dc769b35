"""Runs one machine on an asyncio loop: facts in, wishes to adapters, a timer at its deadline.

The same runner serves the station process and the simulated world; only `loop.time()` tells
which time it is.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from typing import Protocol

from firmware.model.machine import NEVER_MS, TICK

FACTS_MAX = 100_000  # posted and not yet taken; more is a bug


class AnyMachine(Protocol):
    """Whatever takes facts, gives wishes and has a deadline."""

    def handle(self, fact: object, now_ms: int) -> Iterable[object]:
        """Take a fact."""

    def deadline_ms(self) -> int:
        """Return when to call again."""


def loop_ms(loop: asyncio.AbstractEventLoop) -> int:
    """Return the loop's time in whole ms; on a real loop this is CLOCK_MONOTONIC."""
    return int(loop.time() * 1_000 + 1e-6)


class Runner:
    """Feeds a machine and performs its wishes in order."""

    def __init__(
        self,
        machine: AnyMachine,
        perform: Callable[[object], None],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self.machine = machine
        self.perform = perform
        self.loop = loop
        self.stopped = False
        self._facts: deque[object] = deque()
        self._busy = False
        self._timer: asyncio.TimerHandle | None = None

    def now_ms(self) -> int:
        """Return monotonic ms."""
        return loop_ms(self.loop)

    def post(self, fact: object) -> None:
        """Give the machine a fact; from within a wish it is taken afterwards."""
        assert len(self._facts) < FACTS_MAX, "facts pile up"
        self._facts.append(fact)
        if not self._busy:
            self._work()

    def stop(self) -> None:
        """Forget everything that has not been done; nothing is performed any more."""
        self.stopped = True
        self._facts.clear()
        if self._timer is not None:
            self._timer.cancel()

    def _work(self) -> None:
        self._busy = True
        try:
            while self._facts and not self.stopped:
                fact = self._facts.popleft()
                for wish in self.machine.handle(fact, self.now_ms()):
                    if self.stopped:
                        return
                    self.perform(wish)
        finally:
            self._busy = False
        if not self.stopped:
            self._arm()

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        deadline_ms = self.machine.deadline_ms()
        if deadline_ms < NEVER_MS:
            self._timer = self.loop.call_at(deadline_ms / 1_000, self._tick)

    def _tick(self) -> None:
        self._timer = None
        if not self.stopped:
            self.post(TICK)
