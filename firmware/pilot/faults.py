"""Which faults the inputs of one outlet show, and when each is over.

Retries of the pin are in `lock`, self-tests of the sensor in `residual`; here is what follows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from firmware.model.annex import DIODE_MS
from firmware.model.fault import Fault
from firmware.pilot import supply
from firmware.pilot.contactor import MOVE_MS
from firmware.pilot.facts import Traits
from firmware.pilot.lock import ATTEMPTS, STROKE_MS, wrong
from firmware.pilot.state import PilotState
from hal.ports import LockPosition, OutletSample

Verdict = tuple[bool | None, int | None]  # there?, when to look again; None keeps what was
Rule = Callable[[PilotState, Traits, OutletSample, int], Verdict]

# What stays after a restart, until its own rule ends it.
LATCHED = frozenset({
    Fault.GROUND_FAILURE, Fault.DIODE, Fault.CONTACTOR_WELDED, Fault.CONTACTOR_STUCK,
    Fault.RESIDUAL_TEST,
})  # fmt: skip
HARMLESS = frozenset(supply.STAGES)  # they lessen the offer; the car is stopped first
OWN = frozenset({Fault.CONTACTOR_WELDED, Fault.CONTACTOR_STUCK, Fault.RESIDUAL_TEST})  # told by F
OUTPUT_MS = 200  # by then the generator has followed
OUTPUT_PERMILLE = 5


def judge(s: PilotState, traits: Traits, sample: OutletSample, now_ms: int) -> Iterable[int]:
    """Bring `s.faults` up to date; return the instants at which to judge again."""
    wakes: list[int] = []
    supply.look(s, sample, now_ms)
    _look_at_output(s, sample, now_ms)
    for fault, rule in RULES.items():
        there, again_ms = rule(s, traits, sample, now_ms)
        if there is True:
            s.faults.add(fault)
        elif there is False and s.faults:
            s.faults.discard(fault)
        if again_ms is not None and again_ms > now_ms:
            wakes.append(again_ms)
    return wakes


def _after(condition: bool, since_ms: int, wait_ms: int, now_ms: int) -> Verdict:
    """True once a condition has lasted; until then what was stays."""
    if not condition:
        return False, None
    due_ms = since_ms + wait_ms
    return (True, None) if now_ms >= due_ms else (None, due_ms)


def _look_at_output(s: PilotState, x: OutletSample, now_ms: int) -> None:
    if abs(x.duty_permille - s.drive.duty_permille) <= OUTPUT_PERMILLE:
        s.wrong_output_ms = None
    elif s.wrong_output_ms is None:
        s.wrong_output_ms = now_ms


def _output(s: PilotState, _t: Traits, _x: OutletSample, now_ms: int) -> Verdict:
    """What a car is offered is read back: nobody believes his own order. Held until it is gone."""
    wrong_ms = s.wrong_output_ms
    if wrong_ms is None:
        return (False if s.settled == "A" else None), None
    return _after(True, wrong_ms, OUTPUT_MS, now_ms)


def _mains(fault: Fault) -> Rule:
    return lambda s, _t, _x, now_ms: _after(s.mains is fault, s.mains_ms, supply.MAINS_MS, now_ms)


def _heat(fault: Fault) -> Rule:
    return lambda _s, _t, x, _now: (supply.hot(fault, x), None)


def _hardware_silent(s: PilotState, _t: Traits, _x: OutletSample, _now: int) -> Verdict:
    return not s.fresh, None


def _residual(s: PilotState, t: Traits, x: OutletSample, now_ms: int) -> Verdict:
    """Reset by unplugging, else some time after the car has left. [CC613 9, B-ERRB-04]"""
    if x.residual_tripped:
        return True, None
    if Fault.GROUND_FAILURE not in s.faults or s.cable_ma is None:
        return False, None
    if s.settled != "A":
        return None, None
    due_ms = s.settled_ms + t.residual_reset_ms
    return (False, None) if now_ms >= due_ms else (None, due_ms)


def _car_error(s: PilotState, _t: Traits, _x: OutletSample, _now: int) -> Verdict:
    return s.settled in ("E", "F"), None


def _diode(s: PilotState, _t: Traits, _x: OutletSample, now_ms: int) -> Verdict:
    """Held until the car is gone. [CC613 9 F03]"""
    if s.settled == "A":
        return False, None
    if s.diode_bad_ms is None:
        return None, None
    there, again_ms = _after(True, s.diode_bad_ms, DIODE_MS, now_ms)
    return there, again_ms


def _wiring(s: PilotState, _t: Traits, _x: OutletSample, _now: int) -> Verdict:
    return s.settled == "?", None


def _welded(s: PilotState, t: Traits, x: OutletSample, now_ms: int) -> Verdict:
    condition = t.mirror and not s.drive.contactor_on and x.contactor_closed is True
    return _after(condition, s.contactor_ms, MOVE_MS, now_ms)


def _stuck_open(s: PilotState, t: Traits, x: OutletSample, now_ms: int) -> Verdict:
    """Held until the plug is out, so that a dead coil is not tried again and again."""
    if s.cable_ma is None:
        return False, None
    if not (t.mirror and s.drive.contactor_on and x.contactor_closed is False):
        return None, None
    return _after(True, s.contactor_ms, MOVE_MS, now_ms)


def _held(s: PilotState) -> bool:
    """The pin is wanted in the plug."""
    return bool(s.lock_wanted) or s.drive.contactor_on or s.contacts_closed


def _lock_failed(s: PilotState, t: Traits, x: OutletSample, _now: int) -> Verdict:
    """After the last attempt, until it locks or the plug is out. [CC613 9 F10]"""
    if not (t.lock and _held(s) and wrong(True, x.lock)) or s.cable_ma is None:
        return False, None
    return (True if s.lock_goal and s.lock_try > ATTEMPTS else None), None


def _unlock_failed(s: PilotState, t: Traits, x: OutletSample, _now: int) -> Verdict:
    """After the last attempt, until it is free; the station may ask for more. [CC613 9 F11]"""
    if not t.lock or _held(s) or not wrong(False, x.lock):
        return False, None
    return (True if s.lock_goal is False and s.lock_try > ATTEMPTS else None), None


def _locked_without_plug(s: PilotState, t: Traits, x: OutletSample, now_ms: int) -> Verdict:
    there = t.lock and s.drive.lock_on and x.lock is LockPosition.LOCKED and s.cable_ma is None
    return _after(there, max(s.cable_ms, s.lock_ms), STROKE_MS, now_ms)


def _unlocked_live(s: PilotState, t: Traits, x: OutletSample, _now: int) -> Verdict:
    """At once; over when the plug is out, or held again with the power off."""
    if t.lock and s.drive.contactor_on and wrong(True, x.lock):
        return True, None
    off = not s.drive.contactor_on and not s.contacts_closed
    over = s.cable_ma is None or (off and x.lock is LockPosition.LOCKED)
    return (False if over else None), None


RULES: dict[Fault, Rule] = {
    Fault.PILOT_SILENT: _hardware_silent,
    Fault.GROUND_FAILURE: _residual,
    Fault.EV_ERROR: _car_error,
    Fault.DIODE: _diode,
    Fault.PILOT_WIRING: _wiring,
    Fault.MCB: lambda _s, _t, x, _now: (x.mcb_tripped, None),
    Fault.RCD: lambda _s, _t, x, _now: (x.rcd_tripped, None),
    Fault.RESIDUAL_TEST: lambda s, _t, _x, _now: (s.test_failed, None),
    Fault.PROXIMITY: lambda s, _t, _x, _now: (s.cable_ma == 0, None),
    Fault.CONTACTOR_WELDED: _welded,
    Fault.CONTACTOR_STUCK: _stuck_open,
    Fault.LOCK_FAILED: _lock_failed,
    Fault.UNLOCK_FAILED: _unlock_failed,
    Fault.LOCKED_WITHOUT_PLUG: _locked_without_plug,
    Fault.UNLOCKED_LIVE: _unlocked_live,
    **{fault: _heat(fault) for fault in supply.STAGES},
    **{f: _mains(f) for f in (Fault.NO_POWER, Fault.UNDER_VOLTAGE, Fault.OVER_VOLTAGE)},
    Fault.PILOT_OUTPUT: _output,
    Fault.LOCK_MISSING: lambda _s, t, x, _now: (t.lock and x.lock is LockPosition.MISSING, None),
}
