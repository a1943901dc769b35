"""The plug in the socket and the voltages that a control pilot line takes.

Voltages are what the station's ADC sees behind a perfect divider, in mV.
"""

from __future__ import annotations

from dataclasses import dataclass

from hal.ports import DUTY_STATE_F, DUTY_X1, OutletDrive

# [61851-1 B.2] rating of the cable by its proximity resistor
PP_OHM_BY_RATING_MA = {13_000: 1_500, 20_000: 680, 32_000: 220, 63_000: 100}

HIGH_MV = {"A": 12_000, "B": 9_000, "C": 6_000, "D": 3_000, "E": 0, "F": -12_000}
UNLOADED_MV = 12_000
NEGATIVE_MV = -12_000


@dataclass(frozen=True, slots=True)
class Cable:
    """A cable whose plug is in the station's socket."""

    pp_ohm: int | None


def plateaus(drive: OutletDrive, letter: str, diode: bool) -> tuple[int, int]:
    """Return the high and the low plateau in mV for what is driven and the state shown.

    With the pilot lifted off the line (`cp_connected` false) the station measures its own
    unloaded generator, and the car sees no pilot at all (state E to the car).
    """
    if not drive.cp_connected:
        high_mv, low_mv = UNLOADED_MV, NEGATIVE_MV
    else:
        high_mv = HIGH_MV[letter]
        low_mv = NEGATIVE_MV if diode or letter == "A" else -high_mv
        if letter in "EF":
            return high_mv, high_mv
    if drive.duty_permille == DUTY_STATE_F:
        return NEGATIVE_MV, NEGATIVE_MV
    if drive.duty_permille == DUTY_X1:
        return high_mv, high_mv
    return high_mv, low_mv


def offered_ma(duty_permille: int) -> int:
    """Return what a duty cycle allows the car to draw, 0 for none. [61851-1 table A.8]"""
    if 80 <= duty_permille < 100:
        return 6_000
    if 100 <= duty_permille <= 850:
        return duty_permille * 60
    if 850 < duty_permille <= 960:
        return (duty_permille - 640) * 250
    if 960 < duty_permille <= 970:
        return 80_000
    return 0
