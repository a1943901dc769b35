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
from firmware.dlm.why import granted, paused, reasons, too_low

ROUNDS = 32  # of the imbalance limit, which mostly holds after one or two


def allocate(
    tree: Tree, claims: Sequence[Claim], left_ma: Room, policy: Policy, now_ms: int
) -> dict[str, Grant]:
    """Return the grant of every point, in the order of the claims."""
    pairs = pair_places(len(left_ma)) if policy.imbalance_ma is not None else {}
    shares, groups = _shares(tree, claims, policy.step_ma, pairs)
    room_ma = list(left_ma)
    if pairs:  # what all ask for binds nobody
        room_ma += [sum(s.high_ma for group in groups for s in group)] * len(PAIRS)
    floor = Balance(policy.imbalance_ma)
    refused = admit(claims, groups, room_ma, floor, now_ms // policy.slot_ms)
    if refused:
        served = ([s for s in group if s.number not in refused] for group in groups)
        groups = [group for group in served if group]
    why = reasons(tree, _balanced(claims, groups, room_ma, policy, floor))
    grants = {}
    for claim, share in zip(claims, shares, strict=True):
        if share is None:
            grants[claim.point] = too_low(claim)
        elif share.number in refused:
            grants[claim.point] = paused(tree, claim, refused[share.number])
        else:
            grants[claim.point] = granted(claim, share, why[share.ended])
    return grants


def _shares(
    tree: Tree, claims: Sequence[Claim], step_ma: int, pairs: Mapping[Lines, tuple[int, ...]]
) -> tuple[list[Share | None], list[list[Share]]]:
    """Return the share of each claim that can be served, and all of them by what they load."""
    shares: list[Share | None] = []
    groups: dict[tuple[str, Lines], list[Share]] = {}
    for number, claim in enumerate(claims):
        low_ma = -(-claim.least_ma // step_ma) * step_ma
        high_ma = claim.most_ma // step_ma * step_ma
        if not 0 < low_ma <= high_ma:
            shares.append(None)
            continue
        where = claim.fuse, claim.lines
        group = groups.get(where)
        if group is None:
            group = groups[where] = []
            places = tree.routes[where] + pairs.get(claim.lines, ())
        else:
            places = group[0].places
        share = Share(number, claim.weight, low_ma, high_ma, places)
        shares.append(share)
        group.append(share)
    return shares, list(groups.values())


def _balanced(
    claims: Sequence[Claim],
    groups: Sequence[Sequence[Share]],
    room_ma: Room,
    policy: Policy,
    floor: Balance,
) -> dict[int, int]:
    """Fill; while a phase is too much above another, cap what is on it alone, and fill again.

    The caps only fall. What the minima alone allow is a floor that always holds: it ends a
    descent that is too long. Return how many share each full place.
    """
    crowds = fill(groups, room_ma, policy.step_ma)
    if policy.imbalance_ma is None:
        return crowds
    first = len(room_ma) - len(PAIRS)
    shares = [share for group in groups for share in group]
    served = [claims[share.number] for share in shares]
    for round_ in range(ROUNDS):
        balance = balance_of(policy.imbalance_ma, served, (s.got_ma for s in shares))
        over = balance.over()
        if not over:
            break
        for pair in over:
            room_ma[first + pair] = min(room_ma[first + pair], balance.cap_ma(pair))
        if round_ == ROUNDS - 1:
            room_ma[first:] = [floor.cap_ma(pair) for pair in range(len(PAIRS))]
        crowds = fill(groups, room_ma, policy.step_ma)
    return crowds
