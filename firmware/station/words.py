"""Times in words for people: a stamp may have been made before any clock was right."""

from __future__ import annotations

from datetime import UTC, datetime

from firmware.model.values import Stamp
from firmware.station.core import StationCore


def utc(utc_ms: int | None) -> str | None:
    """Return an instant as RFC 3339 in whole seconds."""
    if utc_ms is None:
        return None
    return datetime.fromtimestamp(utc_ms // 1_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def when(station: StationCore, stamp: Stamp) -> str:
    """Return a time of day, or how long after which start where no time was known."""
    said = utc(station.book.dated(stamp))
    return said or f"{stamp.mono_ms // 1_000} s after power-on, start {stamp.boot}"
