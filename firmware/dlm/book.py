"""What a master counts: for each unit it has not heard to be lower, the most that may be in force.

A unit that took an answer holds it for a lease from its question; one that may not have taken
one rises to its disconnected limit two leases after the last that it took. An answer counts only
within half a lease of its question: so half a lease after the question whose answer was taken
last, the disconnected limit is counted, and nobody can hold what is missing then for longer than
another lease. Two leases are not over before.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from firmware.dlm.phases import ALL, Lines, lines_of
from firmware.dlm.tree import Room, Tree
from firmware.model.dlm import PointState, UnitRecord
from firmware.model.dlm import UnitAsked as Asked

LOOK_MS = 1_000  # so often the master looks who has fallen silent: it is counted ahead by that
QUESTIONS_KEPT = 64  # of a unit, to know when the one was asked whose answer it took


@dataclass(slots=True)
class Unit:
    """What is known of a unit in this life of the master; times are when questions came."""

    record: UnitRecord
    life: int = -1
    number: int = -1
    asked_ms: int | None = None  # its latest question
    safe_ms: int | None = None  # the question whose answer it took last
    kept: dict[int, int] = field(default_factory=dict)  # questions of this life: when they came
    points: dict[str, PointState] = field(default_factory=dict)
    granted_ma: dict[str, int] = field(default_factory=dict)  # answered to the latest question


@dataclass(slots=True)
class Book:
    """What is counted of each point at each place; sums are kept, not made anew."""

    tree: Tree
    lease_ms: int
    unheard_until_ms: int  # until then an unheard unit may hold a grant of an earlier master
    units: dict[str, Unit] = field(default_factory=dict)
    used_ma: Room = field(default_factory=list)
    counted: dict[str, dict[int, int]] = field(default_factory=dict)  # of a point: place, mA
    known: dict[str, tuple[object, ...]] = field(default_factory=dict)  # what it was counted by

    def __post_init__(self) -> None:
        self.used_ma = [0] * len(self.tree.places)

    @property
    def doubt_ms(self) -> int:
        """Half a lease, less 1 % for clocks that run unlike, less what a look may be late."""
        return self.lease_ms * 49 // 100 - LOOK_MS

    @property
    def drop_ms(self) -> int:
        """A lease, and 1 % for clocks that run unlike."""
        return self.lease_ms * 101 // 100

    def heard(self, asked: Asked, now_ms: int) -> Unit:
        """Note a question; what it reports is all that is in force there."""
        unit = self.units[asked.unit]
        if asked.life != unit.life:
            unit.life, unit.kept, unit.safe_ms = asked.life, {}, None
        unit.number, unit.asked_ms, unit.granted_ma = asked.number, now_ms, {}
        unit.points = {point.point: point for point in asked.points}
        unit.kept[asked.number] = now_ms
        while len(unit.kept) > QUESTIONS_KEPT:
            unit.kept.pop(next(iter(unit.kept)))
        unit.safe_ms = unit.kept.get(asked.accepted, unit.safe_ms)
        self.count(unit, now_ms)
        return unit

    def talking(self, unit: Unit, now_ms: int) -> bool:
        """It has asked lately."""
        return unit.asked_ms is not None and now_ms < unit.asked_ms + self.doubt_ms

    def sure(self, unit: Unit, now_ms: int) -> bool:
        """It took an answer so lately that it cannot rise to its disconnected limit yet."""
        return unit.safe_ms is not None and now_ms < unit.safe_ms + self.doubt_ms

    def may_ma(self, unit: Unit, point: str, now_ms: int) -> tuple[int, int]:
        """Return the most that may be in force for the car that is told of, and for any car."""
        least_ma = unit.record.disconnected_ma
        if unit.asked_ms is None:
            unheard = now_ms < self.unheard_until_ms
            return 0, max(least_ma, dict(unit.record.most_ma)[point]) if unheard else least_ma
        held_ma = 0
        if now_ms < unit.asked_ms + self.drop_ms:
            told = unit.points.get(point)
            held_ma = max(told.in_force_ma if told else 0, unit.granted_ma.get(point, 0))
        return held_ma, 0 if self.sure(unit, now_ms) else least_ma

    def count(self, unit: Unit, now_ms: int) -> bool:
        """Count a unit anew; return whether anything has changed.

        The car is told of loads its own phases; what a unit allows itself when it hears nobody
        is for any car.
        """
        changed = False
        for point, _ in unit.record.most_ma:
            held_ma, any_ma = self.may_ma(unit, point, now_ms)
            fuse, lines = unit.record.fuse, line_set(unit.points.get(point))
            news = (fuse, lines, held_ma, any_ma)
            if self.known.get(point) == news:
                continue
            self.known[point] = news
            after = dict.fromkeys(self.tree.routes[fuse, ALL], any_ma)
            for place in self.tree.routes[fuse, lines]:
                after[place] = max(held_ma, any_ma)
            before = self.counted.get(point, {})
            for place, counted_ma in before.items():
                self.used_ma[place] -= counted_ma
            for place, counted_ma in after.items():
                self.used_ma[place] += counted_ma
            self.counted[point] = after
            changed = changed or before != after
        return changed

    def free_ma(self, unit: Unit, point: str, room_ma: Room) -> int:
        """Return the most that a point may get beside all that is counted of the others."""
        counted = self.counted[point]
        places = self.tree.routes[unit.record.fuse, line_set(unit.points[point])]
        return min(room_ma[p] - self.used_ma[p] + counted[p] for p in places)


def line_set(point: PointState | None) -> Lines:
    """Return the grid phases that a point may load; of one that is not heard, all."""
    if point is None or not point.uses:
        return ALL
    return lines_of(point.rotation, point.uses, it_network=point.it_network)
