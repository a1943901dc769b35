"""From measured plateaus to the letter of the control pilot, with the bands' hysteresis.

Between two bands the line keeps the letter it had on either side. [61851-1 Table A.4;
bands as in chargebyte's CP driver, see docs/safety.md for what was seen in print]
"""

from __future__ import annotations

from typing import Literal

from firmware.model.values import CpState
from hal.ports import DUTY_STATE_F, DUTY_X1

Letter = Literal["A", "B", "C", "D", "E", "F", "?"]

LOW_GOOD_MV = -10_000  # a diode lets the low plateau fall below this
SYMMETRY_MV = 1_200  # high and low nearer to each other's mirror: there is no diode

# upper edge (exclusive) of each band, going up; a pair is the hysteresis between two states
_BANDS: tuple[tuple[int, tuple[Letter, ...]], ...] = (
    (-13_000, ("?",)),
    (-10_000, ("F",)),
    (-1_000, ("?",)),
    (2_000, ("E",)),
    (4_000, ("D",)),
    (5_000, ("D", "C")),
    (7_000, ("C",)),
    (8_000, ("C", "B")),
    (10_000, ("B",)),
    (11_000, ("B", "A")),
    (13_001, ("A",)),
)
_RANK: dict[Letter, int] = {"A": 3, "B": 2, "C": 1, "D": 0}


def letter(cp_high_mv: int, before: Letter) -> Letter:
    """Return the state's letter; `?` for a voltage that no state may have."""
    for upper_mv, letters in _BANDS:
        if cp_high_mv < upper_mv:
            from_above = _RANK.get(before, -1) >= _RANK.get(letters[-1], 0)
            return letters[-1] if from_above else letters[0]
    return "?"


def pwm_on(duty: int) -> bool:
    """Tell whether this duty in permille is a square wave at all."""
    return DUTY_STATE_F < duty < DUTY_X1


def diode_good(cp_high_mv: int, cp_low_mv: int) -> bool:
    """Tell whether the low plateau shows a diode; only meaningful with the PWM on."""
    return cp_low_mv <= LOW_GOOD_MV and abs(cp_high_mv + cp_low_mv) > SYMMETRY_MV


def cp_state(state: Letter, pwm: bool) -> CpState:
    """Join letter and PWM into the state's full name."""
    match state:
        case "?":
            return CpState.INVALID
        case "A" | "E" | "F":
            return CpState(state)
        case _:
            return CpState(f"{state}{2 if pwm else 1}")
