"""Days with an erratic back end by the seeds of `firmware.sim.erratic`, on all cores."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from typing import Any

from firmware.sim.books import Outcome
from firmware.sim.erratic import Erratic, play
from hal.board import load_board
from tools.soak.crowd import Advance, parallel, tell

ROOT = Path(__file__).parents[2]


@lru_cache(maxsize=1)
def _board() -> Any:
    return load_board(ROOT / "boards" / "mock.toml")


def played(seed: int) -> tuple[Erratic, int]:
    """Play one day; return it and the largest memory of this process so far, in KiB."""
    try:
        day = play(seed, _board())
    except (AssertionError, ArithmeticError, LookupError, TypeError, ValueError) as problem:
        crash = f"crashed: {type(problem).__name__}: {problem}"
        day = Erratic(Outcome(seed, problems=[crash]))
    for problem in day.outcome.problems:
        print(f"erratic: seed {seed}: {problem}", flush=True)  # a run may be broken off
    tell()
    return day, getrusage(RUSAGE_SELF).ru_maxrss


def days(seeds: range, advance: Advance) -> tuple[dict[str, object], list[str]]:
    """Return figures and problems of the days of these seeds."""
    played_days = parallel(played, seeds, advance)
    all_days = [day for day, _ in played_days]
    outcomes = [day.outcome for day in all_days]
    misdeeds: Counter[str] = sum((day.misdeeds for day in all_days), Counter())
    figures: dict[str, object] = {
        "days": len(all_days),
        "simulated": f"{sum(day.hours for day in all_days):,.0f} h",
        "transactions": f"{sum(o.transactions for o in outcomes):,}",
        "power cuts": f"{sum(o.cuts for o in outcomes):,}",
        "outages": f"{sum(day.outages for day in all_days):,}, 5 min to 3 days",
        "clock steps": f"{sum(day.clock_steps for day in all_days):,}, up to a day",
        "misdeeds": f"{misdeeds.total():,}: "
        + ", ".join(f"{name} {n}" for name, n in sorted(misdeeds.items())),
        "retransmissions": f"{sum(o.retransmissions for o in outcomes):,}",
        "meters": f"{sum(day.meter_wh for day in all_days):,} Wh",
        "ledgers": f"{sum(day.booked_wh for day in all_days):,} Wh",
        "lost, duplicated": f"{sum(o.lost for o in outcomes)}, "
        f"{sum(o.duplicated for o in outcomes)}",
        "longest queue": f"{max(day.queued_max for day in all_days):,} messages, "
        f"{max(day.queued_bytes_max for day in all_days):,} bytes of meter values",
        "memory of the process": f"{max(kib for _, kib in played_days) // 1024} MiB",
        "failing seeds": [o.seed for o in outcomes if o.problems] or "none",
    }
    return figures, [f"seed {o.seed}: {problem}" for o in outcomes for problem in o.problems]
