"""Facts and wishes that cross the link between `pilotd` and `stationd`, one outlet each."""

from __future__ import annotations

from dataclasses import dataclass

from firmware.model.fault import Fault
from firmware.model.values import CpState

# -- facts, from the pilot ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CpChanged:
    """The control pilot is now in this state."""

    outlet: int
    cp: CpState
    at_ms: int


@dataclass(frozen=True, slots=True)
class CableChanged:
    """A plug is in the socket with a cable of this rating; `None`: no plug."""

    outlet: int
    cable_ma: int | None
    at_ms: int


@dataclass(frozen=True, slots=True)
class ContactorMoved:
    """The contactor is now closed or open, and why it was moved."""

    outlet: int
    closed: bool
    reason: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class LockMoved:
    """The plug is now held or free."""

    outlet: int
    locked: bool
    at_ms: int


@dataclass(frozen=True, slots=True)
class OfferChanged:
    """The duty cycle now offers this current; 0 is X1 or state F."""

    outlet: int
    offered_ma: int
    at_ms: int


@dataclass(frozen=True, slots=True)
class FaultRaised:
    """A fault of the catalogue began on this outlet (0: the station)."""

    outlet: int
    fault: Fault
    at_ms: int


@dataclass(frozen=True, slots=True)
class FaultCleared:
    """A fault of the catalogue ended."""

    outlet: int
    fault: Fault
    at_ms: int


@dataclass(frozen=True, slots=True)
class PermitEnded:
    """The pilot no longer holds a permit: `expired`, `revoked` or `link_lost`."""

    outlet: int
    reason: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class PilotFound:
    """The link to `pilotd` is up; the present state of every outlet follows as facts."""

    at_ms: int


@dataclass(frozen=True, slots=True)
class PilotLost:
    """The link to `pilotd` ended."""

    at_ms: int


@dataclass(frozen=True, slots=True)
class CpToggled:
    """The car showed C for a moment and went back to B: it wants something said (BCB)."""

    outlet: int
    width_ms: int
    at_ms: int


PilotFact = (
    CpChanged | CableChanged | ContactorMoved | LockMoved | OfferChanged | FaultRaised
    | FaultCleared | PermitEnded | CpToggled
)  # fmt: skip

# -- wishes, to the pilot -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class GivePermit:
    """Allow up to `limit_ma`, from 6,000 mA on. The adapter renews it while the station lives.

    `phases` is 1 or 3; a board that cannot switch them gives what it has. `wake`: a car that
    sleeps through the offer may be woken [P102].
    """

    outlet: int
    limit_ma: int
    phases: int = 3
    wake: bool = True


@dataclass(frozen=True, slots=True)
class EndPermit:
    """Take the permit back: X1 first, the car has six seconds, then the contactor opens."""

    outlet: int
    reason: str


@dataclass(frozen=True, slots=True)
class HoldLock:
    """Hold the plug or set it free; the pilot frees it only with the contactor open."""

    outlet: int
    locked: bool


StationWish = GivePermit | EndPermit | HoldLock
