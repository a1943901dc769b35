"""The fault catalogue as data: ids, texts that fit OCPP, and what each does to a transaction."""

import pytest

from firmware.model.fault import Fault

CODES = {
    "ConnectorLockFailure", "EVCommunicationError", "GroundFailure", "HighTemperature",
    "InternalError", "OtherError", "OverCurrentFailure", "OverVoltage", "PowerMeterFailure",
    "PowerSwitchFailure", "ReaderFailure", "ResetFailure", "UnderVoltage", "WeakSignal",
}  # fmt: skip
ROWS = {  # [CC613 9] id: code, stops the transaction, connector 0
    "F01": ("GroundFailure", True, False),
    "F02": ("EVCommunicationError", False, False),
    "F03": ("EVCommunicationError", True, False),
    "F04": ("OverCurrentFailure", True, False),
    "F06": ("GroundFailure", True, False),
    "F08": ("PowerSwitchFailure", True, False),
    "F09": ("OtherError", False, True),
    "F10": ("ConnectorLockFailure", False, False),
    "F11": ("ConnectorLockFailure", True, False),
    "F12": ("ConnectorLockFailure", True, False),
    "F13": ("PowerMeterFailure", True, False),
    "F15": ("ReaderFailure", False, True),
}


def test_the_rows_of_the_manual_are_as_the_manual_has_them():
    rows = {
        f.row.id: (f.row.ocpp16, f.row.stops_transaction, f.row.station_wide)
        for f in Fault
        if f.row.id.startswith("F")
    }
    assert rows == ROWS


@pytest.mark.parametrize("fault", Fault)
def test_a_row_fits_a_status_notification_and_is_found_by_its_id(fault):
    row = fault.row
    assert row.ocpp16 in CODES
    assert 0 < len(row.raised) <= 50 and 0 < len(row.cleared) <= 50
    assert row.raised != row.cleared
    assert Fault.by_id(row.id) is fault


def test_ids_are_unique_and_an_unknown_one_is_an_error():
    assert len({fault.row.id for fault in Fault}) == len(Fault)
    with pytest.raises(KeyError):
        Fault.by_id("F99")
