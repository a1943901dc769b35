"""When a Heartbeat is due: at the interval, or only after as long a silence, and once a day."""

from __future__ import annotations

from firmware.ocpp.options import DAY_MS


class Heartbeat:
    """The times of traffic and of the last look at the back end's clock."""

    def __init__(self, interval_ms: int) -> None:
        self.interval_ms = interval_ms
        self._traffic_ms = 0
        self._clock_ms = 0

    def heard(self, now_ms: int) -> None:
        """Note that the back end sent something."""
        self._traffic_ms = now_ms

    def beat(self, now_ms: int) -> None:
        """Note that the back end's clock was asked for: Heartbeat or BootNotification."""
        self._clock_ms = now_ms

    def deadline_ms(self, forced: bool) -> int:
        """Return when the next Heartbeat is due; other traffic postpones it unless forced."""
        if forced:
            return self._clock_ms + self.interval_ms
        silence_ms = max(self._traffic_ms, self._clock_ms) + self.interval_ms
        return min(silence_ms, self._clock_ms + DAY_MS)  # [E2 4.6] the clock wants one a day
