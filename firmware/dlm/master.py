"""The unit that shares the current of a site among its points, and answers their questions.

A decrease is answered at once; an increase as far as it fits beside everything that may still
be in force anywhere (`book`). So no fuse is over its limit, whatever is lost, late, restarted or
cut off. A master that another one has followed (a higher epoch) never answers again; with
`quorum` only the one that hears more than half of all units does, so two can never both give.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice

from firmware.dlm.admit import turns
from firmware.dlm.allocate import allocate
from firmware.dlm.book import LOOK_MS, Book, Unit, line_set
from firmware.dlm.claims import Claim, Grant, Policy, Turn
from firmware.dlm.phases import ALL
from firmware.dlm.slave import LEASE_MAX_MS
from firmware.dlm.tree import Load, Room, Tree, room
from firmware.dlm.why import sentence
from firmware.model.dlm import (
    MAX_REASON,
    KeepUnit,
    MasterSeen,
    PointState,
    SiteRoomChanged,
    UnitRecord,
)
from firmware.model.dlm import UnitAnswered as Answered
from firmware.model.dlm import UnitAsked as Asked
from firmware.model.values import PhasesMa

FORGOTTEN_MS = 2 * LEASE_MAX_MS


@dataclass(frozen=True, slots=True)
class Site:
    """What a master is told of its site. `cycle_ms` is the sample rate [CC613 7.4.1].

    `fuse` is behind which a unit is that nobody has placed elsewhere.
    """

    tree: Tree
    fuse: str
    policy: Policy
    least_ma: int
    lease_ms: int
    cycle_ms: int
    network: int = 0
    quorum: bool = False
    it_network: bool = False
    places: Mapping[str, str] = field(default_factory=dict)  # of units and labels: their fuses

    def fuse_of(self, unit: str, label: str) -> str:
        """Return the fuse behind which a unit is."""
        return self.places.get(unit) or self.places.get(label) or self.fuse


@dataclass(slots=True)
class MasterState:
    """Plain data beside the book."""

    available: dict[str, PhasesMa] = field(default_factory=dict)
    grants: dict[str, Grant] = field(default_factory=dict)
    turns: dict[str, Turn] = field(default_factory=dict)
    cycle_ms: int = 0  # the next one
    look_ms: int = 0
    stale: bool = True  # what was shared out is of another world
    fenced: bool = False
    doubted: set[str] = field(default_factory=set)  # units, when current was shared out last
    heard_most_ms: int | None = None  # since when more than half of all units are heard


class Master:
    """The machine of the master."""

    def __init__(
        self, name: str, epoch: int, site: Site, records: Iterable[UnitRecord], now_ms: int
    ) -> None:
        """`epoch` is higher than that of every earlier life and of every master before."""
        self.name, self.epoch, self.site = name, epoch, site
        self.book = Book(site.tree, site.lease_ms, now_ms + LEASE_MAX_MS)
        self.state = MasterState(cycle_ms=now_ms, look_ms=now_ms)
        for record in records:
            fuse = site.fuse_of(record.unit, record.label)
            self._know(replace(record, fuse=fuse), now_ms)

    def handle(self, fact: object, now_ms: int) -> Iterable[object]:
        """Take one fact."""
        s = self.state
        out: list[object] = []
        match fact:
            case MasterSeen(name, self.site.network, epoch) if name != self.name:
                s.fenced = s.fenced or epoch > self.epoch
            case SiteRoomChanged(available):
                s.stale = s.stale or dict(available) != s.available
                s.available = dict(available)
            case Asked() if fact.epoch == self.epoch and not s.fenced:
                out += self._asked(fact, now_ms)
            case _:
                pass
        if now_ms >= s.look_ms:
            self._look(now_ms)
        return out

    def deadline_ms(self) -> int:
        """The next look at who has fallen silent."""
        return self.state.look_ms

    # -- questions --------------------------------------------------------------------------

    def _asked(self, asked: Asked, now_ms: int) -> list[object]:
        out: list[object] = []
        known = self.book.units.get(asked.unit)
        if known is not None and _overtaken(known, asked, now_ms):
            return []  # its unit takes an answer to the latest only
        if self.site.it_network:
            asked = replace(asked, points=tuple(map(_between_phases, asked.points)))
        if known is None or _news(known, asked):
            self.state.stale = True
            fuse = self.site.fuse_of(asked.unit, asked.label)
            record = record_of(asked, fuse, known.record if known is not None else None)
            if known is None or known.record != record:
                self._know(record, now_ms)
                out.append(KeepUnit(record))
        before = self.book.units[asked.unit]
        self.state.stale |= not self.book.talking(before, now_ms)
        unit = self.book.heard(asked, now_ms)
        self.state.stale |= self._doubt_changed(unit, now_ms)
        if not self._may_give(now_ms):
            return out
        self._share(now_ms)
        limits_ma = tuple((point, self._give(unit, point)) for point in sorted(unit.points))
        reasons = tuple(self.why(point, limit_ma)[:MAX_REASON] for point, limit_ma in limits_ma)
        unit.granted_ma = dict(limits_ma)
        self.book.count(unit, now_ms)
        asked_as = asked.unit, asked.life, asked.number
        out.append(Answered(*asked_as, self.epoch, self.site.lease_ms, limits_ma, reasons))
        return out

    def why(self, point: str, limit_ma: int) -> str:
        """Say what binds a limit that was given, and what would raise it."""
        grant = self.state.grants.get(point)
        if grant is None:
            return f"{point}: no car wants current here"
        if limit_ma >= grant.limit_ma:
            return sentence(point, grant)
        share = f"{grant.limit_ma / 1_000:g} A"
        return f"{point}: waits for its share of {share} until others have confirmed less"

    def _give(self, unit: Unit, point: str) -> int:
        """Return a point's share, as far as it fits beside what may be in force elsewhere."""
        grant = self.state.grants.get(point)
        wanted_ma = grant.limit_ma if grant is not None else 0
        in_force_ma = unit.points[point].in_force_ma
        if wanted_ma <= in_force_ma:
            return wanted_ma
        step_ma = self.site.policy.step_ma
        fits_ma = self.book.free_ma(unit, point, self._room()) // step_ma * step_ma
        given_ma = min(wanted_ma, max(fits_ma, in_force_ma))
        return given_ma if given_ma >= self.site.least_ma else 0

    def _know(self, record: UnitRecord, now_ms: int) -> None:
        unit = self.book.units.get(record.unit)
        if unit is None:
            unit = self.book.units[record.unit] = Unit(record)
        unit.record = record
        self.book.count(unit, now_ms)

    def _may_give(self, now_ms: int) -> bool:
        if not self.site.quorum:
            return True
        s, units = self.state, self.book.units.values()
        talking = (unit for unit in units if self.book.talking(unit, now_ms))
        if sum(1 for _ in islice(talking, len(units) // 2 + 1)) <= len(units) // 2:
            s.heard_most_ms = None
            return False
        if s.heard_most_ms is None:  # one that gave before gives for half a lease at most
            s.heard_most_ms = now_ms
            self.book.unheard_until_ms = now_ms + 2 * self.site.lease_ms
            for unit in units:
                if not self.book.talking(unit, now_ms):
                    unit.asked_ms = None  # the one before may have given to it meanwhile
                self.book.count(unit, now_ms)
        return True

    # -- sharing ----------------------------------------------------------------------------

    def _look(self, now_ms: int) -> None:
        """Count who may have fallen silent; a cycle begins, or what is counted has changed."""
        s = self.state
        s.look_ms = now_ms + LOOK_MS
        for unit in self.book.units.values():
            s.stale |= self.book.count(unit, now_ms) or self._doubt_changed(unit, now_ms)
        self._share(now_ms)

    def _share(self, now_ms: int) -> None:
        s = self.state
        if not s.stale and now_ms < s.cycle_ms:
            return
        if now_ms >= s.cycle_ms:
            s.cycle_ms = now_ms + self.site.cycle_ms
        s.stale = False
        units = self.book.units.items()
        s.doubted = {name for name, unit in units if not self.book.sure(unit, now_ms)}
        claims, held, doubted = self._claims(now_ms)
        while True:
            left_ma = room(self.site.tree, s.available, held)
            s.grants = allocate(self.site.tree, claims, left_ma, self.site.policy, now_ms)
            low = [p for p, load in doubted.items() if s.grants[p].limit_ma < load.limit_ma]
            if not low:
                break
            held += [doubted.pop(point) for point in low]
        s.turns = turns(claims, s.grants, self.site.policy, now_ms)

    def _doubt_changed(self, unit: Unit, now_ms: int) -> bool:
        """Current was shared out for a unit that may help itself, or no longer may, or not yet."""
        return self.book.sure(unit, now_ms) == (unit.record.unit in self.state.doubted)

    def _claims(self, now_ms: int) -> tuple[list[Claim], list[Load], dict[str, Load]]:
        """Return who wants current, what is kept for who may help himself, and who might.

        The last are points that ask but may not have heard an answer: if they get less than their
        disconnected limit, that is kept for them; on the phases that their car leaves it always is.
        """
        claims, held, doubted = [], [], {}
        for unit in self.book.units.values():
            fuse, least_ma = unit.record.fuse, unit.record.disconnected_ma
            talking, sure = self.book.talking(unit, now_ms), self.book.sure(unit, now_ms)
            for point, _ in unit.record.most_ma:
                told = unit.points.get(point) if talking else None
                if told is None or not told.most_ma:
                    held += [] if sure else [Load(fuse, ALL, least_ma)]
                    continue
                claims.append(self._claim(fuse, told, now_ms))
                if not sure:
                    lines = line_set(told)
                    doubted[point] = Load(fuse, lines, least_ma)
                    others = tuple(line for line in ALL if line not in lines)
                    held += [Load(fuse, others, least_ma)] if others else []
        return claims, held, doubted

    def _claim(self, fuse: str, told: PointState, now_ms: int) -> Claim:
        least_ma = self.site.least_ma
        return Claim(
            told.point, fuse, line_set(told), _most_ma(told, least_ma), least_ma,
            self.state.turns.get(told.point, Turn(now_ms)),
            priority=told.priority, drawn_ma=max(told.drawn_ma),
        )  # fmt: skip

    def _room(self) -> Room:
        return room(self.site.tree, self.state.available)


def lease_of(cycle_ms: int) -> int:
    """Return the lease under a sample rate: half of what may pass until a unit falls back.

    [B-DLM-16] more than three periods, at most 60 s
    """
    return min(3 * cycle_ms, 60_000) // 2


def _overtaken(known: Unit, asked: Asked, now_ms: int) -> bool:
    """A later question came before; one whose memory was replaced counts its lives anew."""
    if known.asked_ms is not None and now_ms >= known.asked_ms + FORGOTTEN_MS:
        return False  # nothing that it held before is in force any more
    return (asked.life, asked.number) <= (known.life, known.number)


def _between_phases(point: PointState) -> PointState:
    return replace(point, it_network=True)


def _most_ma(told: PointState, least_ma: int) -> int:
    """Return its own limit, or what its car is seen to take, but never less than the minimum."""
    if told.expects_ma is None:
        return told.most_ma
    return min(told.most_ma, max(told.expects_ma, least_ma))


def record_of(asked: Asked, fuse: str, known: UnitRecord | None) -> UnitRecord:
    """Return what lasts of a unit: the most that each of its points ever wanted."""
    before: Mapping[str, int] = dict(known.most_ma) if known is not None else {}
    most_ma = {p.point: max(p.most_ma, before.get(p.point, 0)) for p in asked.points}
    most_ma = {**before, **most_ma}
    turned = dict(known.rotations) if known is not None else {}
    turned |= {p.point: p.rotation for p in asked.points}
    return UnitRecord(
        asked.unit,
        fuse,
        asked.disconnected_ma,
        tuple(sorted(most_ma.items())),
        tuple(sorted(turned.items())),
        asked.label,
    )


def _news(unit: Unit, asked: Asked) -> bool:
    """A car has come, gone or changed, and is not to wait for the next cycle; or the unit has.

    [B-DLM-07]
    """
    of_unit = (unit.record.disconnected_ma, unit.record.label)
    return of_unit != (asked.disconnected_ma, asked.label) or (
        {p: _wish(x) for p, x in unit.points.items()} != {x.point: _wish(x) for x in asked.points}
    )


def _wish(point: PointState) -> tuple[object, ...]:
    return point.most_ma, point.uses, point.rotation, point.expects_ma
