"""The fault book: which faults are there now, and which there were, with beginning and end.

Every fault of every outlet (0: the station) passes here, whoever senses it. A pilot that comes
back tells its faults anew: what it does not tell again is over, while the station's own stay.
The records last; open ones of an earlier boot are closed once nobody tells them again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from firmware.model.backend import ClockSynced
from firmware.model.clock import WallClock
from firmware.model.fault import BY_PILOT, Fault
from firmware.model.machine import NEVER_MS
from firmware.model.outlet import FaultCleared, FaultRaised, PilotFound, PilotLost
from firmware.model.storage import FAULTS_KEPT, FaultRecord, PutFault
from firmware.model.values import Stamp

PILOT_TELLS_MS = 2_000  # a pilot reports at once; its first self-checks take a second
PILOT_BACK_MS = 5_000  # it restarts within a second or two; no transaction shall end for that
PILOT_COMES_MS = 30_000  # after the station's own start
RETOLD_MS = 120_000  # by then whoever senses a fault of the station has sensed it again
SAME_MS = 60_000  # a fault that is back so soon is the same record once more

# A car that drew too much stays refused over a restart; its plug is what ends that.
_LASTING = frozenset((Fault.OVERLOAD,))

Place = tuple[int, Fault]


@dataclass(slots=True)
class BookState:
    """Plain data; records are oldest first."""

    records: list[FaultRecord] = field(default_factory=list)
    open: dict[Place, FaultRecord] = field(default_factory=dict)
    doubted: dict[Place, int] = field(default_factory=dict)  # until when to be told again
    silent_ms: int = NEVER_MS  # when the pilot counts as silent
    woke: bool = False
    numbered: int = 0


class FaultBook:
    """The machine of the fault book."""

    def __init__(
        self, boot: int, outlets: Iterable[int], records: Iterable[FaultRecord] = ()
    ) -> None:
        """`records` are those of earlier boots."""
        self.outlets = tuple(outlets)
        self.clock = WallClock(boot)
        self.state = BookState(records=list(records))
        self.state.numbered = max((r.number for r in self.state.records), default=0)

    def handle(self, fact: object, now_ms: int) -> Iterable[object]:
        """Take one fact; what it finds out itself comes back as further facts."""
        out: list[object] = []
        if not self.state.woke:
            self._wake(now_ms, out)
        match fact:
            case FaultRaised(outlet, fault, _) if outlet in (0, *self.outlets):
                self._raised((outlet, fault), now_ms, out)
            case FaultCleared(outlet, fault, _):
                self._cleared((outlet, fault), now_ms, out)
            case PilotFound():
                self._found(now_ms, out)
            case PilotLost():
                self._lost(now_ms)
            case ClockSynced(utc_at_zero_ms, _):
                self._date(utc_at_zero_ms, out)
            case _:
                pass
        self._due(now_ms, out)
        return out

    def deadline_ms(self) -> int:
        """When a doubt is over or the pilot counts as silent."""
        return min([self.state.silent_ms, *self.state.doubted.values()])

    def there(self) -> list[FaultRecord]:
        """Return the records of what is there now, by rank."""
        return sorted(self.state.open.values(), key=lambda r: (rank(r.fault), r.outlet))

    def dated(self, stamp: Stamp) -> int | None:
        """Return UTC in ms of a stamp, also of this boot's before the time was known."""
        if stamp.utc_ms is None and stamp.boot == self.clock.boot:
            return self.clock.utc_ms(stamp.mono_ms)
        return stamp.utc_ms

    # -- facts ------------------------------------------------------------------------------

    def _wake(self, now_ms: int, out: list[object]) -> None:
        """Doubt what was open when the station went down."""
        s = self.state
        s.woke = True
        s.silent_ms = now_ms + PILOT_COMES_MS
        for record in [r for r in s.records if r.ended is None]:
            place = record.outlet, record.fault
            if place in s.open:  # an older record of the same: a cut between two writes
                self._put(replace(record, ended=self.clock.stamp(now_ms)), out)
                continue
            s.open[place] = record
            if record.fault in _LASTING:
                out.append(FaultRaised(*place, now_ms))
            elif record.fault is Fault.TILT_LATCHED:  # this restart is what clears it
                s.doubted[place] = now_ms
            else:
                s.doubted[place] = now_ms + RETOLD_MS

    def _raised(self, place: Place, now_ms: int, out: list[object]) -> None:
        s = self.state
        s.doubted.pop(place, None)
        if place in s.open:
            return
        last = next((r for r in reversed(s.records) if (r.outlet, r.fault) == place), None)
        if last is not None and _just_ended(last, self.clock.boot, now_ms):
            self._put(replace(last, ended=None, times=last.times + 1), out)
            return
        s.numbered += 1
        self._put(FaultRecord(s.numbered, *place, self.clock.stamp(now_ms)), out)

    def _cleared(self, place: Place, now_ms: int, out: list[object]) -> None:
        self.state.doubted.pop(place, None)
        record = self.state.open.get(place)
        if record is not None:
            self._put(replace(record, ended=self.clock.stamp(now_ms)), out)

    def _found(self, now_ms: int, out: list[object]) -> None:
        s = self.state
        s.silent_ms = NEVER_MS
        for place in list(s.open):
            if place[1] is Fault.PILOT_SILENT:
                self._end(place, now_ms, out)
            elif place[1] in BY_PILOT:
                s.doubted[place] = now_ms + PILOT_TELLS_MS

    def _lost(self, now_ms: int) -> None:
        s = self.state
        silent = any(fault is Fault.PILOT_SILENT for _, fault in s.open)
        if s.silent_ms == NEVER_MS and not silent:
            s.silent_ms = now_ms + PILOT_BACK_MS
        for place in [p for p in s.doubted if p[1] in BY_PILOT]:
            s.doubted[place] = now_ms + RETOLD_MS  # nobody is there to tell it

    def _due(self, now_ms: int, out: list[object]) -> None:
        s = self.state
        for place in [p for p, until_ms in s.doubted.items() if until_ms <= now_ms]:
            self._end(place, now_ms, out)
        if now_ms >= s.silent_ms:
            s.silent_ms = NEVER_MS
            for outlet in self.outlets:
                self._raised((outlet, Fault.PILOT_SILENT), now_ms, out)
                out.append(FaultRaised(outlet, Fault.PILOT_SILENT, now_ms))

    def _end(self, place: Place, now_ms: int, out: list[object]) -> None:
        self._cleared(place, now_ms, out)
        out.append(FaultCleared(*place, now_ms))

    def _date(self, utc_at_zero_ms: int, out: list[object]) -> None:
        """Back-date what this boot wrote down before the time was known."""
        first = self.clock.utc_at_zero_ms is None
        self.clock.utc_at_zero_ms = utc_at_zero_ms
        for record in list(self.state.records) if first else []:
            stamps = {name: getattr(record, name) for name in ("began", "ended")}
            late = {
                name: replace(stamp, utc_ms=self.dated(stamp))
                for name, stamp in stamps.items()
                if stamp is not None and stamp.utc_ms is None and stamp.boot == self.clock.boot
            }
            if late:
                self._put(replace(record, **late), out)

    # -- records ----------------------------------------------------------------------------

    def _put(self, record: FaultRecord, out: list[object]) -> None:
        s = self.state
        place = record.outlet, record.fault
        if record.ended is None:
            s.open[place] = record
        elif place in s.open and s.open[place].number == record.number:
            del s.open[place]
        numbers = [r.number for r in s.records]
        if record.number in numbers:
            s.records[numbers.index(record.number)] = record
        else:
            s.records.append(record)
        oldest = s.numbered - FAULTS_KEPT
        s.records = [r for r in s.records if r.ended is None or r.number > oldest]
        out.append(PutFault(record))


def rank(fault: Fault) -> tuple[bool, int]:
    """Return the place of a fault among others: those that stop first, then the catalogue's."""
    return not fault.row.stops_transaction, _ORDER[fault]


def _just_ended(record: FaultRecord, boot: int, now_ms: int) -> bool:
    ended = record.ended
    return ended is not None and ended.boot == boot and now_ms - ended.mono_ms < SAME_MS


_ORDER = {fault: place for place, fault in enumerate(Fault)}
