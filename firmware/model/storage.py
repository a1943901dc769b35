"""What lasts: writes as facts to be kept, and the memory with which a station wakes up.

All durable writes of one step of the station become one SQLite transaction, and nothing of
that step leaves the station before it is on the disk (output commit).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from firmware.model.dlm import ForgetUnit, KeepUnit, UnitRecord
from firmware.model.fault import Fault
from firmware.model.lists import ListEntries
from firmware.model.reservation import DropReservation, PutReservation, Reservation
from firmware.model.session import Transaction
from firmware.model.settings import SettingChange
from firmware.model.values import Stamp, TokenInfo

FAULTS_KEPT = 500  # records; some months of a station with troubles
CHANGES_KEPT = 200  # writes of parameters
SECURITY_KEPT = 2_000  # records of the security log
LIST_MAX = 10_000  # tokens on the list of the back end
LIST_SENT_MAX = 500  # of them in one message; a frame has 128 KiB


@dataclass(frozen=True, slots=True)
class OutboxEntry:
    """A transaction message waiting for the back end; `seq` is the order for ever."""

    seq: int
    kind: str  # "start" | "meter" | "stop"
    transaction_key: str
    payload: str  # JSON of the OCPP payload, transactionId and timestamps to be filled in
    at: Stamp
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class FaultRecord:
    """One time that a fault was there; `number` is the order for ever.

    A fault that comes back soon after its end is the same time again: `times` counts.
    """

    number: int
    outlet: int  # 0: the station
    fault: Fault
    began: Stamp
    ended: Stamp | None = None
    times: int = 1


@dataclass(frozen=True, slots=True)
class ProfileRecord:
    """A charging profile of the back end, unique by connector (0: the station) and id."""

    connector: int
    profile_id: int
    payload: str  # JSON in the protocol's words
    transaction_key: str | None = None  # with which it ends


@dataclass(frozen=True, slots=True)
class SecurityRecord:
    """A line of the security log; `waits` for the back end to have heard of it."""

    number: int
    kind: str
    info: str
    at: Stamp
    waits: bool


@dataclass(frozen=True, slots=True)
class PutTransaction:
    """Keep this state of a transaction."""

    transaction: Transaction


@dataclass(frozen=True, slots=True)
class PutTransactionId:
    """Keep the back end's id of a transaction."""

    key: str
    transaction_id: int


@dataclass(frozen=True, slots=True)
class DropTransaction:
    """A transaction is ended and everything about it was delivered; history keeps it."""

    key: str


@dataclass(frozen=True, slots=True)
class PutOutbox:
    """Keep a message for the back end."""

    entry: OutboxEntry


@dataclass(frozen=True, slots=True)
class DropOutbox:
    """A message was delivered or given up."""

    seq: int


@dataclass(frozen=True, slots=True)
class PutSetting:
    """Keep a setting; `None` returns it to its default."""

    key: str
    value: str | None


@dataclass(frozen=True, slots=True)
class PutSettingChange:
    """Keep who changed which parameters; the oldest go when there are too many."""

    change: SettingChange


@dataclass(frozen=True, slots=True)
class PutCache:
    """Keep a verdict of the back end on a token."""

    token: str
    info: TokenInfo


@dataclass(frozen=True, slots=True)
class ClearCache:
    """Forget all verdicts."""


@dataclass(frozen=True, slots=True)
class PutNote:
    """Keep a small fact under a name: availability, latched faults."""

    name: str
    value: str | None


@dataclass(frozen=True, slots=True)
class PutFault:
    """Keep this state of a fault's record; the oldest ended ones go when there are too many."""

    record: FaultRecord


@dataclass(frozen=True, slots=True)
class PutProfile:
    """Keep a charging profile; the one of the same connector and id is replaced."""

    record: ProfileRecord


@dataclass(frozen=True, slots=True)
class DropProfile:
    """Forget a charging profile."""

    connector: int
    profile_id: int


@dataclass(frozen=True, slots=True)
class PutSecurityRecord:
    """Keep a line of the security log; the oldest go when there are too many."""

    record: SecurityRecord


@dataclass(frozen=True, slots=True)
class PutLocalList:
    """Keep an update of the back end's list; a full one replaces what was there."""

    version: int
    entries: ListEntries
    full: bool


@dataclass(frozen=True, slots=True)
class PutRegister:
    """Keep the newest register of a running transaction; batched, may be a minute old."""

    transaction_key: str
    energy_wh: int
    at: Stamp


DurableWrite = (
    PutTransaction | PutTransactionId | DropTransaction | PutOutbox | DropOutbox | PutSetting
    | PutCache | ClearCache | PutNote | PutFault | PutProfile | DropProfile | PutSecurityRecord
    | PutLocalList | PutReservation | DropReservation | PutSettingChange | KeepUnit | ForgetUnit
)  # fmt: skip
Write = DurableWrite | PutRegister
DURABLE_WRITES: tuple[type, ...] = (
    PutTransaction, PutTransactionId, DropTransaction, PutOutbox, DropOutbox, PutSetting,
    PutCache, ClearCache, PutNote, PutFault, PutProfile, DropProfile, PutSecurityRecord,
    PutLocalList, PutReservation, DropReservation, PutSettingChange, KeepUnit, ForgetUnit,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Store:
    """Make these writes one durable transaction, then answer `Stored(ticket)`.

    `ticket` 0 asks for no answer: batched writes that may be lost.
    """

    ticket: int
    writes: tuple[Write, ...]


@dataclass(frozen=True, slots=True)
class Stored:
    """The writes of this ticket are on the disk."""

    ticket: int


@dataclass(frozen=True, slots=True)
class Memory:
    """What a station knows when it wakes up."""

    boot: int  # counts the starts of the station process
    transactions: tuple[Transaction, ...] = ()  # not yet dropped
    outbox: tuple[OutboxEntry, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    cache: Mapping[str, TokenInfo] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)
    faults: tuple[FaultRecord, ...] = ()  # oldest first, at most `FAULTS_KEPT` that have ended
    profiles: tuple[ProfileRecord, ...] = ()
    security: tuple[SecurityRecord, ...] = ()  # those that wait, oldest first
    security_number: int = 0  # of the last line of the security log
    local_list: Mapping[str, TokenInfo] = field(default_factory=dict)
    local_list_version: int = 0
    reservations: tuple[Reservation, ...] = ()
    changes: tuple[SettingChange, ...] = ()  # of parameters, oldest first
    units: tuple[UnitRecord, ...] = ()  # that a master of load management knows
