"""One or three phases: switched with the car let go, the contacts open and the pilot lifted.

Some cars are destroyed by a switch under charge, and some take it for the same session if the
pilot was not away long enough. [chargebyte phase_control; EVerest evse_board_support]
"""

from __future__ import annotations

from firmware.model.annex import PHASES_LOAD_MS, PHASES_MS
from firmware.model.machine import NEVER_MS
from firmware.pilot.contactor import MOVE_MS
from firmware.pilot.facts import Traits
from firmware.pilot.state import PilotState

SWITCH_MS = 1_000  # after the lift; the car has seen by then that the pilot is gone


def settled(s: PilotState, traits: Traits) -> bool:
    """Tell whether the phases are as wanted, or cannot be switched here."""
    return not traits.phase_switch or s.phases_wanted == s.drive.phases


def step(s: PilotState, traits: Traits, now_ms: int, *, on: bool) -> tuple[bool, int, int]:
    """Return whether the pilot is on the line, the phases, and when to look again."""
    phases = s.drive.phases
    open_ms = s.contactor_ms + MOVE_MS
    if on or s.contacts_closed or now_ms < open_ms or not traits.phase_switch:
        return True, phases, NEVER_MS if on else open_ms
    if s.settled in (None, "A") and s.lift_ms is None:
        return True, s.phases_wanted, NEVER_MS
    if s.lift_ms is None and s.phases_wanted == phases:
        return True, phases, NEVER_MS
    if s.lift_ms is None:
        s.lift_ms = now_ms
    under_load = s.contactor_reason not in ("cp_b", "start")
    end_ms = s.lift_ms + (PHASES_LOAD_MS if under_load else PHASES_MS)
    if now_ms >= end_ms:
        s.lift_ms = None
        return True, s.phases_wanted, NEVER_MS
    switched = now_ms >= s.lift_ms + SWITCH_MS
    return (
        False,
        s.phases_wanted if switched else phases,
        end_ms if switched else s.lift_ms + SWITCH_MS,
    )
