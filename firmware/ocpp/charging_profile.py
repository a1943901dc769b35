"""Words of OCPP 1.6 Smart Charging: a profile with its schedule and periods, read and written.

Payloads meet us here and nowhere else: a limit has one decimal outside and is a whole number of
thousandths (mA or mW) inside, an instant is a whole second of UTC. What OCPP's schema lets pass
and has no meaning is refused with a sentence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from firmware.ocpp.frames import Payload
from firmware.ocpp.payloads import iso_utc, utc_ms_of

PERIODS_MAX = 48  # ChargingScheduleMaxPeriods
STACK_LEVEL_MAX = 20  # ChargeProfileMaxStackLevel
INSTALLED_MAX = 50  # MaxChargingProfilesInstalled
_LIMIT_MAX = 10_000_000  # A or W; more is no current of this world
_SPAN_MAX_S = 100 * 366 * 86_400


class BadProfile(ValueError):
    """A profile that OCPP's schema lets pass and that has no meaning; the text says why."""


class Purpose(StrEnum):
    """What a profile is for."""

    MAX = "ChargePointMaxProfile"
    TX_DEFAULT = "TxDefaultProfile"
    TX = "TxProfile"


class Kind(StrEnum):
    """From when a schedule counts."""

    ABSOLUTE = "Absolute"
    RECURRING = "Recurring"
    RELATIVE = "Relative"


class Recurrency(StrEnum):
    """How often a recurring schedule begins anew."""

    DAILY = "Daily"
    WEEKLY = "Weekly"


class RateUnit(StrEnum):
    """In what a schedule limits: A of each phase, or W of all together."""

    AMPERE = "A"
    WATT = "W"


CYCLE_S = {Recurrency.DAILY: 86_400, Recurrency.WEEKLY: 7 * 86_400}


@dataclass(frozen=True, slots=True)
class Period:
    """From `start_s` of the schedule on, this limit: mA of each phase, or mW of all."""

    start_s: int
    limit_milli: int
    phases: int | None = None  # numberPhases; none is three


@dataclass(frozen=True, slots=True)
class Schedule:
    """Periods in the order of their starts, each up to the next, the last up to the duration."""

    unit: RateUnit
    periods: tuple[Period, ...]
    duration_s: int | None = None
    start_utc_s: int | None = None
    least_milli: int | None = None  # minChargingRate: a word to planners, it limits nothing


@dataclass(frozen=True, slots=True)
class Profile:
    """A charging profile, valid in [valid_from, valid_to)."""

    id: int
    stack_level: int
    purpose: Purpose
    kind: Kind
    schedule: Schedule
    recurrency: Recurrency | None = None
    valid_from_s: int | None = None
    valid_to_s: int | None = None
    transaction_id: int | None = None

    @property
    def relative(self) -> bool:
        """Its schedule counts from the start of charging; also an Absolute one without a start."""
        return self.kind is Kind.RELATIVE or self.schedule.start_utc_s is None

    @property
    def needs_time(self) -> bool:
        """Only who knows the wall time can tell what it says."""
        return not self.relative or self.valid_from_s is not None or self.valid_to_s is not None

    def __str__(self) -> str:
        return f"{self.purpose} {self.id}, stack level {self.stack_level}"


def read_profile(payload: Mapping[str, Any], received_utc_s: int | None = None) -> Profile:
    """Return the profile of a payload that the schema has judged; raise `BadProfile`.

    A ChargePointMaxProfile belongs to no transaction: where its schedule has no start of its
    own, it counts from its reception.
    """
    purpose, kind = Purpose(payload["chargingProfilePurpose"]), Kind(payload["chargingProfileKind"])
    told = payload["chargingSchedule"]
    start_s = None if kind is Kind.RELATIVE else _instant_s(told, "startSchedule")
    if purpose is Purpose.MAX and start_s is None:
        kind, start_s = Kind.ABSOLUTE, _known(received_utc_s)
    recurrency = Recurrency(payload["recurrencyKind"]) if "recurrencyKind" in payload else None
    profile = Profile(
        id=payload["chargingProfileId"],
        stack_level=_within(payload["stackLevel"], 0, STACK_LEVEL_MAX, "stackLevel"),
        purpose=purpose,
        kind=kind,
        schedule=_schedule(told, start_s),
        recurrency=recurrency if kind is Kind.RECURRING else None,
        valid_from_s=_instant_s(payload, "validFrom"),
        valid_to_s=_instant_s(payload, "validTo"),
        transaction_id=payload.get("transactionId"),
    )
    if kind is Kind.RECURRING and (recurrency is None or start_s is None):
        raise BadProfile("a Recurring profile needs recurrencyKind and startSchedule")
    return profile


def write_profile(profile: Profile) -> Payload:
    """Return a profile as OCPP says it; `read_profile` reads the same again."""
    payload: Payload = {
        "chargingProfileId": profile.id,
        "transactionId": profile.transaction_id,
        "stackLevel": profile.stack_level,
        "chargingProfilePurpose": profile.purpose.value,
        "chargingProfileKind": profile.kind.value,
        "recurrencyKind": None if profile.recurrency is None else profile.recurrency.value,
        "validFrom": _text(profile.valid_from_s),
        "validTo": _text(profile.valid_to_s),
        "chargingSchedule": _written(profile.schedule),
    }
    return {key: value for key, value in payload.items() if value is not None}


def tenths(limit_milli: int) -> float:
    """Return A or W with one decimal, rounded down: the edge where floats begin."""
    return limit_milli // 100 / 10


def period_payload(start_s: int, limit_milli: int, phases: int | None) -> Payload:
    """Return one chargingSchedulePeriod."""
    payload: Payload = {"startPeriod": start_s, "limit": tenths(limit_milli)}
    return payload if phases is None else {**payload, "numberPhases": phases}


def _schedule(told: Mapping[str, Any], start_s: int | None) -> Schedule:
    least = told.get("minChargingRate")
    duration_s = told.get("duration")
    if duration_s is not None:
        _within(duration_s, 1, _SPAN_MAX_S, "duration")
    return Schedule(
        unit=RateUnit(told["chargingRateUnit"]),
        periods=_periods(told["chargingSchedulePeriod"]),
        duration_s=duration_s,
        start_utc_s=start_s,
        least_milli=None if least is None else _milli(least),
    )


def _periods(told: list[Mapping[str, Any]]) -> tuple[Period, ...]:
    _within(len(told), 1, PERIODS_MAX, "the number of periods")
    periods = tuple(
        Period(
            _within(one["startPeriod"], 0, _SPAN_MAX_S, "startPeriod"),
            _milli(one["limit"]),
            _phases(one.get("numberPhases")),
        )
        for one in told
    )
    starts = [period.start_s for period in periods]
    if any(later <= earlier for earlier, later in zip(starts, starts[1:], strict=False)):
        raise BadProfile("each period must start later than the one before it")
    return periods


def _milli(limit: float) -> int:
    """Return thousandths; the schema has judged that there is one decimal at most."""
    if not 0 <= limit <= _LIMIT_MAX:
        raise BadProfile(f"a limit of {limit} is none")
    return round(limit * 10) * 100


def _phases(count: int | None) -> int | None:
    return None if count is None else _within(count, 1, 3, "numberPhases")


def _within(value: int, low: int, high: int, what: str) -> int:
    if not low <= value <= high:
        raise BadProfile(f"{what} is {value}; {low} to {high} can be taken")
    return value


def _known(received_utc_s: int | None) -> int:
    if received_utc_s is None:
        raise BadProfile("it would count from now, and the station does not know the time")
    return received_utc_s


def _instant_s(told: Mapping[str, Any], name: str) -> int | None:
    if name not in told:
        return None
    utc_ms = utc_ms_of(told[name])
    if utc_ms is None:
        raise BadProfile(f"{name} is no timestamp")
    return max(utc_ms, 0) // 1_000


def _written(schedule: Schedule) -> Payload:
    payload: Payload = {
        "duration": schedule.duration_s,
        "startSchedule": _text(schedule.start_utc_s),
        "chargingRateUnit": schedule.unit.value,
        "chargingSchedulePeriod": [
            period_payload(one.start_s, one.limit_milli, one.phases) for one in schedule.periods
        ],
        "minChargingRate": None if schedule.least_milli is None else tenths(schedule.least_milli),
    }
    return {key: value for key, value in payload.items() if value is not None}


def _text(utc_s: int | None) -> str | None:
    return None if utc_s is None else iso_utc(utc_s * 1_000)
