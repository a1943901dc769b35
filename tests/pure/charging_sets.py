"""Random sets of charging profiles, told to the machine and to the oracle; where they differ.

The machine runs from deadline to deadline, as in the station; the oracle looks at every second.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

from firmware.config.registry import changed
from firmware.model import backend as b
from firmware.model import session as s
from firmware.model.machine import TICK
from firmware.model.settings import SettingsChanged
from firmware.model.storage import Memory
from firmware.model.values import LimitLifted, LimitSet, Stamp
from firmware.ocpp.charging import ChargingCore
from tests.pure.charging_oracle import Oracle
from tests.pure.rigs import settings

SECOND = timedelta(seconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
WINDOW_S = 1_200
COMPOSITE_S = 400
BOOT = 7
VOLTS = (230, 230, 220, 277, 100, 241)  # of power_source_voltage
PURPOSES = ("ChargePointMaxProfile", "TxDefaultProfile", "TxDefaultProfile", "TxProfile")
KINDS = ("Absolute", "Absolute", "Recurring", "Recurring", "Relative")


def text(at):
    return at.isoformat().replace("+00:00", "Z")


def near(dice, at, before_s=1_500, after_s=WINDOW_S):
    return at + timedelta(seconds=dice.randint(-before_s, after_s))


def some_periods(dice, unit):
    start, periods = (0 if dice.random() < 0.8 else dice.randint(1, 300)), []
    for _ in range(dice.randint(1, 6)):
        limit = dice.randint(0, 400) if unit == "A" else dice.randint(0, 250_000)
        period = {"startPeriod": start, "limit": limit / 10}
        if dice.random() < 0.4:
            period["numberPhases"] = dice.randint(1, 3)
        periods.append(period)
        start += dice.choice((1, dice.randint(2, 60), dice.randint(60, 900)))
    return periods


def some_start(dice, kind, cycle, at):
    """Near the window; a recurrence some of its cycles, or years, before; some in the future."""
    start = near(dice, at)
    if kind == "Recurring" and dice.random() < 0.85:
        start -= cycle * dice.choice((1, 2, dice.randint(3, 400)))
    return start


def some_profile(dice, number, at):
    purpose, kind = dice.choice(PURPOSES), dice.choice(KINDS)
    unit = dice.choice("AAW")
    schedule = {"chargingRateUnit": unit, "chargingSchedulePeriod": some_periods(dice, unit)}
    profile = {
        "chargingProfileId": number if dice.random() < 0.9 else dice.randint(1, number),
        "stackLevel": dice.randint(0, 4),
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": kind,
        "chargingSchedule": schedule,
    }
    recurrency = dice.choice(("Daily", "Weekly"))
    cycle = timedelta(days=1 if recurrency == "Daily" else 7)
    if kind == "Recurring":
        profile["recurrencyKind"] = recurrency
    if kind == "Recurring" or dice.random() < 0.8:
        schedule["startSchedule"] = text(some_start(dice, kind, cycle, at))
    if dice.random() < 0.6:
        schedule["duration"] = dice.choice((dice.randint(1, 2_000), dice.randint(1, 700_000)))
    for name in ("validFrom", "validTo"):
        if dice.random() < 0.25:
            profile[name] = text(near(dice, at))
    if dice.random() < 0.2:
        schedule["minChargingRate"] = 6.0
    connector = {"ChargePointMaxProfile": 0, "TxProfile": dice.randint(1, 2)}.get(purpose)
    return (dice.randint(0, 2) if connector is None else connector), profile


class Pair:
    """The machine and the oracle of one set, on the same day."""

    def __init__(self, seed):
        self.dice = dice = Random(seed)
        self.at = NOON + timedelta(seconds=dice.randint(0, 7 * 86_400))
        single, caps = dice.random() < 0.3, [dice.randint(6, 32) for _ in (1, 2)]
        volts = VOLTS[seed % len(VOLTS)]
        self.oracle = Oracle({1: 3, 2: 1 if single else 3}, {1: caps[0], 2: caps[1]}, volts)
        self.known = settings(
            operator_current_limit_1=str(caps[0]),
            operator_current_limit_2=str(caps[1]),
            phases_connected_2="single_phase" if single else "three_phase",
            power_source_voltage=str(volts),
        )
        self.core = ChargingCore(self.known, Memory(BOOT), (1, 2))
        self.now_ms = 5_000_000
        self.limits = {1: None, 2: None}  # mA, as the machine said last
        self.count = 0
        self.answers = []
        self.differences = []
        zero_ms = (self.at - EPOCH) // timedelta(milliseconds=1) - self.now_ms
        self.tell(b.ClockSynced(zero_ms, "test"))

    def tell(self, fact):
        for wish in self.core.handle(fact, self.now_ms):
            match wish:
                case LimitSet(outlet, limit):
                    self.limits[outlet] = limit.limit_ma
                case LimitLifted(outlet, _):
                    self.limits[outlet] = None
                case b.Answer():
                    self.answers.append(wish)

    def to(self, at):
        """Let time pass, from deadline to deadline."""
        then_ms = self.now_ms + (at - self.at) // timedelta(milliseconds=1)
        while (due_ms := self.core.deadline_ms()) <= then_ms:
            self.now_ms = due_ms
            self.tell(TICK)
        self.now_ms, self.at = then_ms, at

    def feed(self, volts):
        """The installer corrects the voltage."""
        self.oracle.volts = volts
        self.known = changed(self.known, {"power_source_voltage": str(volts)})
        self.tell(SettingsChanged(self.known))

    def begin(self, outlet, ago_s=0):
        self.count += 1
        stamp = Stamp(BOOT, self.now_ms - ago_s * 1_000, None)
        key = f"{BOOT}-{outlet}-{self.count}"
        transaction = s.Transaction(key, outlet, "TAG", stamp, 0, 0, stamp)
        self.tell(s.TransactionBegan(transaction))
        self.oracle.begin(outlet, self.at - timedelta(seconds=ago_s))

    def end(self, outlet):
        self.tell(s.TransactionEnded(self.core.state.book.running[outlet]))
        self.oracle.end(outlet)

    def install(self, connector, profile):
        self.tell(b.SetChargingProfileRequested("s", connector, profile))
        if self.answers.pop().status == "Accepted":
            self.oracle.install(connector, profile, self.at)
        elif not (profile["chargingProfilePurpose"] == "TxProfile"
                  and connector not in self.oracle.running):  # fmt: skip
            self.differences.append(f"refused: {profile}")

    def look(self):
        """Compare the limits of this second; the station's must hold for the sum."""
        for outlet, told_ma in self.limits.items():
            said = self.oracle.limit(outlet, self.at)
            meant_ma = None if said is None else int(said[0] * 1_000)
            if told_ma != meant_ma:
                self.differences.append(f"{self.at} outlet {outlet}: {told_ma}, not {meant_ma}")
        whole = self.oracle._best(0, "ChargePointMaxProfile", self.at, None, 0)
        if whole is not None:
            total_ma = sum(self.limits[outlet] for outlet in self.oracle.running)
            if total_ma > whole[0] * 1_000:
                self.differences.append(f"{self.at}: {total_ma} mA together is over {whole[0]} A")

    def compose(self):
        """Compare a composite schedule."""
        outlet, unit = self.dice.randint(0, 2), self.dice.choice("AW")
        self.tell(b.CompositeScheduleRequested("g", outlet, COMPOSITE_S, unit))
        schedule = self.answers.pop().more["chargingSchedule"]
        told = [
            (one["startPeriod"], round(one["limit"] * 10), one.get("numberPhases"))
            for one in schedule["chargingSchedulePeriod"]
        ]
        meant = self.oracle.composite(outlet, self.at, seconds=COMPOSITE_S, unit=unit)
        if told != meant or schedule["duration"] != COMPOSITE_S:
            self.differences.append(f"{self.at} composite {outlet} {unit}: {told}, not {meant}")


def differences(seed):
    """Return where machine and oracle differ over a window of seconds, and how many they saw."""
    pair = Pair(seed)
    dice, began = pair.dice, pair.at
    for outlet in (1, 2):
        if dice.random() < 0.7:
            pair.begin(outlet, dice.choice((0, dice.randint(1, 3_000))))
    for number in range(1, dice.randint(2, 12)):
        pair.install(*some_profile(dice, number, began))
    turn_s = dice.randint(1, WINDOW_S)
    for passed_s in range(WINDOW_S):
        pair.to(began + timedelta(seconds=passed_s))
        if passed_s == turn_s:  # somebody comes or goes
            outlet = dice.randint(1, 2)
            (pair.end if outlet in pair.oracle.running else pair.begin)(outlet)
            pair.feed(VOLTS[-1 - seed % len(VOLTS)])
        pair.look()
        if passed_s in (7, turn_s):
            pair.compose()
    return pair.differences
