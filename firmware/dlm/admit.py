"""Who is served at all, when the minima of all do not fit: priority, then fair turns.

Time is cut into slots. Who is served keeps its place to the end of the slot; then the longest
waiting come first, and of those served who were so the shortest. All places change at the same
instant, so that a car on three phases finds them free together.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from firmware.dlm.balance import Balance
from firmware.dlm.claims import Claim, Grant, Policy, Turn
from firmware.dlm.fill import Share


@dataclass(frozen=True, slots=True)
class Lack:
    """Where a minimum does not fit: a place or a pair of phases; `alone` it would."""

    place: int | None
    pair: int | None
    lack_ma: int
    alone: bool


def order(claims: Sequence[Claim], shares: Iterable[Share], slot: int) -> list[Share]:
    """Return these shares of claims, first served first."""

    def rank(share: Share) -> tuple[int, int, int, str]:
        claim = claims[share.number]
        turn = claim.turn
        if not turn.served:
            return -claim.priority, 1, turn.since_ms, claim.point
        if turn.slot == slot:
            return -claim.priority, 0, turn.since_ms, claim.point
        return -claim.priority, 2, -turn.since_ms, claim.point

    return sorted(shares, key=rank)


def admit(
    claims: Sequence[Claim],
    groups: Sequence[Sequence[Share]],
    room_ma: Sequence[int],
    book: Balance,
    slot: int,
) -> dict[int, Lack]:
    """Return the numbers of those who are refused, and what lacks; the minima of all others fit.

    Shares of a group load the same places. One that only the balance refuses is asked again
    after others were admitted.
    """
    short = _short(groups, room_ma)
    everyone = book.limit_ma is not None  # else those who touch nothing short need not be asked
    asked = [g for g in groups if everyone or not short.isdisjoint(g[0].places)]
    used_ma = [0] * len(room_ma)
    refused: dict[int, Lack] = {}
    turn = order(claims, (share for group in asked for share in group), slot)
    while turn:
        again: list[Share] = []
        for share in turn:
            claim = claims[share.number]
            lack = _lack(share, used_ma, room_ma) or _uneven(claim, share.low_ma, book)
            if lack is None:
                refused.pop(share.number, None)
                book.add(claim, share.low_ma)
                for place in share.places:
                    used_ma[place] += share.low_ma
            else:
                refused[share.number] = lack
                if lack.pair is not None:
                    again.append(share)
        turn = again if len(again) < len(turn) else []
    return refused


def _short(groups: Iterable[Sequence[Share]], room_ma: Sequence[int]) -> set[int]:
    """At which places the minima of all do not fit."""
    left_ma = list(room_ma)
    for group in groups:
        low_ma = sum([share.low_ma for share in group])
        for place in group[0].places:
            left_ma[place] -= low_ma
    return {place for place, each_ma in enumerate(left_ma) if each_ma < 0}


def _lack(share: Share, used_ma: Sequence[int], room_ma: Sequence[int]) -> Lack | None:
    lacks = [
        Lack(p, None, used_ma[p] + share.low_ma - room_ma[p], alone=share.low_ma <= room_ma[p])
        for p in share.places
        if used_ma[p] + share.low_ma > room_ma[p]
    ]
    return min(lacks, key=lambda lack: lack.alone, default=None)


def _uneven(claim: Claim, low_ma: int, book: Balance) -> Lack | None:
    pair = book.lacks(claim, low_ma)
    if pair is None:
        return None
    return Lack(None, pair, book.fills_ma[pair] + low_ma - book.cap_ma(pair), alone=True)


def turns(
    claims: Iterable[Claim], grants: Mapping[str, Grant], policy: Policy, now_ms: int
) -> dict[str, Turn]:
    """Return the turns after an allocation, to be claimed with the next time."""
    slot = now_ms // policy.slot_ms
    after = {}
    for claim in claims:
        served = grants[claim.point].limit_ma > 0
        since_ms = claim.turn.since_ms if served == claim.turn.served else now_ms
        after[claim.point] = Turn(since_ms, served, slot)
    return after
