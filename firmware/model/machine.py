"""The one shape of everything that has state and time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, TypeVar

NEVER_MS = 1 << 62  # a deadline that does not come

Fact = TypeVar("Fact", contravariant=True)
Wish = TypeVar("Wish", covariant=True)


class Machine(Protocol[Fact, Wish]):
    """A deterministic state machine. Time enters only as `now_ms` (monotonic)."""

    def handle(self, fact: Fact, now_ms: int) -> Iterable[Wish]:
        """Take a fact, return what is wished; total over facts and states."""

    def deadline_ms(self) -> int:
        """Return when to call again with `Tick` if no fact comes first; `NEVER_MS` if never."""


class Tick:
    """The fact that a deadline was reached; carries nothing."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Tick()"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Tick)

    def __hash__(self) -> int:
        return 7


TICK = Tick()
