"""Looks at a simulated world whenever it changes and says what may never be.

It sees what a meter, an oscilloscope and a bystander would see, and which permits the station
has given; what the pilot believes it does not know. A reason to be open may be there for the
reaction time with the contacts still closed; a contactor that the world has welded is excused.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from firmware.io.loop import loop_ms
from firmware.model.annex import DIODE_MS, GRACE_MS
from firmware.model.machine import NEVER_MS
from firmware.model.outlet import EndPermit, FaultRaised, GivePermit
from firmware.pilot.cable import cable_ma
from firmware.pilot.classify import pwm_on
from firmware.pilot.duty import offered_ma
from hal.mock.world import World
from hal.ports import LockPosition, OutletSample

REACTION_MS = 100  # [61851-1 A.6] the contacts' own 15 ms included
RETURN_MS = 50  # contacts that a weld has let go are on their way
PROBLEMS_MAX = 20
_NO_CURRENT = [0, 0, 0]
# how long power may stay although there is this reason against it
ALLOWED_MS: Mapping[str, int] = {
    "the line shows no C": REACTION_MS,
    "the residual sensor has tripped": REACTION_MS,
    "a breaker has tripped": REACTION_MS,
    "no plug is seen": REACTION_MS,
    "the plug is not held": REACTION_MS,
    "the line shows no diode": DIODE_MS + REACTION_MS,
    "there is no permit": GRACE_MS + REACTION_MS,
    "there is no transaction": REACTION_MS,
    "the controller has no power": REACTION_MS,
}


@dataclass(slots=True)
class _Outlet:
    """What is known of one outlet."""

    max_ma: int
    permit_ma: int = 0
    closed: bool = False
    since_ms: dict[str, int] = field(default_factory=dict)  # reasons to be open
    welded: bool = False
    freed_ms: int = -NEVER_MS  # when a weld was last let go
    told: set[str] = field(default_factory=set)  # each reason once


class Watched(Protocol):
    """A station in its world, which tells the watcher what happens."""

    world: World
    on_change: Callable[[Mapping[str, object]], None] | None
    on_wish: Callable[[object], None] | None
    on_fact: Callable[[object], None] | None

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The clock, and who calls back."""

    @property
    def powered(self) -> bool:
        """The controller has power."""

    def running(self, outlet: int) -> object | None:
        """Return the transaction of an outlet."""


class Watcher:
    """One world's judge; `problems` are sentences with the time."""

    def __init__(self, station: Watched, late_ms: int = 0) -> None:
        """Judge a station whose offer the world sees so much later than it was decided."""
        self.station = station
        self.late_ms = late_ms
        self.problems: list[str] = []
        self.events = 0
        self.closings = 0
        self.faults: Counter[str] = Counter()
        self._outlets = {o.number: _Outlet(o.max_ma) for o in station.world.profile.outlets}
        station.on_change = self._changed
        station.on_wish = self._wished
        station.on_fact = self._told

    # -- what it is told --------------------------------------------------------------------

    def welds(self, outlet: int, on: bool) -> None:
        """The world welds this contactor, or lets it go."""
        one = self._outlets[outlet]
        if one.welded and not on:
            one.freed_ms = self._now()
        one.welded = on

    def look_at_all(self) -> None:
        """Look at every outlet now."""
        for number in self._outlets:
            self._look(number)

    def _wished(self, wish: object) -> None:
        match wish:
            case GivePermit(outlet, limit_ma):
                self._outlets[outlet].permit_ma = limit_ma
            case EndPermit(outlet, _):
                self._outlets[outlet].permit_ma = 0

    def _told(self, fact: object) -> None:
        if isinstance(fact, FaultRaised):
            self.faults[fact.fault.row.id] += 1

    def _changed(self, change: Mapping[str, object]) -> None:
        self.events += 1
        number = change.get("outlet")
        if not isinstance(number, int):
            return
        one = self._outlets[number]
        if change["event"] == "contactor":
            one.closed = bool(change["closed"])
            self.closings += one.closed
        if change.get("currents_ma", _NO_CURRENT) != _NO_CURRENT and not one.closed:
            self._wrong(number, "a current flows through open contacts")
        self._look(number)

    # -- judging ----------------------------------------------------------------------------

    def _look(self, number: int) -> None:
        now_ms, one = self._now(), self._outlets[number]
        sample = self.station.world.sample(number)
        there = set(self._reasons(number, one, sample))
        for reason in list(one.since_ms):
            if reason not in there:
                del one.since_ms[reason]
                one.told.discard(reason)
        for reason in there:
            one.since_ms.setdefault(reason, now_ms)
        self._judge_offer(number, one, sample)
        if sample.contactor_closed and not one.welded:
            self._judge_power(number, one, now_ms)

    def _judge_power(self, number: int, one: _Outlet, now_ms: int) -> None:
        for reason, since_ms in one.since_ms.items():
            due_ms = max(since_ms + ALLOWED_MS[reason], one.freed_ms + RETURN_MS)
            if now_ms <= due_ms:
                self.station.loop.call_at((due_ms + 1) / 1_000, self._look, number)
            elif reason not in one.told:
                one.told.add(reason)
                self._wrong(number, f"power for {now_ms - since_ms} ms although {reason}")

    def _reasons(self, number: int, one: _Outlet, x: OutletSample) -> Iterable[str]:
        """Which reasons there are for open contacts; a voltage between two bands is none."""
        if not self.station.powered:
            one.permit_ma = 0
            yield "the controller has no power"
        elif self.station.running(number) is None:
            yield "there is no transaction"
        if not one.permit_ma:
            yield "there is no permit"
        if not 4_000 <= x.cp_high_mv < 8_000:
            yield "the line shows no C"
        elif pwm_on(x.duty_permille) and x.cp_low_mv > -10_000:
            yield "the line shows no diode"
        if x.residual_tripped:
            yield "the residual sensor has tripped"
        if x.mcb_tripped or x.rcd_tripped:
            yield "a breaker has tripped"
        if not cable_ma(x.pp_ohm):
            yield "no plug is seen"
        if x.lock is not LockPosition.LOCKED:
            yield "the plug is not held"

    def _judge_offer(self, number: int, one: _Outlet, x: OutletSample) -> None:
        least_ma = min(one.permit_ma, cable_ma(x.pp_ohm) or 0, one.max_ma)
        offer_ma = offered_ma(x.duty_permille)
        if offer_ma > least_ma:
            self.station.loop.call_later(self.late_ms / 1_000, self._offered, number, offer_ma)

    def _offered(self, number: int, offer_ma: int) -> None:
        """The pilot had its say at this instant: is it still too much?"""
        one, x = self._outlets[number], self.station.world.sample(number)
        least_ma = min(one.permit_ma, cable_ma(x.pp_ohm) or 0, one.max_ma)
        if offered_ma(x.duty_permille) > least_ma:
            self._wrong(number, f"{offer_ma} mA are offered, {least_ma} mA are allowed")

    def _wrong(self, number: int, sentence: str) -> None:
        if len(self.problems) < PROBLEMS_MAX:
            now_ms = self._now()
            clock = f"{now_ms // 3_600_000:02}:{now_ms // 60_000 % 60:02}"
            self.problems.append(
                f"{clock}:{now_ms % 60_000 / 1_000:06.3f} outlet {number}: {sentence}"
            )

    def _now(self) -> int:
        return loop_ms(self.station.loop)
