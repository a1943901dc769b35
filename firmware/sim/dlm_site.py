"""A site of many units, one or two masters and a network that loses, delays, reorders and parts.

Discrete events on one heap, every unit with a clock of its own; the shipped machines talk. After
every event the limits that are in force anywhere are added up behind every fuse, per phase.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from random import Random

from firmware.dlm.allocate import allocate
from firmware.dlm.book import line_set
from firmware.dlm.claims import Claim, Policy, Turn
from firmware.dlm.master import Master, Site, lease_of, record_of
from firmware.dlm.slave import Slave
from firmware.dlm.standby import Watch
from firmware.dlm.tree import Fuse, room, tree_of
from firmware.model.dlm import (
    KeepUnit,
    MasterSeen,
    PointLimited,
    PointState,
    PointTold,
    UnitAnswered,
    UnitAsked,
    UnitRecord,
)
from firmware.model.machine import NEVER_MS, TICK

BEACON_MS = 1_000
LOOK_MS = 60_000  # between two comparisons with what would be ideal
DRIFT_PPM = 200
MAINS_MA, SUB_MA = 160_000, 100_000
DISCONNECTED_MA, LEAST_MA = 7_000, 6_000
CYCLES_MS = (5_000, 10_000, 30_000)


@dataclass(frozen=True, slots=True)
class Plan:
    """One run, all of it drawn from its seed."""

    seed: int
    units: int = 20
    hours: float = 1.0
    masters: int = 1
    loss_percent: int | None = None  # None: drawn
    naive: bool = False  # a master that forgets what may be in force: the control


@dataclass(slots=True)
class Run:
    """What a run has shown."""

    instants: int = 0
    over: list[str] = field(default_factory=list)
    crashes: int = 0
    partitions: int = 0
    messages: int = 0
    lost: int = 0
    station_hours: float = 0.0
    given_ma: int = 0  # sums over the comparisons
    ideal_ma: int = 0


class Clock:
    """A clock that began at another time and runs a little fast or slow."""

    def __init__(self, random: Random) -> None:
        self.offset_ms = random.randrange(10**9)
        self.rate = 1 + random.randint(-DRIFT_PPM, DRIFT_PPM) / 1e6

    def local_ms(self, true_ms: float) -> int:
        """Return what it shows."""
        return self.offset_ms + int(true_ms * self.rate)

    def true_ms(self, local_ms: int) -> float:
        """Return when it will show that."""
        return (local_ms - self.offset_ms) / self.rate + 0.5


@dataclass(slots=True)
class Node:
    """A unit or a master with its clock; `machine` is None while it is dark."""

    name: str
    clock: Clock
    machine: Slave | Master | None = None
    lives: int = 0
    due_ms: float = NEVER_MS
    group: int = 0  # nodes of unlike groups do not hear each other
    points: dict[str, PointState] = field(default_factory=dict)
    records: dict[str, UnitRecord] = field(default_factory=dict)  # of a master: what lasts
    epoch: int = 0  # of a master: what lasts
    watch: Watch | None = None  # of one of two masters
    dark_until_ms: float = 0.0  # of a master that has crashed


class World:
    """The site."""

    def __init__(self, plan: Plan) -> None:
        self.plan, self.random, self.run = plan, Random(plan.seed), Run()
        random = self.random
        self.now_ms = 0.0
        self.loss = (plan.loss_percent if plan.loss_percent is not None
                     else random.choice((0, 0, 5, 20, 50)))  # fmt: skip
        fuses = [Fuse("house", (MAINS_MA,) * 3), *(Fuse(n, (SUB_MA,) * 3, "house") for n in "ab")]
        cycle_ms = random.choice(CYCLES_MS)
        self.site = Site(
            tree_of(fuses), "house", Policy(), LEAST_MA, lease_of(cycle_ms), cycle_ms,
            quorum=plan.masters > 1, places={f"u{n:02}": _fuse_of(n) for n in range(plan.units)},
        )  # fmt: skip
        self.queue: list[tuple[float, int, Callable[[], None]]] = []
        self.count = 0
        self.used_ma = [0] * len(self.site.tree.places)
        self.in_force: dict[str, tuple[tuple[int, ...], int]] = {}
        self.units = [Node(f"u{n:02}", Clock(random)) for n in range(plan.units)]
        self.masters = [Node(f"m{n}", Clock(random)) for n in range(plan.masters)]
        self.nodes = {node.name: node for node in (*self.units, *self.masters)}
        for unit in self.units:
            point = f"{unit.name}/1"
            rotation = random.choice(("RST", "STR", "TRS"))
            unit.points[point] = PointState(point, rotation, (0, 1, 2), 0, (0, 0, 0), 0)
        records = {u.name: _record(u, self.fuse_of(u)) for u in self.units}
        for number, master in enumerate(self.masters):
            master.records = dict(records)
            if plan.masters > 1:
                master.watch = Watch(second=number > 0)

    def fuse_of(self, unit: Node) -> str:
        """Return the fuse that a unit hangs on."""
        return _fuse_of(int(unit.name[1:]))

    # -- the run --------------------------------------------------------------------------------

    def play(self) -> Run:
        """Play it to its end."""
        end_ms = self.plan.hours * 3_600_000
        if self.plan.masters > 1:
            for master in self.masters:
                self.listen(master)
        else:
            self.start_master(self.masters[0])
        for unit in self.units:
            self.later(self.random.uniform(0, 3_000), partial(self.start_unit, unit))
            self.later(self.random.expovariate(1 / 600_000), partial(self.car, unit))
        for master in self.masters:
            self.later(BEACON_MS, partial(self.beacon, master))
        self.later(self.random.expovariate(1 / 900_000), self.trouble)
        self.later(LOOK_MS, self.compare)
        while self.queue and self.queue[0][0] <= end_ms:
            self.now_ms, _, act = heapq.heappop(self.queue)
            act()
            self.run.instants += 1
        self.run.station_hours = self.plan.hours * self.plan.units
        return self.run

    def later(self, span_ms: float, act: Callable[[], None]) -> None:
        """Do something after a while."""
        self.count += 1
        heapq.heappush(self.queue, (self.now_ms + span_ms, self.count, act))

    def tell(self, node: Node, fact: object) -> None:
        """Give a fact to a machine, carry out what it wishes, and come back in time."""
        machine = node.machine
        if machine is None:
            return
        for wish in machine.handle(fact, node.clock.local_ms(self.now_ms)):
            self.perform(node, wish)
        due_ms = max(node.clock.true_ms(machine.deadline_ms()), self.now_ms + 1)
        if due_ms < node.due_ms or node.due_ms <= self.now_ms:
            node.due_ms = due_ms
            self.later(due_ms - self.now_ms, lambda: self.wake(node, machine))

    def wake(self, node: Node, machine: object) -> None:
        """Its deadline has come."""
        if node.machine is machine:
            node.due_ms = NEVER_MS
            self.tell(node, TICK)

    def perform(self, node: Node, wish: object) -> None:
        """Carry messages; note what is in force."""
        match wish:
            case UnitAsked():
                for master in self.masters:
                    self.send(node, master, wish)
            case UnitAnswered():
                self.send(node, self.nodes[wish.unit], wish)
            case KeepUnit(record):
                node.records[record.unit] = record
            case PointLimited(point, limit_ma, _):
                self.limit(node, point, limit_ma)

    def send(self, sender: Node, receiver: Node, message: object) -> None:
        """Carry a message, or lose it."""
        self.run.messages += 1
        random = self.random
        if random.random() * 100 < self.loss:
            self.run.lost += 1
            return
        span_ms = random.uniform(1, 60)
        if random.random() < 0.02:
            span_ms = random.uniform(0, 20_000)  # it is overtaken by later ones

        def arrive() -> None:
            if sender.group == receiver.group:
                self.remember(receiver, message)
                self.tell(receiver, message)

        self.later(span_ms, arrive)

    def remember(self, node: Node, message: object) -> None:
        """A master that does not lead knows its units all the same."""
        listens = node.watch is not None and self.now_ms >= node.dark_until_ms
        if listens and node.machine is None and isinstance(message, UnitAsked):
            known = node.records.get(message.unit)
            fuse = self.fuse_of(self.nodes[message.unit])
            node.records[message.unit] = record_of(message, fuse, known)

    def limit(self, unit: Node, point: str, limit_ma: int) -> None:
        """A limit is in force from now on; add up."""
        places = self.site.tree.routes[self.fuse_of(unit), line_set(unit.points[point])]
        old_places, old_ma = self.in_force.get(point, ((), 0))
        for place in old_places:
            self.used_ma[place] -= old_ma
        for place in places:
            self.used_ma[place] += limit_ma
        self.in_force[point] = (places, limit_ma)
        carries_ma = room(self.site.tree)
        for place in places:
            if self.used_ma[place] > carries_ma[place] and len(self.run.over) < 5:
                fuse, phase = self.site.tree.places[place]
                self.run.over.append(
                    f"at {self.now_ms / 1_000:.1f} s {fuse} L{phase + 1} may carry "
                    f"{self.used_ma[place] / 1_000:g} of {carries_ma[place] / 1_000:g} A"
                )

    # -- what happens ---------------------------------------------------------------------------

    def start_unit(self, unit: Node) -> None:
        """A station wakes up."""
        unit.lives += 1
        unit.machine = Slave(unit.name, unit.lives, 0, DISCONNECTED_MA)
        for point in unit.points.values():
            self.tell(unit, PointTold(point))

    def start_master(self, master: Node) -> None:
        """A master wakes up, or the standby takes over."""
        if master.machine is not None:
            return
        watch = master.watch
        master.epoch = master.epoch + 1 if watch is None else watch.next_epoch(master.epoch)
        master.machine = (_Forgetful if self.plan.naive else Master)(
            master.name, master.epoch, self.site, master.records.values(),
            master.clock.local_ms(self.now_ms),
        )  # fmt: skip
        self.tell(master, TICK)

    def stop(self, node: Node, off_ms: float) -> None:
        """A process dies; it is back after a while."""
        if node.machine is None:
            return
        self.run.crashes += 1
        node.machine, node.due_ms = None, NEVER_MS
        if node in self.units:
            for point in node.points:  # its contactor is open
                self.limit(node, point, 0)
            self.later(off_ms, lambda: self.start_unit(node))
        elif node.watch is None:
            self.later(off_ms, lambda: self.start_master(node))
        else:
            node.dark_until_ms = self.now_ms + off_ms
            self.later(off_ms, lambda: self.listen(node))

    def beacon(self, master: Node) -> None:
        """A master shows itself; a standby counts how long it has heard none."""
        self.later(BEACON_MS, lambda: self.beacon(master))
        watch = master.watch
        if isinstance(master.machine, Master):
            seen = MasterSeen(master.name, 0, master.epoch)
            for node in self.nodes.values():
                if node is not master:
                    self.send_beacon(master, node, seen)
        elif watch is not None and self.now_ms >= master.dark_until_ms:
            leads = watch.leads(None, master.clock.local_ms(self.now_ms))
            if leads:
                self.start_master(master)

    def listen(self, master: Node) -> None:
        """One of two masters wakes up, and first hears whether the other one leads."""
        if master.watch is not None:
            master.watch = Watch(master.watch.second)
            master.watch.begin(master.clock.local_ms(self.now_ms))

    def send_beacon(self, master: Node, node: Node, seen: MasterSeen) -> None:
        """Carry a beacon."""

        def heard() -> None:
            if node.watch is not None and self.now_ms >= node.dark_until_ms:
                now_ms = node.clock.local_ms(self.now_ms)
                node.watch.seen(seen.epoch, now_ms)
                if node.machine is not None and not node.watch.leads(node.epoch, now_ms):
                    node.machine, node.due_ms = None, NEVER_MS  # it yields
            self.tell(node, seen)

        if self.random.random() * 100 >= self.loss and master.group == node.group:
            self.later(self.random.uniform(1, 60), heard)

    def car(self, unit: Node) -> None:
        """A car comes or goes."""
        self.later(self.random.expovariate(1 / 1_200_000), lambda: self.car(unit))
        for name, point in unit.points.items():
            coming = point.most_ma == 0
            uses = self.random.choice(((0,), (0, 1), (0, 1, 2), (0, 1, 2))) if coming else (0, 1, 2)
            most_ma = self.random.choice((6_000, 16_000, 32_000, 32_000)) if coming else 0
            unit.points[name] = PointState(name, point.rotation, uses, most_ma, (0, 0, 0), 0)
            if unit.machine is not None:
                self.tell(unit, PointTold(unit.points[name]))
                self.limit(unit, name, self.in_force.get(name, ((), 0))[1])

    def trouble(self) -> None:
        """A process dies, or the network falls apart for a while."""
        random = self.random
        self.later(random.expovariate(1 / 300_000), self.trouble)
        match random.randrange(4):
            case 0:
                self.stop(random.choice(self.units), random.uniform(1, 300) * 1_000)
            case 1:
                self.stop(random.choice(self.masters), random.uniform(1, 60) * 1_000)
            case _:
                self.run.partitions += 1
                for node in self.nodes.values():
                    node.group = random.choice((0, 0, 1)) if random.random() < 0.5 else 0
                self.later(random.uniform(1, 600) * 1_000, self.heal)

    def heal(self) -> None:
        """Everybody hears everybody."""
        for node in self.nodes.values():
            node.group = 0

    def compare(self) -> None:
        """Add what cars may take now, and what they could if everybody knew everything."""
        self.later(LOOK_MS, self.compare)
        claims = [
            Claim(p.point, self.fuse_of(u), line_set(p), p.most_ma, LEAST_MA, Turn(0))
            for u in self.units if u.machine is not None for p in u.points.values() if p.most_ma
        ]  # fmt: skip
        grants = allocate(self.site.tree, claims, room(self.site.tree), self.site.policy, 0)
        self.run.ideal_ma += sum(g.limit_ma * len(g.load.lines) for g in grants.values())
        self.run.given_ma += sum(
            min(self.in_force.get(c.point, ((), 0))[1], c.most_ma) * len(c.lines) for c in claims
        )


class _Forgetful(Master):
    """The control: it gives what it has shared out, whatever may still be in force."""

    def _give(self, unit: object, point: str) -> int:
        grant = self.state.grants.get(point)
        return grant.limit_ma if grant is not None else 0


def _record(unit: Node, fuse: str) -> UnitRecord:
    return UnitRecord(unit.name, fuse, DISCONNECTED_MA, tuple((p, 32_000) for p in unit.points))


def _fuse_of(number: int) -> str:
    return "a" if number % 2 else "b"
