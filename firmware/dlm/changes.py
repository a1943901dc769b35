"""In which order new limits are sent: decreases at once, increases when they are confirmed room.

What may still be in force counts as long as nobody has confirmed that it is lower; so no fuse is
overloaded at any time, whatever is lost on the way (B-DLM-11).
"""

from __future__ import annotations

from collections.abc import Mapping

from firmware.dlm.tree import Load, Room, Tree


def order_of_changes(
    tree: Tree, left_ma: Room, in_force: Mapping[str, Load], wanted: Mapping[str, Load]
) -> tuple[dict[str, Load], dict[str, Load]]:
    """Return what may be sent now, and what must wait; both leave out what is in force already.

    `in_force` is per unit the highest limit that may still be in force there, of every unit,
    the silent ones too. An increase goes as soon as it fits beside everything that may be in
    force, itself counted with the higher of old and new on each line. Call again at each
    confirmation, with what is then in force.
    """
    used_ma = [0] * len(left_ma)
    for load in in_force.values():
        for place in tree.routes[load.fuse, load.lines]:
            used_ma[place] += load.limit_ma
    now: dict[str, Load] = {}
    later: dict[str, Load] = {}
    for unit, load in wanted.items():
        old = in_force.get(unit)
        if load == old:
            continue
        more_ma = _more(tree, old, load)
        if all(used_ma[place] + ma <= left_ma[place] for place, ma in more_ma.items()):
            now[unit] = load
            for place, ma in more_ma.items():
                used_ma[place] += ma
        else:
            later[unit] = load
    return now, later


def _more(tree: Tree, old: Load | None, new: Load) -> dict[int, int]:
    """How much more may flow at each place while the one or the other is in force."""
    before = set(tree.routes[old.fuse, old.lines]) if old is not None else set()
    counted_ma = old.limit_ma if old is not None else 0
    more_ma = {
        place: new.limit_ma - (counted_ma if place in before else 0)
        for place in tree.routes[new.fuse, new.lines]
    }
    return {place: ma for place, ma in more_ma.items() if ma > 0}
