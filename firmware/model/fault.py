"""The fault catalogue: every state of the world that is wrong, as data (manual section 9)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True, slots=True)
class FaultRow:
    """One row: ids and texts of the catalogue, OCPP 1.6 code, what it does to a transaction."""

    id: str
    ocpp16: str
    raised: str  # StatusNotification info, 50 characters at most
    cleared: str
    stops_transaction: bool
    station_wide: bool  # connector 0


class Fault(Enum):
    """Faults known so far; the rest of the catalogue comes with the complete pilot room."""

    GROUND_FAILURE = FaultRow(
        "F01", "GroundFailure", "Residual current detected via sensor",
        "Residual current situation resolved", True, False,
    )  # fmt: skip
    EV_ERROR = FaultRow(
        "F02", "EVCommunicationError", "Vehicle signals error", "Vehicle error resolved",
        False, False,
    )  # fmt: skip
    DIODE = FaultRow(
        "F03", "EVCommunicationError", "Vehicle diode check failed - tamper detection",
        "Vehicle with diode problem disconnected", True, False,
    )  # fmt: skip
    MCB = FaultRow(
        "F04", "OverCurrentFailure", "MCB of type 2 socket triggered", "MCB type 2 reconnected",
        True, False,
    )  # fmt: skip
    RCD = FaultRow("F06", "GroundFailure", "RCD triggered", "RCD reconnected", True, False)
    CONTACTOR_WELDED = FaultRow(
        "F08", "PowerSwitchFailure", "Contactor welded", "Contactor weld resolved", True, False
    )  # fmt: skip
    BACKEND = FaultRow(
        "F09", "OtherError", "Backend disconnected", "Backend connected", False, True
    )  # fmt: skip
    LOCK_FAILED = FaultRow(
        "F10", "ConnectorLockFailure", "Plug locking failed", "Plug locking resolved", False, False
    )  # fmt: skip
    UNLOCK_FAILED = FaultRow(
        "F11", "ConnectorLockFailure", "Type 2 actuator stuck, cannot unlock",
        "Type 2 locking actuator recovered", True, False,
    )  # fmt: skip
    LOCK_MISSING = FaultRow(
        "F12", "ConnectorLockFailure", "Could not detect type 2 locking actuator",
        "Type 2 locking actuator detected", True, False,
    )  # fmt: skip
    METER = FaultRow(
        "F13", "PowerMeterFailure", "OCPP meter not communicating",
        "OCPP meter communication recovered", True, False,
    )  # fmt: skip
    READER = FaultRow(
        "F15", "ReaderFailure", "RFID reader not communicating", "RFID reader recovered",
        False, True,
    )  # fmt: skip
    PILOT_WIRING = FaultRow(
        "X04", "EVCommunicationError", "CP/PR wiring issue", "CP/PR wiring resolved", True, False
    )  # fmt: skip
    CONTACTOR_STUCK = FaultRow(
        "S01", "PowerSwitchFailure", "Contactor does not close", "Contactor closes again",
        True, False,
    )  # fmt: skip
    PILOT_SILENT = FaultRow(
        "X08", "InternalError", "Pilot process not answering", "Pilot process back", True, False
    )  # fmt: skip

    @classmethod
    def by_id(cls, fault_id: str) -> Fault:
        """Return the fault of a catalogue id; `KeyError` for an unknown one."""
        return _BY_ID[fault_id]

    @property
    def row(self) -> FaultRow:
        """The catalogue row."""
        return self.value


_BY_ID = {fault.row.id: fault for fault in Fault}
