"""Who is served at all, when the minima of all do not fit: priority, then fair turns.

Time is cut into slots. Who is served keeps its place to the end of the slot; then the longest
waiting come first, and of those served who were so the shortest. All places change at the same
instant, so that a car on three phases finds them free together.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import le
from typing import NamedTuple

from firmware.dlm.balance import Balance
from firmware.dlm.claims import Claim, Grant, Policy, Turn


class Asked(NamedTuple):
    """A claim with its bounds in whole steps and the places that it loads."""

    claim: Claim
    low_ma: int
    high_ma: int
    places: tuple[int, ...]

    @property
    def able(self) -> bool:
        """The minimum is not above the point's own limit."""
        return 0 < self.low_ma <= self.high_ma


@dataclass(frozen=True, slots=True)
class Lack:
    """Where a minimum does not fit: a place or a pair of phases; `alone` it would."""

    place: int | None
    pair: int | None
    lack_ma: int
    alone: bool


def order(claims: Sequence[Claim], numbers: Iterable[int], slot: int) -> list[int]:
    """Return these numbers of claims, first served first."""

    def rank(number: int) -> tuple[int, int, int, str]:
        claim = claims[number]
        turn = claim.turn
        if not turn.served:
            return -claim.priority, 1, turn.since_ms, claim.point
        if turn.slot == slot:
            return -claim.priority, 0, turn.since_ms, claim.point
        return -claim.priority, 2, -turn.since_ms, claim.point

    return sorted(numbers, key=rank)


def admit(
    asked: Sequence[Asked], left_ma: Sequence[int], balance: Balance, slot: int
) -> dict[int, Lack]:
    """Return who is refused and what lacks; the minima of all others fit together.

    One that only the balance refuses is asked again after others were admitted.
    """
    able = [number for number, one in enumerate(asked) if one.able]
    used_ma = [0] * len(left_ma)
    if balance.limit_ma is None and _all_fit([asked[n] for n in able], left_ma):
        return {}
    turn = order([one.claim for one in asked], able, slot)
    refused: dict[int, Lack] = {}
    while turn:
        again: list[int] = []
        for number in turn:
            one = asked[number]
            lack = _lack(one, used_ma, left_ma, balance)
            if lack is None:
                refused.pop(number, None)
                balance.add(one.claim, one.low_ma)
                for place in one.places:
                    used_ma[place] += one.low_ma
            else:
                refused[number] = lack
                if lack.pair is not None:
                    again.append(number)
        turn = again if len(again) < len(turn) else []
    return refused


def _all_fit(asked: Iterable[Asked], left_ma: Sequence[int]) -> bool:
    lows_ma: dict[tuple[int, ...], int] = {}
    for one in asked:
        lows_ma[one.places] = lows_ma.get(one.places, 0) + one.low_ma
    used_ma = [0] * len(left_ma)
    for places, low_ma in lows_ma.items():
        for place in places:
            used_ma[place] += low_ma
    return all(map(le, used_ma, left_ma))


def _lack(
    one: Asked, used_ma: Sequence[int], left_ma: Sequence[int], balance: Balance
) -> Lack | None:
    for place in one.places:
        lack_ma = used_ma[place] + one.low_ma - left_ma[place]
        if lack_ma > 0:
            return Lack(place, None, lack_ma, alone=one.low_ma <= left_ma[place])
    pair = balance.lacks(one.claim, one.low_ma)
    if pair is None:
        return None
    lack_ma = balance.fills_ma[pair] + one.low_ma - balance.cap_ma(pair)
    return Lack(None, pair, lack_ma, alone=True)


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
