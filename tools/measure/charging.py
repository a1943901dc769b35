"""What one look at the charging profiles costs: the limit of an outlet now, and until when."""

from __future__ import annotations

import time
from random import Random

from firmware.config.registry import defaults
from firmware.model.session import Transaction
from firmware.model.values import Stamp
from firmware.ocpp.charging_profile import (
    Kind,
    Period,
    Profile,
    Purpose,
    RateUnit,
    Recurrency,
    Schedule,
)
from firmware.ocpp.profile_book import Held, ProfileBook
from firmware.ocpp.schedule import Moment

PROFILES, PERIODS = 100, 24
LOOKS = 5_000
SEED = 4
NOON_S = 1_769_860_800
DAY_S = 86_400


def evaluation_us() -> dict[str, dict[str, float]]:
    """Return p50, p99 and max of CPU time, for profiles as drawn and where none speaks now."""
    return {
        f"{PROFILES} profiles of {PERIODS} periods": _looks(_book(speaking=True)),
        "the same, each looked at, none speaks": _looks(_book(speaking=False)),
    }


def _looks(book: ProfileBook) -> dict[str, float]:
    dice, took_us = Random(SEED), []
    for _ in range(LOOKS):
        moment = Moment(NOON_S + dice.randrange(DAY_S), True, NOON_S)
        began_ns = time.thread_time_ns()
        book.share(1, moment)
        took_us.append((time.thread_time_ns() - began_ns) / 1_000)
    took_us.sort()
    return {
        "n": LOOKS,
        "p50": round(took_us[LOOKS // 2], 1),
        "p99": round(took_us[LOOKS * 99 // 100], 1),
        "max": round(took_us[-1], 1),
    }


def _book(*, speaking: bool) -> ProfileBook:
    dice, book = Random(SEED), ProfileBook((1, 2))
    book.configure(defaults())
    stamp = Stamp(1, 0, None)
    book.running[1] = Transaction("1-1-1", 1, "TAG", stamp, 0, 0, stamp)
    places = [(0, Purpose.MAX), (0, Purpose.TX_DEFAULT), (1, Purpose.TX_DEFAULT), (1, Purpose.TX)]
    for number in range(PROFILES):
        outlet, purpose = places[number % len(places)]
        key = "1-1-1" if purpose is Purpose.TX else None
        profile = _profile(dice, number, purpose, speaking=speaking)
        book.held[outlet, number] = Held(profile, key)
    return book


def _profile(dice: Random, number: int, purpose: Purpose, *, speaking: bool) -> Profile:
    """A daily schedule of an hour at some time of the day; else one whose next run is to come."""
    gap_s = DAY_S // PERIODS // 2
    periods = tuple(Period(n * gap_s, dice.randrange(6_000, 32_000)) for n in range(PERIODS))
    start_s = NOON_S - 30 * DAY_S + dice.randrange(DAY_S)
    return Profile(
        number, number // 4, purpose, Kind.RECURRING,
        Schedule(RateUnit.AMPERE, periods, DAY_S // 2 if speaking else 1, start_s),
        Recurrency.DAILY,
    )  # fmt: skip
