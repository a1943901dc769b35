"""The machine of Smart Charging: keeps the back end's profiles, limits outlets, tells schedules.

Before the wall time is known after a start, what only the time could tell is undecided: then the
last limit that was known (kept on the disk) stays, and where none was, the lowest that any
profile could mean; never no limit. What the known profiles say meanwhile counts as well.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from firmware.model import backend as b
from firmware.model import session as s
from firmware.model.machine import NEVER_MS
from firmware.model.session import Transaction
from firmware.model.settings import Settings, SettingsChanged
from firmware.model.storage import DropProfile, Memory, ProfileRecord, PutNote, PutProfile
from firmware.model.values import Limit, LimitLifted, LimitSet, Stamp
from firmware.ocpp.charging_profile import (
    INSTALLED_MAX,
    BadProfile,
    Profile,
    Purpose,
    RateUnit,
    read_profile,
)
from firmware.ocpp.composite import composite
from firmware.ocpp.profile_book import Held, ProfileBook, began_moment, limit_of
from firmware.ocpp.remote_profiles import RemoteProfiles
from firmware.ocpp.schedule import NEVER_S, Moment, Share

SOURCE = "ocpp profile"
UNDATED = "; kept, the time is not known yet"
_Told = tuple[int, str]  # mA and reason


@dataclass(slots=True)
class ChargingState:
    """Plain data."""

    book: ProfileBook
    starts: RemoteProfiles = field(default_factory=RemoteProfiles)
    utc_at_zero_ms: int | None = None
    woke_ms: int | None = None
    told: dict[int, _Told] = field(default_factory=dict)  # as the limits know it
    kept: dict[int, _Told] = field(default_factory=dict)  # as the disk knows it
    gone: list[ProfileRecord] = field(default_factory=list)  # to be dropped from the disk
    stale: bool = True  # something has changed since the limits were settled
    due_ms: int = NEVER_MS


class ChargingCore:
    """Smart Charging of one station."""

    def __init__(self, settings: Settings, memory: Memory, outlets: Iterable[int]) -> None:
        self.boot = memory.boot
        starts = RemoteProfiles()
        book = ProfileBook(tuple(outlets), expected=starts.expected)
        book.configure(settings)
        there = (t for t in memory.transactions if t.ended is None)
        book.running = {t.outlet: t for t in there if t.outlet in book.outlets}
        self.state = ChargingState(book, starts, gone=book.restored(memory.profiles))
        for outlet in (0, *book.outlets):
            if (note := memory.notes.get(_note(outlet))) is not None:
                limit_ma, _, reason = note.partition(" ")
                self.state.kept[outlet] = (int(limit_ma), reason)

    def first(self) -> list[LimitSet]:
        """Return the limits with which the station wakes up, before its first fact."""
        for outlet in self.state.book.outlets:
            limit = self._limit(outlet, self._share(outlet, 0))
            if limit is not None:
                self.state.told[outlet] = limit
        return [_set(outlet, limit) for outlet, limit in self.state.told.items()]

    def handle(self, fact: object, now_ms: int) -> Iterable[object]:
        """Take one fact; answer first, then keep, then limit."""
        state = self.state
        out: list[object] = []
        if state.woke_ms is None:
            state.woke_ms = now_ms
        self._take(fact, now_ms, out)
        expected = dict(state.starts.expected)
        state.starts.take(fact, now_ms)
        state.stale = state.stale or expected != state.starts.expected
        out += [DropProfile(one.connector, one.profile_id) for one in state.gone]
        state.gone = []
        if state.stale or now_ms >= state.due_ms:
            self._settle(now_ms, out)
        return out

    def deadline_ms(self) -> int:
        """When a schedule changes, or a remote start is too old."""
        return min(self.state.due_ms, self.state.starts.deadline_ms())

    # -- facts ------------------------------------------------------------------------------

    def _take(self, fact: object, now_ms: int, out: list[object]) -> None:
        book = self.state.book
        match fact:
            case b.SetChargingProfileRequested(call):
                done = self._install(fact, now_ms, out)
                out.insert(0, b.Answer(call, "Accepted" if done else "Rejected"))
            case b.ClearChargingProfileRequested(call):
                places = self._chosen(fact)
                out.append(b.Answer(call, "Accepted" if places else "Unknown"))
                self._drop(places, out)
            case b.CompositeScheduleRequested():
                out.append(self._composite(fact, now_ms))
            case s.TransactionBegan(transaction) if transaction.outlet in book.outlets:
                self._began(transaction, out)
            case s.TransactionEnded(transaction):
                self._ended(transaction, out)
            case s.TransactionConfirmed(key, outlet, transaction_id, _):
                running = book.running.get(outlet)
                if running is not None and running.key == key:
                    book.running[outlet] = replace(running, transaction_id=transaction_id)
            case b.ClockSynced(utc_at_zero_ms, _) if utc_at_zero_ms != self.state.utc_at_zero_ms:
                self.state.utc_at_zero_ms, self.state.stale = utc_at_zero_ms, True
            case SettingsChanged(settings):
                book.configure(settings)
                self.state.stale = True

    def _install(
        self, asked: b.SetChargingProfileRequested, now_ms: int, out: list[object]
    ) -> bool:
        """Keep a profile in place of its likes; return whether it could be taken."""
        book = self.state.book
        try:
            profile = read_profile(asked.profile, self._utc_s(now_ms))
        except BadProfile:
            return False
        key = None
        if profile.purpose is Purpose.TX:
            running = book.running.get(asked.outlet)
            if running is None or profile.transaction_id not in (None, running.transaction_id):
                return False
            key = running.key
        replaced = [
            (outlet, number)
            for (outlet, number), held in book.held.items()
            if outlet == asked.outlet and (number == profile.id or _alike(held.profile, profile))
        ]
        if len(book.held) - len(replaced) >= INSTALLED_MAX:
            return False
        self._drop([place for place in replaced if place[1] != profile.id], out)
        self._put(asked.outlet, Held(profile, key), out)
        return True

    def _put(self, outlet: int, held: Held, out: list[object]) -> None:
        self.state.book.held[outlet, held.profile.id] = held
        self.state.stale = True
        out.append(PutProfile(held.record(outlet)))

    def _drop(self, places: Iterable[tuple[int, int]], out: list[object]) -> None:
        for outlet, number in places:
            del self.state.book.held[outlet, number]
            self.state.stale = True
            out.append(DropProfile(outlet, number))

    def _chosen(self, asked: b.ClearChargingProfileRequested) -> list[tuple[int, int]]:
        """Return what is to be cleared. [ER 3.25, 3.26]"""
        held = self.state.book.held
        if asked.profile_id is not None:
            return [place for place in held if place[1] == asked.profile_id]
        return [
            place
            for place, one in held.items()
            if asked.outlet in (None, place[0])
            and asked.purpose in (None, one.profile.purpose.value)
            and asked.stack_level in (None, one.profile.stack_level)
        ]

    def _composite(self, asked: b.CompositeScheduleRequested, now_ms: int) -> b.Answer:
        outlets = self.state.book.outlets
        if self.state.utc_at_zero_ms is None or asked.outlet not in (0, *outlets):
            return b.Answer(asked.call, "Rejected")
        more = composite(
            self.state.book,
            {outlet: self._moment(outlet, now_ms) for outlet in outlets},
            asked.outlet,
            duration_s=asked.duration_s,
            unit=RateUnit(asked.unit or RateUnit.AMPERE),
        )
        return b.Answer(asked.call, "Accepted", more)

    def _began(self, transaction: Transaction, out: list[object]) -> None:
        book = self.state.book
        running = book.running.get(transaction.outlet)
        if running is not None and running.key == transaction.key:
            return
        book.running[transaction.outlet] = transaction
        self.state.stale = True
        profile = book.expected.pop(transaction.outlet, None)
        if profile is not None:  # one per outlet on top of the bound: it was promised
            place = transaction.outlet, profile.id
            self._drop([place] if place in book.held else [], out)
            self._put(transaction.outlet, Held(profile, transaction.key), out)

    def _ended(self, transaction: Transaction, out: list[object]) -> None:
        book = self.state.book
        running = book.running.get(transaction.outlet)
        if running is not None and running.key == transaction.key:
            del book.running[transaction.outlet]
            self.state.stale = True
        held = book.held.items()
        self._drop([p for p, one in held if one.transaction_key == transaction.key], out)

    # -- limits -----------------------------------------------------------------------------

    def _settle(self, now_ms: int, out: list[object]) -> None:
        state = self.state
        shares = {outlet: self._share(outlet, now_ms) for outlet in state.book.outlets}
        whole = state.book.whole(self._moment(state.book.outlets[0], now_ms))
        self._keep(0, whole, limit_of(whole, 1, state.book.feed(0)), out)
        for outlet, share in shares.items():
            limit = self._limit(outlet, share)
            self._keep(outlet, share, limit, out)
            if limit != state.told.get(outlet):
                lifted = LimitLifted(outlet, SOURCE)
                out.append(lifted if limit is None else _set(outlet, limit))
                _place(state.told, outlet, limit)
        state.stale = False
        until_s = min((share.until_s for share in shares.values()), default=NEVER_S)
        zero_ms = state.utc_at_zero_ms or 0
        state.due_ms = NEVER_MS if until_s >= NEVER_S else until_s * 1_000 - zero_ms

    def _keep(self, outlet: int, share: Share, limit: _Told | None, out: list[object]) -> None:
        """Bring to the disk what will be known when the station wakes up without the time."""
        if not share.undecided and limit != self.state.kept.get(outlet):
            text = None if limit is None else f"{limit[0]} {limit[1]}"
            out.append(PutNote(_note(outlet), text))
            _place(self.state.kept, outlet, limit)

    def _limit(self, outlet: int, share: Share) -> _Told | None:
        """Return the limit of an outlet; while it is undecided never more than was known."""
        sharers = len(self.state.book.sharers(outlet))
        feed = self.state.book.feed(outlet)
        limit = limit_of(share, sharers, feed)
        if not share.undecided:
            return limit
        bounds: list[_Told] = [self._known(outlet), *(() if limit is None else (limit,))]
        if self.state.book.whole(Moment(0, dated=False)).undecided:  # others may join meanwhile
            limit_ma, reason = self._known(0)
            part = self.state.book.part(outlet, Share(feed.grains_of_ma(limit_ma)))
            bounds.append((feed.ma_of(part.grains or 0), reason))
        return min(bounds)

    def _known(self, outlet: int) -> _Told:
        """Return the last limit that was known, of an outlet or undivided of the station (0)."""
        book = self.state.book
        kept = self.state.kept.get(outlet) or limit_of(book.worst(outlet), 1, book.feed(outlet))
        assert kept is not None, outlet  # what is undecided has a period
        return kept[0], kept[1] + UNDATED

    def _share(self, outlet: int, now_ms: int) -> Share:
        return self.state.book.share(outlet, self._moment(outlet, now_ms))

    def _moment(self, outlet: int, now_ms: int) -> Moment:
        utc_at_zero_ms = self.state.utc_at_zero_ms
        return began_moment(
            (now_ms + (utc_at_zero_ms or 0)) // 1_000,
            self.state.book.running.get(outlet),
            zero=Stamp(self.boot, self.state.woke_ms or 0, None),
            utc_at_zero_ms=utc_at_zero_ms,
        )

    def _utc_s(self, now_ms: int) -> int | None:
        zero_ms = self.state.utc_at_zero_ms
        return None if zero_ms is None else (now_ms + zero_ms) // 1_000


def _alike(one: Profile, other: Profile) -> bool:
    return (one.purpose, one.stack_level) == (other.purpose, other.stack_level)


def _note(outlet: int) -> str:
    return f"profile limit:{outlet}"


def _set(outlet: int, limit: _Told) -> LimitSet:
    return LimitSet(outlet, Limit(SOURCE, limit[0], limit[1], NEVER_MS))


def _place(limits: dict[int, _Told], outlet: int, limit: _Told | None) -> None:
    if limit is None:
        limits.pop(outlet, None)
    else:
        limits[outlet] = limit
