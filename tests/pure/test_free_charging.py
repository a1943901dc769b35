"""Free charging: six modes, exactly as the table of the manual has them. [catalogue 2.6]"""

import pytest

from firmware.model.backend import BackendLost
from firmware.model.free import MODES
from firmware.model.outlet import CableChanged, CpChanged
from firmware.model.session import CardSeen
from firmware.model.values import CpState
from tests.pure.free_rig import Free

CARD, OTHER = CardSeen("0a0e9b83", 1, 0), CardSeen("04aabbcc", 1, 0)
WITH_CARD = [name for name, mode in MODES.items() if mode.card]
WITHOUT = [name for name, mode in MODES.items() if not mode.card]
FULL = [name for name, mode in MODES.items() if mode.tells_transaction]
TRANSACTION = {"Authorize", "StartTransaction", "StopTransaction", "MeterValues"}


@pytest.mark.covers("B-FRE-01", "B-FRE-02", "B-FRE-05", "B-FRE-10", "P063", "P064")
@pytest.mark.parametrize("mode", WITHOUT)
@pytest.mark.parametrize("outlet", [1, 2])
def test_a_car_that_is_plugged_in_charges_at_once_where_no_card_is_needed(mode, outlet):
    station = Free(mode)
    station.plug(outlet)
    assert station.running(outlet).token == "freecharging"
    assert station.permit(outlet)


@pytest.mark.covers("B-FRE-03", "B-FRE-04", "B-FRE-06", "B-FRE-09", "B-AUT-01")
@pytest.mark.parametrize("mode", WITH_CARD)
def test_any_card_starts_where_one_is_needed_and_nothing_starts_without(mode):
    station = Free(mode)
    station.plug(1)
    assert station.running(1) is None
    station.tell(OTHER)  # on no list, and nobody is asked
    fixed = mode == "full_fixed_with_auth"
    assert station.running(1).token == ("freecharging" if fixed else "04aabbcc")
    assert "Authorize" not in station.sent


@pytest.mark.covers("B-FRE-01", "B-FRE-02", "B-FRE-03", "B-FRE-04", "B-FRE-05", "B-FRE-06",
                    "B-FRE-08", "P065")  # fmt: skip
@pytest.mark.parametrize("mode", MODES)
def test_the_back_end_is_told_exactly_what_the_mode_says(mode):
    row = MODES[mode]
    station = Free(mode)
    station.sent.clear()
    station.plug(1)
    if row.card:
        station.tell(CARD)
    station.draw(1)
    station.wait(130_000)
    station.unplug(1)
    told = set(station.sent)
    assert ("StatusNotification" in told) == row.tells_status
    expected = {"StartTransaction", "StopTransaction", "MeterValues"}
    assert told & TRANSACTION == (expected if row.tells_transaction else set())
    if row.tells_transaction:
        token = "freecharging" if row.fixed else "0a0e9b83"
        assert station.payloads["StartTransaction"]["idTag"] == token


@pytest.mark.covers("B-FRE-03", "B-FRE-04", "B-FRE-06")
@pytest.mark.parametrize("mode", WITH_CARD)
def test_only_the_card_that_started_stops(mode):
    station = Free(mode)
    station.plug(1)
    station.tell(CARD)
    station.draw(1)
    station.tell(OTHER)
    assert station.core.sessions[1].state.stop is None
    station.tell(CARD)
    assert station.core.sessions[1].state.stop is not None


@pytest.mark.covers("B-FRE-01", "B-FRE-02", "B-FRE-03", "B-FRE-04", "B-FRE-05", "B-FRE-06")
@pytest.mark.parametrize("mode", MODES)
def test_a_remote_start_is_accepted_where_the_table_says_so(mode):
    station = Free(mode)
    station.plug(1, car=False)
    answer = station.request("RemoteStartTransaction", {"connectorId": 1, "idTag": "REMOTE"})
    assert answer["status"] == ("Accepted" if MODES[mode].remote_start else "Rejected")
    station.tell(CpChanged(1, CpState.B2, station.now_ms))
    if MODES[mode].remote_start:
        token = "freecharging" if MODES[mode].fixed else "REMOTE"
        assert station.running(1).token == token


@pytest.mark.covers("B-FRE-01", "B-FRE-04", "B-FRE-05", "B-FRE-06")
@pytest.mark.parametrize("mode", MODES)
def test_a_remote_stop_ends_what_the_back_end_knows_and_it_does_not_begin_again(mode):
    station = Free(mode)
    station.plug(1)
    if MODES[mode].card:
        station.tell(CARD)
    station.draw(1)
    known = station.running(1).transaction_id
    asked = {"transactionId": 4242 if known is None else known}
    full = mode in FULL
    answer = station.request("RemoteStopTransaction", asked)
    assert answer["status"] == ("Accepted" if full else "Rejected")
    station.open(1)
    station.wait(60_000)
    assert (station.running(1) is None) == full


@pytest.mark.covers("B-FRE-07")
@pytest.mark.parametrize("mode", FULL)
def test_what_the_back_end_thinks_of_the_tag_does_not_stop_what_is_free(mode):
    station = Free(mode, verdict="Invalid")
    station.plug(1)
    if MODES[mode].card:
        station.tell(CARD)
    station.draw(1)
    station.wait(10_000)
    assert station.running(1) is not None and not station.running(1).denied
    assert "freecharging" not in station.core.auth.cache


def test_a_free_session_outlives_a_power_cut_and_stays_the_stations_own():
    station = Free("no_ocpp")
    station.plug(1)
    station.draw(1)
    key = station.running(1).key
    station.boot()
    station.plug(1)
    assert station.running(1).key == key and station.running(1).private
    station.unplug(1)
    assert not {"StartTransaction", "StopTransaction"} & set(station.sent)
    station.boot()
    assert station.running(1) is None


@pytest.mark.covers("B-AUT-11")
@pytest.mark.parametrize("online, doubt, starts", [
    (False, "immediate_plug_in", True), (True, "immediate_plug_in", False), (False, "on", False),
])  # fmt: skip
def test_without_a_back_end_a_car_may_charge_on_plugging_in(online, doubt, starts):
    station = Free(None, if_in_doubt_allow_charging=doubt)
    if not online:
        station.tell(BackendLost(station.now_ms, "gone"))
    station.plug(1)
    running = station.running(1)
    assert (running is not None) == starts
    assert not starts or running.token == "freecharging"


def test_a_car_that_stays_after_its_charge_is_not_started_again():
    station = Free("full_fixed_without_auth")
    station.plug(1)
    station.draw(1)
    station.tell(CableChanged(1, 32_000, station.now_ms), CpChanged(1, CpState.B2, 0))
    first = station.running(1).key
    station.unplug(1)
    station.plug(1)
    assert station.running(1).key != first


def test_a_card_that_stops_one_outlet_starts_the_next_at_once_if_a_car_waits_there():
    station = Free(None, local_whitelist_entries="0a0e9b83")
    station.plug(1)
    station.tell(CARD)
    station.draw(1)
    station.wait(5_000)
    station.well = False  # no register comes: the transaction takes its time to end
    station.wait(500)
    station.tell(CARD)
    station.open(1)
    station.tell(CARD)  # nobody waits: it is the same stop again
    assert station.core.sessions[2].state.authority is None
    station.wait(500)
    station.plug(2)
    station.tell(CARD)
    station.well = True
    station.wait(20_000)
    assert station.running(2) is not None
    assert station.running(1) is None


@pytest.mark.covers("B-FRE-01", "B-FRE-02", "B-FRE-03", "B-FRE-05")
@pytest.mark.parametrize("stops", ["only_by_disconnecting", "only_by_rfid_remote_stop"])
@pytest.mark.parametrize("mode", MODES)
def test_what_nobody_else_could_end_ends_with_the_car_whatever_the_stop_mode(mode, stops):
    station = Free(mode, stop_transaction_mode=stops)
    station.plug(1)
    if MODES[mode].card:
        station.tell(CARD)
    station.draw()
    station.leave()
    station.wait(30_000)
    others = ("full_fixed_with_auth", "full_any_rfid")  # a card or the back end may end these
    assert (station.running() is None) == (mode not in others)
