"""Random sets of charging profiles: the machine against the oracle, second by second."""

from __future__ import annotations

from tests.pure.charging_sets import COMPOSITE_S, WINDOW_S, differences
from tools.soak.crowd import Advance, parallel, tell

_PIECE = 20  # sets of one piece of work
Found = list[tuple[int, list[str]]]


def compared(seeds: range) -> Found:
    """Return the differences of some sets."""
    found: Found = []
    for seed in seeds:
        found.append((seed, differences(seed)))
        tell()
    return found


def profiles(count: int, advance: Advance) -> tuple[dict[str, object], list[str]]:
    """Return figures and problems of so many sets."""
    pieces = [range(n, min(n + _PIECE, count)) for n in range(0, count, _PIECE)]
    found = [one for piece in parallel(compared, pieces, advance) for one in piece]
    figures: dict[str, object] = {
        "sets": f"{len(found):,}",
        "limits compared": f"{len(found) * WINDOW_S * 2:,} (two outlets, each second)",
        "composite schedules": f"{len(found) * 2:,} of {COMPOSITE_S} s",
        "differences": sum(len(problems) for _, problems in found),
        "failing seeds": [seed for seed, problems in found if problems] or "none",
    }
    return figures, [f"seed {seed}: {one}" for seed, many in found for one in many[:3]]
