"""Seeded worlds of a day: drivers come and go while a random part of all troubles happens.

A seed draws which troubles there are and how often (swarm testing), the drivers and the limits.
First safety: for 24 hours the watcher may find nothing. Then everything is healed, and within
an hour every car that is still plugged in must charge again.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from firmware.io.loop import loop_ms
from firmware.model.fault import Fault
from firmware.sim.acts import CABLES_OHM, CARDS, Acts
from firmware.sim.backend import Backend
from firmware.sim.loop import VirtualLoop
from firmware.sim.station import SimPlan, SimStation
from firmware.sim.troubles import MINUTE_MS, TROUBLES, Act, healing
from firmware.sim.watch import Watcher
from firmware.storage import rows

NAME, HOST, PORT = "SWARM1", "swarm1.lan", 9_000
UTC_AT_ZERO = datetime(2026, 3, 1, tzinfo=UTC)
DAY_MS = 24 * 60 * MINUTE_MS
LATER_MS = 10 * MINUTE_MS  # between two tries of the driver after the healing
MANNERS = ("polite", "polite", "slow", "rude", "sleepy", "one_shot", "no_diode")
OFTEN = (1, 3, 10, 30)  # of each trouble in a day
LIMITS_A = ("10", "16", "32", "32")
CALM = {
    "ocpp:HeartbeatInterval": "3600",
    "ocpp:MeterValueSampleInterval": "900",
    "ocpp:WebSocketPingInterval": "0",
}
# the catalogue: over when the plug is out
ENDS_WITH_PLUG = frozenset(
    {Fault.GROUND_FAILURE, Fault.DIODE, Fault.CONTACTOR_STUCK, Fault.PILOT_OUTPUT, Fault.OVERLOAD}
)
Planned = tuple[int, Act]


@dataclass(slots=True)
class Day:
    """What became of a seed."""

    seed: int
    troubles: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    events: int = 0
    visits: int = 0
    sessions: int = 0
    closings: int = 0
    cuts: int = 0
    energy_wh: int = 0
    healed: int = 0  # outlets with a plug at the end
    again: int = 0  # of them: charge after the healing
    replugged: list[str] = field(default_factory=list)  # why those had to be plugged anew
    problems: list[str] = field(default_factory=list)


def play(seed: int, profile: Any) -> Day:
    """Play one seed on this board."""
    return _World(seed, profile).run()


def drawn(
    seed: int, outlets: tuple[int, ...], pace: int = 1
) -> tuple[Mapping[str, str], list[Planned]]:
    """Return the settings and all that is to happen, with its time; visits so much shorter."""
    random = Random(f"swarm {seed}")
    settings = dict(CALM)
    for outlet in outlets:
        settings[f"operator_current_limit_{outlet}"] = random.choice(LIMITS_A)
    settings["restart_transaction_after_power_loss"] = random.choice(("on", "off"))
    settings["lock_actuator_only_if_authorized"] = random.choice(("on", "off"))
    if random.random() < 0.5:
        settings["local_whitelist_entries"] = ":".join(CARDS.values())
    plan: list[Planned] = []
    for outlet in outlets:
        plan += _visits(random, outlet, pace)
    kinds = random.sample(sorted(TROUBLES), random.randrange(1, len(TROUBLES) + 1))
    for kind in kinds:
        for _ in range(random.choice(OFTEN)):
            plan += _trouble(random, kind, random.choice(outlets))
    return settings, sorted(plan, key=lambda planned: planned[0])


def _visits(random: Random, outlet: int, pace: int) -> Iterator[Planned]:
    """Drivers, one after the other."""
    at_ms = random.randrange(30 * MINUTE_MS)
    while at_ms < DAY_MS:
        cable_ma = random.choice(list(CABLES_OHM))
        car = {
            "phases": random.choice((1, 2, 3)),
            "max_ma": random.choice((6_000, 10_000, 16_000, 32_000)),
            "battery_wh": random.choice((300, 5_000, 40_000, 80_000)),
            "soc_percent": random.choice((0, 20, 80)),
            "manner": random.choice(MANNERS),
        }
        swipe_ms = at_ms + random.choice((-20_000, -2_000, 3_000, 15_000, 100_000))
        plug = {"outlet": outlet, "cable_ma": cable_ma, "car": car}
        yield max(0, swipe_ms), ("swipe", {"uid": CARDS[outlet]})
        yield at_ms, ("arrive", plug)
        stay_ms = random.randrange(2 * MINUTE_MS, 240 * MINUTE_MS // pace)
        yield at_ms + stay_ms // 2, ("swipe_if_idle", {"outlet": outlet})
        at_ms += stay_ms
        leaves: tuple[Act, ...] = (("swipe", {"uid": CARDS[outlet]}),
                                   ("car", {"outlet": outlet, "connected": False}))  # fmt: skip
        yield at_ms, random.choice(leaves)
        for wait_ms, force in ((30_000, False), (90_000, False), (300_000, True)):
            yield at_ms + wait_ms, ("unplug", {"outlet": outlet, "force": force})
        at_ms += 6 * MINUTE_MS + random.randrange(60 * MINUTE_MS // pace)


def _trouble(random: Random, kind: str, outlet: int) -> Iterator[Planned]:
    trouble = TROUBLES[kind]
    at_ms = random.randrange(DAY_MS)
    yield at_ms, ("trouble", {"kind": kind})
    yield at_ms, trouble.begins(random, outlet)
    if trouble.ends is not None:
        yield at_ms + random.choice(trouble.spans_ms), trouble.ends(random, outlet)


class _World:
    """One run of a seed."""

    def __init__(self, seed: int, profile: Any) -> None:
        self.outlets = tuple(o.number for o in profile.outlets)
        settings, self.plan = drawn(seed, self.outlets)
        self.day = Day(seed)
        self.loop = VirtualLoop()
        self.loop.set_exception_handler(self._failed)
        self.backend = Backend(self._utc_now)
        zero_ms = int(UTC_AT_ZERO.timestamp() * 1_000)
        self.station = SimStation(
            self.loop,
            SimPlan(NAME, profile, seed, HOST, PORT, dict(settings), zero_ms, 60_000),
        )
        self.watcher = Watcher(self.station)
        self.acts = Acts(
            self.station,
            self.watcher,
            {
                "network": self._network,
                "misbehave": self._misbehave,
                "remote_stop": self._remote_stop,
            },
        )
        self._tasks: set[asyncio.Task[Any]] = set()

    def run(self) -> Day:
        """Play the day, heal it, see whether it charges."""
        try:
            self.loop.run_until_complete(self._story())
        finally:
            self.station.power_off()
            self.loop.run_until_complete(self._ending())
            self.loop.close()
        day, watcher = self.day, self.watcher
        day.problems = [*watcher.problems, *day.problems]
        day.events, day.closings, day.faults = watcher.events, watcher.closings, watcher.faults
        day.troubles, day.visits, day.cuts = self.acts.troubles, self.acts.visits, self.acts.cuts
        day.sessions = len(rows.history(self.station.database.query))
        return day

    async def _story(self) -> None:
        await self.backend.start("", PORT)
        for at_ms, (verb, arguments) in self.plan:
            if at_ms < DAY_MS:
                self.loop.call_at(at_ms / 1_000, self.acts.do, verb, arguments)
        self.station.power_on()
        await self._until(DAY_MS)
        for verb, arguments in healing(self.outlets):
            self.acts.do(verb, arguments)
        self.backend.misdeeds.clear()
        for number in range(1, 6):
            for outlet in self.outlets:  # one after the other: a card goes to the last plugged
                await self._until(DAY_MS + number * LATER_MS + outlet * MINUTE_MS)
                if outlet in self.acts.plugs_ohm:
                    self._try_again(outlet, number)
        await self._until(DAY_MS + 6 * LATER_MS)
        self._judge_healing()

    async def _ending(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.backend.stop()

    # -- acts of the network and the back end ------------------------------------------------

    def _network(self, up: bool) -> None:
        (self.loop.network.heal if up else self.loop.network.cut)(HOST)

    def _misbehave(self, action: str, kind: str) -> None:
        self.backend.misbehave(action, kind, delay_s=20)

    def _remote_stop(self, outlet: int) -> None:
        running = self.station.running(outlet)
        if running is None or running.transaction_id is None or not self.backend.connected(NAME):
            return
        asking = self.backend.remote_stop(NAME, running.transaction_id)
        task = self.loop.create_task(asking)
        self._tasks.add(task)
        task.add_done_callback(lambda done: done.cancelled() or done.exception())

    # -- liveness ---------------------------------------------------------------------------

    def _try_again(self, outlet: int, number: int) -> None:
        """A driver finds his car not charging: another card, and once the plug out and in."""
        if self._charges(outlet):
            return
        if number == 3:
            self._plug_anew(outlet)
        if self.station.running(outlet) is None:
            uid = f"{0xA0000000 + 16 * number + outlet:08x}"
            self.loop.call_later(10, self.acts.do, "swipe", {"uid": uid})

    def _plug_anew(self, outlet: int) -> None:
        """Some faults end with the plug; without one of them this should not be needed."""
        why = self._why_not(outlet)
        self.day.replugged.append(why)
        core = self.station.core
        faults = set() if core is None else core.sessions[outlet].state.faults
        if not faults & ENDS_WITH_PLUG:
            self.day.problems.append(f"healed, but outlet {outlet} has to be plugged anew: {why}")
        ohm = self.acts.plugs_ohm[outlet]
        cable_ma = next(ma for ma, known in CABLES_OHM.items() if known == ohm)
        self.acts.do("unplug", {"outlet": outlet, "force": True})
        car = {"battery_wh": 200_000, "soc_percent": 0}
        arrive = {"outlet": outlet, "cable_ma": cable_ma, "car": car}
        self.loop.call_later(5, self.acts.do, "arrive", arrive)

    def _judge_healing(self) -> None:
        for outlet in self.outlets:
            self.day.energy_wh += self.station.world.read_meter(
                outlet, loop_ms(self.loop)
            ).energy_wh
        for outlet in sorted(self.acts.plugs_ohm):
            self.day.healed += 1
            self.day.again += self._charges(outlet)
            if not self._charges(outlet):
                why = self._why_not(outlet)
                self.day.problems.append(f"an hour after the healing outlet {outlet}: {why}")

    def _charges(self, outlet: int) -> bool:
        sample = self.station.world.sample(outlet)
        return sample.contactor_closed is True and self.station.running(outlet) is not None

    def _why_not(self, outlet: int) -> str:
        core = self.station.core
        if core is None:
            return "no power"
        state = core.sessions[outlet].state
        faults = ",".join(sorted(f.row.id for f in state.faults)) or "no fault"
        return f"{state.phase.value}, {faults}, {state.cp and state.cp.value}"

    # -- helpers ----------------------------------------------------------------------------

    async def _until(self, at_ms: int) -> None:
        done = self.loop.create_future()
        self.loop.call_at(at_ms / 1_000, done.set_result, None)
        await done

    def _utc_now(self) -> datetime:
        return UTC_AT_ZERO + timedelta(milliseconds=loop_ms(self.loop))

    def _failed(self, _loop: Any, context: Mapping[str, Any]) -> None:
        problem = context.get("exception")
        self.day.problems.append(f"{context.get('message')}: {problem!r}")
