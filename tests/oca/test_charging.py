"""OCA test cases of OCPP 1.6: boot, start, stop, remote control of a charging session."""

import pytest

from tests.oca.octt import CARD, OTHER, OTHER_UID


@pytest.mark.covers("TC_003_CS")
def test_003_plug_in_first(octt):
    lab = octt()
    lab.plug()
    lab.expect("StatusNotification", connectorId=1, status="Preparing")
    lab.swipe()
    lab.expect("Authorize", idTag=CARD)
    start = lab.expect("StartTransaction", connectorId=1, idTag=CARD)
    assert "reservationId" not in start
    lab.expect("StatusNotification", connectorId=1, status="Charging")
    assert lab.look()["contactor_closed"]


@pytest.mark.covers("TC_004_1_CS")
def test_004_1_identification_first(octt):
    lab = octt(vehicle_connection_timeout="60")
    lab.swipe()
    lab.expect("Authorize", idTag=CARD)
    lab.wait(5)
    lab.plug()
    lab.expect("StartTransaction", connectorId=1, idTag=CARD)
    lab.expect("StatusNotification", connectorId=1, status="Charging")


@pytest.mark.covers("TC_004_2_CS")
def test_004_2_identification_first_and_nobody_plugs_in(octt):
    lab = octt(vehicle_connection_timeout="30")
    lab.plug(2)
    lab.expect("StatusNotification", connectorId=2, status="Preparing")
    lab.ask("RemoteStartTransaction", idTag=OTHER, connectorId=1)
    lab.expect("StatusNotification", connectorId=1, status="Preparing")
    lab.expect("StatusNotification", 40, connectorId=1, status="Available")
    lab.silence("StartTransaction", 30)


@pytest.mark.covers("TC_005_1_CS")
def test_005_1_the_car_is_unplugged_at_its_side_the_transaction_stops_the_plug_is_free(octt):
    lab = octt()
    lab.charge()
    lab.act("car", outlet=1, connected=False)
    stop = lab.expect("StopTransaction", reason="EVDisconnected")
    assert "idTag" not in stop
    lab.expect("StatusNotification", connectorId=1, status="Finishing")
    lab.wait(3)
    lab.unplug()
    lab.expect("StatusNotification", connectorId=1, status="Available")


@pytest.mark.covers("TC_005_2_CS")
def test_005_2_the_car_is_unplugged_at_its_side_and_the_plug_stays_locked(octt):
    lab = octt()
    lab.set("UnlockConnectorOnEVSideDisconnect", "false")
    lab.charge()
    lab.act("car", outlet=1, connected=False)
    lab.expect("StopTransaction", reason="EVDisconnected")
    lab.expect("StatusNotification", connectorId=1, status="Finishing")
    lab.wait(5)
    assert lab.look()["locked"]
    assert lab.ask("UnlockConnector", connectorId=1) == {"status": "Unlocked"}
    lab.unplug()
    lab.expect("StatusNotification", connectorId=1, status="Available")


@pytest.mark.covers("OCPP16-PITFALL-26")
@pytest.mark.covers("TC_005_3_CS")
def test_005_3_the_car_is_unplugged_at_its_side_and_comes_back_to_its_transaction(octt):
    lab = octt()
    lab.set("StopTransactionOnEVSideDisconnect", "false")
    transaction_id = lab.charge()
    lab.act("car", outlet=1, connected=False)
    suspended = lab.expect("StatusNotification", connectorId=1, status="SuspendedEV")
    assert suspended["info"] == "EV side disconnected"
    lab.silence("StopTransaction", 60)
    assert lab.look()["locked"] and not lab.look()["contactor_closed"]
    lab.act("car", outlet=1, connected=True)
    lab.expect("StatusNotification", connectorId=1, status="Charging")
    lab.swipe()
    lab.expect("StopTransaction", transactionId=transaction_id)
    lab.silence("StartTransaction", 5)


@pytest.mark.covers("TC_068_CS")
def test_068_the_same_card_stops(octt):
    lab = octt()
    transaction_id = lab.charge()
    lab.swipe()
    stop = lab.expect("StopTransaction", transactionId=transaction_id, idTag=CARD)
    assert stop.get("reason", "Local") == "Local"
    lab.expect("StatusNotification", connectorId=1, status="Finishing")
    lab.wait(3)
    lab.unplug()
    lab.expect("StatusNotification", connectorId=1, status="Available")


@pytest.mark.covers("TC_069_CS")
def test_069_a_card_of_the_same_parent_stops(octt):
    lab = octt()
    lab.backend.parents = {CARD: "FLEET", OTHER: "FLEET"}
    transaction_id = lab.charge()
    lab.swipe(OTHER_UID)
    lab.expect("Authorize", idTag=OTHER)
    lab.expect("StopTransaction", transactionId=transaction_id, idTag=OTHER)
    lab.expect("StatusNotification", connectorId=1, status="Finishing")


@pytest.mark.covers("OCPP16-PITFALL-43")
@pytest.mark.covers("TC_010_CS")
def test_010_remote_start_with_the_cable_first(octt):
    lab = octt(send_authorize_for_remote_start="on")
    lab.plug()
    lab.expect("StatusNotification", connectorId=1, status="Preparing")
    assert lab.ask("RemoteStartTransaction", idTag=CARD, connectorId=1) == {"status": "Accepted"}
    lab.expect("Authorize", idTag=CARD)
    lab.expect("StartTransaction", connectorId=1, idTag=CARD)
    lab.expect("StatusNotification", connectorId=1, status="Charging")


@pytest.mark.covers("TC_011_1_CS")
def test_011_1_remote_start_first(octt):
    lab = octt(vehicle_connection_timeout="60")
    assert lab.ask("RemoteStartTransaction", idTag=CARD, connectorId=1) == {"status": "Accepted"}
    lab.expect("StatusNotification", connectorId=1, status="Preparing")
    lab.wait(10)
    lab.plug()
    lab.expect("StartTransaction", connectorId=1, idTag=CARD)
    lab.expect("StatusNotification", connectorId=1, status="Charging")


@pytest.mark.covers("TC_011_2_CS")
def test_011_2_remote_start_and_nobody_plugs_in(octt):
    lab = octt()
    lab.set("ConnectionTimeOut", "20")
    assert lab.ask("RemoteStartTransaction", idTag=CARD, connectorId=1) == {"status": "Accepted"}
    lab.expect("StatusNotification", connectorId=1, status="Preparing")
    before_s = lab.now_s
    lab.expect("StatusNotification", connectorId=1, status="Available")
    assert 15 < lab.now_s - before_s < 25
    lab.silence("StartTransaction", 5)


@pytest.mark.covers("TC_012_CS")
def test_012_remote_stop(octt):
    lab = octt()
    transaction_id = lab.charge()
    answer = lab.ask("RemoteStopTransaction", transactionId=transaction_id)
    assert answer == {"status": "Accepted"}
    stop = lab.expect("StopTransaction", transactionId=transaction_id, reason="Remote")
    assert "idTag" not in stop
    lab.expect("StatusNotification", connectorId=1, status="Finishing")
    lab.wait(3)
    lab.unplug()
    lab.expect("StatusNotification", connectorId=1, status="Available")


@pytest.mark.covers("OCPP16-PITFALL-42")
@pytest.mark.covers("TC_026_CS")
def test_026_remote_start_where_a_transaction_runs_is_rejected(octt):
    lab = octt()
    lab.charge()
    assert lab.ask("RemoteStartTransaction", idTag=OTHER, connectorId=1) == {"status": "Rejected"}
    lab.silence("StartTransaction", 10)
    assert lab.face() == "Charging"


@pytest.mark.covers("TC_028_CS")
def test_028_remote_stop_of_another_transaction_is_rejected(octt):
    lab = octt()
    transaction_id = lab.charge()
    for unknown in (transaction_id + 1, 0, -1):
        answer = lab.ask("RemoteStopTransaction", transactionId=unknown)
        assert answer == {"status": "Rejected"}
    lab.silence("StopTransaction", 10)


@pytest.mark.covers("TC_023_4_CS")
def test_023_4_a_card_that_the_back_end_does_not_accept(octt):
    lab = octt()
    lab.backend.tokens = set()
    lab.plug()
    lab.expect("StatusNotification", connectorId=1, status="Preparing")
    lab.swipe()
    lab.expect("Authorize", idTag=CARD)
    lab.silence("StartTransaction", 30)
    assert not lab.look()["contactor_closed"]


@pytest.mark.covers("TC_023_5_CS")
def test_023_5_a_remote_start_with_a_token_that_is_not_accepted(octt):
    lab = octt(send_authorize_for_remote_start="on")
    lab.backend.tokens = set()
    lab.plug()
    lab.expect("StatusNotification", connectorId=1, status="Preparing")
    assert lab.ask("RemoteStartTransaction", idTag=CARD, connectorId=1) == {"status": "Accepted"}
    lab.expect("Authorize", idTag=CARD)
    lab.silence("StartTransaction", 30)


@pytest.mark.covers("TC_007_1_CS", "TC_061_1_CS")
def test_007_1_and_061_1_a_cached_card_starts_unasked_until_the_cache_is_cleared(octt):
    lab = octt(ocpp_whitelist_enabled="on", local_pre_authorize="on")
    lab.charge()
    lab.swipe()
    lab.expect("StopTransaction")
    lab.wait(3)
    lab.unplug()
    lab.expect("StatusNotification", connectorId=1, status="Available")
    lab.plug()
    lab.swipe()
    lab.expect("StartTransaction", idTag=CARD)
    assert len([a for _, a, _ in lab.heard if a == "Authorize"]) == 1
    lab.expect("StatusNotification", connectorId=1, status="Charging")
    lab.swipe()
    lab.expect("StopTransaction")
    lab.wait(3)
    lab.unplug()
    assert lab.ask("ClearCache") == {"status": "Accepted"}
    lab.plug()
    lab.swipe()
    lab.expect("Authorize", idTag=CARD)
    lab.expect("StartTransaction", idTag=CARD)


@pytest.mark.covers("TC_007_2_CS", "TC_061_2_CS")
def test_007_2_and_061_2_a_cached_token_starts_remotely_unasked_until_the_cache_is_cleared(octt):
    lab = octt(
        ocpp_whitelist_enabled="on", local_pre_authorize="on", send_authorize_for_remote_start="on"
    )
    lab.plug()
    for asked in (1, 1, 2):
        assert lab.ask("RemoteStartTransaction", idTag=CARD, connectorId=1)["status"] == "Accepted"
        start = lab.expect("StartTransaction", idTag=CARD)
        assert len([a for _, a, _ in lab.heard if a == "Authorize"]) == asked, start
        lab.ask("RemoteStopTransaction", transactionId=lab.bookings[-1].id)
        lab.expect("StopTransaction")
        lab.wait(3)
        if asked == 1 and len(lab.bookings) == 2:
            assert lab.ask("ClearCache") == {"status": "Accepted"}


@pytest.mark.covers("TC_031_CS")
def test_031_unlock_a_connector_that_is_not_there(octt):
    lab = octt()
    assert lab.ask("UnlockConnector", connectorId=9) == {"status": "NotSupported"}


@pytest.mark.covers("OCPP16-PITFALL-45")
@pytest.mark.covers("TC_017_2_CS", "TC_018_2_CS")
def test_017_2_018_2_a_fixed_cable_is_not_unlocked(octt):
    lab = octt("tethered")
    assert lab.ask("UnlockConnector", connectorId=1) == {"status": "NotSupported"}
    lab.charge()
    assert lab.ask("UnlockConnector", connectorId=1) == {"status": "NotSupported"}
    lab.silence("StopTransaction", 20)
    assert lab.look()["contactor_closed"]
    lab.swipe()
    lab.expect("StopTransaction")
    lab.expect("StatusNotification", connectorId=1, status="Finishing")
    lab.unplug()
    lab.expect("StatusNotification", connectorId=1, status="Available")


@pytest.mark.covers("TC_017_1_CS")
def test_017_1_unlock_an_idle_connector(octt):
    lab = octt()
    assert lab.ask("UnlockConnector", connectorId=1) == {"status": "Unlocked"}


@pytest.mark.covers("OCPP16-PITFALL-45")
@pytest.mark.covers("TC_018_1_CS")
def test_018_1_unlock_while_charging_stops_first(octt):
    lab = octt()
    transaction_id = lab.charge()
    assert lab.ask("UnlockConnector", connectorId=1) == {"status": "Unlocked"}
    lab.expect("StopTransaction", transactionId=transaction_id, reason="UnlockCommand")
    lab.expect("StatusNotification", connectorId=1, status="Finishing")
    lab.unplug()
    lab.expect("StatusNotification", connectorId=1, status="Available")


@pytest.mark.covers("TC_024_CS")
def test_024_a_lock_that_does_not_close_lets_nobody_charge(octt):
    lab = octt()
    lab.act("lock", outlet=1, jam=True)
    lab.plug()
    lab.swipe()
    lab.expect("StatusNotification", 60, connectorId=1, errorCode="ConnectorLockFailure")
    assert not lab.look()["contactor_closed"]
    assert all(change.get("closed") is not True for _, change in lab.changes)


@pytest.mark.covers("OCPP16-PITFALL-45")
@pytest.mark.covers("TC_030_CS")
def test_030_a_lock_that_does_not_open_is_told(octt):
    lab = octt()
    lab.charge()
    lab.act("lock", outlet=1, jam=True)
    assert lab.ask("UnlockConnector", connectorId=1) == {"status": "UnlockFailed"}
    lab.expect("StatusNotification", 60, connectorId=1, errorCode="ConnectorLockFailure")
