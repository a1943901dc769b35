"""Values that more than one part speaks of: tokens, readings, stamps, verdicts, limits."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

PhasesMa = tuple[int, int, int]  # mA on L1, L2, L3 in grid order

MIN_CURRENT_MA = 6_000  # [61851-1 A.2] below this nothing is offered
MAX_CURRENT_MA = 80_000
FOLLOW_MS = 6_000  # [61851-1 A.6] a car has 5 s to follow a lower limit, and a meter one to tell


@dataclass(frozen=True, slots=True)
class Stamp:
    """When something happened: monotonic within one boot, and UTC once that is known."""

    boot: int
    mono_ms: int
    utc_ms: int | None


@dataclass(frozen=True, slots=True)
class Reading:
    """A meter's word, with its age. Energy is the register in Wh, never re-based.

    Power is negative where it is exported; currents may be magnitudes.
    """

    energy_wh: int
    power_w: int
    currents_ma: PhasesMa
    at_ms: int
    voltages_mv: tuple[int, int, int] | None = None
    powers_w: tuple[int, int, int] | None = None  # of each phase
    digital_input: bool | None = None  # of the meter, where it has one that is asked for


class CpState(StrEnum):
    """What the control pilot says. Suffix 1: no PWM, suffix 2: PWM is on."""

    A = "A"
    B1 = "B1"
    B2 = "B2"
    C1 = "C1"
    C2 = "C2"
    D1 = "D1"
    D2 = "D2"
    E = "E"
    F = "F"
    INVALID = "invalid"

    @property
    def car(self) -> bool:
        """A car shows itself."""
        return self in _CAR

    @property
    def asking(self) -> bool:
        """The car has closed S2."""
        return self in _ASKING


_CAR = frozenset((CpState.B1, CpState.B2, CpState.C1, CpState.C2, CpState.D1, CpState.D2))
_ASKING = frozenset((CpState.C1, CpState.C2, CpState.D1, CpState.D2))


class Verdict(StrEnum):
    """What became of the question whether a token may charge (OCPP AuthorizationStatus)."""

    ACCEPTED = "Accepted"
    BLOCKED = "Blocked"
    EXPIRED = "Expired"
    INVALID = "Invalid"
    CONCURRENT_TX = "ConcurrentTx"


@dataclass(frozen=True, slots=True)
class TokenInfo:
    """A verdict on a token, with what the back end said beside it."""

    verdict: Verdict
    parent: str | None = None
    expires_utc_ms: int | None = None


class StopReason(StrEnum):
    """Why a transaction ended (OCPP 1.6 Reason)."""

    LOCAL = "Local"
    REMOTE = "Remote"
    EV_DISCONNECTED = "EVDisconnected"
    DEAUTHORIZED = "DeAuthorized"
    POWER_LOSS = "PowerLoss"
    HARD_RESET = "HardReset"
    SOFT_RESET = "SoftReset"
    UNLOCK_COMMAND = "UnlockCommand"
    EMERGENCY_STOP = "EmergencyStop"
    OTHER = "Other"
    REBOOT = "Reboot"


class ConnectorStatus(StrEnum):
    """OCPP 1.6 ChargePointStatus."""

    AVAILABLE = "Available"
    PREPARING = "Preparing"
    CHARGING = "Charging"
    SUSPENDED_EVSE = "SuspendedEVSE"
    SUSPENDED_EV = "SuspendedEV"
    FINISHING = "Finishing"
    RESERVED = "Reserved"
    UNAVAILABLE = "Unavailable"
    FAULTED = "Faulted"


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit with who set it and why; `expires_ms` is monotonic."""

    source: str
    limit_ma: int
    reason: str
    expires_ms: int


@dataclass(frozen=True, slots=True)
class LimitSet:
    """A source limits an outlet from now on; `limit.expires_ms` ends it."""

    outlet: int
    limit: Limit


@dataclass(frozen=True, slots=True)
class LimitLifted:
    """A source limits an outlet no longer."""

    outlet: int
    source: str


def token_key(token: str) -> str:
    """Return the form in which tokens are compared: OCPP idTokens ignore case (E2 3.9)."""
    return token.casefold()


@dataclass(frozen=True, slots=True)
class OwnLimitChanged:
    """The least of an outlet's limits but that of load management, which divides what is left."""

    outlet: int
    limit_ma: int
