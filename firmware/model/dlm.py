"""Words between the units of load management: a unit is a station, a point one of its outlets.

A slave asks, its master answers: leases are pulled, and counted from the slave's own question.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from firmware.model.values import PhasesMa

UNIT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")  # names a certificate, ends a topic
MAX_FRAME_BYTES = 16_384  # of a word between units
MAX_LABEL = 48  # letters of the name of a station
MAX_REASON = 300  # letters of the sentence beside a limit
SOURCE = "load management"  # of the limits that it sets


@dataclass(frozen=True, slots=True)
class PointState:
    """What a unit tells of one of its outlets.

    `most_ma` is the least of its own limits, 0 while no car wants current; `uses` are the
    outlet's phases (0, 1, 2) that its car may load; `in_force_ma` is what load management
    allows there now, until the lease of the answer that the unit took last. `expects_ma` is what
    the car is seen to take at most, None while it may take everything.
    """

    point: str
    rotation: str
    uses: tuple[int, ...]
    most_ma: int
    drawn_ma: PhasesMa  # on the outlet's L1, L2, L3
    in_force_ma: int
    priority: int = 0
    it_network: bool = False
    expects_ma: int | None = None


@dataclass(frozen=True, slots=True)
class UnitAsked:
    """A unit asks for its limits. `life` counts its starts, `number` its questions in a life.

    `accepted` is the question whose answer it took last, -1 for none in this life; `label` is
    what people call it.
    """

    unit: str
    life: int
    number: int
    epoch: int
    accepted: int
    disconnected_ma: int
    points: tuple[PointState, ...]
    label: str = ""


@dataclass(frozen=True, slots=True)
class UnitAnswered:
    """The master's answer to one question: limits by point, in force for `lease_ms` from it.

    `reasons` say for each of them, in the same order, what binds it and what would raise it.
    """

    unit: str
    life: int
    number: int
    epoch: int
    lease_ms: int
    limits_ma: tuple[tuple[str, int], ...]
    reasons: tuple[str, ...] = ()


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


@dataclass(frozen=True, slots=True)
class FoundMaster:
    """What the LAN shows of a master; nobody has proved any of it. Epoch 0: it gives nothing.

    `pairing_port` is where it listens while a code is open there, else 0; `ours`: it is of this
    site, whose two masters are no rivals.
    """

    master: str
    network: int
    epoch: int
    host: str = ""
    pairing_port: int = 0
    ours: bool = False


@dataclass(frozen=True, slots=True)
class MastersFound:
    """All masters that the LAN shows now, this station's own among them or not."""

    masters: tuple[FoundMaster, ...]


@dataclass(frozen=True, slots=True)
class OpenPairing:
    """Let one station join the site by a code; answered by `PairingOpened` or `PairingTold`."""


@dataclass(frozen=True, slots=True)
class PairingOpened:
    """At the master: this code lets one station join, until then (monotonic)."""

    code: str
    until_ms: int


@dataclass(frozen=True, slots=True)
class PairWith:
    """Join the site of a master by its code; answered by `PairingTold`.

    `second`: of the master that leads while the first one is silent.
    """

    host: str
    port: int
    code: str
    second: bool = False


@dataclass(frozen=True, slots=True)
class PairingTold:
    """What has come of a code, in a sentence; `paired` where this station has joined by it.

    `open` while the code is still good: somebody has mistyped it.
    """

    text: str
    paired: bool = False
    open: bool = False


@dataclass(frozen=True, slots=True)
class Say:
    """Tell other units a word, if they can be reached; a lost one is said again later."""

    word: UnitAsked | UnitAnswered | MasterSeen


@dataclass(frozen=True, slots=True)
class AnnounceMaster:
    """Show the master of this station to the LAN; epoch 0: it does not distribute."""

    epoch: int


@dataclass(frozen=True, slots=True)
class UnitRecord:
    """What lasts of a unit: what its points may take at most, and when it hears nobody."""

    unit: str
    fuse: str
    disconnected_ma: int
    most_ma: tuple[tuple[str, int], ...]  # of each point
    rotations: tuple[tuple[str, str], ...] = ()  # of each point
    label: str = ""


@dataclass(frozen=True, slots=True)
class KeepUnit:
    """A unit is to be remembered, over restarts of the master. [B-DLM-20]"""

    record: UnitRecord


@dataclass(frozen=True, slots=True)
class ForgetUnit:
    """A unit is to be remembered no longer. [B-DLM-21]"""

    unit: str


@dataclass(frozen=True, slots=True)
class ForgetSilentUnits:
    """A person wants the master to forget every unit that it does not hear. [P122]"""


@dataclass(frozen=True, slots=True)
class BusTold:
    """How a part of the link is: empty while it is well, else why not, in a sentence."""

    part: str  # "bus" or "broker"
    problem: str


LOAD_WISHES: tuple[type, ...] = (Say, AnnounceMaster, OpenPairing, PairWith)
