"""Every sequence of up to six events from either start, as `firmware.sim.search` makes them."""

from __future__ import annotations

from firmware.sim.search import NAMES, STARTS, Found, search, sequences_of, start
from tools.soak.crowd import Advance, parallel, tell

TELL_EVERY = 10_000


def searched(work: tuple[str, int]) -> Found:
    """Search from one start; tell how many sequences are done."""
    name, length = work
    told = 0

    def advance(count: int) -> None:
        nonlocal told
        told += count
        if told >= TELL_EVERY:
            tell(told)
            told = 0

    found = search(start(name), length, advance)
    tell(told)
    return found


def sequences(length: int, advance: Advance) -> tuple[dict[str, object], list[str]]:
    """Return figures and problems of all sequences of up to so many events."""
    found = parallel(searched, [(name, length) for name in STARTS], advance)
    figures: dict[str, object] = {
        "events": f"{len(NAMES)}: {', '.join(NAMES)}",
        "longest": length,
        "sequences": f"{sum(f.sequences for f in found):,}",
        "distinct states left": f"{sum(f.states for f in found):,}",
        "distinct steps executed": f"{sum(f.steps for f in found):,}",
        "sequences that end with power on": f"{sum(f.ends_on for f in found):,}",
    }
    problems = [
        f"{name}: {problem}"
        for name, one in zip(STARTS, found, strict=True)
        for problem in one.problems
    ]
    if any(f.sequences != sequences_of(length) for f in found):
        problems.append("sequences are missing")
    return figures, problems
