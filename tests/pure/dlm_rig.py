"""A master and its slaves on a network that carries everything at once, or nothing."""

from firmware.dlm.claims import Policy
from firmware.dlm.master import Master, Site, lease_of
from firmware.dlm.slave import Slave
from firmware.dlm.tree import Fuse, tree_of
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
from firmware.model.machine import TICK

CYCLE_MS = 10_000
LEASE_MS = lease_of(CYCLE_MS)


def site(amps=50, *, least=7, quorum=False, cycle_ms=CYCLE_MS):
    """Return a site behind one fuse of so many amperes."""
    tree = tree_of([Fuse("site", (amps * 1_000,) * 3)])
    return Site(tree, "site", Policy(), least * 1_000, lease_of(cycle_ms), cycle_ms, quorum=quorum)


class Lan:
    """Units with one outlet each, and one master; `cut` and `deaf` units hear nobody.

    The deaf are heard.
    """

    def __init__(self, place, units=4, disconnected=7, records=()):
        self.now_ms, self.place, self.cut, self.deaf = 0, place, set(), set()
        self.limits_ma, self.sums, self.kept, self.asked = {}, [], list(records), []
        self.disconnected_ma = disconnected * 1_000
        self.lives = dict.fromkeys([f"u{n}" for n in range(1, units + 1)], 0)
        self.epoch, self.slaves = 0, {}
        self.start_master()
        for unit in self.lives:
            self.start(unit)

    def start_master(self):
        """The master wakes up, with what it kept."""
        self.epoch += 1
        known = {record.unit: record for record in self.kept}
        self.master = Master("m", self.epoch, self.place, known.values(), self.now_ms)

    def start(self, unit):
        """A unit wakes up, without a car."""
        self.lives[unit] += 1
        self.limits_ma[unit] = 0
        self.slaves[unit] = Slave(unit, self.lives[unit], 0, self.disconnected_ma)
        self.car(unit, 0)

    def car(self, unit, amps=32, uses=(0, 1, 2), rotation="RST"):
        """A car wants so much at a unit, or has gone."""
        point = PointState(unit, rotation, uses, amps * 1_000, (0, 0, 0), 0)
        self.tell(self.slaves[unit], PointTold(point))

    def tell(self, machine, fact):
        """Give a fact; messages arrive at once."""
        for wish in machine.handle(fact, self.now_ms):
            match wish:
                case UnitAsked(unit):
                    self.asked.append(wish)
                    if unit not in self.cut and self.master is not None:
                        self.tell(self.master, wish)
                case UnitAnswered(unit):
                    if unit in self.slaves and unit not in self.cut | self.deaf:
                        self.tell(self.slaves[unit], wish)
                case PointLimited(point, limit_ma, _):
                    self.limits_ma[point] = limit_ma
                    self.sums.append(sum(self.limits_ma.values()))
                case KeepUnit(record):
                    self.kept.append(record)

    def wait(self, span_ms):
        """Let time pass; the master shows itself every second."""
        then_ms = self.now_ms + span_ms
        while self.now_ms < then_ms:
            self.now_ms += 100
            for unit, slave in self.slaves.items():
                if self.now_ms % 1_000 == 0 and unit not in self.cut and self.master:
                    self.tell(slave, MasterSeen("m", 0, self.epoch))
                self.tell(slave, TICK)
            if self.master is not None:
                self.tell(self.master, TICK)

    def amps(self):
        """Return what is in force, in amperes, unit by unit."""
        return [ma // 1_000 for ma in self.limits_ma.values()]


def record(unit, most=32, disconnected=7):
    """Return what a master remembers of a unit."""
    return UnitRecord(unit, "site", disconnected * 1_000, ((unit, most * 1_000),))
