"""What a pilot core is told, and what it wants driven; the rest of its words are in the model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from firmware.model.machine import Tick
from firmware.model.outlet import PilotFact
from hal.ports import OutletDrive, OutletSample


@dataclass(frozen=True, slots=True)
class Traits:
    """What the board says of an outlet."""

    outlet: int
    max_ma: int
    lock: bool  # has a locking actuator
    mirror: bool  # has a mirror contact
    residual: bool = False  # has a residual current sensor that can test itself
    residual_reset_ms: int = 10_000  # [CC613 9] 900,000 with a module D0469 or older
    tethered: bool = False  # its cable is fixed: there is no plug to sense here
    ventilation: bool = False  # has a fan to switch on for a car in state D
    phase_switch: bool = False  # can leave out L2 and L3

    @classmethod
    def of(cls, profile: Any) -> Traits:
        """Return what an outlet of a board file (`hal.board.OutletProfile`) says."""
        return cls(
            profile.number,
            profile.max_ma,
            profile.lock,
            profile.mirror_contact,
            residual=profile.residual,
            residual_reset_ms=profile.residual_reset_s * 1_000,
            tethered=profile.tethered,
            ventilation=profile.ventilation,
            phase_switch=profile.phase_switch,
        )


@dataclass(frozen=True, slots=True)
class Sampled:
    """The port gave a sample."""

    sample: OutletSample


@dataclass(frozen=True, slots=True)
class SampleLost:
    """The port had no sample to trust."""


@dataclass(frozen=True, slots=True)
class LoopLate:
    """Nobody looked for so long that the board's deadman may have opened the contactor."""

    late_ms: int


@dataclass(frozen=True, slots=True)
class StationHeard:
    """A station is there; without one for long, a plug is set free."""


@dataclass(frozen=True, slots=True)
class PermitGiven:
    """The station allows `limit_ma` on so many phases until `expires_ms` (monotonic).

    `wake`: a car that sleeps through the offer may be woken.
    """

    limit_ma: int
    expires_ms: int
    phases: int = 3
    wake: bool = True


@dataclass(frozen=True, slots=True)
class PermitTaken:
    """The station takes its permit back."""

    reason: str


@dataclass(frozen=True, slots=True)
class LockAsked:
    """The station wants the plug held or free."""

    locked: bool


@dataclass(frozen=True, slots=True)
class Drive:
    """Put this complete order on the pins."""

    drive: OutletDrive


PilotIn = (
    Sampled | SampleLost | LoopLate | StationHeard | PermitGiven | PermitTaken | LockAsked | Tick
)
PilotOut = Drive | PilotFact
