"""Which grid phases a car loads: the outlet's phases through its rotation, and IT networks.

Lines are grid phases 0, 1, 2 (L1, L2, L3), always in rising order; `Lines` is the key by which
the fuse tree finds what a current flows through.
"""

from __future__ import annotations

from collections.abc import Iterable

from firmware.model.values import PhasesMa

Lines = tuple[int, ...]

ALL: Lines = (0, 1, 2)
LINE_SETS: tuple[Lines, ...] = ((0,), (1,), (2,), (0, 1), (0, 2), (1, 2), ALL)
# [CC613 7.8] grid phase of the outlet's L1, L2, L3
ROTATIONS: dict[str, PhasesMa] = {
    "RST": (0, 1, 2), "STR": (1, 2, 0), "TRS": (2, 0, 1),
    "RTS": (0, 2, 1), "SRT": (1, 0, 2), "TSR": (2, 1, 0),
}  # fmt: skip
NAMES = ("L1", "L2", "L3")


def lines_of(rotation: str, uses: Iterable[int], *, it_network: bool = False) -> Lines:
    """Return the grid phases that a car on these outlet phases (0, 1, 2) loads.

    Without a neutral a single-phase car lies between its conductor and the next one and loads
    both [A-22].
    """
    outlet = set(uses)
    if it_network and len(outlet) == 1:
        outlet.add((min(outlet) + 1) % 3)
    grid = ROTATIONS[rotation]
    return tuple(sorted(grid[phase] for phase in outlet))


def on_grid(rotation: str, outlet_ma: PhasesMa, *, it_network: bool = False) -> PhasesMa:
    """Return currents measured on the outlet's L1, L2, L3 in grid order, mA.

    In an IT network what flows in on one conductor only comes back on the next.
    """
    counted = list(outlet_ma)
    loaded = [phase for phase, current_ma in enumerate(outlet_ma) if current_ma]
    if it_network and len(loaded) == 1:
        counted[(loaded[0] + 1) % 3] = outlet_ma[loaded[0]]
    grid_ma = [0, 0, 0]
    for phase, current_ma in zip(ROTATIONS[rotation], counted, strict=True):
        grid_ma[phase] = current_ma
    return grid_ma[0], grid_ma[1], grid_ma[2]
