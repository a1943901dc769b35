"""How long the shipped `pilotd` takes on simulated pins, in real time, in the virtual station."""

from __future__ import annotations

import json

from tools.uml.run import inside, python

TOLD = "took_us: "
LIMIT_S = 60
LIMIT_S_PER_TRIAL = 120


def measure(trials: int) -> dict[str, dict[str, int]]:
    """Return n, p50, p99 and maximum in us, by what happened; raise `RuntimeError` with words."""
    command = [python(), "-m", "tools.uml.reaction", "--trials", str(trials)]
    result = inside(command, limit_s=LIMIT_S + LIMIT_S_PER_TRIAL * trials)
    told = [line for line in result.output.splitlines() if line.startswith(TOLD)]
    if result.code != 0 or not told:
        raise RuntimeError(f"no reaction was measured: {result.told}")
    return {name: spread(took) for name, took in json.loads(told[-1][len(TOLD) :]).items()}


def spread(took_us: list[int]) -> dict[str, int]:
    """Return the spread of so many durations."""
    us = sorted(took_us)
    p99 = us[min(len(us) - 1, len(us) * 99 // 100)]
    return {"n": len(us), "p50": us[len(us) // 2], "p99": p99, "max": us[-1]}
