"""The pin that holds the plug: strokes, further attempts, and how often it may be moved.

A pin that does not arrive is sent back for half a second and tried again, three times in all;
then it has failed until the station asks once more. Under load it is never sent out.
"""

from __future__ import annotations

from firmware.model.machine import NEVER_MS
from firmware.pilot.facts import Traits
from firmware.pilot.state import PilotState
from hal.ports import LockPosition, OutletSample

STROKE_MS = 2_000  # a pin that has not arrived by then will not
PAUSE_MS = 500  # the other way round, before the next attempt
ATTEMPTS = 3  # [B-STP-14] two further ones
BUDGET_MOVES, BUDGET_MS = 10, 60_000  # the actuator's duty cycle, as openWB


def wrong(goal: bool, position: LockPosition | None) -> bool:
    """Tell whether the pin is not where it is wanted; one on its way out is not wrong."""
    if position is LockPosition.MISSING:  # a fault of its own
        return False
    return position is not LockPosition.LOCKED if goal else position is LockPosition.LOCKED


def step(
    s: PilotState, traits: Traits, sample: OutletSample, now_ms: int, *, goal: bool
) -> tuple[bool, int]:
    """Return how to drive the pin, and when to look again."""
    if not traits.lock:
        return False, NEVER_MS
    if goal is not s.lock_goal:
        s.lock_goal, s.lock_try, s.lock_wrong_ms = goal, 1, None
    on, again_ms = _stroke(s, sample, now_ms, goal)
    if on is s.drive.lock_on:
        return on, again_ms
    s.lock_moves = [at_ms for at_ms in s.lock_moves if now_ms < at_ms + BUDGET_MS]
    if len(s.lock_moves) >= BUDGET_MOVES:
        return s.drive.lock_on, s.lock_moves[0] + BUDGET_MS
    s.lock_moves.append(now_ms)
    return on, again_ms


def retry(s: PilotState) -> None:
    """The station has asked again: a failed pin gets its attempts anew. [CC613 9 F11]"""
    if s.lock_try > ATTEMPTS:
        s.lock_try, s.lock_wrong_ms = 1, None


def _stroke(s: PilotState, sample: OutletSample, now_ms: int, goal: bool) -> tuple[bool, int]:
    if not wrong(goal, sample.lock):
        s.lock_try, s.lock_wrong_ms = 1, None
        return goal, NEVER_MS
    if s.lock_wrong_ms is None:
        s.lock_wrong_ms = now_ms
    if s.drive.lock_on is not goal:
        due_ms = s.lock_ms + PAUSE_MS if s.lock_try > 1 else 0
        return (not goal, due_ms) if now_ms < due_ms else (goal, now_ms + STROKE_MS)
    due_ms = max(s.lock_ms, s.lock_wrong_ms) + STROKE_MS
    if s.lock_try > ATTEMPTS or now_ms < due_ms:
        return goal, due_ms if s.lock_try <= ATTEMPTS else NEVER_MS
    live = s.drive.contactor_on or s.contacts_closed
    s.lock_try += 1
    if s.lock_try > ATTEMPTS or (goal and live):
        s.lock_try = ATTEMPTS + 1
        return goal, NEVER_MS
    return not goal, now_ms + PAUSE_MS
