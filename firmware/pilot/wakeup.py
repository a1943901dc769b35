"""A car that is offered power and sleeps: state F for four seconds, twice at most.

An offer counts as new for a car that has just come, or after a pause of five minutes. A car
that has asked for power once since then is awake, and what it does is its own affair.
"""

from __future__ import annotations

from firmware.model.annex import F_MS, WAKE_MS
from firmware.model.machine import NEVER_MS
from firmware.pilot.state import PilotState

PAUSE_MS = 300_000  # [B-DLM-31]
TIMES = 2


def offered(s: PilotState, now_ms: int) -> None:
    """The PWM starts: a car that does not come to C by then may be woken."""
    if s.x1_ms is None or now_ms >= s.x1_ms + PAUSE_MS:
        s.wakes = TIMES
    s.wake_ms = now_ms + WAKE_MS


def step(s: PilotState, now_ms: int, *, offering: bool) -> int:
    """Show F if it is time; return when to look again."""
    if s.settled != "B" or not offering:
        s.wakes = 0 if s.settled in ("C", "D") else s.wakes
        return NEVER_MS
    if not (s.wakes and s.may_wake):
        return NEVER_MS
    if now_ms < s.wake_ms:
        return s.wake_ms
    s.wakes, s.wake_ms, s.f_until_ms = s.wakes - 1, NEVER_MS, now_ms + F_MS
    return NEVER_MS
