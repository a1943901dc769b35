"""Security events: all into the log, the important ones to the back end, one at a time.

Delivery is guaranteed within a bound and behind everything else: events use the line only when
no transaction message wants it. A back end that does not know them gets no more until the next
start of the station.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import replace

from firmware.model.backend import Tell, Told
from firmware.model.machine import NEVER_MS
from firmware.model.security import SecurityEventKind as Kind
from firmware.model.storage import Memory, PutSecurityRecord, SecurityRecord
from firmware.model.values import Stamp
from firmware.ocpp import payloads

ACTION = "SecurityEventNotification"
REFERENCE = "security-event-"
WAITING_MAX = 100
INFO_MAX = 255  # [whitepaper 4.13] techInfo
REFUSALS_MAX = 5  # of one event, by a back end that knows the message
RETRY_MS, LONGEST_RETRY_MS = 60_000, 3_600_000
# [whitepaper appendix] the critical ones, and those whose requirements name a notification
REPORTED = frozenset((
    Kind.FIRMWARE_UPDATED, Kind.TIME_SET, Kind.STARTUP, Kind.RESET, Kind.LOG_CLEARED,
    Kind.MEMORY_EXHAUSTED, Kind.TAMPERED, Kind.FIRMWARE_SIGNATURE, Kind.FIRMWARE_CERTIFICATE,
    Kind.CENTRAL_CERTIFICATE, Kind.STATION_CERTIFICATE, Kind.TLS_VERSION, Kind.TLS_CIPHER,
))  # fmt: skip
_UNKNOWN = ("NotImplemented", "NotSupported")


class EventBook:
    """The security log of this start of the station, and what of it is still to be told."""

    def __init__(self, memory: Memory) -> None:
        self._boot = memory.boot
        self._number = memory.security_number
        self._queue = deque(memory.security)
        self._utc_at_zero_ms: int | None = None
        self._under_way = ""
        self._muted = False
        self._tries = 0
        self._refusals = 0
        self._retry_at_ms = NEVER_MS  # while not ready

    def deadline_ms(self) -> int:
        """Return when the first event is to be told."""
        return NEVER_MS if self._under_way or not self._queue else self._retry_at_ms

    def clock(self, utc_at_zero_ms: int) -> None:
        """Take the wall time for stamps."""
        self._utc_at_zero_ms = utc_at_zero_ms

    def noted(self, kind: Kind, info: str, now_ms: int) -> Iterator[object]:
        """Write an event down; one that must be told waits from now on."""
        self._number += 1
        zero_ms = self._utc_at_zero_ms
        at = Stamp(self._boot, now_ms, None if zero_ms is None else zero_ms + now_ms)
        waits = kind in REPORTED and not self._muted
        record = SecurityRecord(self._number, kind.value, info[:INFO_MAX], at, waits)
        yield PutSecurityRecord(record)
        if waits:
            self._queue.append(record)
        if len(self._queue) > WAITING_MAX:
            yield self._over(self._queue.popleft())

    def ready(self, now_ms: int) -> None:
        """The back end listens: begin anew."""
        self._retry_at_ms, self._tries = now_ms, 0

    def away(self) -> None:
        """The back end is gone: wait for the next connection."""
        self._retry_at_ms = NEVER_MS

    def due(self, now_ms: int) -> Iterator[object]:
        """Tell the first event when it is time."""
        if now_ms < self.deadline_ms():
            return
        first = self._queue[0]
        utc_ms = payloads.stamp_utc_ms(
            first.at, boot=self._boot, utc_at_zero_ms=self._utc_at_zero_ms, floor_ms=0
        )
        payload = {"type": first.kind, "timestamp": payloads.iso_utc(utc_ms)}
        if first.info:
            payload["techInfo"] = first.info
        self._under_way = f"{REFERENCE}{first.number}"
        yield Tell(self._under_way, ACTION, payload, last=True)

    def told(self, told: Told, now_ms: int) -> Iterator[object]:
        """Take what became of the event under way."""
        if told.ref != self._under_way:
            return
        self._under_way = ""
        number = int(told.ref.removeprefix(REFERENCE))
        if told.refused in _UNKNOWN:
            self._muted = True
            yield from map(self._over, self._queue)
            self._queue.clear()
        elif told.answer is not None or self._given_up(told):
            self._tries = self._refusals = 0
            if self._queue and self._queue[0].number == number:  # else pushed out meanwhile
                yield self._over(self._queue.popleft())
        elif self._retry_at_ms < NEVER_MS:
            self._retry_at_ms = now_ms + min(RETRY_MS << self._tries, LONGEST_RETRY_MS)
            self._tries = min(self._tries + 1, 10)

    def _given_up(self, told: Told) -> bool:
        self._refusals += bool(told.refused)
        return self._refusals >= REFUSALS_MAX

    def _over(self, record: SecurityRecord) -> PutSecurityRecord:
        return PutSecurityRecord(replace(record, waits=False))
