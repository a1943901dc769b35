"""Frames: nothing that a back end can send is raised, and what can be answered is answered."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft4Validator

from firmware.model.backend import BackendConnected, FrameReceived, SendFrame
from firmware.ocpp.frames import Call, Failure, Junk, Refusal, Result, parse
from firmware.ocpp.handlers import HANDLERS
from firmware.ocpp.schemas import _schema, violation
from tests.pure.ocpp_rig import boot, frames, hear, station


@pytest.mark.parametrize(
    "text",
    [
        "", "hello", "[]", "{}", "null", "[2", '"x"', '[2,1,"Reset",{}]', '[9,"1","Reset",{}]',
        "[" * 100_000, '[2,"1","Reset",' + '{"a":' * 40 + "1" + "}" * 40 + "]",
        '[2,"1","SetChargingProfile",{"x":NaN}]', '[2,"1","Reset",{"x":Infinity}]',
        '[2,"1","Reset",{"x":1e999}]', '[2,"1","Reset",{"x":' + "9" * 21 + "}]",
        '[2,"1","Reset",{"x":1.' + "9" * 21 + "}]", '[2,"1","Reset",{"type":"\\ud800"}]',
        '[2,"' + "x" * 37 + '","Reset",{}]', '[2,"","Reset",{}]', '[true,"1",{}]',
        '[2,"1","Reset",{"x":"' + "a" * 140_000 + '"}]', '"' + '\\"' * 60_000,
    ],
)  # fmt: skip
def test_what_has_no_answer_is_junk(text):
    assert isinstance(parse(text), Junk)


@pytest.mark.parametrize(
    "text",
    ['[2,"1",["Reset"],{}]', '[2,"1",{},{}]', '[2,"1"]', '[2,"1","Reset"]', '[2,"1","Reset",[]]',
     '[2,"1","Reset",{},{}]', '[2,"1","Reset","x"]'],
)  # fmt: skip
def test_a_broken_call_with_an_id_is_refused(text):
    assert parse(text) == Refusal("1", "FormationViolation", "a CALL is [2, id, action, object]")


@pytest.mark.covers("OCPP16-PITFALL-64")
@pytest.mark.parametrize(
    ("text", "frame"),
    [
        ('[2,"1","ClearCache",null]', Call("1", "ClearCache", {})),
        ('[3,"1",null]', Result("1", {})),
        ('[3,"1",{"a":1},"more"]', Result("1", {"a": 1})),
        ('[3,"1",[]]', Result("1", None)),
        ('[3,"1"]', Result("1", None)),
        ('[4,"1"]', Failure("1", "GenericError", "")),
        (
            '[4,"1","OccurrenceConstraintViolation","so",{}]',
            Failure("1", "OccurrenceConstraintViolation", "so"),
        ),
        ('[4,"1",7,[],1,2]', Failure("1", "GenericError", "")),
        (
            '[2,"1","Reset",{"x":"[[[ 123456789012345678901234567890 \\" ]"}]',
            Call("1", "Reset", {"x": '[[[ 123456789012345678901234567890 " ]'}),
        ),
    ],
)
def test_odd_but_readable_frames_are_read(text, frame):
    assert parse(text) == frame


@given(st.text())
def test_any_text_is_some_frame(text):
    assert isinstance(parse(text), Call | Result | Failure | Refusal | Junk)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=9,
)
ACTIONS = st.sampled_from([*HANDLERS, "SetChargingProfile", "Nonsense"]) | JSON
CALLS = st.tuples(st.sampled_from([2, 3, 4]) | JSON, st.just("7-1") | JSON, ACTIONS, JSON)


@given(st.lists(st.one_of(CALLS.map(list), st.lists(JSON)).map(json.dumps) | st.text(), max_size=6))
def test_no_frame_ever_raises_and_the_next_good_one_is_answered(texts):
    core = station()
    core.handle(BackendConnected(0), 0)
    for now_ms, text in enumerate(texts):
        core.handle(FrameReceived(text), now_ms)
    answers = frames(hear(core, [2, "good", "DataTransfer", {"vendorId": "x"}], 100))
    assert answers == [[3, "good", {"status": "UnknownVendorId"}]]


@pytest.mark.covers("OCPP16-PITFALL-63")
@pytest.mark.parametrize(
    ("action", "payload", "code"),
    [
        ("Reset", {"type": "Warm"}, "PropertyConstraintViolation"),
        ("Reset", {"type": 5}, "TypeConstraintViolation"),
        ("Reset", {}, "OccurenceConstraintViolation"),
        ("Reset", {"type": "Hard", "more": 1}, "FormationViolation"),
        ("ChangeConfiguration", {"key": "k" * 51, "value": ""}, "TypeConstraintViolation"),
        ("RemoteStopTransaction", {"transactionId": 1 << 63}, "TypeConstraintViolation"),
        ("RemoteStopTransaction", {"transactionId": True}, "TypeConstraintViolation"),
        ("Frobnicate", {}, "NotImplemented"),
        ("ReserveNow", {}, "OccurenceConstraintViolation"),
        ("UpdateFirmware", {}, "OccurenceConstraintViolation"),
        ("BootNotification", {}, "NotSupported"),
    ],
)
def test_each_error_has_its_name_of_1_6(action, payload, code):
    core = station()
    boot(core)
    (answer,) = frames(hear(core, [2, "x", action, payload], 1))
    assert answer[:3] == [4, "x", code]


def test_an_error_never_repeats_what_was_sent():
    core = station()
    boot(core)
    secret = "s3cret" * 100
    wishes = hear(core, [2, "x", "ChangeConfiguration", {"key": "K", "value": secret}], 1)
    assert [type(wish) for wish in wishes] == [SendFrame]
    assert "s3cret" not in wishes[0].text


@given(st.sampled_from(sorted(HANDLERS)), st.data())
def test_our_rules_and_the_json_schema_agree(action, data):
    schema = _schema(action)
    oracle = Draft4Validator(schema)
    names = [*schema["properties"], "other"]
    words = st.sampled_from(["Hard", "Soft", "Operative", "Heartbeat", "x" * 21, "x" * 501, ""])
    values = words | st.integers(-3, 9) | st.booleans() | st.none() | st.lists(words, max_size=2)
    payload = data.draw(st.dictionaries(st.sampled_from(names), values | st.just({}), max_size=4))
    assert (violation(action, payload) is None) == oracle.is_valid(payload)


def test_a_limit_beyond_all_counting_is_refused_and_nothing_breaks():
    schedule = {"chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 0}]}
    profile = {
        "chargingProfileId": 1, "stackLevel": 0, "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Relative", "chargingSchedule": schedule,
    }  # fmt: skip
    request = {"connectorId": 1, "csChargingProfiles": profile}
    assert violation("SetChargingProfile", request) is None
    for limit in (1e308, -1e308, 10**400):
        schedule["chargingSchedulePeriod"][0]["limit"] = limit
        found = violation("SetChargingProfile", request)
        assert found is not None and found.code == "PropertyConstraintViolation"


def test_one_decimal_is_a_multiple_of_a_tenth_whatever_binary_floats_say():
    period = {"startPeriod": 0, "limit": 21.4}
    schedule = {"chargingRateUnit": "A", "chargingSchedulePeriod": [period]}
    profile = {
        "chargingProfileId": 1, "stackLevel": 0, "chargingProfilePurpose": "TxProfile",
        "chargingProfileKind": "Relative", "chargingSchedule": schedule,
    }  # fmt: skip
    request = {"idTag": "A", "chargingProfile": profile}
    assert violation("RemoteStartTransaction", request) is None
    period["limit"] = 21.33
    found = violation("RemoteStartTransaction", request)
    assert found is not None and found.code == "PropertyConstraintViolation"
