"""BootNotification: whether the back end has taken this start of the station, and when to ask.

[E2 4.2] Before Accepted nothing else is sent. Rejected is silence in both directions until the
interval is over; Pending answers and sends what TriggerMessage asks for. A reconnect of the
same start is no new boot (OCPP-J 5.4).
"""

from __future__ import annotations

from enum import StrEnum

from firmware.model.machine import NEVER_MS

_LONGEST_WAIT_MS = 86_400_000
_FIRST_BACK_OFF_MS = 10_000
_LONGEST_BACK_OFF_MS = 300_000


class BootState(StrEnum):
    """What the back end said to the last BootNotification."""

    UNKNOWN = "Unknown"
    PENDING = "Pending"
    REJECTED = "Rejected"
    ACCEPTED = "Accepted"


class Boot:
    """The state of the registration."""

    def __init__(self) -> None:
        self.state = BootState.UNKNOWN
        self._retry_at_ms = 0
        self._failures = 0

    def deadline_ms(self) -> int:
        """Return when the next BootNotification is due."""
        return NEVER_MS if self.state is BootState.ACCEPTED else self._retry_at_ms

    def silent(self, now_ms: int) -> bool:
        """Return whether even requests of the back end stay unanswered."""
        return self.state is BootState.REJECTED and now_ms < self._retry_at_ms

    def answered(self, status: object, interval_s: int, now_ms: int) -> bool:
        """Take the answer; return `False` when its status means nothing."""
        if status not in ("Accepted", "Pending", "Rejected"):
            return False
        self.state = BootState(str(status))
        if self.state is BootState.ACCEPTED:
            self._failures = 0
        elif interval_s > 0:
            self._retry_at_ms = now_ms + min(interval_s * 1000, _LONGEST_WAIT_MS)
        else:
            self.failed(now_ms)
        return True

    def failed(self, now_ms: int) -> None:
        """Try again after a back-off of our own: no answer, or one without an interval."""
        wait_ms = min(_FIRST_BACK_OFF_MS << min(self._failures, 10), _LONGEST_BACK_OFF_MS)
        self._failures += 1
        self._retry_at_ms = now_ms + wait_ms
