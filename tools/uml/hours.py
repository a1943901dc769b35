"""Hours of drivers and troubles over the shipped drivers, in the virtual station."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tools.uml.kernel import NoKernel
from tools.uml.run import inside, python

LIMIT_S_PER_HOUR = 1_800  # of the host; it takes one to four minutes
TOLD = "day: "


def play(
    hours: int, seed: int, hour_over: Callable[[], None] = lambda: None, factory: str = "gpiod"
) -> dict[str, Any]:
    """Return the figures of so many simulated hours (`tools.uml.day`); raise `NoKernel`."""
    lines = b""

    def take(chunk: bytes) -> None:
        nonlocal lines
        lines += chunk
        while b"\n" in lines:
            line, lines = lines.split(b"\n", 1)
            if line.startswith(b"hour: "):
                hour_over()

    result = inside(
        [
            python(),
            "-m",
            "tools.uml.day",
            "--hours",
            str(hours),
            "--seed",
            str(seed),
            "--factory",
            factory,
        ],  # fmt: skip
        time_travel=True,
        limit_s=LIMIT_S_PER_HOUR * (hours + 1),
        echo=take,
    )
    told = [line for line in result.output.splitlines() if line.startswith(TOLD)]
    if result.code != 0 or not told:
        raise NoKernel(f"the virtual station did not tell of its day: {result.told}")
    figures: dict[str, Any] = json.loads(told[-1].removeprefix(TOLD))
    return {**figures, "hours": hours, "seed": seed, "wall_s": round(result.wall_s)}
