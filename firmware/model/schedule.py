"""Entries of the weekly table of currents: from which minute of which days, how much a phase.

An entry holds until the next one begins. [CC613 7.4.1, A-23]
"""

from __future__ import annotations

import re
from dataclasses import dataclass

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_ENTRY = re.compile(r"([a-z,-]+) ([01]\d|2[0-3]):([0-5]\d) (\d{1,4})/(\d{1,4})/(\d{1,4})", re.A)


@dataclass(frozen=True, slots=True)
class ScheduleEntry:
    """From `minute` of each of `days` (0 is Monday) so many A on L1, L2 and L3."""

    days: tuple[int, ...]
    minute: int
    limits_ma: tuple[int, int, int]
    text: str  # as it is written


def read_entry(text: str) -> ScheduleEntry:
    """Return an entry like `mon-fri,sun 22:00 16/16/16`; raise `ValueError`."""
    found = _ENTRY.fullmatch(text.strip())
    if found is None:
        raise ValueError(text)
    days: set[int] = set()
    for part in found[1].split(","):
        first, _, last = part.partition("-")
        low, high = DAYS.index(first), DAYS.index(last or first)
        if low > high:
            raise ValueError(text)
        days |= set(range(low, high + 1))
    one, two, three = (int(found[i]) * 1_000 for i in (4, 5, 6))
    minute = int(found[2]) * 60 + int(found[3])
    return ScheduleEntry(tuple(sorted(days)), minute, (one, two, three), text.strip())
