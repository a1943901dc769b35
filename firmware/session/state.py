"""The memory of one outlet's session, as plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from firmware.model.fault import Fault
from firmware.model.free import free_mode
from firmware.model.machine import NEVER_MS
from firmware.model.session import SessionPhase, StartSource, Transaction
from firmware.model.settings import Settings
from firmware.model.values import CpState, Reading, StopReason

# What runs goes on, nothing new begins, and the status is Unavailable. [catalogue 3, X02, X09]
CLOSES = frozenset((Fault.UPDATING, Fault.USB_BUSY, Fault.STORAGE))


class StopMode(StrEnum):
    """Which events end a transaction. [CC613 5.1]"""

    NORMAL = "normal"
    ONLY_BY_DISCONNECTING = "only_by_disconnecting"
    ONLY_BY_RFID = "only_by_rfid_remote_stop"
    NORMAL_D_RCD = "normal_mode_d_rcd"

    @property
    def waits(self) -> bool:
        """A car that leaves may come back."""
        return self in (StopMode.ONLY_BY_DISCONNECTING, StopMode.ONLY_BY_RFID)


def stop_mode(settings: Settings) -> StopMode:
    """Return the stop mode; where no card or no back end could end it, the car that leaves does.

    [catalogue 2.6] "unplug" in modes 1 to 3, "unplug / state A" in mode 5
    """
    stops, free = StopMode(settings.text("stop_transaction_mode")), free_mode(settings)
    if stops.waits and free is not None and not (free.card and free.tells_transaction):
        return StopMode.NORMAL
    return stops


@dataclass(frozen=True, slots=True)
class Authority:
    """Who may charge here, and until when a plug has to come."""

    token: str
    source: StartSource
    parent: str | None
    until_ms: int
    reservation_id: int | None = None  # to be consumed by the start
    starter: str | None = None  # the card, where another token is billed


@dataclass(slots=True)
class SessionState:
    """Times are monotonic ms."""

    phase: SessionPhase = SessionPhase.IDLE
    phase_ms: int = 0
    woke_ms: int | None = None  # when the first fact came
    cable_ma: int | None = None
    cp: CpState | None = None  # None until the pilot has reported
    error_ms: int | None = None  # since when the car signals an error (E or F)
    contactor_closed: bool = False
    plugged_ms: int | None = None  # None as well once the plug was freed unused
    held: bool | None = None  # what the pilot was told last about the plug
    authority: Authority | None = None
    transaction: Transaction | None = None
    charged: bool = False  # the contactor was closed in this transaction
    stop: tuple[StopReason, str | None] | None = None
    reading: Reading | None = None
    ask_meter_ms: int = NEVER_MS  # when to ask again, while a register is needed
    limit_ma: int = 0
    operative: bool = True
    reserved: bool = False  # kept for somebody, who may be the one with authority
    faults: set[Fault] = field(default_factory=set)
    stops: StopMode = StopMode.NORMAL
    attached: bool = False  # the cable stays in the socket; what comes and goes is the car
    resuming: bool = False  # a transaction of an earlier boot, the pilot has not reported yet
    stored_only: bool = False  # its register is what was durable [B-OCP-32]
    numbered: int = 0  # transactions of this boot

    @property
    def plugged(self) -> bool:
        """A plug is in the socket."""
        return self.cable_ma is not None

    @property
    def occupied(self) -> bool:
        """Somebody has plugged in: the cable, or a car into a cable that stays."""
        there = not self.attached or self.cp not in (None, CpState.A)
        return self.plugged and there

    @property
    def car(self) -> bool:
        """A plug is in, with a car at its other end."""
        return self.plugged and self.cp is not None and self.cp.car

    @property
    def gone(self) -> bool:
        """Plug or car are not there, and that ends a transaction in this mode. [catalogue 2.7]"""
        car_gone = self.cp is CpState.A
        match self.stops:
            case StopMode.ONLY_BY_RFID:
                return False
            case StopMode.ONLY_BY_DISCONNECTING:
                return not self.plugged or (self.attached and car_gone)
        return not self.plugged or car_gone

    @property
    def left(self) -> bool:
        """The car was unplugged, and may come back to its transaction."""
        return self.stops.waits and (not self.plugged or self.cp is CpState.A)

    @property
    def denied(self) -> bool:
        """There is a transaction whose token the back end did not accept. [ER 3.17]"""
        return self.transaction is not None and self.transaction.denied

    @property
    def stopped_by_fault(self) -> bool:
        """A fault that no transaction survives is there."""
        return any(f.row.stops_transaction for f in self.faults)

    @property
    def usable(self) -> bool:
        """Nobody has switched it off, and nothing keeps new sessions away."""
        return self.operative and not self.faults & CLOSES
