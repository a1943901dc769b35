"""Worlds of a day by the seeds of `firmware.sim.swarm`, on all cores."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from pathlib import Path
from typing import Any

from firmware.model.fault import Fault
from firmware.sim.swarm import Day, play
from hal.board import load_board
from tools.soak.crowd import Advance, parallel, tell

ROOT = Path(__file__).parents[2]


@lru_cache(maxsize=1)
def _board() -> Any:
    return load_board(ROOT / "boards" / "mock.toml")


def played(seed: int) -> Day:
    """Play one world; a crash of it is a problem of its seed."""
    try:
        day = play(seed, _board())
    except (AssertionError, ArithmeticError, LookupError, TypeError, ValueError) as problem:
        day = Day(seed, problems=[f"crashed: {type(problem).__name__}: {problem}"])
    tell()
    return day


def worlds(count: int, advance: Advance) -> tuple[dict[str, object], list[str]]:
    """Return figures and problems of so many worlds."""
    days = parallel(played, range(count), advance)
    faults: Counter[str] = sum((day.faults for day in days), Counter())
    troubles: Counter[str] = sum((day.troubles for day in days), Counter())
    why = Counter(reason for day in days for reason in day.replugged)
    known = [fault.row.id for fault in Fault]
    figures: dict[str, object] = {
        "worlds": f"{len(days)} of 24 h and an hour after the healing",
        "changes seen": f"{sum(day.events for day in days):,}",
        "visits": f"{sum(day.visits for day in days):,}",
        "transactions": f"{sum(day.sessions for day in days):,}",
        "closings": f"{sum(day.closings for day in days):,}",
        "power cuts": f"{sum(day.cuts for day in days):,}",
        "meters": f"{sum(day.energy_wh for day in days):,} Wh",
        "troubles": f"{troubles.total():,}: "
        + ", ".join(f"{name} {n}" for name, n in sorted(troubles.items())),
        "faults raised": ", ".join(f"{i} {faults[i]}" for i in known if faults[i]),
        "cars still plugged": sum(day.healed for day in days),
        "charge again": sum(day.again for day in days),
        "plugged anew": f"{why.total()}: " + ", ".join(f"{r} {n}" for r, n in why.most_common(12)),
        "failing seeds": [day.seed for day in days if day.problems] or "none",
    }
    return figures, [f"seed {day.seed}: {problem}" for day in days for problem in day.problems]
