"""The installed charging profiles and what they say of an outlet and of the whole station.

ChargePointMaxProfile is divided among the outlets with a transaction in the order in which they
began (`schedule.divided`); an outlet without one is shown what it would get if it began now. So
the sum of what is given never exceeds the profile, and nobody is paused who could be served.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from firmware.model.session import Transaction
from firmware.model.settings import Settings
from firmware.model.storage import ProfileRecord
from firmware.model.values import MIN_CURRENT_MA, Stamp
from firmware.ocpp.charging_profile import BadProfile, Profile, Purpose, read_profile, write_profile
from firmware.ocpp.schedule import (
    Feed,
    Moment,
    Share,
    Stack,
    divided,
    lesser,
    prevailing,
    stacked,
    summed,
)


@dataclass(frozen=True, slots=True)
class Held:
    """An installed profile; `transaction_key` is the transaction with which it ends."""

    profile: Profile
    transaction_key: str | None = None

    def record(self, outlet: int) -> ProfileRecord:
        """Return what lasts."""
        text = json.dumps(write_profile(self.profile), separators=(",", ":"))
        return ProfileRecord(outlet, self.profile.id, text, self.transaction_key)


@dataclass(frozen=True, slots=True)
class Supply:
    """What an outlet may draw: the least of its own limits, and how it is fed."""

    limit_ma: int
    feed: Feed


@dataclass(slots=True)
class ProfileBook:
    """Profiles by outlet (0: the station) and id; running transactions in the order of begin."""

    outlets: tuple[int, ...]
    held: dict[tuple[int, int], Held] = field(default_factory=dict)
    running: dict[int, Transaction] = field(default_factory=dict)
    expected: dict[int, Profile] = field(default_factory=dict)  # of a remote start, per outlet
    supplies: dict[int, Supply] = field(default_factory=dict)

    def configure(self, settings: Settings) -> None:
        """Take how the outlets are fed."""
        volts = settings.number("power_source_voltage")
        for n in self.outlets:
            keys = ("maximum_current", "installation_current_limit", "operator_current_limit")
            least_a = min(settings.number(f"{key}_{n}") for key in keys)
            three = settings.text(f"phases_connected_{n}") == "three_phase"
            self.supplies[n] = Supply(least_a * 1_000, Feed(3 if three else 1, volts))

    def restored(self, records: Iterable[ProfileRecord]) -> list[ProfileRecord]:
        """Take what lasts; return what has no transaction any more or cannot be read."""
        gone = []
        keys = {transaction.key for transaction in self.running.values()}
        for record in records:
            profile = _readable(record)
            over = record.transaction_key is not None and record.transaction_key not in keys
            if profile is None or over or record.connector not in (0, *self.outlets):
                gone.append(record)
            else:
                place = record.connector, record.profile_id
                self.held[place] = Held(profile, record.transaction_key)
        return gone

    def feed(self, outlet: int) -> Feed:
        """Return how an outlet is fed; the station (0): on the most phases of all."""
        if outlet == 0:
            return max((one.feed for one in self.supplies.values()), key=lambda feed: feed.phases)
        return self.supplies[outlet].feed

    def share(self, outlet: int, moment: Moment) -> Share:
        """Return what the profiles leave to an outlet."""
        return lesser(self._own(outlet, moment), self.part(outlet, self.whole(moment)))

    def expectation(self, outlet: int, moments: dict[int, Moment]) -> Share:
        """Return what an outlet, or the station (0), may draw: the profiles and its own limits."""
        if outlet == 0:
            together = summed(self._capped(self._own(n, one), n) for n, one in moments.items())
            return lesser(self.whole(next(iter(moments.values()))), together)
        return self._capped(self.share(outlet, moments[outlet]), outlet)

    def sharers(self, outlet: int) -> tuple[int, ...]:
        """Return who shares the station's limit with this outlet, the first come first."""
        return (*self.running, *(() if outlet in self.running else (outlet,)))

    def worst(self, outlet: int) -> Share:
        """Return the lowest that any period could mean for an outlet, whenever that is.

        For 0 the lowest of the station's own limit, undivided.
        """
        least = Share()
        for (where, _), held in self.held.items():
            of_station = held.profile.purpose is Purpose.MAX
            if where not in (0, outlet) or (outlet == 0 and not of_station):
                continue
            for period in held.profile.schedule.periods:
                schedule = replace(held.profile.schedule, periods=(replace(period, start_s=0),))
                timeless = Profile(
                    held.profile.id, held.profile.stack_level, held.profile.purpose,
                    held.profile.kind, replace(schedule, start_utc_s=None, duration_s=None),
                )  # fmt: skip
                stack = ((timeless,),)
                least = lesser(least, prevailing(stack, Moment(0), self.feed(outlet)))
        return least

    def _own(self, outlet: int, moment: Moment) -> Share:
        """Return what the profiles of a transaction say, without the station's limit."""
        running = self.running.get(outlet)
        if running is not None:
            tx = self._stack(outlet, Purpose.TX, running.key)
        else:
            tx = tuple(filter(None, (self.expected.get(outlet),)))
        tiers = (
            tx, self._stack(outlet, Purpose.TX_DEFAULT), self._stack(0, Purpose.TX_DEFAULT)
        )  # fmt: skip
        return prevailing(tiers, moment, self.feed(outlet))

    def whole(self, moment: Moment) -> Share:
        """Return the station's limit, undivided."""
        return prevailing((self._stack(0, Purpose.MAX),), moment, self.feed(0))

    def part(self, outlet: int, whole: Share) -> Share:
        """Return what an outlet gets of the station's limit."""
        least_grains = self.feed(outlet).grains_of_ma(MIN_CURRENT_MA)
        return divided(whole, self.sharers(outlet), least_grains)[outlet]

    def _capped(self, share: Share, outlet: int) -> Share:
        supply = self.supplies[outlet]
        return lesser(share, Share(supply.feed.grains_of_ma(supply.limit_ma)))

    def _stack(self, outlet: int, purpose: Purpose, key: str | None = None) -> Stack:
        return stacked(
            held.profile
            for (where, _), held in self.held.items()
            if where == outlet
            and held.profile.purpose is purpose
            and (key is None or held.transaction_key == key)
        )


def began_moment(
    at_s: int, running: Transaction | None, *, zero: Stamp, utc_at_zero_ms: int | None
) -> Moment:
    """Return this second with the start of charging: the begin of the transaction.

    Not the first closing of the contactor: a schedule that begins with a pause would never
    begin. A begin that nobody can date any more counts from `zero`, when the station woke.
    """
    dated = utc_at_zero_ms is not None
    if running is None:
        return Moment(at_s, dated)
    began = running.began
    if began.boot == zero.boot:
        began_s = (began.mono_ms + (utc_at_zero_ms or 0)) // 1_000
    elif not dated:
        return Moment(at_s, dated, None, lost=True)
    elif began.utc_ms is not None:
        began_s = began.utc_ms // 1_000
    else:
        began_s = (zero.mono_ms + (utc_at_zero_ms or 0)) // 1_000
    return Moment(at_s, dated, min(began_s, at_s))  # a clock that was set back begins it anew


def reason_of(share: Share, sharers: int) -> str:
    """Say in a few words whose limit this is."""
    if share.profile is None:
        return "no profile"
    together = share.profile.purpose is Purpose.MAX and sharers > 1
    return f"{share.profile}" + (f", shared by {sharers} outlets" if together else "")


def limit_of(share: Share, sharers: int, feed: Feed) -> tuple[int, str] | None:
    """Return mA per phase, rounded down, and the reason; `None` without a limit."""
    if share.grains is None:
        return None
    return feed.ma_of(share.grains), reason_of(share, sharers)


def _readable(record: ProfileRecord) -> Profile | None:
    try:
        return read_profile(json.loads(record.payload))
    except (BadProfile, ValueError, KeyError, TypeError):
        return None
