"""Heat and mains: how much less may be offered, and when nothing.

Heat is answered in stages: told, then less current, then none, the car being stopped first.
Voltages are judged on the phases that are there: which of them are wired is not known here.
"""

from __future__ import annotations

from dataclasses import dataclass

from firmware.model.fault import Fault
from firmware.model.values import MAX_CURRENT_MA
from firmware.pilot.state import PilotState
from hal.ports import OutletSample


@dataclass(frozen=True, slots=True)
class Stage:
    """From which temperature on, until which again, and what may be offered then."""

    on_dc: int
    off_dc: int
    limit_ma: int


# SmartEVSE stops at 65 and goes on at 55; OpenEVSE halves at 65 and stops at 71 degrees
STAGES = {
    Fault.HOT: Stage(550, 520, MAX_CURRENT_MA),
    Fault.HOT_DERATED: Stage(600, 570, 10_000),
    Fault.HOT_STOPPED: Stage(700, 620, 0),
}
DEAD_MV = 50_000
LOW_MV, HIGH_MV = 195_500, 264_500  # 230 V less and more 15 percent, past EN 50160
BACK_MV = 3_000  # so far inside before it counts as normal
MAINS_MS = 1_000  # a dip of the grid is shorter


def heat_limit_ma(faults: set[Fault]) -> int:
    """Return what the heat leaves."""
    return min((STAGES[f].limit_ma for f in faults if f in STAGES), default=MAX_CURRENT_MA)


def hot(fault: Fault, x: OutletSample) -> bool | None:
    """Tell whether a stage has begun or is over; `None` keeps what was."""
    if x.temperature_dc is None:
        return False
    stage = STAGES[fault]
    if x.temperature_dc >= stage.on_dc:
        return True
    return False if x.temperature_dc <= stage.off_dc else None


def look(s: PilotState, x: OutletSample, now_ms: int) -> None:
    """Note what is wrong with the mains, and since when."""
    wrong = None if x.mains_mv is None else _wrong(x.mains_mv, s.mains)
    if wrong is not s.mains:
        s.mains, s.mains_ms = wrong, now_ms


def _wrong(mains_mv: tuple[int, int, int], before: Fault | None) -> Fault | None:
    there = [mv for mv in mains_mv if mv >= DEAD_MV]
    if not there:
        return Fault.NO_POWER
    if max(there) > HIGH_MV - (BACK_MV if before is Fault.OVER_VOLTAGE else 0):
        return Fault.OVER_VOLTAGE
    if min(there) < LOW_MV + (BACK_MV if before is Fault.UNDER_VOLTAGE else 0):
        return Fault.UNDER_VOLTAGE
    return None
