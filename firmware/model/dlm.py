"""Words between the units of load management: a unit is a station, a point one of its outlets.

A slave asks, its master answers: leases are pulled, and counted from the slave's own question.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from firmware.model.values import PhasesMa

UNIT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")  # names a certificate, ends a topic
MAX_FRAME_BYTES = 16_384  # of a word between units


@dataclass(frozen=True, slots=True)
class PointState:
    """What a unit tells of one of its outlets.

    `most_ma` is the least of its own limits, 0 while no car wants current; `uses` are the
    outlet's phases (0, 1, 2) that its car may load; `in_force_ma` is what load management
    allows there now, until the lease of the answer that the unit took last.
    """

    point: str
    rotation: str
    uses: tuple[int, ...]
    most_ma: int
    drawn_ma: PhasesMa  # on the outlet's L1, L2, L3
    in_force_ma: int
    priority: int = 0
    it_network: bool = False


@dataclass(frozen=True, slots=True)
class UnitAsked:
    """A unit asks for its limits. `life` counts its starts, `number` its questions in a life.

    `accepted` is the question whose answer it took last, -1 for none in this life.
    """

    unit: str
    life: int
    number: int
    epoch: int
    accepted: int
    disconnected_ma: int
    points: tuple[PointState, ...]


@dataclass(frozen=True, slots=True)
class UnitAnswered:
    """The master's answer to one question: limits by point, in force for `lease_ms` from it."""

    unit: str
    life: int
    number: int
    epoch: int
    lease_ms: int
    limits_ma: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class MasterSeen:
    """A master shows itself on the LAN: a discovery beacon, or a fixed address that answers."""

    master: str
    network: int
    epoch: int


@dataclass(frozen=True, slots=True)
class PointTold:
    """Inside a unit: what one of its outlets wants and draws now."""

    point: PointState


@dataclass(frozen=True, slots=True)
class PointLimited:
    """Inside a unit: what load management allows an outlet, and why in one sentence."""

    point: str
    limit_ma: int
    reason: str


@dataclass(frozen=True, slots=True)
class SiteRoomChanged:
    """At the master: what the fuses named here may carry for cars now, less than their limit."""

    available: tuple[tuple[str, PhasesMa], ...]


@dataclass(frozen=True, slots=True)
class SiteLimitSet:
    """At the master: a source limits all stations of the site, per grid phase, until lifted."""

    source: str  # "external input 1", "external input 2", "meter input", "scheduler"
    limit_ma: PhasesMa
    reason: str  # one sentence: whose rule, what would change it


@dataclass(frozen=True, slots=True)
class SiteLimitLifted:
    """At the master: a source limits the site no longer."""

    source: str
