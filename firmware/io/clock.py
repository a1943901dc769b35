"""The two clocks, never mixed: monotonic for durations, UTC for stamps."""

from __future__ import annotations

import time

PLAUSIBLE_UTC_MS = 1_735_689_600_000  # 2025-01-01: before that, wall time is not known


def now_ms() -> int:
    """Return monotonic milliseconds; one line for all processes of a machine."""
    return time.monotonic_ns() // 1_000_000


def utc_at_zero_ms() -> int | None:
    """Return UTC in ms at monotonic 0, or `None` while the system clock is not set."""
    utc_ms = time.time_ns() // 1_000_000
    return utc_ms - now_ms() if utc_ms >= PLAUSIBLE_UTC_MS else None
