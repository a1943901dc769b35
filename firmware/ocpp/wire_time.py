"""The wall time of the protocol: the system's own until the back end tells another."""

from __future__ import annotations

from collections.abc import Iterator

from firmware.model.backend import ClockSynced
from firmware.model.storage import PutNote
from firmware.ocpp import payloads
from firmware.ocpp.frames import Payload
from firmware.ocpp.outbox import UTC_NOTE

STEP_MS = 1_000  # less is a matter of networks
SOURCE = "ocpp"


class WireTime:
    """UTC in ms at monotonic 0, as far as it is known."""

    def __init__(self) -> None:
        self.utc_at_zero_ms: int | None = None
        self.skew_ms: int | None = None  # of the back end against the system's own clock
        self._own_ms: int | None = None

    def synced(self, fact: ClockSynced, now_ms: int) -> Iterator[PutNote]:
        """Take a time that somebody knows."""
        if fact.source != SOURCE:
            self._own_ms = fact.utc_at_zero_ms
        yield from self._know(fact.utc_at_zero_ms, now_ms)

    def heard(self, payload: Payload, now_ms: int) -> Iterator[object]:
        """Read `currentTime`; a time of before OCPP 1.6 is none."""
        utc_ms = payloads.utc_ms_of(payload.get("currentTime"))
        if utc_ms is None or utc_ms < payloads.EARLIEST_UTC_MS:
            return
        known_ms, told_ms = self.utc_at_zero_ms, utc_ms - now_ms
        self.skew_ms = None if self._own_ms is None else told_ms - self._own_ms
        if known_ms is None or abs(told_ms - known_ms) > STEP_MS:
            yield from self._know(told_ms, now_ms)
            yield ClockSynced(told_ms, SOURCE)

    def _know(self, utc_at_zero_ms: int, now_ms: int) -> Iterator[PutNote]:
        """Keep the first time of a boot: what a later boot cannot date is not before it."""
        if self.utc_at_zero_ms is None:
            yield PutNote(UTC_NOTE, str(utc_at_zero_ms + now_ms))
        self.utc_at_zero_ms = utc_at_zero_ms
