"""Shares the current of a tree of fuses among cars: the heart of load management, pure.

    tree = tree_of([Fuse("house", (63_000,) * 3), Fuse("garage", (40_000,) * 3, "house")])
    left_ma = room(tree, {"house": available_ma}, held=[what offline units may draw])
    grants = allocate(tree, claims, left_ma, policy, now_ms)   # grants[point].limit_ma
    after = turns(claims, grants, policy, now_ms)              # go into the next claims
    sentence(point, grants[point])                             # why, and what would raise it
    order_of_changes(...)                                      # what may be sent now

Each claim gets 0 or its minimum and more. First who is served (`admit`), then weighted max-min
fairness over all served, exact to the phase of every fuse (`fill`), then rounding down to whole
steps; the imbalance limit holds for what is rounded; one below the minimum starts no
single-phase car. The same input gives the same grants,
whatever the order of the claims.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from firmware.dlm.admit import admit
from firmware.dlm.balance import PAIRS, Balance, balance_of, pair_places
from firmware.dlm.claims import Claim, Grant, Policy
from firmware.dlm.fill import Share, fill
from firmware.dlm.phases import Lines
from firmware.dlm.tree import Room, Tree
from firmware.dlm.why import granted, paused, too_low

ROUNDS = 32  # of the imbalance limit, which mostly holds after one or two


def allocate(
    tree: Tree, claims: Sequence[Claim], left_ma: Room, policy: Policy, now_ms: int
) -> dict[str, Grant]:
    """Return the grant of every point, in the order of the claims."""
    pairs = pair_places(len(left_ma)) if policy.imbalance_ma is not None else {}
    able, shares, grants = [], [], {}
    for claim in claims:
        share = _share(tree, claim, policy.step_ma, pairs)
        if 0 < share.low_ma <= share.high_ma:
            able.append(claim)
            shares.append(share)
        else:
            grants[claim.point] = too_low(claim)
    free_ma = sum(share.high_ma for share in shares) if pairs else 0  # binds nobody
    room_ma = [*left_ma, *[free_ma] * (len(PAIRS) if pairs else 0)]
    floor = Balance(policy.imbalance_ma)
    refused = admit(able, shares, room_ma, floor, now_ms // policy.slot_ms)
    served = [n for n in range(len(able)) if n not in refused]
    crowds = _balanced(
        [able[n] for n in served], [shares[n] for n in served], room_ma, policy, floor
    )
    for number, claim in enumerate(able):
        lack = refused.get(number)
        grants[claim.point] = (
            granted(tree, claim, shares[number], crowds) if lack is None
            else paused(tree, claim, lack)
        )  # fmt: skip
    return {claim.point: grants[claim.point] for claim in claims}


def _share(tree: Tree, claim: Claim, step_ma: int, pairs: Mapping[Lines, tuple[int, ...]]) -> Share:
    places = tree.routes[claim.fuse, claim.lines]
    if pairs:
        places += pairs[claim.lines]
    low_ma = -(-claim.least_ma // step_ma) * step_ma
    return Share(claim.weight, low_ma, claim.most_ma // step_ma * step_ma, places)


def _balanced(
    claims: Sequence[Claim], shares: Sequence[Share], room_ma: Room, policy: Policy, floor: Balance
) -> dict[int, int]:
    """Fill; while a phase is too much above another, cap what is on it alone, and fill again.

    The caps only fall. What the minima alone allow is a floor that always holds: it ends a
    descent that is too long. Return how many share each full place.
    """
    crowds = fill(shares, room_ma, policy.step_ma)
    if policy.imbalance_ma is None:
        return crowds
    first = len(room_ma) - len(PAIRS)
    for round_ in range(ROUNDS):
        balance = balance_of(policy.imbalance_ma, claims, (s.got_ma for s in shares))
        over = balance.over()
        if not over:
            break
        for pair in over:
            room_ma[first + pair] = min(room_ma[first + pair], balance.cap_ma(pair))
        if round_ == ROUNDS - 1:
            room_ma[first:] = [floor.cap_ma(pair) for pair in range(len(PAIRS))]
        crowds = fill(shares, room_ma, policy.step_ma)
    return crowds
