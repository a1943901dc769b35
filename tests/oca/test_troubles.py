"""OCA test cases of OCPP 1.6: resets, power, connection, faults, configuration, meter values."""

from datetime import datetime, timedelta

import pytest

from tests.oca.octt import CARD, EPOCH, OTHER

REGISTER = "Energy.Active.Import.Register"


def rebooted(lab):
    """See the station come back as after a start."""
    lab.expect("BootNotification", 60)
    for number in (0, 1, 2):
        lab.expect("StatusNotification", connectorId=number)


@pytest.mark.covers("TC_013_CS", "TC_014_CS")
@pytest.mark.parametrize("kind", ["Hard", "Soft"])
def test_013_014_a_reset_of_an_idle_station(octt, kind):
    lab = octt()
    assert lab.ask("Reset", type=kind) == {"status": "Accepted"}
    rebooted(lab)
    assert [lab.face(number) for number in (0, 1, 2)] == ["Available"] * 3
    lab.charge()


@pytest.mark.covers("OCPP16-PITFALL-6", "OCPP16-PITFALL-44")
@pytest.mark.covers("TC_015_CS")
def test_015_a_hard_reset_ends_the_transaction(octt):
    lab = octt()
    transaction_id = lab.charge()
    assert lab.ask("Reset", type="Hard") == {"status": "Accepted"}
    lab.expect("BootNotification", 60)
    lab.expect("StopTransaction", transactionId=transaction_id, reason="HardReset")
    assert len(lab.bookings) == 1
    assert lab.face() == "Finishing"


@pytest.mark.covers("OCPP16-PITFALL-44")
@pytest.mark.covers("TC_016_CS")
def test_016_a_soft_reset_ends_the_transaction_first(octt):
    lab = octt()
    transaction_id = lab.charge()
    assert lab.ask("Reset", type="Soft") == {"status": "Accepted"}
    lab.expect("StopTransaction", transactionId=transaction_id, reason="SoftReset")
    stopped_s = lab.now_s
    lab.expect("BootNotification", 60)
    assert lab.now_s > stopped_s


@pytest.mark.covers("TC_032_1_CS", "TC_032_2_CS")
def test_032_power_fails_and_the_transaction_is_stopped_when_it_is_back(octt):
    """032_1 asks for a stop before going down where a station can: this one has no battery."""
    lab = octt(restart_transaction_after_power_loss="off")
    transaction_id = lab.charge()
    lab.wait(120)
    lab.act("power", off_ms=60_000)
    lab.silence("StopTransaction", 30)
    lab.expect("BootNotification", 60)
    stop = lab.expect("StopTransaction", transactionId=transaction_id, reason="PowerLoss")
    assert stop["meterStop"] > 0
    assert len(lab.bookings) == 1


@pytest.mark.covers("OCPP16-PITFALL-25")
@pytest.mark.covers("TC_034_CS")
def test_034_unavailable_survives_a_power_failure(octt):
    lab = octt()
    answer = lab.ask("ChangeAvailability", connectorId=1, type="Inoperative")
    assert answer == {"status": "Accepted"}
    lab.expect("StatusNotification", connectorId=1, status="Unavailable")
    lab.act("power", off_ms=5_000)
    lab.expect("BootNotification", 60)
    assert (lab.face(1), lab.face(2)) == ("Unavailable", "Available")
    assert lab.ask("RemoteStartTransaction", idTag=CARD, connectorId=1) == {"status": "Rejected"}


@pytest.mark.covers("TC_036_CS")
def test_036_the_connection_is_lost_while_a_car_charges(octt):
    lab = octt(ocpp__MeterValueSampleInterval="60")
    transaction_id = lab.charge()
    lab.cut()
    lab.wait(300)
    assert lab.look()["contactor_closed"]
    lab.heal()
    lab.expect("MeterValues", 120, transactionId=transaction_id)
    lab.wait(30)
    (one,) = lab.bookings
    stamps = [block["timestamp"] for m in one.meter_values for block in m["meter_value"]]
    assert len(stamps) == len(set(stamps)) >= 5
    lab.silence("BootNotification", 5)
    lab.swipe()
    lab.expect("StopTransaction", transactionId=transaction_id)


@pytest.mark.covers("TC_037_1_CS", "TC_039_CS")
def test_037_1_039_a_whole_transaction_without_a_back_end_is_told_later(octt):
    lab = octt(
        if_in_doubt_allow_charging="on",
        ocpp__MeterValueSampleInterval="60",
        ocpp_ws_keepalive_interval="10",
    )
    lab.cut()
    lab.wait(120)
    began_s = lab.now_s
    lab.plug()
    lab.swipe()
    lab.wait(200)
    assert lab.look()["contactor_closed"]
    lab.swipe()
    lab.wait(20)
    lab.unplug()
    lab.heal()
    start = lab.expect("StartTransaction", 120, connectorId=1, idTag=CARD)
    assert abs(told(start["timestamp"]) - began_s) < 5
    stop = lab.expect("StopTransaction", transactionId=lab.bookings[-1].id)
    assert 190 < told(stop["timestamp"]) - told(start["timestamp"]) < 215
    assert lab.bookings[-1].meter_stop_wh == stop["meterStop"] > start["meterStart"]


def told(stamp):
    """Return a timestamp in seconds of virtual time."""
    moment = datetime.fromisoformat(stamp)
    return (moment - EPOCH) / timedelta(seconds=1)


@pytest.mark.covers("OCPP16-PITFALL-7")
@pytest.mark.covers("TC_037_2_CS")
def test_037_2_an_offline_start_that_is_not_accepted_and_goes_on_without_energy(octt):
    lab = octt(if_in_doubt_allow_charging="on")
    lab.set("StopTransactionOnInvalidId", "false")
    lab.backend.tokens = set()
    lab.cut()
    lab.wait(120)
    lab.plug()
    lab.swipe()
    lab.wait(20)
    lab.heal()
    lab.expect("StartTransaction", 120, connectorId=1, idTag=CARD)
    lab.expect("StatusNotification", connectorId=1, status="SuspendedEVSE")
    lab.silence("StopTransaction", 60)
    assert not lab.look()["contactor_closed"]


@pytest.mark.covers("OCPP16-PITFALL-7")
@pytest.mark.covers("TC_037_3_CS")
def test_037_3_an_offline_start_that_is_not_accepted_is_stopped(octt):
    lab = octt(if_in_doubt_allow_charging="on")
    lab.set("StopTransactionOnInvalidId", "true")
    lab.backend.tokens = set()
    lab.cut()
    lab.wait(120)
    lab.plug()
    lab.swipe()
    lab.wait(20)
    lab.heal()
    lab.expect("StartTransaction", 120, connectorId=1, idTag=CARD)
    lab.expect("StopTransaction", reason="DeAuthorized")
    lab.expect("StatusNotification", connectorId=1, status="Finishing")


@pytest.mark.covers("TC_038_CS")
def test_038_a_stop_without_a_back_end_is_told_later(octt):
    lab = octt()
    transaction_id = lab.charge()
    lab.cut()
    lab.wait(100)
    lab.swipe()
    lab.wait(10)
    assert not lab.look()["contactor_closed"]
    stopped_s = lab.now_s
    lab.wait(100)
    lab.heal()
    stop = lab.expect("StopTransaction", 120, transactionId=transaction_id)
    assert stopped_s - 15 < told(stop["timestamp"]) <= stopped_s


@pytest.mark.covers("OCPP16-PITFALL-29")
@pytest.mark.covers("TC_041_CS")
@pytest.mark.parametrize("charging", [False, True])
def test_041_a_fault_is_told_and_so_is_its_end(octt, charging):
    lab = octt()
    if charging:
        lab.charge()
    before = lab.face(2)
    lab.act("input", name="mcb_2", active=True)
    fault = lab.expect("StatusNotification", connectorId=2, status="Faulted")
    assert fault["errorCode"] != "NoError" and fault["info"]
    lab.act("input", name="mcb_2", active=False)
    over = lab.expect("StatusNotification", 120, connectorId=2, status=before)
    assert over["errorCode"] == "NoError"


@pytest.mark.covers("OCPP16-PITFALL-36")
@pytest.mark.covers("TC_040_1_CS", "TC_040_2_CS", "TC_021_CS")
def test_040_021_changes_of_configuration(octt):
    lab = octt()
    lab.set("NoSuchKey", "1", "NotSupported")
    lab.set("MeterValueSampleInterval", "-1", "Rejected")
    lab.set("ConnectionTimeOut", "soon", "Rejected")
    lab.set("NumberOfConnectors", "7", "Rejected")
    lab.set("MeterValueSampleInterval", "37")
    (entry,) = lab.ask("GetConfiguration", key=["meterVALUEsampleInterval"])["configurationKey"]
    assert (entry["value"], entry["readonly"]) == ("37", False)


@pytest.mark.covers("OCPP16-PITFALL-30", "OCPP16-PITFALL-32")
@pytest.mark.covers("TC_070_CS")
def test_070_sampled_meter_values(octt):
    lab = octt()
    lab.set("MeterValueSampleInterval", "30")
    lab.set("MeterValuesSampledData", f"{REGISTER},Power.Active.Import,Current.Import,Voltage")
    transaction_id = lab.charge()
    began_s = told(lab.bookings[-1].started)
    for number in (1, 2, 3):
        sample = lab.expect("MeterValues", 60, connectorId=1, transactionId=transaction_id)
        (block,) = sample["meterValue"]
        assert abs(told(block["timestamp"]) - began_s - 30 * number) < 2
        values = block["sampledValue"]
        assert {v["context"] for v in values} == {"Sample.Periodic"}
        assert {v["measurand"] for v in values} >= {REGISTER, "Current.Import", "Voltage"}
        assert all(v["value"] for v in values)
    lab.set("MeterValuesSampledData", f"{REGISTER},No.Such.Thing", "Rejected")


@pytest.mark.covers("OCPP16-PITFALL-30", "OCPP16-PITFALL-31")
@pytest.mark.covers("TC_071_CS")
def test_071_clock_aligned_meter_values(octt):
    lab = octt()
    lab.set("MeterValuesAlignedData", REGISTER)
    lab.set("ClockAlignedDataInterval", "60")
    transaction_id = lab.charge()
    for _ in range(3):
        sample = lab.expect("MeterValues", 120, connectorId=1)
        (block,) = sample["meterValue"]
        assert told(block["timestamp"]) % 60 == 0
        assert sample["transactionId"] == transaction_id
        assert {v["context"] for v in block["sampledValue"]} == {"Sample.Clock"}
    outside = lab.expect("MeterValues", 120, connectorId=2)
    assert "transactionId" not in outside


@pytest.mark.covers("OCPP16-PITFALL-37")
@pytest.mark.covers("TC_019_CS")
def test_019_the_configuration_is_told_in_whole_and_by_key(octt):
    lab = octt()
    keys = lab.ask("GetConfiguration")["configurationKey"]
    names = {entry["key"] for entry in keys}
    assert {"HeartbeatInterval", "NumberOfConnectors", "SupportedFeatureProfiles"} <= names
    assert all(isinstance(entry["readonly"], bool) for entry in keys)
    some = lab.ask("GetConfiguration", key=["NumberOfConnectors", "NoSuchKey"])
    assert some["configurationKey"] == [
        {"key": "NumberOfConnectors", "readonly": True, "value": "2"}
    ]
    assert some["unknownKey"] == ["NoSuchKey"]


@pytest.mark.covers("TC_001_CS")
def test_001_a_cold_boot_that_is_rejected_at_first(octt):
    lab = octt()
    lab.backend.boot_answers = ["Rejected"]
    lab.backend.interval_s = 40
    lab.act("power", off_ms=1_000)
    lab.expect("BootNotification", 60)
    rejected_s = lab.now_s
    lab.silence("StatusNotification", 30)
    lab.backend.interval_s = 100
    lab.expect("BootNotification", 60)
    assert lab.now_s - rejected_s >= 39
    for number in (0, 1, 2):
        lab.expect("StatusNotification", connectorId=number, status="Available")
    lab.expect("Heartbeat", 110)


@pytest.mark.covers("TC_002_CS")
def test_002_a_cold_boot_that_is_pending_at_first(octt):
    lab = octt()
    lab.backend.boot_answers = ["Pending"]
    lab.backend.interval_s = 60
    lab.act("power", off_ms=1_000)
    lab.expect("BootNotification", 60)
    lab.wait(1)
    assert lab.ask("GetConfiguration", key=["HeartbeatInterval"])["configurationKey"]
    lab.set("HeartbeatInterval", "300")
    assert lab.ask("RemoteStartTransaction", idTag=OTHER)["status"] == "Rejected"
    lab.silence("StatusNotification", 20)
    assert lab.ask("TriggerMessage", requestedMessage="BootNotification")["status"] == "Accepted"
    lab.expect("BootNotification", 10)
    for number in (0, 1, 2):
        lab.expect("StatusNotification", connectorId=number, status="Available")


@pytest.mark.covers("OCPP16-PITFALL-42")
@pytest.mark.covers("TC_027_CS")
def test_027_remote_start_on_connector_0_is_rejected(octt):
    lab = octt()
    lab.plug()
    lab.expect("StatusNotification", connectorId=1, status="Preparing")
    assert lab.ask("RemoteStartTransaction", idTag=CARD, connectorId=0) == {"status": "Rejected"}
    lab.silence("StartTransaction", 20)


@pytest.mark.covers("OCPP16-PITFALL-47")
@pytest.mark.covers("TC_054_CS", "TC_055_CS")
def test_054_055_what_is_triggered_comes(octt):
    lab = octt(ocpp__MeterValueSampleInterval="900")
    for message, more in (
        ("MeterValues", {"connectorId": 1}),
        ("Heartbeat", {}),
        ("StatusNotification", {"connectorId": 1}),
    ):
        payload = {"requestedMessage": message, **more}
        assert lab.ask("TriggerMessage", **payload) == {"status": "Accepted"}
        lab.expect(message, **more)
    payload = {"requestedMessage": "MeterValues", "connectorId": 9}
    assert lab.ask("TriggerMessage", **payload) == {"status": "Rejected"}


@pytest.mark.covers("OCPP16-PITFALL-48")
@pytest.mark.covers("TC_062_CS")
def test_062_data_of_an_unknown_vendor(octt):
    lab = octt()
    answer = lab.ask("DataTransfer", vendorId="org.nobody", messageId="x", data="y")
    assert answer == {"status": "UnknownVendorId"}
