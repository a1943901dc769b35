"""What should be there and is not: the back end, the card readers, the time.

Each is a fault of the station that stops nothing. A back end that is away for less than a
minute is no fault: networks breathe.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from firmware.model.backend import BackendConnected, BackendLost, ClockSynced
from firmware.model.clock import EARLIEST_UTC_MS
from firmware.model.devices import ReaderAnswered, ReaderSilent
from firmware.model.fault import Fault
from firmware.model.machine import NEVER_MS
from firmware.model.outlet import FaultCleared, FaultRaised
from firmware.model.session import CardSeen

BACKEND_MS = 60_000
CLOCK_MS = 600_000  # network and back end have had their chance
READER_TRIES = 3  # [CC613 9] no answer three times


@dataclass(slots=True)
class AbsenceState:
    """Plain data; instants are when a fault is due."""

    woke: bool = False
    backend_ms: int = NEVER_MS
    clock_ms: int = NEVER_MS
    silent: dict[int, int] = field(default_factory=dict)  # reader -> silences in a row
    there: set[Fault] = field(default_factory=set)


class Absences:
    """The machine of what is missing."""

    def __init__(self) -> None:
        self.state = AbsenceState()

    def handle(self, fact: object, now_ms: int) -> Iterable[object]:
        """Take one fact."""
        s = self.state
        if not s.woke:
            s.woke, s.clock_ms = True, now_ms + CLOCK_MS
        missing = self._due(now_ms, set(s.there))
        match fact:
            case BackendLost() if s.backend_ms == NEVER_MS and Fault.BACKEND not in missing:
                s.backend_ms = now_ms + BACKEND_MS
            case BackendConnected():
                s.backend_ms = NEVER_MS
                missing.discard(Fault.BACKEND)
            case ReaderSilent(reader, _):
                s.silent[reader] = min(s.silent.get(reader, 0) + 1, READER_TRIES)
            case ReaderAnswered(reader, _) | CardSeen(_, reader, _):
                s.silent.pop(reader, None)
            case ClockSynced(utc_at_zero_ms, _):
                s.clock_ms = NEVER_MS
                early = utc_at_zero_ms + now_ms < EARLIEST_UTC_MS
                (missing.add if early else missing.discard)(Fault.CLOCK)
            case _:
                pass
        mute = any(count >= READER_TRIES for count in s.silent.values())
        (missing.add if mute else missing.discard)(Fault.READER)
        return self._tell(missing, now_ms)

    def deadline_ms(self) -> int:
        """When the back end was away for too long, or the time."""
        return min(self.state.backend_ms, self.state.clock_ms)

    def _due(self, now_ms: int, missing: set[Fault]) -> set[Fault]:
        s = self.state
        if now_ms >= s.backend_ms:
            s.backend_ms = NEVER_MS
            missing.add(Fault.BACKEND)
        if now_ms >= s.clock_ms:
            s.clock_ms = NEVER_MS
            missing.add(Fault.CLOCK)
        return missing

    def _tell(self, missing: set[Fault], now_ms: int) -> list[object]:
        before, self.state.there = self.state.there, missing
        return [
            (FaultRaised if fault in missing else FaultCleared)(0, fault, now_ms)
            for fault in Fault
            if (fault in missing) != (fault in before)
        ]
