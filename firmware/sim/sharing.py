"""Three ways to share a site: the station's own, and two that others use, to compare with.

Each takes the cars that would charge now, in the order of their arrival, and returns mA of each.
All keep every fuse and give nothing or the minimum; only who gets how much differs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from firmware.dlm.allocate import allocate
from firmware.dlm.claims import Claim, Policy
from firmware.dlm.tree import Room, Tree

Sharing = Callable[[Tree, Sequence[Claim], Room, Policy, int], list[int]]


def fair(
    tree: Tree, claims: Sequence[Claim], left_ma: Room, policy: Policy, now_ms: int
) -> list[int]:
    """The station's allocation: max-min per phase, turns by slots."""
    grants = allocate(tree, claims, left_ma, policy, now_ms)
    return [grants[claim.point].limit_ma for claim in claims]


def equal(
    tree: Tree, claims: Sequence[Claim], left_ma: Room, policy: Policy, _now_ms: int
) -> list[int]:
    """One current for all: the highest that every fuse carries; who came too late waits."""
    used_ma, counts = [0] * len(left_ma), [0] * len(left_ma)
    served = []
    for claim in claims:
        places = tree.routes[claim.fuse, claim.lines]
        if all(used_ma[p] + claim.least_ma <= left_ma[p] for p in places):
            served.append(claim.point)
            for place in places:
                used_ma[place] += claim.least_ma
                counts[place] += 1
    share_ma = min((left_ma[p] // n for p, n in enumerate(counts) if n), default=0)
    share_ma = share_ma // policy.step_ma * policy.step_ma
    return [min(share_ma, c.most_ma) if c.point in served else 0 for c in claims]


def first_come(
    tree: Tree, claims: Sequence[Claim], left_ma: Room, policy: Policy, _now_ms: int
) -> list[int]:
    """Each as much as those before it leave."""
    free_ma, got_ma = list(left_ma), []
    for claim in claims:
        places = tree.routes[claim.fuse, claim.lines]
        most_ma = min([claim.most_ma, *(free_ma[p] for p in places)])
        limit_ma = most_ma // policy.step_ma * policy.step_ma
        got_ma.append(limit_ma if limit_ma >= claim.least_ma else 0)
        for place in places:
            free_ma[place] -= got_ma[-1]
    return got_ma


SHARINGS: dict[str, Sharing] = {"fair": fair, "equal": equal, "first come": first_come}
