"""Seeded sessions in virtual time whose station loses its power at any wish or instant.

A seed decides drivers, settings, the back end's troubles and the cuts. The first run of a seed
has no cut and tells how many wishes there are; the second is cut at some of them. Afterwards
everything is healed, and the books of meter, database and back end are compared.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from firmware.io.loop import loop_ms
from firmware.model.session import Transaction
from firmware.model.values import StopReason
from firmware.sim.backend import Backend
from firmware.sim.books import Outcome, compare_books
from firmware.sim.loop import VirtualLoop
from firmware.sim.recorder import WireRecorder
from firmware.sim.station import SimPlan, SimStation
from firmware.storage import rows

NAME, HOST, PORT = "CUT1", "cut1.lan", 9_000
UTC_AT_ZERO = datetime(2026, 3, 1, tzinfo=UTC)
UNBILLED_WH_MAX = 500  # 22 kW for the age that a durable register may have
_HEAL_MS = 1_500_000  # by then the plan of every seed is over
_DELIVER_S = 14_400
_AWAY_MODES = ("none", "none", "away", "away", "slow", "misdeed", "misdeed")
_MISDEEDS = ("late", "never", "twice", "garbage", "error", "close")
_TOLD = ("Authorize", "StartTransaction", "MeterValues", "StopTransaction", "BootNotification")


@dataclass(frozen=True, slots=True)
class Driver:
    """One person with a car: times are ms of the story."""

    outlet: int
    uid: str
    plug_ms: int
    card_ms: int
    leave_ms: int
    leaves_by: str  # card | car | tears
    battery_wh: int
    phases: int
    card_again: bool  # presents the card once more when nothing charges


@dataclass(frozen=True, slots=True)
class Cut:
    """A loss of power: at a wish counted from the last wake-up, or at an instant."""

    at_wish: int | None
    at_ms: int
    off_ms: int
    unplugs: bool = False  # the driver takes the plug while it is dark


@dataclass(frozen=True, slots=True)
class Plan:
    """All that a seed decides."""

    seed: int
    settings: Mapping[str, str]
    knows_time: bool
    drivers: tuple[Driver, ...]
    trouble: str
    trouble_ms: tuple[int, int]
    misdeeds: tuple[tuple[str, str, float], ...]  # action, what is done wrong, seconds
    cuts: tuple[Cut, ...] = ()


@dataclass(frozen=True, slots=True)
class Woke:
    """What was durable, and the meters, when the power came back."""

    at_ms: int
    durable_wh: Mapping[str, int]  # of running transactions, by key
    register_wh: Mapping[int, int]  # by outlet


def play(seed: int, profile: Any, cuts: tuple[Cut, ...] | None = None) -> Outcome:
    """Play one seed to its end on this board; `cuts` replace those that the seed decides."""
    plan = drawn(seed, len(profile.outlets))
    if cuts is None:
        calm = _Play(plan, profile).run()
        if calm.problems:
            calm.problems = [f"without a cut: {problem}" for problem in calm.problems]
            return calm
        cuts = drawn_cuts(seed, calm.wishes)
    return _Play(replace(plan, cuts=cuts), profile).run()


def drawn(seed: int, outlets: int) -> Plan:
    """Draw everything of a seed but its cuts."""
    random = Random(f"power cuts {seed}")
    numbers = random.sample(range(1, outlets + 1), outlets)
    drivers = [_driver(random, numbers[0], f"{0xC0FFEE00 + seed % 256:08x}")]
    if outlets > 1 and random.random() < 0.4:
        drivers.append(_driver(random, numbers[1], f"{0xBEEF0000 + seed % 65_536:08x}"))
    settings = {
        "restart_transaction_after_power_loss": random.choice(("on", "off")),
        "ocpp:MeterValueSampleInterval": random.choice(("0", "30", "60", "60", "300")),
        "ocpp:ClockAlignedDataInterval": random.choice(("0", "0", "900")),
        "local_pre_authorize": random.choice(("on", "off")),
    }
    if random.random() < 0.5:
        settings["local_whitelist_entries"] = ":".join(d.uid for d in drivers)
    begin_ms = random.randrange(0, 600_000)
    misdeeds = tuple(
        (action, random.choice(_MISDEEDS), random.choice((3.0, 20.0, 70.0)))
        for action in random.sample(_TOLD, random.randrange(1, 4))
    )
    return Plan(
        seed,
        settings,
        random.random() < 0.6,
        tuple(drivers),
        random.choice(_AWAY_MODES),
        (begin_ms, begin_ms + random.choice((20_000, 120_000, 600_000))),
        misdeeds,
    )


def drawn_cuts(seed: int, wishes: int) -> tuple[Cut, ...]:
    """Draw the cuts of a seed: any of its wishes, and often more, during the restart too."""
    random = Random(f"cuts {seed}")
    off_ms = (1_000, 5_000, 5_000, 60_000, 300_000)
    first = Cut(
        random.randrange(wishes) + 1 if random.random() < 0.8 else None,
        random.randrange(10_000, 900_000),
        random.choice(off_ms),
        random.random() < 0.2,
    )
    more = [
        Cut(random.randrange(1, 40), 0, random.choice(off_ms), random.random() < 0.1)
        for _ in range(random.choice((0, 0, 1, 1, 2, 4)))
    ]
    return (first, *more)


def _driver(random: Random, outlet: int, uid: str) -> Driver:
    arrive_ms = random.randrange(5_000, 60_000)
    gap_ms = random.randrange(200, 20_000)
    card_ms, plug_ms = random.choice(((0, gap_ms), (gap_ms, 0)))
    return Driver(
        outlet,
        uid,
        arrive_ms + plug_ms,
        arrive_ms + card_ms,
        arrive_ms + 30_000 + random.randrange(870_000),
        random.choice(("card", "car", "tears")),
        random.choice((50, 300, 1_000, 20_000, 60_000)),
        random.choice((1, 3)),
        random.random() < 0.6,
    )


class _Play:
    """One run of a plan."""

    def __init__(self, plan: Plan, profile: Any) -> None:
        self.plan = plan
        self.outcome = Outcome(plan.seed)
        self.loop = VirtualLoop()
        self.loop.set_exception_handler(self._failed)
        self.recorder = WireRecorder()
        self.backend = Backend(self._utc_now, on_frame=self._frame)
        utc_ms = int(UTC_AT_ZERO.timestamp() * 1_000)
        self.station = SimStation(
            self.loop,
            SimPlan(
                name=NAME,
                profile=profile,
                seed=plan.seed,
                host=HOST,
                port=PORT,
                settings=dict(plan.settings),
                utc_at_zero_ms=utc_ms if plan.knows_time else None,
            ),
        )
        self.station.on_wake = self._woke
        self.outlets = tuple(o.number for o in profile.outlets)
        self.woke: list[Woke] = []
        self.to_come = list(plan.cuts)
        self.present: Cut | None = None

    def run(self) -> Outcome:
        """Play it, heal it, compare the books."""
        try:
            self.loop.run_until_complete(self._story())
            self._compare()
        finally:
            self.station.power_off()
            self.loop.run_until_complete(self._ending())
            self.loop.close()
        return self.outcome

    # -- the story --------------------------------------------------------------------------

    async def _story(self) -> None:
        await self.backend.start("", PORT)
        for action, kind, delay_s in self.plan.misdeeds if self.plan.trouble == "misdeed" else ():
            self.backend.misbehave(action, kind, delay_s=delay_s)
        for driver in self.plan.drivers:
            self._plan_driver(driver)
        begin_ms, end_ms = self.plan.trouble_ms
        self._at(begin_ms, self._trouble, True)
        self._at(end_ms, self._trouble, False)
        self.station.power_on()
        await self._until(_HEAL_MS)
        self._trouble(False)
        self.backend.misdeeds.clear()
        for driver in self.plan.drivers:
            self._act("unplug", outlet=driver.outlet, force=True)
        try:
            await asyncio.wait_for(self.backend.until(self._settled), _DELIVER_S)
        except TimeoutError:
            waiting = [(e.kind, e.transaction_key) for e in self._memory().outbox]
            self.outcome.wrong(True, f"not settled four hours after healing, outbox: {waiting}")

    async def _ending(self) -> None:
        await self.backend.stop()

    def _plan_driver(self, driver: Driver) -> None:
        car = {"battery_wh": driver.battery_wh, "soc_percent": 0, "phases": driver.phases}
        self._at(driver.plug_ms, self._plug, driver, car)
        self._at(driver.card_ms, self._swipe, driver)
        if driver.card_again:
            self._at(driver.leave_ms // 2 + 20_000, self._swipe_if_idle, driver)
        if driver.leaves_by == "card":
            self._at(driver.leave_ms, self._swipe, driver)
        if driver.leaves_by == "car":
            self._at(driver.leave_ms, self._let_go, driver)
        self._at(driver.leave_ms + 30_000, self._unplug, driver)

    def _plug(self, driver: Driver, car: Mapping[str, object]) -> None:
        self._act("plug", outlet=driver.outlet, cable_ma=32_000, car=car)

    def _swipe(self, driver: Driver) -> None:
        self._act("swipe", uid=driver.uid)

    def _swipe_if_idle(self, driver: Driver) -> None:
        if not self._closed(driver.outlet):
            self._swipe(driver)

    def _let_go(self, driver: Driver) -> None:
        self._act("car", outlet=driver.outlet, connected=False)

    def _unplug(self, driver: Driver) -> None:
        self._act("unplug", outlet=driver.outlet, force=driver.leaves_by == "tears")

    def _act(self, verb: str, **arguments: object) -> None:
        try:
            self.station.act(verb, **arguments)
        except ValueError:
            """The world does not allow it now; the end of the story tears every plug out."""

    def _trouble(self, begins: bool) -> None:
        network = self.loop.network
        if begins and self.plan.trouble == "away":
            network.cut(HOST)
        elif begins and self.plan.trouble == "slow":
            network.latency_ms[HOST] = 4_000
        elif not begins:
            network.latency_ms.pop(HOST, None)
            network.heal(HOST)

    # -- power ------------------------------------------------------------------------------

    def _woke(self) -> None:
        """The power comes, first or again: look at what is durable, arm the next cut."""
        if self.present is not None:
            self.outcome.cuts += 1
            if self.present.unplugs:
                for driver in self.plan.drivers[:1]:
                    self._act("unplug", outlet=driver.outlet, force=True)
            self.present = None
        running = [t for t in self._memory().transactions if t.ended is None]
        self.woke.append(
            Woke(
                loop_ms(self.loop),
                {t.key: t.last_wh for t in running},
                {n: self._register_wh(n) for n in self.outlets},
            )
        )
        plan = self.station.plan
        plan.crash_at_wish = None
        if not self.to_come:
            return
        cut = self.present = self.to_come.pop(0)
        plan.crash_off_ms = cut.off_ms
        if cut.at_wish is None:
            self._at(cut.at_ms, self._cut_now, cut)
        else:
            plan.crash_at_wish = self.station.wishes + cut.at_wish

    def _cut_now(self, cut: Cut) -> None:
        self._act("power", off_ms=cut.off_ms)

    # -- the books --------------------------------------------------------------------------

    def _settled(self) -> bool:
        if not self.station.powered or not self.backend.connected(NAME):
            return False
        memory = self._memory()
        return not memory.transactions and not memory.outbox

    def _compare(self) -> None:
        outcome, ledger = self.outcome, self.backend.ledger(NAME)
        history = rows.history(self.station.database.query)
        outcome.wishes = self.station.wishes
        outcome.transactions = len(history)
        outcome.retransmissions = ledger.retransmissions
        # what the back end does wrong on purpose is not held against the station
        wire = [p for p in self.recorder.problems() if " down: " not in p]
        outcome.problems += [f"on the wire: {p}" for p in wire]
        compare_books(history, ledger, outcome)
        for number in self.outlets:
            self._energy(number, [t for t in history if t.outlet == number])

    def _energy(self, outlet: int, history: list[Transaction]) -> None:
        """Every Wh of the meter is in a transaction, or was drawn after the durable register."""
        wrong = self.outcome.wrong
        after_wh = [t.meter_start_wh for t in history[1:]] + [self._register_wh(outlet)]
        before_wh = 0
        if not history:
            wrong(after_wh[0] != 0, f"{after_wh[0]} Wh on outlet {outlet} without a transaction")
            return
        for transaction, then_wh in zip(history, after_wh, strict=True):
            key = transaction.key
            wrong(
                transaction.meter_start_wh < before_wh,
                f"{key}: begins at {transaction.meter_start_wh} Wh, before {before_wh} Wh",
            )
            seen = [w for w in self.woke if key in w.durable_wh]
            self.outcome.resumed += bool(seen) and transaction.stop_reason != "PowerLoss"
            before_wh = transaction.last_wh
            if transaction.stop_reason is StopReason.POWER_LOSS and not wrong(
                not seen, f"{key}: PowerLoss, but the power was never lost while it ran"
            ):
                self.outcome.power_loss_stops += 1
                before_wh = seen[-1].register_wh[outlet]
                durable_wh = seen[-1].durable_wh[key]
                if self.plan.settings["restart_transaction_after_power_loss"] == "on":
                    durable_wh = before_wh  # it would have gone on: it ends with the meter's word
                unbilled_wh = before_wh - durable_wh
                self.outcome.unbilled_wh += unbilled_wh
                wrong(
                    transaction.last_wh != durable_wh,
                    f"{key}: PowerLoss at {transaction.last_wh} Wh, durable {durable_wh} Wh",
                )
                cuts = sum(w.durable_wh[key] == durable_wh for w in seen)  # none billed between
                wrong(unbilled_wh > cuts * UNBILLED_WH_MAX, f"{key}: {unbilled_wh} Wh not durable")
            wrong(
                then_wh != before_wh,
                f"{key}: {then_wh - before_wh} Wh flowed on outlet {outlet} after its end "
                f"({transaction.stop_reason})",
            )

    # -- helpers ----------------------------------------------------------------------------

    def _memory(self) -> Any:
        return rows.memory(self.station.database.query)

    def _register_wh(self, outlet: int) -> int:
        return self.station.world.read_meter(outlet, loop_ms(self.loop)).energy_wh

    def _closed(self, outlet: int) -> bool:
        return self.station.world.sample(outlet).contactor_closed is True

    def _at(self, at_ms: int, what: Any, *arguments: Any) -> None:
        self.loop.call_at(at_ms / 1_000, what, *arguments)

    async def _until(self, at_ms: int) -> None:
        done = self.loop.create_future()
        self._at(at_ms, done.set_result, None)
        await done

    def _utc_now(self) -> datetime:
        return UTC_AT_ZERO + timedelta(milliseconds=loop_ms(self.loop))

    def _frame(self, station: str, direction: str, text: str, _at: datetime) -> None:
        self.outcome.frames += direction in ("up", "down")
        self.recorder.frame(station, direction, text, loop_ms(self.loop))

    def _failed(self, _loop: Any, context: Mapping[str, Any]) -> None:
        problem = context.get("exception")
        self.outcome.wrong(True, f"{context.get('message')}: {problem!r}")
