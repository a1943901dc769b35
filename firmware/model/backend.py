"""Facts and wishes between the station and its back end, free of any OCPP version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from firmware.model.values import StopReason, TokenInfo

# -- the wire -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BackendConnected:
    """The WebSocket is open; `anchor` is the SHA-256 of the root on which its TLS stands."""

    at_ms: int
    anchor: str = ""


class Loss(StrEnum):
    """Why there is no WebSocket, as far as security wants to know."""

    OURS = "ours"  # closed by the station itself
    CERTIFICATE = "certificate"  # of the server: expired, another host, untrusted
    TLS_VERSION = "tls version"
    TLS_CIPHER = "tls cipher"
    CLIENT = "client certificate"  # ours was refused
    TLS = "tls"  # for another reason
    INTERFACE = "interface"  # there is none of the chosen kind
    NAME = "name"  # it cannot be resolved
    TCP = "tcp"  # nobody takes the connection
    HTTP = "http"  # it is taken by what is no back end for us
    REFUSED = "refused"  # 401 or 403
    UNKNOWN = "unknown"  # 404
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class BackendLost:
    """The WebSocket is gone, or could not be opened; `reason` is a sentence for people."""

    at_ms: int
    reason: str
    cause: Loss = Loss.OTHER


@dataclass(frozen=True, slots=True)
class FrameReceived:
    """A text frame came in."""

    text: str


@dataclass(frozen=True, slots=True)
class SendFrame:
    """Send a text frame; lost silently when the connection is gone (`BackendLost` tells)."""

    text: str


@dataclass(frozen=True, slots=True)
class DropConnection:
    """Close the WebSocket and open it anew."""

    reason: str


@dataclass(frozen=True, slots=True)
class BackendReady:
    """BootNotification was Accepted on this connection."""

    at_ms: int


@dataclass(frozen=True, slots=True)
class ClockSynced:
    """Wall time is known: UTC in ms at monotonic 0."""

    utc_at_zero_ms: int
    source: str


# -- authority ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AskBackend:
    """Ask whether a token may charge."""

    token: str


@dataclass(frozen=True, slots=True)
class BackendAnswered:
    """The back end's verdict on a token; `None` when there is no answer to be had."""

    token: str
    info: TokenInfo | None


# -- requests of the back end; each is answered by `Answer` with the same call -----------------


@dataclass(frozen=True, slots=True)
class RemoteStartRequested:
    """RemoteStartTransaction; outlet `None` leaves the choice to the station.

    `profile` is the charging profile of the transaction that starts, in the protocol's words.
    """

    call: str
    outlet: int | None
    token: str
    profile: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True)
class RemoteStopRequested:
    """RemoteStopTransaction."""

    call: str
    transaction_id: int


@dataclass(frozen=True, slots=True)
class UnlockRequested:
    """UnlockConnector."""

    call: str
    outlet: int


@dataclass(frozen=True, slots=True)
class ResetRequested:
    """Reset."""

    call: str
    hard: bool


@dataclass(frozen=True, slots=True)
class AvailabilityRequested:
    """ChangeAvailability; outlet 0 is the station."""

    call: str
    outlet: int
    operative: bool


@dataclass(frozen=True, slots=True)
class CacheClearRequested:
    """ClearCache."""

    call: str


@dataclass(frozen=True, slots=True)
class ConfigurationRequested:
    """GetConfiguration; no keys asks for all."""

    call: str
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ConfigurationChangeRequested:
    """ChangeConfiguration."""

    call: str
    key: str
    value: str


@dataclass(frozen=True, slots=True)
class SampleRequested:
    """TriggerMessage(MeterValues): sample now, context `Trigger`. Has no answer of its own."""

    outlet: int


@dataclass(frozen=True, slots=True)
class SetChargingProfileRequested:
    """SetChargingProfile; `profile` is in the protocol's words, outlet 0 is the station."""

    call: str
    outlet: int
    profile: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class ClearChargingProfileRequested:
    """ClearChargingProfile; what is `None` does not choose."""

    call: str
    profile_id: int | None = None
    outlet: int | None = None
    purpose: str | None = None
    stack_level: int | None = None


@dataclass(frozen=True, slots=True)
class CompositeScheduleRequested:
    """GetCompositeSchedule; outlet 0 is the station, the unit is `A` or `W`."""

    call: str
    outlet: int
    duration_s: int
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class KeyValue:
    """One entry of a GetConfiguration answer."""

    key: str
    readonly: bool
    value: str | None


@dataclass(frozen=True, slots=True)
class Answer:
    """The station's answer to a request of the back end: `Accepted`, `Rejected`, …

    `more` is what stands beside the status; an empty status is none.
    """

    call: str
    status: str
    more: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tell:
    """Ask the back end this when the line is free; `Told` with the same `ref` follows, always."""

    ref: str
    action: str
    payload: Mapping[str, object]
    asked: bool = False  # by TriggerMessage: may go out while Pending, too
    last: bool = False  # only when nothing else wants the line, transaction messages included


@dataclass(frozen=True, slots=True)
class Told:
    """What the back end answered to `Tell`; `None` where it refused, was silent or is away."""

    ref: str
    answer: Mapping[str, object] | None
    refused: str = ""  # the code of a CALLERROR


@dataclass(frozen=True, slots=True)
class ConfigurationAnswer:
    """The answer to `ConfigurationRequested`."""

    call: str
    known: tuple[KeyValue, ...]
    unknown: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Restart:
    """End this process group orderly and start again; answered requests have left before."""

    reason: StopReason
