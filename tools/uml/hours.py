"""Hours of drivers and troubles over the shipped drivers, in the virtual station."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

from tools.uml.kernel import NoKernel
from tools.uml.run import inside, python

LIMIT_S_PER_HOUR = 1_800  # of the host; it takes one to four minutes
TOLD = "day: "
LOG = "day.log"  # in what the run leaves: every line with its time


def play(
    hours: int, seed: int, hour_over: Callable[[], None] = lambda: None, factory: str = "gpiod"
) -> dict[str, Any]:
    """Return the figures of so many simulated hours (`tools.uml.day`); raise `NoKernel`.

    `story` is every line that was told, with its time.
    """
    lines = b""

    def take(chunk: bytes) -> None:
        nonlocal lines
        lines += chunk
        while b"\n" in lines:
            line, lines = lines.split(b"\n", 1)
            if line.startswith(b"hour: "):
                hour_over()

    with tempfile.TemporaryDirectory() as left:
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
            out=Path(left),
        )
        log = Path(left) / LOG
        story = log.read_text().splitlines() if log.exists() else []
    told = [line for line in result.output.splitlines() if line.startswith(TOLD)]
    if result.code != 0 or not told:
        raise NoKernel(f"the virtual station did not tell of its day: {result.told}")
    figures: dict[str, Any] = json.loads(told[-1].removeprefix(TOLD))
    figures |= {"hours": hours, "seed": seed, "wall_s": round(result.wall_s), "story": story}
    return figures


def difference(stories: Sequence[Sequence[str]]) -> str | None:
    """Return where stories part for the first time, or nothing."""
    for number, lines in enumerate(zip_longest(*stories, fillvalue="(over)"), 1):
        if len(set(lines)) > 1:
            return f"line {number}: " + " | ".join(lines)
    return None
