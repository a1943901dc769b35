"""Can a reading of the house be true? What cannot be is dropped, for it would free a fuse.

What is only strange, a jump or a register that fell (the meter was reset, exchanged, or has begun
again at 0), is believed when the next reading says the same: twice is no spoiled answer.
"""

from __future__ import annotations

from firmware.model.values import Reading

LIVE_MV = 50_000  # a meter that answers has a phase: its own supply
FIT_PERMILLE, FIT_W = 1_200, 500  # values of one reading may be some 100 ms apart
HIGHEST_MV = 300_000  # of a phase whose voltage is not told
JUMP_FACTOR, JUMP_MA = 5, 500_000
RISE_WH_PER_S, RISE_WH = 1_000, 1_000  # 3.6 MW: more than any fuse that is behind one meter
PHASES = ("L1", "L2", "L3")


def impossible(reading: Reading) -> str | None:
    """Say what of a reading contradicts the rest of it."""
    voltages_mv = reading.voltages_mv
    if voltages_mv is not None and max(voltages_mv) < LIVE_MV:
        return (
            f"no voltage on any phase ({max(voltages_mv) // 1_000} V at most), and yet it answers"
        )
    for n, power_w in enumerate(reading.powers_w or ()):
        current_ma = abs(reading.currents_ma[n])
        voltage_mv = HIGHEST_MV if voltages_mv is None else voltages_mv[n]
        most_w = current_ma * voltage_mv // 1_000_000 * FIT_PERMILLE // 1_000 + FIT_W
        if abs(power_w) > most_w:
            return f"{power_w} W on {PHASES[n]} do not fit {current_ma} mA there"
    return None


def strange(before: Reading, now: Reading) -> str | None:
    """Say what of a reading does not follow from the one before."""
    for name, was_ma, is_ma in zip(PHASES, before.currents_ma, now.currents_ma, strict=True):
        if abs(is_ma) > JUMP_FACTOR * abs(was_ma) + JUMP_MA:
            return f"{name} jumped from {was_ma} to {is_ma} mA"
    rise_wh = now.energy_wh - before.energy_wh
    most_wh = RISE_WH_PER_S * (now.at_ms - before.at_ms) // 1_000 + RISE_WH
    if rise_wh < 0:
        return f"the register fell from {before.energy_wh} to {now.energy_wh} Wh"
    if rise_wh > most_wh:
        return f"the register rose by {rise_wh} Wh in {now.at_ms - before.at_ms} ms"
    return None
