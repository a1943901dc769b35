"""Which relays make which state of the line, and in which order they move. Pure.

Contacts break before others make, in the order of a plug that is pulled (pilot before proximity).
Between C and D alone it is the other way round: both resistors together still read as D, while
none would read as B, and a station opens its contactor at once when a car leaves C.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

PP_BY_OHM = {1_500: "pp_1500", 680: "pp_680", 220: "pp_220", 100: "pp_100"}
# made in this order, broken in the reverse one
ORDER = (
    *PP_BY_OHM.values(),
    "diode_short",
    "car",
    "c",
    "d",
    "cp_short",
    "cp_negative",
    "contact_bridge",
    "coil_break",
    "lock_break",
    "switch_break",
)
OVERLAPPING = frozenset(("c", "d"))
# what must never be closed together: a supply shorted, a cable that is none
FORBIDDEN = (
    frozenset(("cp_short", "cp_negative")),
    *(frozenset(pair) for pair in combinations(PP_BY_OHM.values(), 2)),
)
STATES: Mapping[str, frozenset[str]] = {
    "A": frozenset(),
    "B": frozenset(("car",)),
    "C": frozenset(("car", "c")),
    "D": frozenset(("car", "d")),
    "E": frozenset(("car", "cp_short")),
    "F": frozenset(("car", "cp_negative")),
}


@dataclass(frozen=True, slots=True)
class Batch:
    """Relays that move together; a pause follows it."""

    on: bool
    relays: tuple[str, ...]


def line_of(letter: str, *, diode: bool) -> frozenset[str]:
    """Return the relays of a pilot state."""
    relays = STATES[letter]
    return relays if diode or letter == "A" else relays | {"diode_short"}


def moves(now: Iterable[str], wanted: Iterable[str]) -> Iterator[Batch]:
    """Yield the batches that lead from one pattern to another."""
    closed, target = frozenset(now), frozenset(wanted)
    assert allowed(target), target
    swap = OVERLAPPING if OVERLAPPING & target and OVERLAPPING & closed else frozenset()
    opening, closing = closed - target, target - closed
    yield from _batch(False, opening - swap)
    yield from _batch(True, closing)
    yield from _batch(False, opening & swap)


def allowed(relays: Iterable[str]) -> bool:
    """Tell whether these may be closed together."""
    closed = frozenset(relays)
    return not any(pair <= closed for pair in FORBIDDEN)


def windings(fitted: Iterable[int], wanted_ma: int) -> tuple[int, ...] | None:
    """Return the windings that together give a test current; `None`: there are none."""
    if wanted_ma == 0:
        return ()
    sizes = sorted(fitted)
    for count in range(1, len(sizes) + 1):
        for some in combinations(sizes, count):
            if sum(some) == wanted_ma:
                return some
    return None


def _batch(on: bool, relays: frozenset[str]) -> Iterator[Batch]:
    if relays:
        place = {name: number for number, name in enumerate(ORDER)}
        ordered = sorted(relays, key=lambda r: place.get(r, len(ORDER)), reverse=not on)
        yield Batch(on, tuple(ordered))
