"""Where a fuzzer's decisions come from: a seed, or the bytes that an engine mutates."""

from __future__ import annotations

from random import Random
from typing import Protocol, TypeVar

Item = TypeVar("Item")


class Choices(Protocol):
    """Decides."""

    def below(self, count: int) -> int:
        """Return a number from 0 to `count` - 1."""


class Drawn:
    """Decisions of a seed."""

    def __init__(self, random: Random) -> None:
        self._random = random

    def below(self, count: int) -> int:
        """Draw."""
        return self._random.randrange(count)


class Told:
    """Decisions of some bytes; when they are over, always the first."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def below(self, count: int) -> int:
        """Take as many bytes as the number needs."""
        value, room = 0, 1
        while room < count:
            byte = self._data[self._at] if self._at < len(self._data) else 0
            self._at += 1
            value, room = value * 256 + byte, room * 256
        return value % count


def one_of(choices: Choices, items: list[Item] | tuple[Item, ...]) -> Item:
    """Return one of these."""
    return items[choices.below(len(items))]


def often(choices: Choices, out_of: int) -> bool:
    """Tell `True` all but once in so many times."""
    return choices.below(out_of) != out_of - 1
