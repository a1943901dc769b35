"""Stories on the virtual station: one machine for each, its outcome brought out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tools.uml.run import inside, python

TOLD = "outcome: "
LIMIT_S = 900  # of the host; a story takes about a quarter of its own time
LAST_WORDS = 2_000


def travels(env: Mapping[str, str]) -> bool:
    """Tell whether a process of these variables runs where time travels."""
    return env.get("POWERSTATION_INSIDE") == "time-travel"


def play(file: Path, *, time_travel: bool = True) -> dict[str, Any]:
    """Return the outcome of a story as plain data (`firmware.sim.outcome`)."""
    result = inside(
        [python(), "-m", "tools.uml.play", file.absolute()],
        time_travel=time_travel,
        limit_s=LIMIT_S,
        keep=[file.absolute().parent],
    )
    words, _, told = result.output.rpartition(TOLD)
    if not told or result.code != 0:
        end = "was reset" if result.was_reset else f"ended with {result.code}"
        last = result.output[-LAST_WORDS:]
        reason = f"the virtual station {end} after {result.wall_s:.0f} s: {last}"
        return {"story": file.name, "rig": "gpiosim", "verdict": "unplayable", "reason": reason,
                "seconds": result.wall_s, "judgements": [], "log": [], "acts": [],
                "traces": {}}  # fmt: skip
    outcome: dict[str, Any] = json.loads(told)
    if outcome["verdict"] in ("failed", "unplayable"):
        outcome["reason"] = f"{outcome['reason']}\n{words[-LAST_WORDS:]}".strip()
    return outcome
