"""Every parameter: its default is valid, its texts go round, and bad values get a sentence."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.config.param import BadValue
from firmware.config.registry import PARAMS, changed, defaults, find, restored
from firmware.model.errors import SettingErrors

every_param = pytest.mark.parametrize("param", PARAMS.values(), ids=lambda param: param.key)
RANGES = {
    key: (int(low), int(high))
    for key, param in PARAMS.items()
    if (found := re.fullmatch(r"(-?\d+) to (\d+)", param.kind.allowed))
    for low, high in [found.groups()]
    if isinstance(param.default, int) and not isinstance(param.default, bool)
}
TEXTS = st.one_of(
    st.integers(-10, 100_000).map(str),
    st.sampled_from(["on", "off", "True", "ethernet", "lower", "", " 16 ", "ws://a/b", "1.RST"]),
    st.lists(st.sampled_from(["aa", "bb/1", "Voltage", "x" * 30]), max_size=4).map(":".join),
    st.text(max_size=30),
)


def errors(texts, base=None):
    with pytest.raises(SettingErrors) as caught:
        changed(base or defaults(), texts)
    return caught.value.messages


@every_param
def test_the_default_is_valid_and_goes_round(param):
    text = param.kind.write(param.default)
    assert param.parse(text) == param.default
    assert type(param.parse(text)) is type(param.default)


@every_param
def test_a_parameter_says_what_it_is_for_and_what_it_takes(param):
    assert param.help.endswith(".")
    assert param.kind.allowed
    assert param.kind.secret or param.show(param.default) == param.kind.write(param.default)


@every_param
@settings(max_examples=30, derandomize=True, deadline=None)
@given(text=TEXTS)
def test_what_is_taken_is_written_and_read_as_the_same_and_the_rest_gets_a_sentence(param, text):
    try:
        value = param.parse(text)
    except BadValue as problem:
        said = str(problem)
        assert said.startswith(f"{param.key}: ")
        assert f"cannot be taken, allowed: {param.kind.allowed}" in said
    else:
        assert param.parse(param.kind.write(value)) == value


@pytest.mark.parametrize("key", RANGES)
def test_a_number_is_taken_from_its_lowest_to_its_highest(key):
    low, high = RANGES[key]
    param = PARAMS[key]
    assert [param.parse(str(number)) for number in (low, high)] == [low, high]
    for number in (low - 1, high + 1):
        with pytest.raises(BadValue, match=f"{low} to {high}"):
            param.parse(str(number))


@pytest.mark.parametrize("text", ["", "x", "1.5", "1e3", "1_6", "٣", "0x10", "--6", "+16"])
def test_a_number_is_written_in_plain_digits(text):
    with pytest.raises(BadValue):
        PARAMS["operator_current_limit_1"].parse(text)


@pytest.mark.parametrize(
    "text, value", [("on", True), ("TRUE", True), ("1", True), (" off ", False), ("false", False)]
)
def test_a_flag_is_read_in_the_words_of_people_and_of_the_back_end(text, value):
    assert PARAMS["ocpp_force_heartbeat"].parse(text) is value


@pytest.mark.covers("B-OCP-02")
@pytest.mark.parametrize("url, fine", [
    ("ws://a/b", True), ("wss://a:8080/x y", False), ("wss://a", True), ("", True),
    ("http://a", False), ("ws://", False), ("wss://a\n", False),
])  # fmt: skip
def test_an_address_begins_with_ws_or_wss(url, fine):
    if fine:
        assert changed(defaults(), {"ocpp_ws_url": url}).text("ocpp_ws_url") == url
    else:
        (said,) = errors({"ocpp_ws_url": url})
        assert "an address that begins with ws:// or wss://" in said


@pytest.mark.parametrize(
    "text, entries",
    [("", ()), ("aa", ("aa",)), ("aa: bb/1 :cc/1/2:", ("aa", "bb/1", "cc/1/2"))],
)
def test_the_whitelist_is_separated_by_colons(text, entries):
    values = changed(defaults(), {"local_whitelist_entries": text})
    assert values.texts("local_whitelist_entries") == entries


@pytest.mark.parametrize("entry", ["aa/3", "aa/", "x" * 21, "a b", "aa/1/2/1"])
def test_an_entry_that_no_card_can_have_is_refused(entry):
    (said,) = errors({"local_whitelist_entries": entry})
    assert "ids separated by colons" in said


def test_a_secret_is_never_shown_not_even_in_its_refusal():
    param = PARAMS["ocpp_basic_auth_password"]
    with pytest.raises(BadValue) as caught:
        param.parse("hunter2" * 10)
    assert "hunter2" not in str(caught.value)
    assert param.show("hunter2") == ""


# -- together --------------------------------------------------------------------------------


@pytest.mark.covers("B-CUR-02", "B-CUR-03")
@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize(
    "lower, upper, amps, most",
    [
        ("installation_current_limit", "maximum_current", 40, 32),
        ("operator_current_limit", "installation_current_limit", 33, 32),
    ],
)
def test_a_limit_above_the_one_that_holds_it_is_refused(number, lower, upper, amps, most):
    (said,) = errors({f"{lower}_{number}": str(amps)})
    above = f"{lower}_{number}: {amps} A is above {upper}_{number} ({most} A)"
    assert said == f"{above}; lower it or raise the other first"


@pytest.mark.covers("B-CUR-02", "B-CUR-03")
def test_limits_that_are_raised_together_are_taken_together():
    texts = {
        "operator_current_limit_1": "40",
        "installation_current_limit_1": "50",
        "maximum_current_1": "63",
    }
    values = changed(defaults(), texts)
    assert [values.number(key) for key in texts] == [40, 50, 63]


@pytest.mark.covers("B-CUR-02")
def test_lowering_what_holds_a_limit_is_refused_as_well():
    (said,) = errors({"installation_current_limit_1": "10"})
    assert said.startswith("operator_current_limit_1: 16 A is above")


def test_all_errors_come_at_once_and_nothing_changes():
    base = defaults()
    said = errors(
        {
            "operator_current_limit_1": "5",
            "operator_curent_limit_2": "9",
            "ocpp:NumberOfConnectors": "1",
            "vehicle_connection_timeout": "60",
        },
        base,
    )
    assert said == (
        "operator_current_limit_1: '5' cannot be taken, allowed: 6 to 80 A",
        "operator_curent_limit_2: no such parameter; did you mean operator_current_limit_2?",
        "ocpp:NumberOfConnectors: read-only",
    )
    assert base == defaults()


def test_what_the_disk_holds_is_restored_and_what_cannot_be_is_left_out_with_a_sentence():
    values, said = restored(
        {"operator_current_limit_1": "99", "vehicle_connection_timeout": "60", "gone": "1"}
    )
    assert values == changed(defaults(), {"vehicle_connection_timeout": "60"})
    assert [one.split(":")[0] for one in said] == ["operator_current_limit_1", "gone"]


def test_limits_that_hold_only_together_are_restored_together():
    texts = {"operator_current_limit_1": "40", "installation_current_limit_1": "50",
             "maximum_current_1": "63"}  # fmt: skip
    assert restored(texts) == (changed(defaults(), texts), ())
    assert restored({"gone": "1", **texts})[0] == changed(defaults(), texts)


@pytest.mark.covers("B-CUR-03")
def test_a_value_that_cannot_be_restored_does_not_loosen_the_limit_that_holds_it():
    values, said = restored({"installation_current_limit_1": "10", "operator_current_limit_1": "?"})
    assert values.number("installation_current_limit_1") == 10
    assert values.number("operator_current_limit_1") == 10
    assert [one.split(":")[0] for one in said] == ["operator_current_limit_1"] * 2


@pytest.mark.parametrize("key, found", [
    ("operator_current_limit_1", "operator_current_limit_1"),
    ("ocpp:heartbeatinterval", "ocpp:HeartbeatInterval"),
    ("ocpp:ConnectionTimeOut", "vehicle_connection_timeout"), ("HeartbeatInterval", None),
])  # fmt: skip
def test_a_parameter_is_found_by_its_key_or_its_ocpp_key(key, found):
    param = find(key)
    assert (None if param is None else param.key) == found
