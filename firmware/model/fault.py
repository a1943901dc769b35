"""The fault catalogue: every state of the world that is wrong, as data.

F rows are the manual's section 9, X rows the further ones of its controller family, S rows what
IEC 61851-1 and this product need beside them. The order is the rank: of several faults the first
that stops a transaction is shown, else the first.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True, slots=True)
class FaultRow:
    """One row: codes and texts for the back end, what it does, what ends it, what helps."""

    id: str
    ocpp16: str
    raised: str  # StatusNotification info, 50 characters at most
    cleared: str
    stops_transaction: bool
    station_wide: bool  # connector 0
    clears: str  # what ends it
    advice: str  # for the installer

    @property
    def ocpp15(self) -> str:
        """OCPP 1.5 has no word for some; `Mode3Error` for what a car or its line does. [A-04]"""
        return _OLDER.get(self.ocpp16, self.ocpp16)


_OLDER = {
    "EVCommunicationError": "Mode3Error",
    "InternalError": "OtherError",
    "OverVoltage": "OtherError",
}
_NORMAL = "the input is normal again"
_ANSWER = "the first valid answer"


class Fault(Enum):
    """Every fault there is."""

    # fmt: off
    GROUND_FAILURE = FaultRow(
        "F01", "GroundFailure", "Residual current detected via sensor",
        "Residual current situation resolved", True, False,
        "the plug is out; else 10 s after the car has left, 15 min with module D0469 or older",
        "If it persists, check car and cable, then the yellow coil and its plug.",
    )
    EV_ERROR = FaultRow(
        "F02", "EVCommunicationError", "Vehicle signals error", "Vehicle error resolved", False,
        False,
        "the pilot line shows a valid state again",
        "Disconnect the car and try again; check the cable's CP wire for a short.",
    )
    DIODE = FaultRow(
        "F03", "EVCommunicationError", "Vehicle diode check failed - tamper detection",
        "Vehicle with diode problem disconnected", True, False,
        "the car has been disconnected", "Try another car: the diode sits in the car.",
    )
    MCB = FaultRow(
        "F04", "OverCurrentFailure", "MCB of type 2 socket triggered", "MCB type 2 reconnected",
        True, False,
        _NORMAL, "Find the overload, then re-arm the MCB on site.",
    )
    MCB_DOMESTIC = FaultRow(
        "F05", "OverCurrentFailure", "MCB of domestic socket triggered",
        "MCB domestic socket reconnected", True, False,
        _NORMAL, "Find the overload, then re-arm the MCB on site.",
    )
    RCD = FaultRow(
        "F06", "GroundFailure", "RCD triggered", "RCD reconnected", True, False,
        _NORMAL, "Measure the insulation, then switch the RCD on again.",
    )
    SURGE = FaultRow(
        "F07", "OtherError", "Surge Protection Device (SPD) tripped. Replace.",
        "SPD reconnected", False, True,
        _NORMAL, "Replace the surge protection device.",
    )
    CONTACTOR_WELDED = FaultRow(
        "F08", "PowerSwitchFailure", "Contactor welded", "Contactor weld resolved", True, False,
        "the contacts are open on an open order",
        "At once: the socket may be live without a plug. Switch off upstream, replace it.",
    )
    BACKEND = FaultRow(
        "F09", "OtherError", "Backend disconnected", "Backend connected", False, True,
        "the connection is back", "See the connection diagnosis.",
    )
    LOCK_FAILED = FaultRow(
        "F10", "ConnectorLockFailure", "Plug locking failed", "Plug locking resolved", False,
        False,
        "the pin locks, or the plug is out",
        "Typically a plug not fully inserted: unplug and plug again.",
    )
    UNLOCK_FAILED = FaultRow(
        "F11", "ConnectorLockFailure", "Type 2 actuator stuck, cannot unlock",
        "Type 2 locking actuator recovered", True, False,
        "the pin is out; an unlock command or a hard reset tries again",
        "Take the load off the plug, move the pin by the red lever, clean the actuator.",
    )
    LOCK_MISSING = FaultRow(
        "F12", "ConnectorLockFailure", "Could not detect type 2 locking actuator",
        "Type 2 locking actuator detected", True, False,
        "the actuator is detected", "Check the actuator's plug and wires.",
    )
    METER = FaultRow(
        "F13", "PowerMeterFailure", "OCPP meter not communicating",
        "OCPP meter communication recovered", True, False,
        _ANSWER, "Check the meter's supply, wires and address.",
    )
    EXTERNAL_METER = FaultRow(
        "F14", "PowerMeterFailure", "External meter not communicating",
        "External meter communication recovered", False, True,
        _ANSWER, "Check the meter's network and address.",
    )
    READER = FaultRow(
        "F15", "ReaderFailure", "RFID reader not communicating", "RFID reader recovered", False,
        True,
        _ANSWER, "Check the reader's wires and the LED type setting.",
    )
    LOCKED_WITHOUT_PLUG = FaultRow(
        "X01", "ConnectorLockFailure", "Locking without plug error.", "Actuator free again",
        False, False,
        "a plug is detected, or the pin is out",
        "Check the plug's proximity contact, then the actuator's end switches.",
    )
    UPDATING = FaultRow(
        "X02", "OtherError", "FW Update in progress.", "FW Update finished", False, True,
        "the update has ended", "Wait.",
    )
    TILT = FaultRow(
        "X03", "OtherError", "The charge point is tilted.", "The charge point is upright again",
        True, True,
        _NORMAL, "Look at the post: it may have been hit.",
    )
    PILOT_WIRING = FaultRow(
        "X04", "EVCommunicationError", "CP/PR wiring issue", "CP/PR wiring resolved", True,
        False,
        "the line shows a valid state again", "Check CP and PE between socket and controller.",
    )
    OVERLOAD = FaultRow(
        "X05", "OverCurrentFailure", "Car current overload, charging stopped.",
        "Car current overload ended", True, False,
        "the car has been disconnected", "The car draws more than it is offered: try another.",
    )
    UNLOCKED_LIVE = FaultRow(
        "X06", "ConnectorLockFailure", "Actuator unlocked while charging.",
        "Actuator locked again", True, False,
        "the plug is out, or the pin is locked again with power off",
        "Check the actuator's end switches; look for force on the plug.",
    )
    TILT_LATCHED = FaultRow(
        "X07", "OtherError", "Tilted; not allowed to charge until reboot.",
        "Restarted after tilt", True, True,
        "a restart", "Look at the post before the restart.",
    )
    PILOT_SILENT = FaultRow(
        "X08", "InternalError", "Pilot process not answering", "Pilot process back", True, False,
        "a sample that can be trusted", "Read the journal; check the board's supply.",
    )
    USB_BUSY = FaultRow(
        "X09", "OtherError", "USB stick handling in progress.", "USB stick handling finished",
        False, True,
        "the stick has been worked through", "Wait; then take the stick out.",
    )
    PHASE_ORDER = FaultRow(
        "X10", "OtherError", "Incorrect phase rotation direction detected.",
        "Phase rotation direction correct", False, True,
        _NORMAL, "Swap two phases of the supply.",
    )
    NO_POWER = FaultRow(
        "X11", "UnderVoltage", "No power on mains detected.", "Mains power is back", False, False,
        _NORMAL, "Check the supply, its fuses and the RCD.",
    )
    CONTACTOR_STUCK = FaultRow(
        "S01", "PowerSwitchFailure", "Contactor does not close", "Contactor closes again", True,
        False,
        "the plug is out", "Check coil, its supply and the mirror contact.",
    )
    RESIDUAL_TEST = FaultRow(
        "S02", "GroundFailure", "RCMB self-test failed", "RCMB self-test passed", True, False,
        "a later self-test passes; it is repeated every minute",
        "Check the sensor's supply and plug; replace the module.",
    )
    HOT = FaultRow(
        "S03", "HighTemperature", "Controller is hot", "Controller temperature normal", False,
        False,
        "it has cooled down", "Give shade or air to the station.",
    )
    HOT_DERATED = FaultRow(
        "S04", "HighTemperature", "Too hot, charging current reduced",
        "Full charging current available again", False, False,
        "it has cooled down", "Give shade or air to the station; check the terminals.",
    )
    HOT_STOPPED = FaultRow(
        "S05", "HighTemperature", "Too hot, charging stopped",
        "Temperature allows charging again", False, False,
        "it has cooled down", "Check the terminals for a loose screw.",
    )
    PROXIMITY = FaultRow(
        "S06", "OtherError", "Plug coding (PP) invalid", "Plug coding (PP) valid", True, False,
        "the coding is valid, or the plug is out",
        "Try another cable; check PP for a short to PE.",
    )
    UNDER_VOLTAGE = FaultRow(
        "S07", "UnderVoltage", "Mains voltage too low", "Mains voltage normal", False, False,
        _NORMAL, "Measure the supply under load.",
    )
    OVER_VOLTAGE = FaultRow(
        "S08", "OverVoltage", "Mains voltage too high", "Mains voltage normal again", False,
        False,
        _NORMAL, "Measure the supply; look for a lost neutral.",
    )
    STORAGE = FaultRow(
        "S09", "InternalError", "Internal storage failed", "Internal storage works again", False,
        True,
        "a write that succeeds", "Replace the memory card; its records may be lost.",
    )
    CLOCK = FaultRow(
        "S10", "InternalError", "Clock not set or not plausible", "Clock set", False, True,
        "a time from back end or network", "Check the network; replace the clock's battery.",
    )
    PILOT_OUTPUT = FaultRow(
        "S11", "InternalError", "Control pilot output does not follow",
        "Control pilot output follows again", True, False,
        "the car has been disconnected, and the generator follows again",
        "Replace the controller board.",
    )
    CURRENT_UNASKED = FaultRow(
        "S12", "PowerSwitchFailure", "Current although the contactor is open",
        "No more current through the open contactor", True, False,
        "the meter shows no current while the contactor is open",
        "At once: the socket may be live. Switch off upstream, check contactor and meter wiring.",
    )
    # fmt: on

    @classmethod
    def by_id(cls, fault_id: str) -> Fault:
        """Return the fault of a catalogue id; `KeyError` for an unknown one."""
        return _BY_ID[fault_id]

    @property
    def row(self) -> FaultRow:
        """The catalogue row."""
        return self.value


_BY_ID = {fault.row.id: fault for fault in Fault}

# Sensed at the safety pins; a pilot that comes back tells them anew. All others are the station's.
BY_PILOT = frozenset({
    Fault.GROUND_FAILURE, Fault.EV_ERROR, Fault.DIODE, Fault.MCB, Fault.RCD,
    Fault.CONTACTOR_WELDED, Fault.LOCK_FAILED, Fault.UNLOCK_FAILED, Fault.LOCK_MISSING,
    Fault.LOCKED_WITHOUT_PLUG, Fault.PILOT_WIRING, Fault.UNLOCKED_LIVE, Fault.PILOT_SILENT,
    Fault.NO_POWER, Fault.CONTACTOR_STUCK, Fault.RESIDUAL_TEST, Fault.HOT, Fault.HOT_DERATED,
    Fault.HOT_STOPPED, Fault.PROXIMITY, Fault.UNDER_VOLTAGE, Fault.OVER_VOLTAGE,
    Fault.PILOT_OUTPUT,
})  # fmt: skip
