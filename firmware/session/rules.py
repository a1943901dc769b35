"""The transition table of a session: from where, on what, to where. First match wins.

The machine in `core` does what entering a phase means; the order here is the whole logic.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from firmware.model.machine import NEVER_MS
from firmware.model.session import SessionPhase as P
from firmware.model.values import StopReason
from firmware.session.state import SessionState

CONTACTOR_WAIT_MS = 10_000  # six seconds of grace, and the contacts; then it ends anyway
ERROR_WAIT_MS = 300_000  # a car that signals an error keeps its transaction so long
RESUME_WAIT_MS = 30_000  # a pilot that does not report by then: the car counts as gone
METER_WAIT_MS = 5_000  # after that, the newest register known has to do
DARK = (StopReason.POWER_LOSS, StopReason.HARD_RESET)  # it ended before anybody could see it


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table."""

    source: P
    name: str
    guard: Callable[[SessionState, int], bool]
    target: P


def _read(s: SessionState) -> bool:
    """A register of this phase is there."""
    return s.reading is not None and s.reading.at_ms >= s.phase_ms


def _ready(s: SessionState) -> bool:
    return s.authority is not None and s.car and s.usable and not s.stopped_by_fault


def _expired(s: SessionState, now_ms: int) -> bool:
    return s.authority is None or now_ms >= s.authority.until_ms


def _ended(s: SessionState, now_ms: int) -> bool:
    opened = not s.contactor_closed or now_ms >= s.phase_ms + CONTACTOR_WAIT_MS
    known = _read(s) or now_ms >= s.phase_ms + CONTACTOR_WAIT_MS + METER_WAIT_MS
    return opened and (known or s.stored_only)


RULES: tuple[Rule, ...] = (
    Rule(P.IDLE, "ready", lambda s, _: _ready(s), P.STARTING),
    Rule(P.IDLE, "token", lambda s, _: s.authority is not None, P.AUTHORISED),
    Rule(P.IDLE, "plug", lambda s, _: s.occupied, P.PLUGGED),
    Rule(P.PLUGGED, "ready", lambda s, _: _ready(s), P.STARTING),
    Rule(P.PLUGGED, "token", lambda s, _: s.authority is not None, P.AUTHORISED),
    Rule(P.PLUGGED, "unplug", lambda s, _: not s.occupied, P.IDLE),
    Rule(P.AUTHORISED, "ready", lambda s, _: _ready(s), P.STARTING),
    Rule(P.AUTHORISED, "expired", _expired, P.IDLE),
    Rule(P.STARTING, "gone", lambda s, _: not _ready(s), P.IDLE),
    Rule(P.STARTING, "register", lambda s, _: _read(s), P.RUNNING),
    # a transaction of an earlier boot ends after the pilot has told what is there, not before
    Rule(P.RUNNING, "stop", lambda s, _: not s.resuming and s.stop is not None, P.ENDING),
    Rule(P.RUNNING, "gone", lambda s, _: not s.resuming and s.gone, P.ENDING),
    Rule(P.RUNNING, "fault", lambda s, _: not s.resuming and s.stopped_by_fault, P.ENDING),
    Rule(P.ENDING, "ended", _ended, P.FINISHING),
    Rule(P.FINISHING, "unplug", lambda s, _: not s.occupied, P.IDLE),
    Rule(P.FINISHING, "ready", lambda s, _: _ready(s), P.STARTING),
    Rule(P.FINISHING, "token", lambda s, _: s.authority is not None, P.AUTHORISED),
)


def next_rule(s: SessionState, now_ms: int) -> Rule | None:
    """Return the row that fires now."""
    return next((r for r in RULES if r.source is s.phase and r.guard(s, now_ms)), None)


def next_due_ms(s: SessionState, now_ms: int, timeout_ms: int) -> int:
    """Return when a token expires, a meter is asked again or a wait is over."""
    due = [s.ask_meter_ms]
    if s.authority is not None and s.phase is not P.STARTING:
        due.append(s.authority.until_ms)
    if s.phase is P.ENDING:
        due.append(s.phase_ms + CONTACTOR_WAIT_MS)
        due.append(s.phase_ms + CONTACTOR_WAIT_MS + METER_WAIT_MS)
    if s.phase is P.PLUGGED and s.plugged_ms is not None:
        due.append(s.plugged_ms + timeout_ms)
    if s.phase is P.RUNNING and s.error_ms is not None:
        due.append(s.error_ms + ERROR_WAIT_MS)
    if s.resuming and s.woke_ms is not None:
        due.append(s.woke_ms + RESUME_WAIT_MS)
    return min((at_ms for at_ms in due if at_ms > now_ms), default=NEVER_MS)
