"""The tree of fuses: what hangs behind what, and how much each may still carry per grid phase.

A *place* is one phase of one fuse; places are numbered fuse by fuse, three each. A current on
some lines behind a fuse flows through these lines of that fuse and of every fuse above it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from firmware.dlm.phases import LINE_SETS, Lines
from firmware.model.values import PhasesMa

Room = list[int]  # mA of each place


class BadTree(ValueError):
    """Fuses that make no tree; says which one and why."""


@dataclass(frozen=True, slots=True)
class Fuse:
    """A fuse with its limit per grid phase; `parent` is the fuse above, none for a feeder."""

    name: str
    limit_ma: PhasesMa
    parent: str | None = None


class Load(NamedTuple):
    """A current that may flow behind a fuse, the same on each of its lines."""

    fuse: str
    lines: Lines
    limit_ma: int


@dataclass(frozen=True, slots=True)
class Tree:
    """The fuses, and for each of them and each set of lines the places from it up to the top."""

    fuses: tuple[Fuse, ...]
    routes: Mapping[tuple[str, Lines], tuple[int, ...]]
    places: tuple[tuple[str, int], ...]  # fuse and grid phase of each


def tree_of(fuses: Sequence[Fuse]) -> Tree:
    """Return the tree; raise `BadTree`."""
    numbers = {fuse.name: number for number, fuse in enumerate(fuses)}
    if len(numbers) < len(fuses):
        names = [fuse.name for fuse in fuses]
        twice = next(name for name in names if names.count(name) > 1)
        raise BadTree(f"fuse {twice} stands there twice; give each a name of its own")
    routes = {}
    for fuse in fuses:
        path = _path(fuse, numbers, fuses)
        for lines in LINE_SETS:
            routes[fuse.name, lines] = tuple(3 * n + line for n in path for line in lines)
    places = tuple((fuse.name, line) for fuse in fuses for line in range(3))
    return Tree(tuple(fuses), routes, places)


def _path(fuse: Fuse, numbers: Mapping[str, int], fuses: Sequence[Fuse]) -> list[int]:
    """The fuse and all above it."""
    path = [numbers[fuse.name]]
    while (parent := fuses[path[-1]].parent) is not None:
        if parent not in numbers:
            raise BadTree(f"fuse {fuses[path[-1]].name} hangs on {parent}, which is not there")
        path.append(numbers[parent])
        if len(path) > len(fuses):
            raise BadTree(f"fuse {fuse.name} hangs, in the end, on itself")
    return path


def room(
    tree: Tree, available: Mapping[str, PhasesMa] | None = None, held: Iterable[Load] = ()
) -> Room:
    """Return what may be distributed at each place, mA, never below 0.

    `available` lowers fuses for now (`headroom`); `held` are currents that are not ours to give,
    as the disconnected limits of units that are known and not heard (B-DLM-18).
    """
    available = available or {}
    left_ma = [
        min(pair)
        for fuse in tree.fuses
        for pair in zip(fuse.limit_ma, available.get(fuse.name, fuse.limit_ma), strict=True)
    ]
    for load in held:
        for place in tree.routes[load.fuse, load.lines]:
            left_ma[place] -= load.limit_ma
    return [max(0, x) for x in left_ma]


def overloads(tree: Tree, left_ma: Room, loads: Iterable[Load]) -> list[tuple[str, int, int]]:
    """Return fuse, grid phase and mA too much of every place that these loads would overload."""
    sums_ma = [0] * len(left_ma)
    for load in loads:
        for place in tree.routes[load.fuse, load.lines]:
            sums_ma[place] += load.limit_ma
    return [
        (*tree.places[place], sum_ma - left_ma[place])
        for place, sum_ma in enumerate(sums_ma)
        if sum_ma > left_ma[place]
    ]
