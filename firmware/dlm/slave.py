"""A unit that asks its master for current, and what it allows itself while nobody answers.

An answer counts only for the latest question, within half a lease of it; its lease is counted
from that question on this unit's own clock. So what was in force ends by itself, whatever the
network does. A lease that ends lowers to the disconnected limit at once, but raises to it only
one lease later: by then the master has taken that current from the others. [CC613 7.7]
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from firmware.model.dlm import MasterSeen, PointLimited, PointState, PointTold
from firmware.model.dlm import UnitAnswered as Answered
from firmware.model.dlm import UnitAsked as Asked
from firmware.model.machine import NEVER_MS

ASK_MS = 1_000
LEASE_MAX_MS = 30_000  # of the longest sample rate; what may be in force before a first answer
LEASED, FALLEN = 0, 2  # stages of a lease; between them it has ended
WAKING = "load management: no master has been heard yet; an earlier start may have had a share"
REASONS = (
    "load management: the master's share",
    "load management: the master is away; what it may have given to others is left to them",
    "load management: the master is away; the disconnected limit holds",
)


@dataclass(slots=True)
class SlaveState:
    """Plain data; times are monotonic ms."""

    number: int = -1  # of the latest question
    asked_ms: int = 0
    open: bool = False  # the latest question has not been answered
    accepted: int = -1
    lease_ms: int = LEASE_MAX_MS
    since_ms: int | None = None  # the question from which the lease counts; before: waking up
    granted_ma: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)  # of what is granted
    limits_ma: dict[str, int] = field(default_factory=dict)  # as they are in force
    told: dict[str, PointLimited] = field(default_factory=dict)
    points: dict[str, PointState] = field(default_factory=dict)
    epoch: int = 0
    next_ms: int = 0
    stage: int = LEASED


class Slave:
    """The machine of a unit under a master."""

    def __init__(self, unit: str, life: int, network: int, disconnected_ma: int) -> None:
        self.unit, self.life, self.network = unit, life, network
        self.disconnected_ma, self.label = disconnected_ma, ""
        self.state = SlaveState()

    def handle(self, fact: object, now_ms: int) -> Iterable[object]:
        """Take one fact; limits are told before a question leaves."""
        s = self.state
        if s.since_ms is None:
            s.since_ms = now_ms  # an earlier life may have had a lease: it ends from here on
        s.stage = self._stage(now_ms)
        match fact:
            case MasterSeen(_, self.network, epoch) if self._follows(epoch):
                s.epoch, s.next_ms, s.open = epoch, now_ms, False
            case Answered(self.unit, self.life, s.number, s.epoch) if s.open:
                self._answered(fact, now_ms)
            case PointTold(point):
                self._told(point, now_ms)
            case _:
                pass
        out: list[object] = [*self._limits(now_ms)]
        if s.epoch and now_ms >= s.next_ms:
            out.append(self._ask(now_ms))
        return out

    def deadline_ms(self) -> int:
        """The next question, or the next step of a lease that ends."""
        s = self.state
        step_ms = NEVER_MS
        if s.since_ms is not None and s.stage < FALLEN:
            step_ms = s.since_ms + (s.stage + 1) * s.lease_ms
        return min(step_ms, s.next_ms if s.epoch else NEVER_MS)

    def _follows(self, epoch: int) -> bool:
        """A lower epoch only when no other master is left: another station plays it now."""
        s = self.state
        return epoch > s.epoch or (epoch < s.epoch and s.stage == FALLEN)

    def _told(self, point: PointState, now_ms: int) -> None:
        s = self.state
        known = s.points.get(point.point)
        s.points[point.point] = point
        if not point.most_ma:
            s.granted_ma.pop(point.point, None)  # it was for the car that has left
        if known is None or _wish(known) != _wish(point):
            # a car that comes, goes or changes is told at once, not at the next round
            s.next_ms = min(s.next_ms, now_ms)

    def _answered(self, answer: Answered, now_ms: int) -> None:
        s, lease_ms = self.state, answer.lease_ms
        if not 0 < lease_ms <= LEASE_MAX_MS or 2 * (now_ms - s.asked_ms) > lease_ms:
            return
        s.open, s.accepted, s.lease_ms, s.since_ms = False, s.number, lease_ms, s.asked_ms
        s.granted_ma = {p: max(0, ma) for p, ma in answer.limits_ma if p in s.points}
        points = (point for point, _ in answer.limits_ma)
        s.reasons = dict(zip(points, answer.reasons, strict=False))

    def _limits(self, now_ms: int) -> list[PointLimited]:
        """Put in force what the lease is worth now; what is lowered is told first."""
        s = self.state
        s.stage = self._stage(now_ms)
        now_ma = {point: self._worth(s.granted_ma.get(point, 0)) for point in s.points}
        if s.stage == LEASED and now_ma != s.limits_ma:
            s.next_ms = now_ms  # what was lowered is free for others as soon as the master knows
        s.limits_ma = now_ma
        told = {p: PointLimited(p, ma, self._reason(p)) for p, ma in now_ma.items()}
        news = [one for p, one in told.items() if s.told.get(p) != one]
        s.told = told
        return sorted(news, key=lambda one: one.limit_ma)

    def _reason(self, point: str) -> str:
        s = self.state
        if s.stage == LEASED and s.accepted >= 0:
            return s.reasons.get(point, REASONS[LEASED])
        return WAKING if s.accepted < 0 and s.stage < FALLEN else REASONS[s.stage]

    def _stage(self, now_ms: int) -> int:
        s = self.state
        assert s.since_ms is not None
        return min((now_ms - s.since_ms) // s.lease_ms, FALLEN)

    def _worth(self, granted_ma: int) -> int:
        match self.state.stage:
            case 0:
                return granted_ma
            case 1:
                return min(granted_ma, self.disconnected_ma)
        return self.disconnected_ma

    def _ask(self, now_ms: int) -> Asked:
        s = self.state
        s.number, s.asked_ms, s.open, s.next_ms = s.number + 1, now_ms, True, now_ms + ASK_MS
        points = tuple(
            replace(s.points[p], in_force_ma=s.limits_ma.get(p, 0)) for p in sorted(s.points)
        )
        return Asked(
            self.unit, self.life, s.number, s.epoch, s.accepted, self.disconnected_ma, points,
            self.label,
        )  # fmt: skip


def _wish(point: PointState) -> tuple[object, ...]:
    return point.most_ma, point.uses, point.expects_ma
