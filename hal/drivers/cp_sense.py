"""From a burst of conversions to the plateaus of the control pilot, and from a divider to ohms.

Pure arithmetic. A burst spans somewhat more than one period of 1 kHz with samples at most 40 us
apart, so that even the high phase of 6 A (100 us) is met at least once away from its edges; a
slower bus, up to 80 us, gets three periods, so that chance has as good a hand.
"""

from __future__ import annotations

from dataclasses import dataclass

from hal.ports import DUTY_STATE_F, DUTY_X1

PERIOD_US = 1_000
SPACING_US = 40  # between two conversions, for one period


@dataclass(frozen=True, slots=True)
class Scale:
    """mV of the line = counts * `uv_per_count` / 1000 + `offset_mv`."""

    uv_per_count: int
    offset_mv: int

    def mv(self, counts: int) -> int:
        """Return the voltage of the line."""
        return counts * self.uv_per_count // 1_000 + self.offset_mv


def burst_length(spacing_us: int) -> int:
    """Return how many conversions, so far apart, make a burst."""
    span_us = PERIOD_US * 5 // 4 if spacing_us <= SPACING_US else PERIOD_US * 13 // 4
    return span_us // spacing_us + 1


def plateaus(samples: list[int], duty_permille: int) -> tuple[int, int]:
    """Return the high and the low plateau in counts; both are the mean without a PWM.

    The halves above and below the middle of what was seen are the plateaus and their edges;
    of each the outer part is taken, but for its outermost eighth, which is left to noise.
    """
    ordered = sorted(samples)
    middle = (ordered[0] + ordered[-1]) // 2
    low = [counts for counts in ordered if counts <= middle]
    high = [counts for counts in reversed(ordered) if counts > middle]
    if not DUTY_STATE_F < duty_permille < DUTY_X1 or not high:
        inner = ordered[len(ordered) // 4 : -(len(ordered) // 4) or None]
        mean = sum(inner) // len(inner)
        return mean, mean
    return _outer(high), _outer(low)


def _outer(half: list[int]) -> int:
    part = half[len(half) // 8 : max(len(half) // 2, 1)]
    return sum(part) // len(part)


def pp_ohm(counts: int, full: int, pullup_ohm: int, open_ohm: int = 20_000) -> int | None:
    """Return the resistor from PP to PE behind a pull-up to the reference; `None`: open."""
    if counts >= full - 1:
        return None
    ohm = counts * pullup_ohm // (full - counts)
    return None if ohm > open_ohm else ohm
