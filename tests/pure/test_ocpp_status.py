"""StatusNotification: every face once, in order, held only as long as asked."""

import pytest

from firmware.model.backend import BackendLost
from firmware.model.machine import TICK
from firmware.model.session import ConnectorChanged
from firmware.model.values import ConnectorStatus as Face
from tests.pure.ocpp_rig import NOON, boot, connect, frames, hear, station


def faces(core, wishes, now_ms):
    """Answer all StatusNotifications as they come; return connector and status of each."""
    seen = []
    while calls := [frame for frame in frames(wishes) if frame[0] == 2]:
        (call,) = calls
        seen.append((call[3]["connectorId"], call[3]["status"]))
        wishes = hear(core, [3, call[1], {}], now_ms)
    return seen


def change(core, outlet, status, now_ms, **words):
    return list(core.handle(ConnectorChanged(outlet, status, **words), now_ms))


def online(**changes):
    core = station(**changes)
    for outlet in (0, 1, 2):
        change(core, outlet, Face.AVAILABLE, 0)
    assert len(faces(core, boot(core), 0)) == 3
    return core


@pytest.mark.covers("OCPP16-PITFALL-19")
@pytest.mark.covers("TC_001_CS")
def test_after_boot_connector_0_and_every_connector_are_told():
    core = station()
    for outlet in (2, 0, 1):
        change(core, outlet, Face.AVAILABLE, 0)
    told = faces(core, boot(core), 1)
    assert told == [(0, "Available"), (1, "Available"), (2, "Available")]


def test_the_timestamp_is_the_moment_of_the_change():
    core = online()
    (call,) = frames(change(core, 1, Face.PREPARING, 5_000))
    assert call[3] == {
        "connectorId": 1, "errorCode": "NoError", "status": "Preparing",
        "timestamp": NOON.replace("00.000", "05.000"),
    }  # fmt: skip


@pytest.mark.covers("OCPP16-PITFALL-22")
def test_without_a_minimum_nothing_is_swallowed_while_the_line_is_busy():
    core = online()
    wishes = change(core, 1, Face.PREPARING, 1)
    assert change(core, 1, Face.CHARGING, 2) == []
    assert change(core, 1, Face.SUSPENDED_EV, 3) == []
    told = faces(core, wishes, 4)
    assert told == [(1, "Preparing"), (1, "Charging"), (1, "SuspendedEV")]


def test_an_unchanged_face_says_nothing():
    core = online()
    assert change(core, 1, Face.AVAILABLE, 5) == []


@pytest.mark.covers("OCPP16-PITFALL-22")
def test_a_status_shorter_than_the_minimum_is_not_sent():
    core = online(ocpp__MinimumStatusDuration=3)
    assert change(core, 1, Face.PREPARING, 1_000) == []
    assert change(core, 1, Face.CHARGING, 2_000) == []
    assert core.deadline_ms() == 5_000
    assert core.handle(TICK, 4_999) == []
    assert faces(core, core.handle(TICK, 5_000), 5_000) == [(1, "Charging")]
    change(core, 1, Face.SUSPENDED_EV, 6_000)
    change(core, 1, Face.CHARGING, 7_000)
    assert core.handle(TICK, 20_000) == []


@pytest.mark.covers("OCPP16-PITFALL-22")
def test_a_triggered_status_is_neither_held_nor_sent_twice():
    core = online(ocpp__MinimumStatusDuration=30)
    change(core, 1, Face.PREPARING, 1_000)
    ask = {"requestedMessage": "StatusNotification", "connectorId": 1}
    wishes = hear(core, [2, "t", "TriggerMessage", ask], 2_000)
    assert frames(wishes)[0] == [3, "t", {"status": "Accepted"}]
    assert faces(core, wishes, 2_000) == [(1, "Preparing")]
    assert core.handle(TICK, 31_000) == []


@pytest.mark.covers("OCPP16-PITFALL-21")
def test_after_an_interruption_only_news_is_told_without_history():
    core = online()
    core.handle(BackendLost(1, "gone"), 1)
    for status in (Face.PREPARING, Face.CHARGING, Face.FINISHING):
        change(core, 1, status, 2)
    change(core, 2, Face.PREPARING, 3)
    change(core, 2, Face.AVAILABLE, 4)
    assert faces(core, connect(core, 5), 5) == [(1, "Finishing")]


def test_a_notice_that_was_under_way_when_the_line_broke_is_told_again():
    core = online()
    change(core, 1, Face.PREPARING, 1)
    change(core, 2, Face.PREPARING, 1)
    core.handle(BackendLost(2, "gone"), 2)
    assert faces(core, connect(core, 5), 5) == [(1, "Preparing"), (2, "Preparing")]


@pytest.mark.covers("B-OCP-20")
@pytest.mark.parametrize(("on", "told"), [(True, [(1, "Available")]), (False, [])])
def test_informative_words_are_sent_as_set(on, told):
    core = online(ocpp_send_informative_status=on)
    assert faces(core, change(core, 1, Face.AVAILABLE, 1, info="41 degrees"), 1) == told


@pytest.mark.covers("B-OCP-21")
@pytest.mark.parametrize("on", [True, False])
def test_errors_beside_an_unchanged_status_are_sent_as_set(on):
    core = online(ocpp_send_error_status=on, ocpp__MinimumStatusDuration=60)
    words = {"error": "ReaderFailure", "info": "RFID reader not communicating"}
    told = faces(core, change(core, 0, Face.AVAILABLE, 1, **words), 1)
    back = faces(core, change(core, 0, Face.AVAILABLE, 2, info="RFID reader recovered"), 2)
    assert told + back == [(0, "Available")] * 2 * on


@pytest.mark.covers("B-OCP-21")
def test_a_fault_carries_code_text_and_vendor_code():
    core = online()
    words = {"error": "GroundFailure", "info": "R" * 60, "vendor_error": "F01"}
    (call,) = frames(change(core, 1, Face.FAULTED, 1, **words))
    assert call[3]["errorCode"] == "GroundFailure"
    assert call[3]["info"] == "R" * 50
    assert call[3]["vendorErrorCode"] == "F01"


@pytest.mark.covers("OCPP16-PITFALL-20")
def test_connectors_and_states_that_cannot_be_are_not_told():
    core = online()
    assert change(core, 0, Face.CHARGING, 1) == []
    assert change(core, 3, Face.AVAILABLE, 1) == []
    assert change(core, -1, Face.AVAILABLE, 1) == []
    (call,) = frames(change(core, 1, Face.FAULTED, 1, error="MadeUp"))
    assert call[3]["errorCode"] == "OtherError"


def test_the_first_face_ever_told_is_not_held_back():
    core = station(ocpp__MinimumStatusDuration=30)
    boot(core)
    assert faces(core, change(core, 1, Face.AVAILABLE, 5), 5) == [(1, "Available")]
