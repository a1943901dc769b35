"""Wall time as a part knows it: unknown until a `ClockSynced` came."""

from __future__ import annotations

from dataclasses import dataclass

from firmware.model.values import Stamp

EARLIEST_UTC_MS = 1_704_067_200_000  # 2024-01-01: no station of this firmware is older


@dataclass(slots=True)
class WallClock:
    """Turns monotonic instants of this boot into stamps."""

    boot: int
    utc_at_zero_ms: int | None = None

    def stamp(self, now_ms: int) -> Stamp:
        """Return when `now_ms` is."""
        return Stamp(self.boot, now_ms, self.utc_ms(now_ms))

    def utc_ms(self, now_ms: int) -> int | None:
        """Return UTC in ms, or `None` while wall time is not known."""
        return None if self.utc_at_zero_ms is None else self.utc_at_zero_ms + now_ms
