"""The weekly table of currents: which of its entries limits the site now, and until when.

[B-DLM-32, B-DLM-33, A-23] An entry holds from its minute of the local day until the next one
begins. It begins once: at the first instant at which the clocks show its time or, where they jump
over it, a later one; so it neither fails in spring nor comes twice in autumn. While the time is
not known, the lowest that any entry gives holds on each phase.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from firmware.model.backend import ClockSynced
from firmware.model.clock import EARLIEST_UTC_MS
from firmware.model.dlm import SiteLimitLifted, SiteLimitSet
from firmware.model.machine import NEVER_MS
from firmware.model.schedule import DAYS, ScheduleEntry, read_entry
from firmware.model.settings import Settings, SettingsChanged
from firmware.model.values import PhasesMa

SOURCE = "scheduler"
SPAN_DAYS = 8  # the last beginning of an entry is a week ago at most, and a change of the clocks
UNDATED = (
    "the time is not known, so the lowest current of dlm_max_current_schedule holds on each phase; "
    "a back end or a time server (NTP) tells the time"
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


@dataclass(slots=True)
class SchedulerState:
    """Plain data; `due_ms` is when another entry begins; `undated` tells of the limit in force."""

    utc_at_zero_ms: int | None = None
    undated: bool = False
    told: tuple[PhasesMa, str] | None = None
    due_ms: int = 0  # it wakes up


class Scheduler:
    """The machine of the maximum current scheduler."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.state = SchedulerState()

    def handle(self, fact: object, now_ms: int) -> Iterable[object]:
        """Take one fact."""
        s = self.state
        changed = now_ms >= s.due_ms
        match fact:
            case ClockSynced(utc_at_zero_ms, _) if utc_at_zero_ms != s.utc_at_zero_ms:
                s.utc_at_zero_ms, changed = utc_at_zero_ms, True
            case SettingsChanged(settings):
                self.settings, changed = settings, True
            case _:
                pass
        return self._settle(now_ms) if changed else []

    def deadline_ms(self) -> int:
        """When another entry begins."""
        return self.state.due_ms

    def warnings(self) -> list[str]:
        """Return what is doubtful, as sentences: the table needs the time, which is not known."""
        return [UNDATED] if self.state.undated else []

    # -- inside -----------------------------------------------------------------------------

    def _settle(self, now_ms: int) -> list[object]:
        s = self.state
        wanted, s.due_ms = self._now(now_ms)
        s.undated = wanted is not None and wanted[1] == UNDATED
        if wanted == s.told:
            return []
        s.told = wanted
        return [SiteLimitLifted(SOURCE) if wanted is None else SiteLimitSet(SOURCE, *wanted)]

    def _now(self, now_ms: int) -> tuple[tuple[PhasesMa, str] | None, int]:
        """Return limit and reason, and the monotonic instant at which they may be others."""
        entries, zero_ms = self._entries(), self.state.utc_at_zero_ms
        if not entries:
            return None, NEVER_MS
        if zero_ms is None:
            return (_lowest(entries), UNDATED), NEVER_MS
        if zero_ms + now_ms < EARLIEST_UTC_MS:  # 1970: a clock that nobody has set
            return (_lowest(entries), UNDATED), EARLIEST_UTC_MS - zero_ms
        name = self.settings.text("time_zone")
        zone = ZoneInfo(name) if name else UTC
        entry, until_ms = in_force(entries, zone, zero_ms + now_ms)
        until = _local(zone, until_ms)
        reason = (
            f'the entry "{entry.text}" of dlm_max_current_schedule holds until '
            f"{DAYS[until.weekday()]} {until:%H:%M}; the operator may change the table"
        )
        return (entry.limits_ma, reason), until_ms - zero_ms

    def _entries(self) -> list[ScheduleEntry]:
        if not self.settings.flag("dlm_max_current_scheduler"):
            return []
        return [read_entry(text) for text in self.settings.texts("dlm_max_current_schedule")]


def in_force(
    entries: Sequence[ScheduleEntry], zone: tzinfo, utc_ms: int
) -> tuple[ScheduleEntry, int]:
    """Return the entry that has begun last, and UTC in ms of the next beginning of any.

    Of entries that begin at one instant the one with the later time counts, else the later in
    the table.
    """
    midnight = _local(zone, utc_ms).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    starts = sorted(
        (_begins_ms(zone, shown), shown, place)
        for day in (midnight + timedelta(days=n) for n in range(-SPAN_DAYS, SPAN_DAYS + 1))
        for place, entry in enumerate(entries)
        if day.weekday() in entry.days
        for shown in (day + timedelta(minutes=entry.minute),)
    )
    begun = [place for start_ms, _, place in starts if start_ms <= utc_ms]
    return entries[begun[-1]], next(start_ms for start_ms, _, _ in starts if start_ms > utc_ms)


def _begins_ms(zone: tzinfo, shown: datetime) -> int:
    """Return the first instant at which the clocks of the zone show this time, or a later one."""
    first_ms, second_ms = (
        (shown.replace(tzinfo=zone, fold=fold) - _EPOCH) // _MS for fold in (0, 1)
    )
    if first_ms <= second_ms:  # equal but where a time comes twice
        return first_ms
    jump = range(second_ms, first_ms + 1)  # the clocks jump over it in between
    return jump[
        bisect_left(jump, shown, key=lambda at_ms: _local(zone, at_ms).replace(tzinfo=None))
    ]


def _local(zone: tzinfo, utc_ms: int) -> datetime:
    return (_EPOCH + utc_ms * _MS).astimezone(zone)


def _lowest(entries: Sequence[ScheduleEntry]) -> PhasesMa:
    first, second, third = (
        min(phase) for phase in zip(*(e.limits_ma for e in entries), strict=True)
    )
    return first, second, third
