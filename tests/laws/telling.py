"""How a story is told to a machine: facts at their instants, and ticks in between."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from firmware.model import devices as d
from firmware.model import session as s
from firmware.model.machine import TICK
from firmware.model.values import LimitSet
from firmware.pilot import facts as p

GRID_MS = 20
Story = Iterable[tuple[int, object]]  # pause in ms, fact
Log = list[tuple[int, list[object]]]


def timed(fact: object, now_ms: int) -> object:
    """Return the fact as it is told at `now_ms`."""
    match fact:
        case p.Sampled(sample):
            return p.Sampled(replace(sample, at_ms=now_ms))
        case p.PermitGiven(limit_ma, lease_ms):
            return p.PermitGiven(limit_ma, now_ms + lease_ms)
        case s.MeterRead(outlet, reading):
            return s.MeterRead(outlet, replace(reading, at_ms=now_ms))
        case d.OtherMeterRead(name, reading):
            return d.OtherMeterRead(name, replace(reading, at_ms=now_ms))
        case LimitSet(outlet, limit):
            return LimitSet(outlet, replace(limit, expires_ms=now_ms + limit.expires_ms))
        case s.TokenWaits(token, wait_ms):
            return s.TokenWaits(token, now_ms + wait_ms)
    return replace(fact, at_ms=now_ms) if hasattr(fact, "at_ms") else fact  # type: ignore[type-var]


def tell(machine, story: Story, step_ms: int | None = None, start_ms: int = 0) -> Log:
    """Tell a story, calling at deadlines on the grid or at every step; return what came when.

    It begins with a tick: what wakes up has its first say then.
    """
    log: Log = []
    now_ms = start_ms

    def note(fact: object) -> None:
        if wishes := list(machine.handle(fact, now_ms)):
            log.append((now_ms, wishes))

    note(TICK)
    for pause_ms, fact in story:
        then_ms = now_ms + pause_ms
        while now_ms < then_ms:
            if step_ms:
                next_ms = now_ms + step_ms
            else:
                next_ms = max(-(-machine.deadline_ms() // GRID_MS) * GRID_MS, now_ms)
            now_ms = min(next_ms, then_ms)
            note(TICK)
        note(timed(fact, now_ms))
    return log
