"""Shares the current of a tree of fuses among cars: the heart of load management, pure.

    tree = tree_of([Fuse("house", (63_000,) * 3), Fuse("garage", (40_000,) * 3, "house")])
    left_ma = room(tree, {"house": available_ma}, held=[what offline units may draw])
    grants = allocate(tree, claims, left_ma, policy, now_ms)   # grants[point].limit_ma
    turns = turns(claims, grants, policy, now_ms)              # goes into the next claims
    sentence(point, grants[point])                             # why, and what would raise it
    order_of_changes(...)                                      # what may be sent now

Each claim gets 0 or its minimum and more. First who is served (`admit`), then weighted max-min
fairness over all served, exact to the phase of every fuse (`fill`), then rounding down to whole
steps; the imbalance limit holds for what is rounded. The same input gives the same grants,
whatever the order of the claims.
"""

from __future__ import annotations

from collections.abc import Sequence

from firmware.dlm.admit import Asked, admit
from firmware.dlm.balance import PAIRS, Balance, balance_of, pair_places
from firmware.dlm.claims import Claim, Grant, Policy
from firmware.dlm.fill import Share, fill
from firmware.dlm.tree import Room, Tree
from firmware.dlm.why import granted, paused, too_low

FINE = 10**9  # shares are worked out in pA
SLACK = 10**3  # what divisions rounded to just below a whole step reaches it all the same
ROUNDS = 32  # of the imbalance limit, which mostly holds after one or two


def allocate(
    tree: Tree, claims: Sequence[Claim], left_ma: Room, policy: Policy, now_ms: int
) -> dict[str, Grant]:
    """Return the grant of every point, in the order of the claims."""
    asked = [_asked(tree, claim, policy.step_ma) for claim in claims]
    floor = Balance(policy.imbalance_ma)
    refused = admit(asked, left_ma, floor, now_ms // policy.slot_ms)
    served = [n for n, one in enumerate(asked) if one.able and n not in refused]
    shares, crowds = _balanced([asked[n] for n in served], left_ma, policy, floor)
    grants = {n: paused(tree, asked[n].claim, lack) for n, lack in refused.items()}
    for number, share in zip(served, shares, strict=True):
        grants[number] = granted(tree, asked[number].claim, share, crowds)
    return {
        claim.point: grants[n] if n in grants else too_low(claim) for n, claim in enumerate(claims)
    }


def _asked(tree: Tree, claim: Claim, step_ma: int) -> Asked:
    low_ma = -(-claim.least_ma // step_ma) * step_ma
    high_ma = claim.most_ma // step_ma * step_ma
    return Asked(claim, low_ma, high_ma, tree.routes[claim.fuse, claim.lines])


def _balanced(
    asked: Sequence[Asked], left_ma: Room, policy: Policy, floor: Balance
) -> tuple[list[Share], dict[int, int]]:
    """Fill; while a phase is too much above another, cap what is on it alone, and fill again.

    The caps only fall. What the minima alone allow is a floor that always holds: it ends a
    descent that is too long.
    """
    pairs = pair_places(len(left_ma)) if policy.imbalance_ma is not None else {}
    routes = [one.places + pairs.get(one.claim.lines, ()) for one in asked]
    caps_ma = [sum(one.high_ma for one in asked)] * len(PAIRS)
    claims = [one.claim for one in asked]
    for round_ in range(ROUNDS + 1):
        shares, crowds = _filled(asked, routes, [*left_ma, *caps_ma], policy.step_ma)
        balance = balance_of(policy.imbalance_ma, claims, (s.got for s in shares))
        over = balance.over()
        if not over:
            break
        for pair in over:
            caps_ma[pair] = min(caps_ma[pair], balance.cap_ma(pair))
        if round_ == ROUNDS - 1:
            caps_ma = [floor.cap_ma(pair) for pair in range(len(PAIRS))]
    return shares, crowds


def _filled(
    asked: Sequence[Asked], routes: Sequence[tuple[int, ...]], room_ma: Room, step_ma: int
) -> tuple[list[Share], dict[int, int]]:
    """Return the max-min shares, `got` in mA and whole steps, and how many share a full place.

    Places and grants are whole mA and SLACK is far below, so that no sum can exceed a place.
    """
    shares = [
        Share(one.claim.weight, one.low_ma * FINE, one.high_ma * FINE, route)
        for one, route in zip(asked, routes, strict=True)
    ]
    crowds = fill(shares, [x * FINE for x in room_ma])
    for share in shares:
        share.got = (share.got + SLACK) // (step_ma * FINE) * step_ma
    return shares, crowds
