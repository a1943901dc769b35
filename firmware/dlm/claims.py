"""What the allocation takes and gives: claims of points, the policy, grants with their reason."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from firmware.dlm.phases import Lines
from firmware.dlm.tree import Load

SLOT_MS = 15 * 60_000  # B-DLM-14


@dataclass(frozen=True, slots=True)
class Turn:
    """Since when a point is served or waits, and the slot in which its place was confirmed."""

    since_ms: int
    served: bool = False
    slot: int = -1


@dataclass(frozen=True, slots=True)
class Claim:
    """A car that would take current now: `least_ma` or nothing, `most_ma` at most.

    `drawn_ma` is what it measurably draws, None where nobody measures: the imbalance limit
    relies on no more than that. A higher `priority` comes first when not all can be served.
    """

    point: str
    fuse: str
    lines: Lines
    most_ma: int
    least_ma: int
    turn: Turn
    weight: int = 1
    priority: int = 0
    drawn_ma: int | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """How is distributed; `imbalance_ma` None: phases may differ as they like."""

    step_ma: int = 1_000
    imbalance_ma: int | None = None
    slot_ms: int = SLOT_MS


class Bound(StrEnum):
    """What keeps a grant from being higher."""

    OWN_LIMIT = "own limit"  # of the point, the cable or what the car takes
    FUSE = "fuse"
    IMBALANCE = "imbalance"
    TURN = "turn"  # others are served on that phase; places change with the slots
    NO_ROOM = "no room"  # its minimum would not fit if it were alone
    TOO_LOW = "too low"  # its own limit is below its minimum


class Grant(NamedTuple):
    """What a point gets, mA on each of its lines (0: pause), and what binds it.

    `fuse` and `phase` say where it binds; with IMBALANCE `phase` is the full one and `other` the
    one on which more load would help. `sharing` points are served there, this one counted;
    `missing_ma` is what the place lacks for the minimum of a paused point.
    """

    load: Load
    bound: Bound
    fuse: str | None = None
    phase: int | None = None
    other: int | None = None
    sharing: int = 0
    missing_ma: int = 0

    @property
    def limit_ma(self) -> int:
        """The limit, mA."""
        return self.load.limit_ma
