"""Words of a session (plug to unplug) and of a transaction (what is billed)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from firmware.model.values import ConnectorStatus, Reading, Stamp, StopReason, TokenInfo


@dataclass(frozen=True, slots=True)
class Transaction:
    """What is billed. `key` is ours and unique for ever; `transaction_id` is the back end's.

    A reason without an end is a stop that was asked for and has not been carried out yet.
    """

    key: str  # "<boot>-<outlet>-<number>"
    outlet: int
    token: str
    began: Stamp
    meter_start_wh: int
    last_wh: int  # newest register known, durable within a minute
    last_at: Stamp
    transaction_id: int | None = None
    parent: str | None = None
    ended: Stamp | None = None
    stop_reason: StopReason | None = None
    stop_token: str | None = None  # who stopped it, when a person did
    denied: bool = False  # the back end did not accept the token; it runs without energy
    reservation_id: int | None = None  # of the back end, which this start consumed
    starter: str | None = None  # the card that began it, where another token is billed
    private: bool = False  # the back end never hears of it [free charging]


class StartSource(StrEnum):
    """Where the permission for a session came from."""

    CARD = "card"
    REMOTE = "remote"
    FREE = "free"
    CAR = "car"  # it named itself over high-level communication


# -- facts and wishes among the parts of the station ----------------------------------------


@dataclass(frozen=True, slots=True)
class CardSeen:
    """A card was presented once; UID in the order of the air interface, lower-case hex.

    A `secure` one has proved that it holds the key; its `uid` is then the id that it keeps.
    """

    uid: str
    reader: int
    at_ms: int
    kind: str = "mifare_classic"  # "random": the UID is another at each presentation
    secure: bool = False


@dataclass(frozen=True, slots=True)
class CarIdentified:
    """A car named itself by its EVCCID over high-level communication: 12 hex digits."""

    outlet: int
    address: str


@dataclass(frozen=True, slots=True)
class ReaderOpened:
    """A master card lets other cards be read for a while."""

    token: str
    until_ms: int


@dataclass(frozen=True, slots=True)
class TokenAccepted:
    """This token may charge on this outlet."""

    outlet: int
    token: str
    source: StartSource
    parent: str | None = None
    reservation_id: int | None = None  # to be consumed by the start
    starter: str | None = None  # the card that was presented, where another token is billed


@dataclass(frozen=True, slots=True)
class TokenRefused:
    """A token may not charge, with the rule that said so in one sentence."""

    token: str
    reason: str


@dataclass(frozen=True, slots=True)
class TokenAsked:
    """A token is being checked; the ring shows it."""

    token: str


@dataclass(frozen=True, slots=True)
class TokenWaits:
    """An accepted token waits for the next plug, whichever outlet that is."""

    token: str
    until_ms: int


@dataclass(frozen=True, slots=True)
class AuthorityExpired:
    """An accepted token found no plug in time."""

    outlet: int
    token: str


@dataclass(frozen=True, slots=True)
class StopAsked:
    """Somebody with the right to do so wants this outlet's transaction to end."""

    outlet: int
    reason: StopReason
    token: str | None = None


@dataclass(frozen=True, slots=True)
class TransactionBegan:
    """A transaction exists from now on."""

    transaction: Transaction


@dataclass(frozen=True, slots=True)
class TransactionEnded:
    """A transaction is complete; `last_wh` is its final register."""

    transaction: Transaction


@dataclass(frozen=True, slots=True)
class TransactionConfirmed:
    """The back end answered a StartTransaction."""

    key: str
    outlet: int
    transaction_id: int
    info: TokenInfo


@dataclass(frozen=True, slots=True)
class EnergySampled:
    """A reading that belongs to a transaction, for MeterValues: `Sample.Periodic`, …"""

    transaction_key: str | None
    outlet: int
    reading: Reading
    at: Stamp
    context: str
    measurands: tuple[str, ...]
    offered_ma: int | None = None  # what the pilot offers to the car, once that is known


@dataclass(frozen=True, slots=True)
class ConnectorChanged:
    """The OCPP face of an outlet (0: the station)."""

    outlet: int
    status: ConnectorStatus
    error: str = "NoError"
    info: str | None = None
    vendor_error: str | None = None


@dataclass(frozen=True, slots=True)
class EnergyWanted:
    """A session wants power on its outlet, or no longer."""

    outlet: int
    wanted: bool
    reason: str


@dataclass(frozen=True, slots=True)
class LimitChanged:
    """The effective limit of an outlet, and which source binds."""

    outlet: int
    limit_ma: int
    source: str
    reason: str


@dataclass(frozen=True, slots=True)
class ReadMeter:
    """Ask the charging meter of an outlet now."""

    outlet: int


@dataclass(frozen=True, slots=True)
class MeterRead:
    """A charging meter answered."""

    outlet: int
    reading: Reading


@dataclass(frozen=True, slots=True)
class MeterSilent:
    """A charging meter did not answer."""

    outlet: int
    at_ms: int


@dataclass(frozen=True, slots=True)
class ShowPattern:
    """Show this pattern of a profile on the ring, as it began at `since_ms`, so bright."""

    pattern: str
    since_ms: int
    profile: str = "cc613"
    percent: int = 100


class SessionPhase(StrEnum):
    """Where an outlet is in its session; see `firmware.session.rules` for the ways between."""

    IDLE = "idle"
    PLUGGED = "plugged"  # a cable, no authority
    AUTHORISED = "authorised"  # authority, no car yet
    STARTING = "starting"  # both; the register is being read
    RUNNING = "running"  # a transaction
    ENDING = "ending"  # power off, last register
    FINISHING = "finishing"  # billed, the plug is still in


@dataclass(frozen=True, slots=True)
class SessionShown:
    """What people should see of an outlet."""

    outlet: int
    phase: SessionPhase
    charging: bool
    faulted: bool
    operative: bool
    reserved: bool = False


@dataclass(frozen=True, slots=True)
class TokenPresented:
    """A token asks for leave, for an outlet or for any."""

    token: str
    outlet: int | None
    source: StartSource
    thorough: bool = False  # its parent must be known: the back end is asked where it is there


@dataclass(frozen=True, slots=True)
class TokenJudged:
    """The authorisation's verdict; `reason` is one sentence with the rule that decided."""

    token: str
    outlet: int | None
    source: StartSource
    accepted: bool
    parent: str | None
    reason: str
    guess: bool = False  # nobody was asked for its parent
    only: tuple[int, ...] = ()  # the outlets that its entry names; none: all
    starter: str | None = None  # the card that was presented, where another token is billed


@dataclass(frozen=True, slots=True)
class OperativeChanged:
    """An outlet may or may not be used from now on."""

    outlet: int
    operative: bool


@dataclass(frozen=True, slots=True)
class UnlockAsked:
    """Free the plug, whatever the session thinks; the transaction was stopped before."""

    outlet: int
