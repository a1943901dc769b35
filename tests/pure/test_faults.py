"""The fault catalogue as data: ids, texts that fit OCPP, and what each does to a transaction."""

import pytest

from firmware.model.fault import Fault

CODES = {
    "ConnectorLockFailure", "EVCommunicationError", "GroundFailure", "HighTemperature",
    "InternalError", "OtherError", "OverCurrentFailure", "OverVoltage", "PowerMeterFailure",
    "PowerSwitchFailure", "ReaderFailure", "ResetFailure", "UnderVoltage", "WeakSignal",
}  # fmt: skip
CODES_15 = (CODES - {"EVCommunicationError", "InternalError", "OverVoltage"}) | {"Mode3Error"}
# fmt: off
ROWS = {  # [CC613 9] id: 1.6 code, 1.5 code, text, text of the end, stops, connector 0
    "F01": ("GroundFailure", "GroundFailure", "Residual current detected via sensor",
            "Residual current situation resolved", True, False),
    "F02": ("EVCommunicationError", "Mode3Error", "Vehicle signals error",
            "Vehicle error resolved", False, False),
    "F03": ("EVCommunicationError", "Mode3Error",
            "Vehicle diode check failed - tamper detection",
            "Vehicle with diode problem disconnected", True, False),
    "F04": ("OverCurrentFailure", "OverCurrentFailure", "MCB of type 2 socket triggered",
            "MCB type 2 reconnected", True, False),
    "F05": ("OverCurrentFailure", "OverCurrentFailure", "MCB of domestic socket triggered",
            "MCB domestic socket reconnected", True, False),
    "F06": ("GroundFailure", "GroundFailure", "RCD triggered", "RCD reconnected", True, False),
    "F07": ("OtherError", "OtherError", "Surge Protection Device (SPD) tripped. Replace.",
            "SPD reconnected", False, True),
    "F08": ("PowerSwitchFailure", "PowerSwitchFailure", "Contactor welded",
            "Contactor weld resolved", True, False),
    "F09": ("OtherError", "OtherError", "Backend disconnected", "Backend connected", False,
            True),
    "F10": ("ConnectorLockFailure", "ConnectorLockFailure", "Plug locking failed",
            "Plug locking resolved", False, False),
    "F11": ("ConnectorLockFailure", "ConnectorLockFailure",
            "Type 2 actuator stuck, cannot unlock", "Type 2 locking actuator recovered", True,
            False),
    "F12": ("ConnectorLockFailure", "ConnectorLockFailure",
            "Could not detect type 2 locking actuator", "Type 2 locking actuator detected",
            True, False),
    "F13": ("PowerMeterFailure", "PowerMeterFailure", "OCPP meter not communicating",
            "OCPP meter communication recovered", True, False),
    "F14": ("PowerMeterFailure", "PowerMeterFailure", "External meter not communicating",
            "External meter communication recovered", False, True),
    "F15": ("ReaderFailure", "ReaderFailure", "RFID reader not communicating",
            "RFID reader recovered", False, True),
}
FURTHER = {  # the further rows of the controller family: 1.6 code, text
    "X01": ("ConnectorLockFailure", "Locking without plug error."),
    "X02": ("OtherError", "FW Update in progress."),
    "X03": ("OtherError", "The charge point is tilted."),
    "X04": ("EVCommunicationError", "CP/PR wiring issue"),
    "X05": ("OverCurrentFailure", "Car current overload, charging stopped."),
    "X06": ("ConnectorLockFailure", "Actuator unlocked while charging."),
    "X07": ("OtherError", "Tilted; not allowed to charge until reboot."),
    "X09": ("OtherError", "USB stick handling in progress."),
    "X10": ("OtherError", "Incorrect phase rotation direction detected."),
    "X11": ("UnderVoltage", "No power on mains detected."),
}
# fmt: on


def test_the_rows_of_the_manual_are_as_the_manual_has_them():
    rows = {
        r.id: (r.ocpp16, r.ocpp15, r.raised, r.cleared, r.stops_transaction, r.station_wide)
        for r in (fault.row for fault in Fault)
        if r.id.startswith("F")
    }
    assert rows == ROWS


def test_the_further_rows_have_the_texts_of_the_controller_family():
    rows = {
        r.id: (r.ocpp16, r.raised) for r in (fault.row for fault in Fault) if r.id.startswith("X")
    }
    assert rows.pop("X08") == ("InternalError", "Pilot process not answering")  # ours
    assert rows == FURTHER


@pytest.mark.parametrize("fault", Fault)
def test_a_row_fits_a_status_notification_and_is_found_by_its_id(fault):
    row = fault.row
    assert row.ocpp16 in CODES and row.ocpp15 in CODES_15
    assert 0 < len(row.raised) <= 50 and 0 < len(row.cleared) <= 50
    assert row.raised != row.cleared
    assert row.clears and row.advice.endswith(".")
    assert Fault.by_id(row.id) is fault


def test_no_two_faults_have_the_same_text():
    assert len({fault.row.raised for fault in Fault}) == len(Fault)


def test_ids_are_unique_and_an_unknown_one_is_an_error():
    assert len({fault.row.id for fault in Fault}) == len(Fault)
    with pytest.raises(KeyError):
        Fault.by_id("F99")
