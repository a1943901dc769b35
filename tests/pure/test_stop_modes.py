"""Which events end a transaction, by the table of the manual. [catalogue 2.7]"""

import pytest

from firmware.model.outlet import CableChanged, CpChanged
from firmware.model.session import CardSeen
from firmware.model.values import CpState
from firmware.station.snapshot import why
from tests.pure.free_rig import Free

CARD = CardSeen("0a0e9b83", 1, 0)
MODES = ("normal", "only_by_disconnecting", "only_by_rfid_remote_stop", "normal_mode_d_rcd")
NORMAL, BY_PLUG, BY_RFID, MODE_D = MODES


def charging(mode):
    station = Free(None, stop_transaction_mode=mode, local_whitelist_entries="0a0e9b83")
    station.plug(1)
    station.tell(CARD)
    station.draw(1)
    station.wait(5_000)
    assert station.permit()
    return station


def ended(station):
    station.wait(30_000)
    return station.running() is None


@pytest.mark.covers("B-STP-01", "P069")
@pytest.mark.parametrize("mode, over, held", [
    (NORMAL, True, False), (MODE_D, True, False), (BY_PLUG, False, False), (BY_RFID, False, True),
])  # fmt: skip
def test_the_car_is_unplugged_at_its_side(mode, over, held):
    station = charging(mode)
    station.leave()
    assert ended(station) == over
    assert station.held() == held
    assert station.stopped == (["EVDisconnected"] if over else [])


@pytest.mark.covers("B-STP-01", "B-STP-04", "B-STP-05")
@pytest.mark.parametrize("mode, over", [
    (NORMAL, True), (MODE_D, True), (BY_PLUG, True), (BY_RFID, False),
])  # fmt: skip
def test_the_cable_is_removed_from_the_station(mode, over):
    station = charging(mode)
    station.unplug()
    assert ended(station) == over
    assert station.stopped == (["EVDisconnected"] if over else [])


@pytest.mark.covers("B-STP-05")
@pytest.mark.parametrize("mode", [BY_PLUG, BY_RFID])
def test_a_car_that_comes_back_goes_on_with_its_transaction(mode):
    station = charging(mode)
    key = station.running().key
    station.leave()
    station.wait(60_000)
    station.tell(CpChanged(1, CpState.B2, station.now_ms))
    station.draw()
    assert station.running().key == key
    assert station.permit() and station.held()


@pytest.mark.covers("B-STP-05")
def test_by_card_alone_a_plug_that_was_taken_away_may_come_back():
    station = charging(BY_RFID)
    key = station.running().key
    station.unplug()
    assert station.news()[-1][1] == "SuspendedEV"
    station.plug(1)
    station.draw()
    assert station.running().key == key
    station.tell(CARD)
    station.open()
    assert ended(station) and station.stopped == ["Local"]


@pytest.mark.covers("B-STP-02", "B-STP-03", "B-STP-04", "B-STP-06")
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("by, reason", [("card", "Local"), ("back end", "Remote")])
def test_the_same_card_or_the_back_end_stops(mode, by, reason):
    station = charging(mode)
    if by == "card":
        station.tell(CARD)
    else:
        answer = station.request("RemoteStopTransaction", {"transactionId": 5})
        assert answer["status"] == "Accepted"
    station.open()
    assert not station.permit()
    assert not station.held()
    if mode != BY_PLUG:
        assert ended(station) and station.stopped == [reason]
        return
    assert not ended(station)
    assert station.news()[-1][1] == "SuspendedEVSE"
    station.unplug()
    assert ended(station) and station.stopped == ["EVDisconnected"]


@pytest.mark.covers("B-STP-04")
def test_energy_that_was_ended_by_card_stays_off_over_a_power_cut_until_the_plug_is_out():
    station = charging(BY_PLUG)
    station.tell(CARD)
    station.open()
    station.boot()
    station.plug(1)
    station.draw()
    station.wait(5_000)
    assert station.running() is not None and not station.permit()
    station.unplug()
    assert station.stopped == ["EVDisconnected"]


@pytest.mark.covers("B-STP-07")
@pytest.mark.parametrize("mode, over", [
    (NORMAL, False), (MODE_D, True), (BY_PLUG, False), (BY_RFID, False),
])  # fmt: skip
def test_a_car_that_wants_ventilation(mode, over):
    station = charging(mode)
    station.tell(CpChanged(1, CpState.D2, station.now_ms))
    station.shut()
    assert ended(station) == over
    assert station.stopped == (["Other"] if over else [])


@pytest.mark.covers("B-STP-08", "B-STP-09")
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("fault", ["F01", "F06"])
def test_a_residual_current_stops_in_every_mode(mode, fault):
    station = charging(mode)
    station.fault(fault, 1)
    station.shut()
    assert ended(station) and station.stopped == ["Other"]


@pytest.mark.covers("B-STP-12")
@pytest.mark.parametrize("mode", MODES)
def test_an_unlock_stops_in_every_mode(mode):
    station = charging(mode)
    station.request("UnlockConnector", {"connectorId": 1})
    station.open()
    assert ended(station) and station.stopped == ["UnlockCommand"]


@pytest.mark.parametrize("mode, told", [(NORMAL, "true"), (MODE_D, "true"), (BY_PLUG, "false"),
                                        (BY_RFID, "false")])  # fmt: skip
def test_the_key_of_the_back_end_shows_the_mode(mode, told):
    station = Free(None, stop_transaction_mode=mode)
    answer = station.request("GetConfiguration", {"key": ["StopTransactionOnEVSideDisconnect"]})
    assert answer["configurationKey"][0]["value"] == told


def test_the_key_of_the_back_end_changes_the_mode():
    station = Free(None)
    for value, mode in (("false", BY_RFID), ("true", NORMAL)):
        words = {"key": "StopTransactionOnEVSideDisconnect", "value": value}
        assert station.request("ChangeConfiguration", words)["status"] == "Accepted"
        settings = station.core.configuration.settings
        assert settings.text("stop_transaction_mode") == mode


def test_a_cable_that_was_never_there_is_no_news():
    station = charging(BY_RFID)
    station.tell(CableChanged(1, 32_000, station.now_ms))
    assert station.running() is not None


def test_why_says_that_the_contactor_rests_while_the_car_asks():
    station = charging(NORMAL)
    station.open()
    assert "does not ask for energy now (state B2)" in why(station.core, 1)
    station.tell(CpChanged(1, CpState.C2, station.now_ms))
    assert "the contactor rests: six closings a minute at most" in why(station.core, 1)
