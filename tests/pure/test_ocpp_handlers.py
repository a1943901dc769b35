"""Requests of the back end: what is answered here, what the station decides, what it may say."""

import pytest

from firmware.model import backend
from firmware.model.backend import Answer, ConfigurationAnswer, KeyValue
from firmware.model.machine import TICK
from firmware.model.session import ConnectorChanged
from firmware.model.values import ConnectorStatus
from firmware.ocpp.frames import pack_result
from tests.pure.ocpp_rig import boot, frames, hear, others, station


def online():
    core = station()
    boot(core)
    return core


@pytest.mark.parametrize(
    ("action", "payload", "fact", "word"),
    [
        ("ChangeAvailability", {"connectorId": 0, "type": "Inoperative"},
         backend.AvailabilityRequested("q", 0, False), "Scheduled"),
        ("ChangeConfiguration", {"key": "K", "value": "V"},
         backend.ConfigurationChangeRequested("q", "K", "V"), "RebootRequired"),
        ("ClearCache", {}, backend.CacheClearRequested("q"), "Rejected"),
        ("RemoteStartTransaction", {"idTag": "T", "connectorId": 2},
         backend.RemoteStartRequested("q", 2, "T"), "Accepted"),
        ("RemoteStartTransaction", {"idTag": "T"},
         backend.RemoteStartRequested("q", None, "T"), "Rejected"),
        ("RemoteStopTransaction", {"transactionId": -3},
         backend.RemoteStopRequested("q", -3), "Accepted"),
        ("Reset", {"type": "Hard"}, backend.ResetRequested("q", True), "Accepted"),
        ("Reset", {"type": "Soft"}, backend.ResetRequested("q", False), "Rejected"),
        ("UnlockConnector", {"connectorId": 1}, backend.UnlockRequested("q", 1), "UnlockFailed"),
    ],
)  # fmt: skip
def test_the_station_decides_and_its_word_is_sent(action, payload, fact, word):
    core = online()
    assert hear(core, [2, "q", action, payload], 1) == [fact]
    assert hear(core, [2, "q", action, payload], 2) == []  # the same request again: still open
    assert frames(core.handle(Answer("q", word), 3)) == [[3, "q", {"status": word}]]
    assert core.handle(Answer("q", word), 4) == []


@pytest.mark.parametrize(
    ("action", "payload", "answer"),
    [
        ("DataTransfer", {"vendorId": "x"}, {"status": "UnknownVendorId"}),
        ("RemoteStartTransaction", {"idTag": "T", "connectorId": 0}, {"status": "Rejected"}),
        ("RemoteStartTransaction", {"idTag": "T", "connectorId": 3}, {"status": "Rejected"}),
        ("ChangeAvailability", {"connectorId": 3, "type": "Operative"}, {"status": "Rejected"}),
        ("UnlockConnector", {"connectorId": 0}, {"status": "NotSupported"}),
        ("UnlockConnector", {"connectorId": 9}, {"status": "NotSupported"}),
        ("TriggerMessage", {"requestedMessage": "StatusNotification", "connectorId": 5},
         {"status": "Rejected"}),
        ("TriggerMessage", {"requestedMessage": "MeterValues", "connectorId": 0},
         {"status": "Rejected"}),
    ],
)  # fmt: skip
@pytest.mark.covers("TC_027_CS", "TC_031_CS", "TC_055_CS", "TC_062_CS")
def test_what_needs_no_decision_is_answered_at_once(action, payload, answer):
    wishes = hear(online(), [2, "q", action, payload], 1)
    assert wishes == [backend.SendFrame(pack_result("q", answer))]


@pytest.mark.covers("TC_019_CS")
def test_the_configuration_is_sent_as_the_station_tells_it():
    core = online()
    request = [2, "q", "GetConfiguration", {"key": ["A", "B", "C"]}]
    assert hear(core, request, 1) == [backend.ConfigurationRequested("q", ("A", "B", "C"))]
    known = (KeyValue("A", True, "1"), KeyValue("B", False, None))
    (answer,) = frames(core.handle(ConfigurationAnswer("q", known, ("C",)), 2))
    assert answer == [
        3, "q",
        {
            "configurationKey": [
                {"key": "A", "readonly": True, "value": "1"}, {"key": "B", "readonly": False},
            ],
            "unknownKey": ["C"],
        },
    ]  # fmt: skip
    assert hear(core, [2, "r", "GetConfiguration", None], 3) == [
        backend.ConfigurationRequested("r", ())
    ]


def test_many_requests_may_be_open_and_each_gets_its_own_answer():
    core = online()
    for number in range(3):
        hear(core, [2, f"q{number}", "ClearCache", {}], number)
    order = [core.handle(Answer(f"q{number}", "Accepted"), 9) for number in (2, 0, 1)]
    assert [frames(wishes)[0][1] for wishes in order] == ["q2", "q0", "q1"]


def test_a_request_that_nobody_decides_gets_an_internal_error_after_30_s():
    core = online()
    hear(core, [2, "q", "ClearCache", {}], 1_000)
    assert core.deadline_ms() == 31_000
    (error,) = frames(core.handle(TICK, 31_000))
    assert error[:3] == [4, "q", "InternalError"]
    assert core.handle(Answer("q", "Accepted"), 31_001) == []


@pytest.mark.parametrize("answer", [Answer("q", "Maybe"), ConfigurationAnswer("q", (), ())])
def test_a_word_that_the_action_does_not_know_is_our_own_error(answer):
    core = online()
    hear(core, [2, "q", "ClearCache", {}], 1)
    (error,) = frames(core.handle(answer, 2))
    assert error[:3] == [4, "q", "InternalError"]


def test_open_requests_end_with_their_connection():
    core = online()
    hear(core, [2, "q", "ClearCache", {}], 1)
    core.handle(backend.BackendLost(2, "gone"), 2)
    core.handle(backend.BackendConnected(3), 3)
    assert core.handle(Answer("q", "Accepted"), 4) == []


def test_too_many_open_requests_are_refused():
    core = online()
    for number in range(32):
        hear(core, [2, f"q{number}", "ClearCache", {}], 1)
    (error,) = frames(hear(core, [2, "more", "ClearCache", {}], 2))
    assert error[:3] == [4, "more", "InternalError"]


@pytest.mark.covers("OCPP16-PITFALL-41")
@pytest.mark.covers("TC_054_CS")
def test_a_trigger_is_answered_before_what_it_causes():
    core = online()
    (conf, beat) = frames(
        hear(core, [2, "q", "TriggerMessage", {"requestedMessage": "Heartbeat"}], 1)
    )
    assert (conf, beat[2]) == ([3, "q", {"status": "Accepted"}], "Heartbeat")
    hear(core, [3, beat[1], {}], 2)
    wishes = hear(core, [2, "r", "TriggerMessage", {"requestedMessage": "MeterValues"}], 3)
    assert frames(wishes) == [[3, "r", {"status": "Accepted"}]]
    assert others(wishes) == [backend.SampleRequested(1), backend.SampleRequested(2)]


@pytest.mark.covers("OCPP16-PITFALL-18", "OCPP16-PITFALL-47")
@pytest.mark.covers("TC_054_CS")
def test_a_triggered_boot_never_starts_anything_anew():
    core = online()
    core.handle(ConnectorChanged(1, ConnectorStatus.AVAILABLE), 1)
    hear(core, [3, "7-2", {}], 1)
    trigger = [2, "q", "TriggerMessage", {"requestedMessage": "BootNotification"}]
    conf, call = frames(hear(core, trigger, 2))
    answer = {"status": "Accepted", "currentTime": "2026-01-31T12:00:00Z", "interval": 50}
    assert hear(core, [3, call[1], answer], 3) == []
    assert core.deadline_ms() == 50_003
