"""When one of a site's two masters leads: as long as it hears no other.

Both hear each other as units do, over the brokers. Who leads goes on until it hears of a higher
epoch; who does not waits until it has heard nobody for a while. The epochs of the one are even and
those of the other odd, so no epoch has two masters; and neither gives anything while it does not
hear more than half of all units (`master`), so two can never both.
"""

from __future__ import annotations

from dataclasses import dataclass

from firmware.model.machine import NEVER_MS

FIRST_MS, SECOND_MS = 10_000, 15_000  # of silence, before each of the two leads


@dataclass(slots=True)
class Watch:
    """What a master of two knows of the other one; times are monotonic ms."""

    second: bool  # this is the standby
    highest: int = 0  # epoch that was ever heard of
    heard_ms: int = NEVER_MS

    def begin(self, now_ms: int) -> None:
        """Begin to listen."""
        self.heard_ms = now_ms

    def seen(self, epoch: int, now_ms: int) -> None:
        """The other one leads."""
        self.highest, self.heard_ms = max(self.highest, epoch), now_ms

    @property
    def due_ms(self) -> int:
        """When nobody has been heard for long enough."""
        return self.heard_ms + (SECOND_MS if self.second else FIRST_MS)

    def leads(self, epoch: int | None, now_ms: int) -> bool:
        """Tell whether this one leads, or goes on to lead, under this epoch."""
        return now_ms >= self.due_ms if epoch is None else self.highest <= epoch

    def next_epoch(self, before: int) -> int:
        """Return an epoch above all, of this one's own kind."""
        return (max(before, self.highest) // 2 + 1) * 2 + self.second
