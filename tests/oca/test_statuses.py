"""What the manual asks of StatusNotification, through a whole station and its world."""

import pytest

from firmware.diag.board_link import BACK, LOST, BoardLink
from firmware.model.backend import Tell
from firmware.model.outlet import PilotFound, PilotLost
from firmware.model.session import ConnectorChanged
from firmware.model.settings import SettingsChanged
from firmware.model.values import ConnectorStatus
from tests.oca.octt import OTHER
from tests.pure.rigs import settings

ONE_OR_BOTH = "ocpp_status_strategy"


def statuses(lab, connector=1):
    """Return the statuses of a connector in order, without repetitions."""
    told = [p["status"] for _, a, p in lab.heard
            if a == "StatusNotification" and p["connectorId"] == connector]  # fmt: skip
    return [status for n, status in enumerate(told) if n == 0 or told[n - 1] != status]


@pytest.mark.covers("B-OCP-25")
def test_with_one_condition_only_a_connector_stays_available(octt):
    lab = octt(**{ONE_OR_BOTH: "occupied_on_charging"})
    lab.plug()
    lab.wait(20)
    assert lab.face() == "Available"
    lab.swipe()
    lab.expect("StatusNotification", connectorId=1, status="Charging")
    assert statuses(lab)[:3] == ["Available", "Preparing", "Charging"]


@pytest.mark.covers("B-OCP-25")
def test_with_a_token_only_a_connector_stays_available(octt):
    lab = octt(**{ONE_OR_BOTH: "occupied_on_charging"})
    lab.ask("RemoteStartTransaction", idTag=OTHER, connectorId=1)
    lab.wait(20)
    assert lab.face() == "Available"
    lab.plug()
    lab.expect("StatusNotification", connectorId=1, status="Preparing")


@pytest.mark.covers("B-OCP-26")
@pytest.mark.parametrize("first", ["cable", "token"])
def test_with_the_other_strategy_one_condition_is_preparing(octt, first):
    lab = octt(**{ONE_OR_BOTH: "occupied_on_authorized_plugged"})
    if first == "cable":
        lab.plug()
    else:
        lab.ask("RemoteStartTransaction", idTag=OTHER, connectorId=1)
    lab.expect("StatusNotification", connectorId=1, status="Preparing")


@pytest.mark.covers("B-OCP-27", "B-OCP-28")
@pytest.mark.parametrize(("until_c", "status"), [("on", "Preparing"), ("off", "Charging")])
def test_a_car_that_does_not_ask_yet(octt, until_c, status):
    lab = octt(ocpp_preparing_until_state_c=until_c)
    lab.plug(asks="B")
    lab.swipe()
    lab.expect("StartTransaction")
    assert lab.face(for_s=20) == status
    lab.act("car", outlet=1, asks="C")
    lab.wait(10)
    assert lab.face() == "Charging"
    assert lab.look()["contactor_closed"]


@pytest.mark.covers("B-OCP-29")
def test_who_suspends_is_told(octt):
    lab = octt()
    lab.charge()
    lab.act("car", outlet=1, asks="B")
    lab.expect("StatusNotification", connectorId=1, status="SuspendedEV")
    lab.act("car", outlet=1, asks="C")
    lab.expect("StatusNotification", connectorId=1, status="Charging")
    schedule = {"chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 0}]}
    profile = {"chargingProfileId": 1, "stackLevel": 0, "chargingProfileKind": "Relative",
               "chargingProfilePurpose": "TxDefaultProfile",
               "chargingSchedule": schedule}  # fmt: skip
    answer = lab.ask("SetChargingProfile", connectorId=1, csChargingProfiles=profile)
    assert answer == {"status": "Accepted"}
    lab.expect("StatusNotification", connectorId=1, status="SuspendedEVSE")
    assert lab.ask("ClearChargingProfile", id=1) == {"status": "Accepted"}
    lab.expect("StatusNotification", connectorId=1, status="Charging")


@pytest.mark.covers("B-OCP-30")
def test_finishing_lasts_until_the_cable_is_out(octt):
    lab = octt()
    lab.charge()
    lab.swipe()
    lab.expect("StatusNotification", 30, connectorId=1, status="Finishing")
    assert lab.face(for_s=600) == "Finishing"
    lab.unplug()
    lab.expect("StatusNotification", connectorId=1, status="Available")


@pytest.mark.covers("B-OCP-22")
def test_an_interrupted_link_to_the_connector_board_is_told_where_it_is_wanted():
    link = BoardLink(settings(ocpp_send_usb_error_status="on"))
    link.handle(ConnectorChanged(0, ConnectorStatus.UNAVAILABLE), 0)
    told = [wish for fact in (PilotLost(0), PilotLost(0), PilotFound(0), PilotFound(0))
            for wish in link.handle(fact, 1)]  # fmt: skip
    assert all(isinstance(wish, Tell) for wish in told)
    words = [(t.payload["errorCode"], t.payload["status"], t.payload["info"]) for t in told]
    assert words == [("InternalError", "Unavailable", LOST), ("NoError", "Unavailable", BACK)]
    link.handle(SettingsChanged(settings(ocpp_send_usb_error_status="off")), 2)
    assert [*link.handle(PilotLost(0), 3), *link.handle(PilotFound(0), 4)] == []
