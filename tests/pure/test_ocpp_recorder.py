"""The wire checker: silent on good traffic, and each rule fires on what breaks it."""

import json

import pytest

from firmware.sim.recorder import LEGAL, WireRecorder
from tests.pure.ocpp_rig import NOON

BOOT = ["up", 2, "BootNotification", {"chargePointModel": "M", "chargePointVendor": "V"}]
TRIGGER = ["down", 2, "TriggerMessage", {"requestedMessage": "Heartbeat"}]


def booted(status="Accepted", interval=100):
    return ["down", 3, {"status": status, "currentTime": NOON, "interval": interval}]


def judged(*frames, step_ms=100):
    """Judge frames; ids are given in order, an answer gets the id of the last open question."""
    recorder, ids, at_ms = WireRecorder(), {"up": "", "down": ""}, 0
    recorder.frame("CP1", "open", "", 0)
    for number, frame in enumerate(frames):
        at_ms += step_ms
        match frame:
            case (direction, str(text)):
                recorder.frame("CP1", direction, text, at_ms)
                continue
            case [direction, 2, action, payload]:
                ids[direction] = f"id-{number}"
                message = [2, ids[direction], action, payload]
            case [direction, 3, payload]:
                message = [3, ids["down" if direction == "up" else "up"], payload]
        recorder.frame("CP1", direction, json.dumps(message), at_ms)
    return [problem.split(": ", 1)[1] for problem in recorder.problems()]


def start(connector=1, minute=0, wh=100):
    stamp = f"2026-01-31T12:{minute:02}:00.000Z"
    told = {"connectorId": connector, "idTag": "T", "meterStart": wh, "timestamp": stamp}
    return ["up", 2, "StartTransaction", told]


def started(transaction_id):
    answer = {"transactionId": transaction_id, "idTagInfo": {"status": "Accepted"}}
    return ["down", 3, answer]


def stop(transaction_id=5, minute=9, wh=900):
    stamp = f"2026-01-31T12:{minute:02}:00.000Z"
    told = {"transactionId": transaction_id, "meterStop": wh, "timestamp": stamp}
    return ["up", 2, "StopTransaction", told]


def values(transaction_id=5, minute=5, wh="500"):
    block = {"timestamp": f"2026-01-31T12:{minute:02}:00.000Z", "sampledValue": [{"value": wh}]}
    told = {"connectorId": 1, "transactionId": transaction_id, "meterValue": [block]}
    return ["up", 2, "MeterValues", told]


def face(status, connector=1):
    told = {"connectorId": connector, "errorCode": "NoError", "status": status}
    return ["up", 2, "StatusNotification", told]


OK = ["down", 3, {}]
GOOD = [
    BOOT, booted(), face("Available"), OK, face("Preparing"), OK, start(), started(5),
    face("Charging"), OK, values(), OK, stop(), OK, face("Finishing"), OK,
]  # fmt: skip


def test_good_traffic_has_no_problem():
    assert judged(*GOOD) == []


@pytest.mark.parametrize(
    ("frames", "problem"),
    [
        ([("up", "{")], "not JSON"),
        ([("up", "[9]")], "not the shape of an OCPP-J message"),
        ([["up", 2, "BootNotification", {"chargePointModel": "M"}]],
         "BootNotification: payload: 'chargePointVendor' is a required property"),
        ([BOOT, ["down", 3, {"currentTime": NOON, "interval": 1}]],
         "BootNotificationResponse: payload: 'status' is a required property"),
        ([("up", json.dumps([2, "x" * 37, *BOOT[2:]]))],
         "BootNotification has a message id of 37 characters"),
        ([("up", json.dumps([2, "x", *BOOT[2:]])), ("down", '[4,"x","InternalError","",{}]'),
          ("up", json.dumps([2, "x", *BOOT[2:]]))],
         "BootNotification repeats the message id x"),
        ([BOOT, BOOT], "BootNotification while BootNotification has no answer"),
        ([BOOT, booted(), TRIGGER, TRIGGER], "TriggerMessage while TriggerMessage has no answer"),
        ([face("Available")], "StatusNotification before BootNotification was Accepted"),
        ([BOOT, booted("Pending"), face("Available")],
         "StatusNotification while Pending, and nobody asked for it"),
        ([BOOT, booted("Rejected"), BOOT],
         "BootNotification before the interval of Rejected is over"),
        ([BOOT, booted("Rejected"), TRIGGER, ["up", 3, {"status": "Rejected"}]],
         "TriggerMessage was answered while Rejected"),
        ([BOOT, booted("Pending"), ["down", 2, "RemoteStopTransaction", {"transactionId": 5}],
          ["up", 3, {"status": "Accepted"}]],
         "RemoteStopTransaction was Accepted while Pending"),
        ([BOOT, booted(), ("up", '[3,"?",{}]')], "an answer to ?, which is not open"),
        ([BOOT, booted(), ["up", 2, "Nonsense", {}]], "Nonsense is no message of OCPP 1.6"),
        ([BOOT, booted(), values()], "MeterValues of transaction 5, never started"),
        ([BOOT, booted(), stop()], "StopTransaction of transaction 5, never started"),
        ([*GOOD, values(minute=10, wh="950")], "MeterValues of transaction 5 after its stop"),
        ([*GOOD, stop(minute=11, wh=901)],
         "a second, different StopTransaction of transaction 5"),
        ([BOOT, booted(), start(minute=5), started(5), start(2, minute=4), started(6)],
         "a StartTransaction of 2026-01-31T12:04:00.000Z after one of 2026-01-31T12:05:00.000Z"),
        ([BOOT, booted(), face("Available"), OK, face("Finishing")],
         "connector 1 went from Available to Finishing"),
        ([BOOT, booted(), face("Charging", 0)], "connector 0 cannot be Charging"),
        ([BOOT, booted(), start(), started(5), values(wh="99")],
         "the register of connector 1 goes backwards at 99 Wh"),
    ],
)  # fmt: skip
def test_each_rule_fires(frames, problem):
    assert judged(*frames) == [problem]


def test_a_request_left_open_while_pending_is_a_problem():
    problems = judged(BOOT, booted("Pending", 1_000), TRIGGER, ("close", ""), step_ms=40_000)
    assert problems == ["TriggerMessage id-2 was never answered while Pending"]


def test_what_was_asked_for_while_pending_is_none():
    answer = ["up", 3, {"status": "Accepted"}]
    beat = ["up", 2, "Heartbeat", {}]
    now = ["down", 3, {"currentTime": NOON}]
    assert judged(BOOT, booted("Pending"), TRIGGER, answer, beat, now) == []


def test_repeated_messages_and_a_call_after_a_time_out_are_no_problem():
    assert judged(*GOOD[:8], start(), started(5), stop(), OK, stop(), OK) == []
    assert judged(BOOT, BOOT, booted(), step_ms=30_000) == []


def test_after_an_interruption_any_state_may_be_told():
    assert judged(BOOT, booted(), face("Available"), ("open", ""), face("Finishing")) == []


@pytest.mark.parametrize("number", range(9))
def test_a_fault_may_come_in_every_state_and_go_back_to_it(number):
    states = sorted({before for before, _ in LEGAL})
    state = states[number]
    assert state == "Faulted" or {(state, "Faulted"), ("Faulted", state)} <= LEGAL
    assert (state, state) not in LEGAL
