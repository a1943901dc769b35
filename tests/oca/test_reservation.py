"""OCA test cases of OCPP 1.6: outlets that are kept for somebody."""

from datetime import timedelta

import pytest

from tests.oca.octt import CARD, EPOCH, OTHER, OTHER_UID

GROUP = "GROUP"


def reserve(lab, connector=1, token=CARD, *, number=7, for_s=600, **more):
    """ReserveNow; return the status."""
    expires = EPOCH + timedelta(seconds=lab.now_s + for_s)
    answer = lab.ask(
        "ReserveNow", connectorId=connector, expiryDate=expires.isoformat(), idTag=token,
        reservationId=number, **more,
    )  # fmt: skip
    return answer["status"]


def cancel(lab, number=7):
    return lab.ask("CancelReservation", reservationId=number)["status"]


def kept(lab, connector=1, **more):
    """Reserve a connector and see that it says so."""
    assert reserve(lab, connector, **more) == "Accepted"
    lab.expect("StatusNotification", connectorId=connector, status="Reserved")


@pytest.mark.covers("TC_046_1_CS", "B-OCP-39", "B-LEDB-04", "OCPP16-PITFALL-14")
def test_046_1_only_the_reserved_card_starts_and_the_start_consumes_the_reservation(octt):
    lab = octt()
    kept(lab)
    lab.plug()
    lab.swipe(OTHER_UID)
    lab.expect("Authorize", idTag=OTHER)
    lab.silence("StartTransaction", 20)
    assert lab.face() == "Reserved"
    lab.swipe()
    start = lab.expect("StartTransaction", connectorId=1, idTag=CARD)
    assert start["reservationId"] == 7
    lab.expect("StatusNotification", connectorId=1, status="Charging")
    lab.swipe()
    lab.expect("StopTransaction")
    lab.wait(3)
    lab.unplug()
    lab.expect("StatusNotification", connectorId=1, status="Available")
    assert cancel(lab) == "Rejected"
    lab.plug()
    lab.swipe()
    assert "reservationId" not in lab.expect("StartTransaction", connectorId=1)


@pytest.mark.covers("TC_046_1_CS", "OCPP16-PITFALL-46")
def test_046_1_a_swipe_alone_consumes_nothing(octt):
    lab = octt(vehicle_connection_timeout="20")
    kept(lab)
    lab.swipe()
    lab.expect("StatusNotification", connectorId=1, status="Preparing")
    lab.expect("StatusNotification", 40, connectorId=1, status="Reserved")
    lab.swipe()
    lab.wait(2)
    lab.plug()
    assert lab.expect("StartTransaction", connectorId=1, idTag=CARD)["reservationId"] == 7


@pytest.mark.covers("TC_046_2_CS", "OCPP16-PITFALL-42")
def test_046_2_a_remote_start_with_the_reserved_token_consumes_it_and_no_other_does(octt):
    lab = octt(send_authorize_for_remote_start="on")
    kept(lab)
    lab.plug()
    lab.wait(2)
    answer = lab.ask("RemoteStartTransaction", idTag=OTHER, connectorId=1)
    assert answer == {"status": "Rejected"}
    answer = lab.ask("RemoteStartTransaction", idTag=CARD, connectorId=1)
    assert answer == {"status": "Accepted"}
    assert lab.expect("StartTransaction", idTag=CARD)["reservationId"] == 7
    lab.expect("StatusNotification", connectorId=1, status="Charging")


@pytest.mark.covers("TC_047_CS", "OCPP16-PITFALL-46")
def test_047_a_reservation_expires_and_the_connector_is_available(octt):
    lab = octt()
    kept(lab, for_s=60)
    lab.expect("StatusNotification", 70, connectorId=1, status="Available")
    assert 60 <= lab.now_s <= 65
    lab.charge()
    assert "reservationId" not in lab.heard[-1][2]


def occupied(lab):
    lab.charge(1)
    lab.plug(2)
    lab.expect("StatusNotification", connectorId=2, status="Preparing")


def unavailable(lab):
    assert lab.ask("ChangeAvailability", connectorId=0, type="Inoperative")["status"] == "Accepted"
    lab.expect("StatusNotification", connectorId=1, status="Unavailable")
    lab.wait(1)


def unwilling(lab):
    lab.set("ReservationEnabled", "false")


@pytest.mark.covers(
    "TC_048_2_CS", "TC_048_3_CS", "TC_048_4_CS", "TC_050_2_CS", "TC_050_3_CS", "TC_050_4_CS",
    "OCPP16-PITFALL-46",
)  # fmt: skip
@pytest.mark.parametrize("connector", [1, 0])
@pytest.mark.parametrize(
    "prepare, word",
    [(occupied, "Occupied"), (unavailable, "Unavailable"), (unwilling, "Rejected")],
)
def test_048_and_050_why_a_connector_or_the_station_is_not_reserved(octt, connector, prepare, word):
    lab = octt()
    prepare(lab)
    assert reserve(lab, connector) == word
    lab.silence("StatusNotification", 5, status="Reserved")


@pytest.mark.covers("TC_048_1_CS", "TC_050_1_CS")
@pytest.mark.parametrize("connector", [1, 0])
def test_048_1_and_050_1_a_faulted_connector_or_station_is_not_reserved(octt, connector):
    lab = octt()
    lab.act("input", name="tilt", active=True)
    lab.expect("StatusNotification", 30, connectorId=1, status="Faulted")
    lab.wait(2)
    assert reserve(lab, connector) == "Faulted"


@pytest.mark.covers("TC_048_4_CS")
def test_048_4_what_cannot_be_is_rejected(octt):
    lab = octt()
    assert reserve(lab, 9) == "Rejected"
    assert reserve(lab, for_s=-1) == "Rejected"
    answer = lab.ask("ReserveNow", connectorId=1, expiryDate="soon", idTag=CARD, reservationId=1)
    assert answer == {"status": "Rejected"}


@pytest.mark.covers("TC_049_CS", "OCPP16-PITFALL-14", "OCPP16-PITFALL-46")
def test_049_the_station_is_reserved_and_one_connector_stays_for_the_token(octt):
    lab = octt()
    assert reserve(lab, 0) == "Accepted"
    lab.silence("StatusNotification", 2)
    lab.plug(1)
    lab.swipe(OTHER_UID)
    start = lab.expect("StartTransaction", connectorId=1, idTag=OTHER)
    assert "reservationId" not in start
    lab.expect("StatusNotification", connectorId=2, status="Reserved")
    lab.plug(2)
    lab.wait(2)
    assert lab.ask("RemoteStartTransaction", idTag="X", connectorId=2) == {"status": "Rejected"}
    lab.swipe()
    start = lab.expect("StartTransaction", connectorId=2, idTag=CARD)
    assert start["reservationId"] == 7
    lab.expect("StatusNotification", connectorId=2, status="Charging")


@pytest.mark.covers("TC_051_CS")
def test_051_a_cancelled_reservation_leaves_the_connector_available(octt):
    lab = octt()
    kept(lab)
    assert cancel(lab) == "Accepted"
    lab.expect("StatusNotification", connectorId=1, status="Available")


@pytest.mark.covers("TC_052_CS")
def test_052_an_unknown_reservation_is_not_cancelled(octt):
    lab = octt()
    kept(lab)
    assert cancel(lab, 8) == "Rejected"
    assert lab.face() == "Reserved"


@pytest.mark.covers("TC_053_1_CS", "OCPP16-PITFALL-11", "OCPP16-PITFALL-46")
@pytest.mark.parametrize("white", ["off", "on"])
def test_053_1_a_card_of_the_group_may_start_and_its_parent_is_asked_for(octt, white):
    lab = octt(local_whitelist_enabled=white, local_whitelist_entries=OTHER)
    lab.backend.parents = {OTHER: GROUP}
    kept(lab, parentIdTag=GROUP.lower())
    lab.plug()
    lab.swipe(OTHER_UID)
    lab.expect("Authorize", idTag=OTHER)
    assert lab.expect("StartTransaction", connectorId=1, idTag=OTHER)["reservationId"] == 7


@pytest.mark.covers("TC_053_2_CS")
@pytest.mark.parametrize("asks", ["off", "on"])
def test_053_2_a_remote_start_by_the_group_and_not_by_the_name_of_the_parent(octt, asks):
    lab = octt(send_authorize_for_remote_start=asks)
    lab.backend.parents = {OTHER: GROUP}
    kept(lab, parentIdTag=GROUP)
    lab.plug()
    lab.wait(2)
    answer = lab.ask("RemoteStartTransaction", idTag=GROUP, connectorId=1)
    assert answer == {"status": "Accepted"}  # it could be of the group
    lab.expect("Authorize", idTag=GROUP)
    lab.silence("StartTransaction", 5)
    lab.ask("RemoteStartTransaction", idTag=OTHER, connectorId=1)
    lab.expect("Authorize", idTag=OTHER)
    assert lab.expect("StartTransaction", connectorId=1, idTag=OTHER)["reservationId"] == 7


@pytest.mark.covers("OCPP16-PITFALL-46")
def test_the_same_number_replaces_and_another_finds_the_connector_occupied(octt):
    lab = octt()
    kept(lab, for_s=30)
    assert reserve(lab, 1, OTHER, number=8) == "Occupied"
    assert reserve(lab, 2, OTHER, number=7) == "Accepted"
    lab.expect("StatusNotification", connectorId=1, status="Available")
    lab.expect("StatusNotification", connectorId=2, status="Reserved")
    lab.wait(60)
    assert (lab.face(1), lab.face(2)) == ("Available", "Reserved")


@pytest.mark.covers("OCPP16-PITFALL-46", "B-OCP-39")
@pytest.mark.parametrize("early", [True, False])
def test_a_reservation_survives_a_power_failure_unless_its_time_has_passed(octt, early):
    lab = octt()
    kept(lab, for_s=600 if early else 90)
    lab.act("power", off_ms=100_000)
    lab.expect("BootNotification", 150)
    lab.wait(5)
    assert lab.face() == ("Reserved" if early else "Available")
    lab.plug()
    lab.swipe()
    start = lab.expect("StartTransaction", connectorId=1, idTag=CARD)
    assert start.get("reservationId") == (7 if early else None)


@pytest.mark.covers("OCPP16-PITFALL-46")
def test_a_reservation_ends_when_the_connector_becomes_unavailable(octt):
    lab = octt()
    kept(lab)
    lab.ask("ChangeAvailability", connectorId=1, type="Inoperative")
    lab.expect("StatusNotification", connectorId=1, status="Unavailable")
    lab.ask("ChangeAvailability", connectorId=1, type="Operative")
    lab.expect("StatusNotification", connectorId=1, status="Available")
    assert cancel(lab) == "Rejected"


@pytest.mark.covers("OCPP16-PITFALL-46")
def test_a_reservation_ends_with_a_fault(octt):
    lab = octt()
    kept(lab)
    lab.act("input", name="tilt", active=True)
    lab.expect("StatusNotification", 30, connectorId=1, status="Faulted")
    lab.wait(1)
    assert cancel(lab) == "Rejected"


@pytest.mark.covers("OCPP16-PITFALL-46")
def test_a_reservation_that_ends_between_swipe_and_plug_is_not_named_by_the_start(octt):
    lab = octt()
    kept(lab)
    lab.swipe()
    lab.expect("StatusNotification", connectorId=1, status="Preparing")
    assert cancel(lab) == "Accepted"
    lab.plug()
    assert "reservationId" not in lab.expect("StartTransaction", connectorId=1, idTag=CARD)


@pytest.mark.covers("B-LEDB-04", "B-OCP-39")
def test_the_ring_is_yellow_while_a_connector_is_reserved(octt):
    lab = octt()
    patterns = []
    lab.station.on_pattern = lambda wish: patterns.append(wish.pattern)
    kept(lab)
    lab.plug(2)
    lab.wait(1)
    assert patterns == ["reserved_closing"]
    cancel(lab)
    lab.wait(1)
    assert patterns == ["reserved_closing", "plugged_unauthorized"]
