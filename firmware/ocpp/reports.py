"""Statuses of transfers: told in their order, each until the back end has heard it.

They are no transaction messages: they wait in memory while the back end is away, within a bound,
and a status that it does not take is given up after some tries.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping

from firmware.model.backend import Tell, Told
from firmware.model.machine import NEVER_MS
from firmware.model.transfers import Report

REFERENCE = "transfer-status-"
ASKED = "transfer-asked"
WAITING_MAX = 40
TRIES_MAX = 5
RETRY_MS = 30_000

Status = Mapping[str, object]


class Reports:
    """What is still to be told, oldest first."""

    def __init__(self) -> None:
        self._queue: deque[tuple[int, Report, Status]] = deque()
        self._number = 0
        self._under_way = ""
        self._tries = 0
        self._due_at_ms = NEVER_MS  # while the back end is away

    def deadline_ms(self) -> int:
        """Return when the first is to be told."""
        return NEVER_MS if self._under_way or not self._queue else self._due_at_ms

    def put(self, report: Report, status: Status) -> int:
        """Queue a status; return its number."""
        self._number += 1
        self._queue.append((self._number, report, status))
        if len(self._queue) > WAITING_MAX:
            self._queue.popleft()
        return self._number

    def waits(self, number: int) -> bool:
        """Tell whether this one has still to be heard."""
        return any(one == number for one, _, _ in self._queue)

    def ready(self, now_ms: int) -> None:
        """The back end listens."""
        self._due_at_ms, self._tries = now_ms, 0

    def away(self) -> None:
        """The back end is gone."""
        self._due_at_ms = NEVER_MS

    def due(self, now_ms: int) -> Iterator[Tell]:
        """Tell the first when it is time."""
        if now_ms < self.deadline_ms():
            return
        number, report, status = self._queue[0]
        self._under_way = f"{REFERENCE}{number}"
        yield Tell(self._under_way, report.value, dict(status))

    def told(self, told: Told, now_ms: int) -> None:
        """Take what became of the one under way."""
        if told.ref != self._under_way:
            return
        self._under_way = ""
        heard = told.answer is not None or bool(told.refused)
        self._tries += 1
        if heard or self._tries >= TRIES_MAX:
            number = int(told.ref.removeprefix(REFERENCE))
            self._queue = deque(one for one in self._queue if one[0] != number)
            self._tries = 0
        if not heard and self._due_at_ms < NEVER_MS:
            self._due_at_ms = now_ms + RETRY_MS
