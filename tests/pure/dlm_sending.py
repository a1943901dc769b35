"""Limits on their way to the units: what may be in force together fits every fuse at any time."""

from __future__ import annotations

from random import Random

from firmware.dlm.allocate import allocate
from firmware.dlm.changes import order_of_changes
from firmware.dlm.claims import Policy
from firmware.dlm.tree import Load, overloads, tree_of
from tests.pure.dlm_sites import left, site


def sent(seed):
    """Send one allocation after another; confirmations come as they like."""
    dice = Random(seed)
    fuses, claims = site(seed, points=(2, 12))
    tree, found, in_force = tree_of(fuses), [], {}
    for _ in range(6):
        asking = [c for c in claims if dice.random() < 0.7]
        grants = allocate(tree, asking, left(fuses), Policy(), dice.randrange(10**7))
        wanted = {c.point: _load(grants, c) for c in claims}
        for _ in range(20):
            now, later = order_of_changes(tree, left(fuses), in_force, wanted)
            for point, load in now.items():
                old = in_force.get(point, load)
                if load.limit_ma >= old.limit_ma or dice.random() < 0.6:
                    in_force[point] = load  # it may be there already; lower only if confirmed
            found += overloads(tree, left(fuses), in_force.values())
            if not now and not later:
                break
        else:
            found.append("after 20 confirmations something still waits")
    return [f"seed {seed}: {one}" for one in found]


def _load(grants, claim):
    """Return what a point is to have; nothing where it did not ask."""
    grant = grants.get(claim.point)
    return grant.load if grant is not None else Load(claim.fuse, claim.lines, 0)
