"""Random sites: every grant judged, small sites against the optimum, limits on their way.

The control shares what the feeders carry and does not look at the fuses behind them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from firmware.dlm.allocate import allocate
from firmware.dlm.claims import Policy
from firmware.dlm.tree import tree_of
from tests.pure.dlm_optimum import distance_ma
from tests.pure.dlm_sending import sent
from tests.pure.dlm_sites import POLICIES, judged, left, problems, site
from tools.soak.crowd import Advance, parallel, tell

_PIECE = 50  # sites of one piece of work


@dataclass(slots=True)
class Found:
    """The figures of some sites."""

    points: int = 0
    fuses: int = 0
    worst_ma: float = 0.0
    blind_count: int = 0  # sites that the control overloads
    problems: list[str] = field(default_factory=list)


def looked(seeds: range) -> Found:
    """Judge some sites."""
    found = Found()
    for seed in seeds:
        fuses, claims = site(seed)
        found.points += len(claims)
        found.fuses += len(fuses)
        distance = distance_ma(seed)
        found.worst_ma = max(found.worst_ma, distance)
        if distance > 1:
            found.problems.append(f"seed {seed}: {distance:.3f} mA from the optimum")
        found.problems += judged(seed) + sent(seed)
        found.blind_count += _blind(fuses, claims)
        tell()
    return found


def _blind(fuses, claims) -> bool:  # type: ignore[no-untyped-def]
    wide = [replace(f, limit_ma=(10**9,) * 3) if f.parent is not None else f for f in fuses]
    grants = allocate(tree_of(wide), claims, left(wide), Policy(), 900_000)
    return bool(problems(fuses, claims, grants, Policy()))


def allocations(count: int, advance: Advance) -> tuple[dict[str, object], list[str]]:
    """Return figures and problems of so many sites."""
    pieces = [range(n, min(n + _PIECE, count)) for n in range(0, count, _PIECE)]
    found = parallel(looked, pieces, advance)
    blind_count = sum(one.blind_count for one in found)
    problems_ = [problem for one in found for problem in one.problems]
    if not blind_count:
        problems_.append("the control overloaded nothing: these sites prove nothing")
    figures: dict[str, object] = {
        "sites": f"{count:,}, each under {len(POLICIES)} policies and in both orders of claims",
        "points": f"{sum(one.points for one in found):,}",
        "fuses": f"{sum(one.fuses for one in found):,}, three phases each",
        "worst distance from the optimum": f"{max(one.worst_ma for one in found):.3f} mA",
        "control, blind to fuses below the feeders": f"{blind_count:,} sites overloaded",
    }
    return figures, problems_
