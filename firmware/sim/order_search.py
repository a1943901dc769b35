"""Executes every distinct step of all orders of `orders`; equal states at one instant are one.

A state is the pickle of the whole rig. Whatever orders lead to it, its end is played once.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from firmware.model.settings import Settings
from firmware.sim.leave import Policy, Wrong
from firmware.sim.orders import NAMES, Rig

PROBLEMS_MAX = 10


@dataclass(slots=True)
class Found:
    """What a search has found."""

    orders: int = 0
    steps: int = 0  # distinct ones, executed
    ends: int = 0  # distinct ones, played to their end
    transactions: int = 0  # of the orders that were executed
    problems: list[str] = field(default_factory=list)


def search(
    policy: Policy,
    length: int,
    advance: Callable[[int], None] = lambda _n: None,
    *,
    settings: Settings | None = None,
) -> Found:
    """Execute every distinct step of all orders of up to so many events, and their ends.

    `advance` is told how many orders each step stood for; with `settings` the station is set
    otherwise than the outsider's policy says.
    """
    found, shelf = Found(), Shelf()
    layer: dict[bytes, Reached] = {b"": Reached(shelf.saved(Rig(policy, settings)), 1, ())}
    for depth in range(1, length + 1):
        after: dict[bytes, Reached] = {}
        for at in layer.values():
            for name in NAMES:
                path = (*at.path, name)
                found.orders += at.count
                found.steps += 1
                try:
                    rig = shelf.opened(at.state)
                    rig.event(name)
                    _keep(after, Reached(shelf.saved(rig), at.count, path))
                except Wrong as problem:
                    _note(found, problem, path)
            advance(at.count * len(NAMES))
        for at in after.values():
            found.ends += 1
            rig = shelf.opened(at.state)
            try:
                rig.heal()
            except Wrong as problem:
                _note(found, problem, at.path)
            found.transactions += len(rig.around.ledger.transactions)
        layer = after if depth < length else {}
    return found


@dataclass(slots=True)
class Reached:
    """A state, how many orders lead there, and one of them."""

    state: bytes
    count: int
    path: tuple[str, ...]


class Shelf:
    """Keeps the parameters, which no order changes: in a state they are a number."""

    def __init__(self) -> None:
        self.kept: list[Settings] = []

    def saved(self, rig: Rig) -> bytes:
        """Return all that matters of now."""
        out = io.BytesIO()
        _Saver(out, self.kept).dump(rig)
        return out.getvalue()

    def opened(self, state: bytes) -> Rig:
        """Return the rig of a state."""
        rig = _Opener(io.BytesIO(state), self.kept).load()
        assert isinstance(rig, Rig)
        return rig


class _Saver(pickle.Pickler):
    def __init__(self, file: io.BytesIO, kept: list[Settings]) -> None:
        super().__init__(file, protocol=5)
        self.kept = kept
        self.dispatch_table = {Settings: self.number}

    def number(self, settings: Settings) -> tuple[Any, ...]:
        for number, known in enumerate(self.kept):
            if known is settings:
                return taken, (number,)
        self.kept.append(settings)
        return taken, (len(self.kept) - 1,)


def taken(number: int) -> Settings:
    """Stand in a state for what a shelf keeps; only a shelf can open it."""
    raise LookupError(f"parameters {number} lie on a shelf")


class _Opener(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, kept: list[Settings]) -> None:
        super().__init__(file)
        self.kept = kept

    def find_class(self, module: str, name: str) -> Any:
        if name == taken.__name__ and module == __name__:
            return self.kept.__getitem__
        return super().find_class(module, name)


def _keep(after: dict[bytes, Reached], at: Reached) -> None:
    known = after.setdefault(blake2b(at.state, digest_size=16).digest(), at)
    if known is not at:
        known.count += at.count


def _note(found: Found, problem: Wrong, path: tuple[str, ...]) -> None:
    if len(found.problems) < PROBLEMS_MAX:
        found.problems.append(f"{problem}: after {', '.join(path)}")
