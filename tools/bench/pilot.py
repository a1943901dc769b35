"""From a burst of conversions to what an oscilloscope would say of the control pilot. Pure.

A burst spans a good two periods. Duty is counted over whole ones, so that it does not matter
where it begins; one that was interrupted shows a frequency that is none, and is thrown away. An
edge is known to one conversion only, so several bursts a fraction of a conversion apart are joined.
"""

from __future__ import annotations

from dataclasses import dataclass

from hal.drivers.cp_sense import Scale

BURST_US = 2_300
BURSTS = 5
FLAT_MV = 2_000  # less swing than this is no square wave
STATE_F_MV = -6_000  # flat below this is the station's F
LEAST_HZ, MOST_HZ = 900, 1_100
LEAST_EDGES = 2


@dataclass(frozen=True, slots=True)
class Pilot:
    """What the line shows."""

    high_mv: int
    low_mv: int
    duty_permille: int
    frequency_mhz: int


def burst_count(spacing_us: float) -> int:
    """Return how many conversions, so far apart, make a burst."""
    return round(BURST_US / max(spacing_us, 1)) + 1


def measured(counts: list[int], spacing_us: float, scale: Scale) -> Pilot | None:
    """Return what a burst shows, `None` for one that was disturbed."""
    line_mv = [scale.mv(count) for count in counts]
    ordered = sorted(line_mv)
    edge = 1  # noise; the shortest phase is met three times
    lowest_mv, highest_mv = ordered[edge], ordered[-1 - edge]
    if highest_mv - lowest_mv < FLAT_MV:
        flat_mv = ordered[len(ordered) // 2]
        return Pilot(flat_mv, flat_mv, 0 if flat_mv < STATE_F_MV else 1_000, 0)
    middle_mv = (lowest_mv + highest_mv) // 2
    up = [mv > middle_mv for mv in line_mv]
    rises = [n for n in range(1, len(up)) if up[n] and not up[n - 1]]
    if len(rises) < LEAST_EDGES:
        return None
    whole = rises[-1] - rises[0]
    frequency_mhz = round((len(rises) - 1) / (whole * spacing_us) * 1_000_000_000)
    if not LEAST_HZ * 1_000 <= frequency_mhz <= MOST_HZ * 1_000:
        return None
    high = [mv for mv, is_up in zip(line_mv, up, strict=True) if is_up]
    low = [mv for mv, is_up in zip(line_mv, up, strict=True) if not is_up]
    duty = round(sum(up[rises[0] : rises[-1]]) / whole * 1_000)
    return Pilot(_median(high), _median(low), duty, frequency_mhz)


def joined(bursts: list[Pilot | None]) -> Pilot | None:
    """Return what several bursts show together, `None` if one of them was disturbed."""
    good = [burst for burst in bursts if burst is not None]
    if len(good) < len(bursts) or not good:
        return None
    return Pilot(
        _median([burst.high_mv for burst in good]),
        _median([burst.low_mv for burst in good]),
        round(sum(burst.duty_permille for burst in good) / len(good)),
        round(sum(burst.frequency_mhz for burst in good) / len(good)),
    )


def _median(values: list[int]) -> int:
    return sorted(values)[len(values) // 2]
