"""What people, programs and the back end may ask of the parameters and of the station."""

import pytest

from firmware.config.registry import PARAMS, defaults
from firmware.model.backend import (
    Answer,
    ConfigurationChangeRequested,
    ConfigurationRequested,
    KeyValue,
)
from firmware.model.fault import Fault
from firmware.model.machine import TICK
from firmware.model.outlet import CableChanged, EndPermit, FaultRaised, HoldLock, LockMoved
from firmware.model.settings import SettingsChanged
from firmware.model.storage import Memory, PutSetting
from firmware.ocpp import StationInfo
from firmware.station.commands import Commands
from firmware.station.configuration import ConfigurationDesk
from firmware.station.core import Options, StationCore
from tests.pure.rigs import settings
from tests.pure.station_rig import Station


def commands(**texts):
    info = StationInfo("Vendor", "Model", "S1", "1.0", 2)
    return Commands(StationCore(settings(**texts), Memory(1), Options(info)))


def change(key, value, **texts):
    desk = ConfigurationDesk(settings(**texts))
    return list(desk.handle(ConfigurationChangeRequested("c", key, value), 0))


def get(*keys, **texts):
    (answer,) = ConfigurationDesk(settings(**texts)).handle(ConfigurationRequested("c", keys), 0)
    return answer


# -- the back end ----------------------------------------------------------------------------


@pytest.mark.covers("B-ACC-10")
def test_all_keys_are_told_and_a_secret_has_no_value():
    answer = get(ocpp_basic_auth_password="sixteen_letters_")
    named = {entry.key: entry for entry in answer.known}
    assert {p.ocpp_key for p in PARAMS.values() if p.id} <= set(named)
    assert named["AuthorizationKey"] == KeyValue("AuthorizationKey", readonly=False, value=None)
    assert not any("sixteen" in (entry.value or "") for entry in answer.known)


@pytest.mark.parametrize("key", ["ConnectionTimeOut", "connectiontimeout"])
def test_a_key_is_found_in_any_case_and_an_unknown_one_is_named(key):
    answer = get(key, "Nonsense")
    assert answer.known == (KeyValue("ConnectionTimeOut", readonly=False, value="45"),)
    assert answer.unknown == ("Nonsense",)


@pytest.mark.covers("B-OCP-38")
@pytest.mark.parametrize("flag, length", [("off", 500), ("on", 629)])
def test_a_long_value_is_cut_unless_the_setting_says_otherwise(flag, length):
    entries = ":".join(f"{n:020}" for n in range(30))
    answer = get(
        "LocalWhitelistEntries", local_whitelist_entries=entries, ocpp_allow_long_get_config=flag
    )
    assert [len(entry.value) for entry in answer.known] == [length]


@pytest.mark.covers("B-ACC-11")
def test_a_change_is_kept_told_to_every_part_and_answered():
    expected = settings(vehicle_connection_timeout="60")
    answer, kept, _, *rest = change("ConnectionTimeOut", "60")
    assert kept.change.values == (("vehicle_connection_timeout", "45", "60"),)
    assert [answer, *rest] == [
        Answer("c", "Accepted"),
        PutSetting("vehicle_connection_timeout", "60"),
        SettingsChanged(expected),
    ]


@pytest.mark.covers("B-ACC-11")
def test_a_change_that_needs_a_restart_says_so():
    answer, *_, put, _ = change("OcppChargeboxIdentity", "CP1")
    assert (answer, put) == (
        Answer("c", "RebootRequired"), PutSetting("ocpp_chargebox_identity", "CP1"),
    )  # fmt: skip


@pytest.mark.covers("B-ACC-12", "B-CUR-03", "B-OCP-41")
@pytest.mark.parametrize(
    "key, value, status",
    [
        ("ConnectionTimeOut", "x", "Rejected"),
        ("ConnectionTimeOut", "0", "Rejected"),
        ("NumberOfConnectors", "1", "Rejected"),
        ("InstallationCurrentLimit1", "10", "Rejected"),
        ("MaximumCurrent1", "10", "Rejected"),
        ("OperatorCurrentLimit1", "33", "Rejected"),
        ("Nonsense", "1", "NotSupported"),
    ],
)
def test_a_change_that_may_not_be_changes_nothing(key, value, status):
    assert change(key, value) == [Answer("c", status)]


# -- people and programs ---------------------------------------------------------------------


@pytest.mark.covers("B-CUR-10", "P152")
@pytest.mark.parametrize("role", ["operator", "installer"])
@pytest.mark.parametrize("access", ["on", "off"])
def test_the_settings_of_the_one_supply_line_are_shown_where_the_maker_opens_them(access, role):
    some = commands(station_single_supply_installer_access=access)
    answer, _ = some.take({"do": "params", "role": role})
    shown = {param["key"] for param in answer["params"]}
    keys = {"station_single_supply", "station_supply_line_limit"}
    assert shown & keys == (keys if access == "on" else set())


def test_a_parameter_is_shown_with_what_a_person_wants_to_know():
    answer, messages = commands().take({"do": "get", "keys": ["operator_current_limit_1"]})
    param = PARAMS["operator_current_limit_1"]
    assert messages == []
    shown = answer["values"]["operator_current_limit_1"]
    assert {**shown, "help": None} == {
        "value": "16", "unit": "A", "allowed": "6 to 80", "role": "operator",
        "effect": "immediate", "help": None,
    }  # fmt: skip
    assert shown["help"] == param.help


def test_without_keys_all_parameters_are_shown_and_secrets_are_not():
    answer, _ = commands(ocpp_basic_auth_password="sixteen_letters_").take({"do": "get"})
    assert set(answer["values"]) == set(PARAMS)
    assert answer["values"]["ocpp_basic_auth_password"]["value"] == ""


@pytest.mark.covers("B-ACC-15", "B-ACC-16")
def test_a_setting_is_kept_told_and_answered_with_what_waits_for_a_restart():
    asked = {"ocpp_chargebox_identity": "CP1", "operator_current_limit_1": "10"}
    answer, messages = commands().take({"do": "set", "values": asked})
    assert answer == {
        "ok": True, "restart_needed_for": ["ocpp_chargebox_identity"], "saved": list(asked),
        "revision": 1, "warnings": [],
    }  # fmt: skip
    kept, _, *rest = messages
    assert (kept.change.who, kept.change.by) == ("the command line", "command")
    assert rest == [
        PutSetting("ocpp_chargebox_identity", "CP1"),
        PutSetting("operator_current_limit_1", "10"),
        SettingsChanged(settings(**asked)),
    ]


@pytest.mark.parametrize(
    "role, key, ok",
    [
        ("user", "operator_current_limit_1", False),
        ("operator", "operator_current_limit_1", True),
        ("operator", "installation_current_limit_1", False),
        ("installer", "installation_current_limit_1", True),
        ("installer", "maximum_current_1", False),
        ("manufacturer", "maximum_current_1", True),
        ("nobody", "operator_current_limit_1", False),
    ],
)
def test_a_role_may_write_what_is_its_own_and_below(role, key, ok):
    value = "32" if "operator" not in key else "10"
    answer, messages = commands().take({"do": "set", "values": {key: value}, "role": role})
    assert (answer["ok"], bool(messages)) == (ok, ok)


@pytest.mark.parametrize(
    "asked, sentence",
    [
        ({}, "unknown command None"),
        ({"do": "dance"}, "unknown command 'dance'; known: "),
        ({"do": "why", "outlet": 9}, "there is no outlet 9; there is 1, 2"),
        ({"do": "why", "outlet": "1"}, "there is no outlet '1'"),
        ({"do": "why", "outlet": [1]}, "there is no outlet [1]"),
        ({"do": "get", "keys": "all"}, "keys is a list of parameter names"),
        ({"do": "get", "keys": ["nonsense"]}, "nonsense: no such parameter"),
        ({"do": "set", "values": ["x"]}, "set takes values"),
        ({"do": "set", "values": {"x": "1"}}, "x: no such parameter"),
        ({"do": "set", "values": {"operator_current_limit_1": "5"}}, "allowed: 6 to 80 A"),
    ],
)
def test_what_cannot_be_done_is_answered_with_a_sentence(asked, sentence):
    answer, messages = commands().take(asked)
    assert (answer["ok"], messages) == (False, [])
    assert sentence in answer["errors"][0]


def test_a_refused_setting_leaves_all_of_its_company_unchanged():
    some = commands()
    bad = {"vehicle_connection_timeout": "60", "operator_current_limit_1": "5"}
    assert some.take({"do": "set", "values": bad})[1] == []
    assert some.station.configuration.settings == defaults()


def test_the_state_is_shown_for_every_outlet():
    answer, _ = commands().take({"do": "status"})
    assert [one["outlet"] for one in answer["outlets"]] == [1, 2]
    assert answer["outlets"][0]["status"] == "Available"


@pytest.mark.parametrize(
    "facts, sentence",
    [
        ([], "outlet 1: nothing is plugged in"),
        (
            [CableChanged(1, 32_000, 0)],
            "outlet 1: a cable is plugged in; it waits for a card, a remote start or a car",
        ),
        (
            [FaultRaised(1, Fault.GROUND_FAILURE, 0)],
            "outlet 1: no charging, fault F01: Residual current detected via sensor",
        ),
    ],
)
def test_why_is_one_sentence(facts, sentence):
    some = commands()
    for fact in (TICK, *facts):
        list(some.station.handle(fact, 0))
    answer, _ = some.take({"do": "why", "outlet": 1})
    assert answer == {"ok": True, "why": sentence}


# -- the emergency unlock --------------------------------------------------------------------


@pytest.mark.covers("B-STP-12")
def test_an_unlock_stops_what_runs_and_frees_the_plug():
    station = Station()
    station.tell(LockMoved(1, True, 0))
    station.charge()
    some = Commands(station.core)
    answer, messages = some.take({"do": "unlock", "outlet": 1, "role": "operator"})
    assert (answer["was_locked"], answer["was_running"]) == (True, True)
    station.tell(*messages)
    assert station.wishes == [EndPermit(1, "UnlockCommand"), HoldLock(1, False)]
    lock = {"do": "lock", "outlet": 1}
    assert some.take(lock)[0] == {"ok": True, "locked": True, "waiting": True}
    station.open()
    station.tell(LockMoved(1, False, station.now_ms))
    assert some.take(lock)[0] == {"ok": True, "locked": False, "waiting": False}
    station.wait(10_000)
    assert station.stopped == ["UnlockCommand"]


@pytest.mark.covers("B-STP-12")
def test_an_unlock_that_moves_nothing_has_an_end():
    station = Station()
    station.tell(LockMoved(1, True, 0))
    some = Commands(station.core)
    station.tell(*some.take({"do": "unlock", "outlet": 1})[1])
    station.wait(15_000)
    answer, _ = some.take({"do": "lock", "outlet": 1})
    assert answer == {"ok": True, "locked": True, "waiting": False}


@pytest.mark.parametrize(
    "asked, sentence",
    [
        ({"do": "unlock", "outlet": 3}, "there is no outlet 3"),
        ({"do": "unlock", "outlet": True}, "there is no outlet True"),
        ({"do": "lock"}, "there is no outlet None"),
        ({"do": "unlock", "outlet": 1, "role": "user"}, "role operator is needed, this is user"),
        ({"do": "unlock", "outlet": 1, "role": "king"}, "there is no role 'king'"),
    ],
)
def test_an_unlock_that_may_not_be_does_nothing(asked, sentence):
    answer, messages = commands().take(asked)
    assert (answer["ok"], messages) == (False, [])
    assert sentence in answer["errors"][0]


@pytest.mark.covers("B-MET-05")
@pytest.mark.parametrize("do", ["check", "set"])
def test_who_tries_or_saves_a_meter_in_another_network_is_warned(do):
    station = StationCore(settings(), Memory(1), Options(StationInfo("V", "M", "S1", "1.0", 2)))
    values = {"meter1_type": "siemens_7km2200_tcp", "meter1_ip": "192.168.1.2"}
    asked = {"do": do, "role": "installer", "values": values}
    for networks, warns in ((["10.0.0.7/255.255.255.0"], 1), (["192.168.1.7/255.255.255.0"], 0)):
        answer, _ = Commands(station, lambda told=networks: told).take(asked)
        assert (answer["ok"], len(answer["warnings"])) == (True, warns)
