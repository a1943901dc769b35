"""The imbalance limit: how much more one grid phase may carry than another (B-DLM-29).

A car on both phases of a pair loads them alike and does not count. What hangs on the first of a
pair alone may be the limit more than what hangs on the second alone; and of the latter no more
counts than is drawn, because a grant that nobody takes balances nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from firmware.dlm.claims import Claim
from firmware.dlm.phases import LINE_SETS

PAIRS = ((0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1))  # fuller phase, emptier phase
_FILLS = {
    lines: tuple(k for k, (a, b) in enumerate(PAIRS) if a in lines and b not in lines)
    for lines in LINE_SETS
}
_BACKS = {
    lines: tuple(k for k, (a, b) in enumerate(PAIRS) if b in lines and a not in lines)
    for lines in LINE_SETS
}


@dataclass(slots=True)
class Balance:
    """What fills each pair, and what backs it, mA; without a limit nothing is ever over."""

    limit_ma: int | None
    fills_ma: list[int] = field(default_factory=lambda: [0] * len(PAIRS))
    backs_ma: list[int] = field(default_factory=lambda: [0] * len(PAIRS))

    def add(self, claim: Claim, limit_ma: int) -> None:
        """Count a grant."""
        if self.limit_ma is None:
            return
        for pair in _FILLS[claim.lines]:
            self.fills_ma[pair] += limit_ma
        for pair in _BACKS[claim.lines]:
            self.backs_ma[pair] += _sure(claim, limit_ma)

    def lacks(self, claim: Claim, limit_ma: int) -> int | None:
        """Return the pair that this grant would overfill, None: it may be counted."""
        if self.limit_ma is None:
            return None
        for pair in _FILLS[claim.lines]:
            if self.fills_ma[pair] + limit_ma > self.cap_ma(pair):
                return pair
        return None

    def cap_ma(self, pair: int) -> int:
        """Return how much may fill a pair."""
        assert self.limit_ma is not None
        return self.limit_ma + self.backs_ma[pair]

    def over(self) -> list[int]:
        """Return the pairs that are overfilled."""
        if self.limit_ma is None:
            return []
        return [k for k in range(len(PAIRS)) if self.fills_ma[k] > self.cap_ma(k)]


def balance_of(limit_ma: int | None, claims: Iterable[Claim], grants_ma: Iterable[int]) -> Balance:
    """Return the balance of grants."""
    balance = Balance(limit_ma)
    if limit_ma is not None:
        for claim, grant_ma in zip(claims, grants_ma, strict=True):
            balance.add(claim, grant_ma)
    return balance


def pair_places(first: int) -> dict[tuple[int, ...], tuple[int, ...]]:
    """Return the places of lines where the pairs are numbered from `first` on."""
    return {lines: tuple(first + k for k in pairs) for lines, pairs in _FILLS.items()}


def _sure(claim: Claim, limit_ma: int) -> int:
    return limit_ma if claim.drawn_ma is None else min(limit_ma, claim.drawn_ma)
