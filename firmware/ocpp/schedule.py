"""What a stack of charging profiles allows: now, until when, and over a span to come.

Within a purpose the highest stack level that has a period at this second prevails; where its
validity, its schedule or its recurrence is over, or before its first period, the next lower
level speaks. TxProfile overrules the outlet's TxDefaultProfile, and that the one of connector 0;
ChargePointMaxProfile is a second opinion, and the lesser limit counts. No profile: no limit.

Limits are counted in *grains* per phase, of which mA and mW (of one to three phases) are both
whole numbers: a mW on one phase is 6 grains, a mA is 6 for each V of the supply. Whoever turns
them into mA or mW rounds down. A W limit is shared by numberPhases phases (none given: three), at
most those that feed the outlet. [B-CUR-13]
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from firmware.model.machine import NEVER_MS
from firmware.ocpp.charging_profile import CYCLE_S, Kind, Period, Profile, RateUnit

NEVER_S = NEVER_MS
GRAINS_PER_MW = 6  # the least common multiple of one, two and three phases
STEPS_MAX = 1_000  # changes that are looked at in one span


@dataclass(frozen=True, slots=True)
class Moment:
    """A second, and what is known about it.

    Undated, it counts from an unknown zero, as the station does before it knows the time.
    `began_s` is the start of charging on the same count; without one nothing charges, and a
    relative schedule stands at its beginning. `lost`: it began, and when is not known.
    """

    at_s: int
    dated: bool = True
    began_s: int | None = None
    lost: bool = False


@dataclass(frozen=True, slots=True)
class Feed:
    """How an outlet, or the station, is fed: its phases, and the voltage of each to neutral."""

    phases: int
    volts: int

    def grains_of_ma(self, limit_ma: int) -> int:
        """Return mA of each phase in grains."""
        return limit_ma * self.volts * GRAINS_PER_MW

    def ma_of(self, grains: int) -> int:
        """Return mA of each phase, rounded down."""
        return grains // (self.volts * GRAINS_PER_MW)

    def used_phases(self, given: int | None) -> int:
        """Return on how many phases a W limit is shared: numberPhases, absent three, as fed."""
        return min(given or 3, self.phases)


@dataclass(frozen=True, slots=True)
class Share:
    """A limit in grains per phase, none without a profile; whose it is, and on which phases.

    Nothing about it changes before `until_s`. `undecided`: only the wall time could tell.
    """

    grains: int | None = None
    profile: Profile | None = None
    phases: int | None = None  # numberPhases of the period
    until_s: int = NEVER_S
    undecided: bool = False


@dataclass(frozen=True, slots=True)
class Stretch:
    """From `start_s` on, this limit."""

    start_s: int
    share: Share


Stack = tuple[Profile, ...]  # of one purpose, the highest level first
Tiers = tuple[Stack, ...]  # each overrules those after it


def stacked(profiles: Iterable[Profile]) -> Stack:
    """Return profiles of one purpose in the order in which they are asked."""
    return tuple(sorted(profiles, key=lambda one: -one.stack_level))


def prevailing(tiers: Tiers, moment: Moment, feed: Feed) -> Share:
    """Return what the first profile with a word says at this moment, and until when at least."""
    until_s = NEVER_S
    for stack in tiers:
        for profile in stack:
            if not moment.dated and (profile.needs_time or moment.lost):
                return Share(until_s=until_s, undecided=True)
            period, next_s = _spoken(profile, moment)
            until_s = min(until_s, next_s)
            if period is not None:
                grains = _grains(period, profile.schedule.unit, feed)
                return Share(grains, profile, period.phases, until_s)
    return Share(until_s=until_s)


def lesser(one: Share, other: Share) -> Share:
    """Return the lower of two limits, true until the first of both changes."""
    until_s = min(one.until_s, other.until_s)
    undecided = one.undecided or other.undecided
    held = [share for share in (one, other) if share.grains is not None]
    least = min(held, key=_weight, default=Share())
    return Share(least.grains, least.profile, least.phases, until_s, undecided)


def divided(whole: Share, outlets: Sequence[int], least_grains: int) -> dict[int, Share]:
    """Divide the station's limit among outlets, the first come first.

    All get the same; where that would be too little to charge with, only as many as can charge
    get a part, and the others nothing. The sum is never above the whole.
    """
    if whole.grains is None or not outlets:
        return dict.fromkeys(outlets, whole)
    served = max(1, min(len(outlets), whole.grains // least_grains))
    part = whole.grains // served
    return {
        outlet: Share(
            part if place < served else 0,
            whole.profile, whole.phases, whole.until_s, whole.undecided,
        )
        for place, outlet in enumerate(outlets)
    }  # fmt: skip


def summed(shares: Iterable[Share]) -> Share:
    """Return what several outlets draw together; each of them has a limit."""
    together = list(shares)
    grains = sum(share.grains or 0 for share in together)
    return Share(grains, None, None, min((share.until_s for share in together), default=NEVER_S))


def stretches(look: Callable[[int], Share], from_s: int, to_s: int) -> list[Stretch]:
    """Return the limits of [from_s, to_s) in order, equal neighbours as one.

    `look` tells the limit at a second. A span with too many changes ends early, where the last
    stretch that was looked at does: its end is the start of an empty share.
    """
    found: list[Stretch] = []
    at_s = from_s
    for _ in range(STEPS_MAX):
        share = look(at_s)
        if not found or _said(found[-1].share) != _said(share):
            found.append(Stretch(at_s, share))
        at_s = share.until_s
        if at_s >= to_s:
            return [*found, Stretch(to_s, Share())]
    return [*found, Stretch(at_s, Share())]


def mw_of(grains: int, phases: int) -> int:
    """Return mW of so many phases, rounded down."""
    return grains * phases // GRAINS_PER_MW


def _said(share: Share) -> tuple[int | None, int | None]:
    return share.grains, share.phases


def _weight(share: Share) -> int:
    assert share.grains is not None, share
    return share.grains


def _grains(period: Period, unit: RateUnit, feed: Feed) -> int:
    if unit is RateUnit.AMPERE:  # [ER 3.34] whatever numberPhases says
        return feed.grains_of_ma(period.limit_milli)
    return period.limit_milli * GRAINS_PER_MW // feed.used_phases(period.phases)


def _spoken(profile: Profile, moment: Moment) -> tuple[Period | None, int]:
    """Return the period in which a profile is, and when that may change."""
    at_s = moment.at_s
    if profile.valid_from_s is not None and at_s < profile.valid_from_s:
        return None, profile.valid_from_s
    valid_to_s = NEVER_S if profile.valid_to_s is None else profile.valid_to_s
    if at_s >= valid_to_s:
        return None, NEVER_S
    if profile.relative and moment.began_s is None:
        first = profile.schedule.periods[0]
        return (first if first.start_s == 0 else None), valid_to_s
    begin_s, end_s, again_s = _run(profile, moment)
    if at_s < begin_s:
        return None, min(begin_s, valid_to_s)
    if at_s >= end_s:
        return None, min(again_s, valid_to_s)
    period, next_s = _period_at(profile.schedule.periods, at_s - begin_s)
    return period, min(begin_s + next_s, end_s, valid_to_s)


def _run(profile: Profile, moment: Moment) -> tuple[int, int, int]:
    """Return begin and end of the run of the schedule that counts, and when the next begins."""
    schedule = profile.schedule
    begin_s = schedule.start_utc_s
    if profile.relative or begin_s is None:
        begin_s = moment.began_s or 0
    if profile.kind is not Kind.RECURRING or profile.recurrency is None:
        end_s = NEVER_S if schedule.duration_s is None else begin_s + schedule.duration_s
        return begin_s, end_s, NEVER_S
    cycle_s = CYCLE_S[profile.recurrency]
    if moment.at_s > begin_s:  # [ER 3.78] from its own time of day or week
        begin_s = moment.at_s - (moment.at_s - begin_s) % cycle_s
    span_s = min(schedule.duration_s or cycle_s, cycle_s)  # what is longer is cut
    return begin_s, begin_s + span_s, begin_s + cycle_s


def _period_at(periods: tuple[Period, ...], passed_s: int) -> tuple[Period | None, int]:
    after = bisect_right(periods, passed_s, key=lambda one: one.start_s)
    next_s = periods[after].start_s if after < len(periods) else NEVER_S
    return (periods[after - 1] if after else None), next_s
