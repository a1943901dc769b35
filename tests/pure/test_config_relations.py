"""Relations between parameters: what is refused, what is only told; all of it at once."""

import pytest

from firmware.config.exchange import dry_run, exported, forbidden
from firmware.config.param import Role
from firmware.config.registry import PARAMS, changed, defaults, key_of
from firmware.model.errors import SettingErrors
from tests.pure.rigs import settings

SINGLE = {"station_single_supply": "on"}
METER = {"dlm_external_meter_support": "on", "meter2_type": "siemens_7km2200_tcp",
         "meter2_ip": "10.0.0.9"}  # fmt: skip
TWICE = "stands there twice, or is the name of the site itself"
BEFORE = "dlm_fuses: a is behind b, which does not stand before it; write the upper fuse first"
WRONG = ("a", "a 9/9", "a 9/9/9 over b", "a b 9/9/9", "ä 9/9/9", "a 9/9/99999")
STATIC = {"lan_config_mode": "manual", "lan_static_ip": "192.168.1.20"}


def errors(texts, **base):
    with pytest.raises(SettingErrors) as caught:
        changed(settings(**base), texts)
    return list(caught.value.messages)


def warned(texts, **base):
    return list(dry_run(settings(**base), texts, Role.MANUFACTURER).warnings)


@pytest.mark.covers("B-CUR-04", "P127", "P150", "P151")
@pytest.mark.parametrize(
    "texts, said",
    [
        ({"station_supply_line_limit": "40"}, ["station_supply_line_limit"]),
        ({"operator_current_limit_1": "33"}, ["operator_current_limit_1"] * 2),
        ({"station_supply_line_limit": "10"}, ["operator_current_limit_1",
                                               "operator_current_limit_2"]),
    ],
)  # fmt: skip
def test_with_one_supply_line_its_limit_holds_both_outlets(texts, said):
    found = errors(texts, **SINGLE)
    assert [key_of(one) for one in found] == said


def test_with_one_supply_line_the_two_installation_limits_do_not_count():
    values = changed(
        settings(installation_current_limit_1="16"), {**SINGLE, "operator_current_limit_1": "32"}
    )
    assert values.number("operator_current_limit_1") == 32


@pytest.mark.parametrize(
    "texts, keys",
    [
        ({"dlm_operator_evse_subdistribution_limit": "20/21/99"},
         ["dlm_operator_evse_subdistribution_limit"] * 2),
        ({"dlm_mode": "master_standalone", "operator_current_limit_2": "6"},
         ["dlm_minimum_current_limit"]),
        ({"dlm_mode": "slave_fixed_ip"}, ["dlm_master_address"]),
        ({"dlm_external_meter_support": "on"}, ["meter2_type", "meter2_ip"]),
        ({"wlan_enabled": "on"}, ["wlan_ssid"]),
        ({"email_enabled": "on"}, ["email_smtp_server", "email_recipient"]),
        ({"lan_config_mode": "manual"}, ["lan_static_ip"]),
        ({**STATIC, "lan_static_gateway": "10.0.0.1"}, ["lan_static_gateway"]),
        ({**STATIC, "lan_static_ip": "192.168.1.255"}, ["lan_static_ip"]),
        ({"meter1_type": "phoenix_eem_mb371_tcp"}, ["meter1_ip"]),
        ({"meter1_type": "s0"}, ["meter1_type"]),
        ({"meter1_type": "ehz"}, ["meter1_type"]),
        ({"meter1_type": "eastron_sdm120_rtu"}, ["meter1_type"]),
    ],
)  # fmt: skip
def test_what_cannot_work_is_refused_with_a_sentence_each(texts, keys):
    found = errors(texts)
    assert [key_of(one) for one in found] == keys


def test_two_outlets_on_one_line_may_not_fall_back_to_more_than_it_carries():
    (said,) = errors({"dlm_disconnected_limit": "20", "dlm_mode": "slave_auto_discovery"}, **SINGLE)
    assert said == (
        "dlm_disconnected_limit: 20 A at each of two outlets is above "
        "station_supply_line_limit (32 A)"
    )


@pytest.mark.parametrize(
    "texts, base, key",
    [
        ({"dlm_disconnected_limit": "6"}, {}, "dlm_disconnected_limit"),
        ({"dlm_disconnected_limit": "20"}, {}, "dlm_disconnected_limit"),
        ({"dlm_evse_subdistribution_limit": "200/20/20"}, METER, "dlm_evse_subdistribution_limit"),
        ({"backend_connection_type": "none"}, {}, "ocpp_whitelist_enabled"),
        ({"ocpp_ws_url": "ws://a"}, {}, "ocpp_ws_url"),
    ],
)
def test_what_is_only_unwise_is_told_and_not_refused(texts, base, key):
    assert {key_of(one) for one in warned(texts, **base)} == {key}
    assert changed(settings(**base), texts)


@pytest.mark.covers("B-RFD-19")
def test_without_a_back_end_the_whitelist_of_the_back_end_is_better_off():
    (said,) = warned({"backend_connection_type": "none"})
    assert said == "ocpp_whitelist_enabled: without a back end it is better switched off"


@pytest.mark.covers("B-AUT-13")
@pytest.mark.parametrize(
    "doubt, warns", [("off", False), ("on", True), ("immediate_plug_in", True)]
)
def test_without_a_back_end_doubt_must_be_off(doubt, warns):
    alone = {"backend_connection_type": "none", "ocpp_whitelist_enabled": "off"}
    assert bool(warned({"if_in_doubt_allow_charging": doubt}, **alone)) == warns
    said = warned(alone, if_in_doubt_allow_charging=doubt)
    assert any("anyone can charge permanently" in one for one in said) == warns


ABROAD = {"meter1_type": "siemens_7km2200_tcp", "meter1_ip": "192.168.1.2"}
HOUSE = {**METER, "meter2_ip": "192.168.1.2"}
MACHINE = ("127.0.0.1/255.0.0.0", "10.0.0.7/255.255.255.0", "10.0.1.7/255.255.255.0")


def elsewhere(texts, networks=MACHINE, **base):
    dry = dry_run(settings(**base), texts, Role.MANUFACTURER, networks)
    assert dry.errors == ()
    return [one for one in dry.warnings if "own network" in one]


@pytest.mark.covers("B-MET-05", "P111", "P134")
@pytest.mark.parametrize(
    "texts, own",
    [
        (ABROAD, "10.0.0.0/24, 10.0.1.0/24"),
        ({**ABROAD, **STATIC, "lan_static_ip": "192.168.2.20"}, "192.168.2.0/24"),
        ({**ABROAD, "lan_config_mode": "dhcp_server"}, "172.16.23.0/24"),
    ],
)
def test_a_meter_in_another_network_is_warned_of(texts, own):
    assert elsewhere(texts) == [
        f"meter1_ip: 192.168.1.2 is not in the station's own network ({own})"
    ]


@pytest.mark.covers("B-MET-05")
def test_the_meter_of_the_house_in_another_network_is_warned_of_while_it_is_used():
    assert [key_of(one) for one in elsewhere(HOUSE)] == ["meter2_ip"]
    assert elsewhere({**HOUSE, "dlm_external_meter_support": "off"}) == []


@pytest.mark.covers("B-MET-05")
@pytest.mark.parametrize(
    "texts, networks",
    [
        ({**ABROAD, "meter1_ip": "10.0.1.9"}, MACHINE),
        ({**ABROAD, **STATIC}, MACHINE),
        ({**ABROAD, "meter1_ip": "172.16.23.9", "lan_config_mode": "dhcp_server"}, MACHINE),
        ({**ABROAD, "meter1_ip": "127.0.0.1"}, MACHINE),
        ({**ABROAD, "meter1_type": "none"}, MACHINE),
        (ABROAD, MACHINE[:1]),  # no interface has an address yet: nobody knows
    ],
)
def test_a_meter_where_it_can_be_reached_or_is_not_used_is_not_warned_of(texts, networks):
    assert elsewhere(texts, networks) == []


@pytest.mark.covers("B-MET-05")
def test_a_network_that_moves_away_from_the_meter_is_warned_of_once():
    moved = {"lan_static_ip": "192.168.9.20"}
    assert [key_of(one) for one in elsewhere(moved, **ABROAD, **STATIC)] == ["meter1_ip"]
    assert elsewhere({"operator_current_limit_1": "10"}, **ABROAD, **(STATIC | moved)) == []


PHOENIX = {"meter1_type": "phoenix_eem_mb371_tcp", "meter1_ip": "192.168.1.2"}
PHOENIX_HOUSE = {"dlm_external_meter_support": "on", "meter2_type": "phoenix_eem_mb371_tcp",
                 "meter2_ip": "192.168.1.2"}  # fmt: skip


@pytest.mark.covers("B-MET-03", "P111", "P134")
@pytest.mark.parametrize("texts, key", [(PHOENIX, "meter1_ip"), (PHOENIX_HOUSE, "meter2_ip")])
def test_a_phoenix_meter_at_its_factory_address_has_to_be_set_on_its_own_page(texts, key):
    [said] = warned(texts)
    assert key_of(said) == key
    assert "on its own web page, http://192.168.1.2, set DHCP or a free address" in said
    assert warned({"operator_current_limit_1": "10"}, **texts) == []  # said once
    assert warned({key: "192.168.2.9"}, **texts) == []


@pytest.mark.covers("B-MET-03")
@pytest.mark.parametrize(
    "texts",
    [
        {**PHOENIX, "meter1_type": "siemens_7km2200_tcp"},
        {**PHOENIX, "meter1_ip": "192.168.1.3"},
        {**PHOENIX_HOUSE, "dlm_external_meter_support": "off"},
    ],
)
def test_another_meter_another_address_or_none_in_use_is_not_told_of_the_factory(texts):
    assert warned(texts) == []


@pytest.mark.covers("B-MET-03")
def test_the_help_beside_the_address_tells_an_installer_before_anything_is_typed():
    for key in ("meter1_ip", "meter2_ip"):
        assert "factory at 192.168.1.2: set DHCP or a free address" in PARAMS[key].help


@pytest.mark.covers("P108")
def test_a_meter_without_a_digital_input_cannot_be_asked_for_it():
    texts = {**PHOENIX_HOUSE, "dlm_meter_digital_input": "active_low"}
    [said] = errors(texts)
    assert said == (
        "dlm_meter_digital_input: no digital input of a phoenix_eem_mb371_tcp is known; choose "
        "siemens_7km2200_tcp, or off"
    )
    assert changed(settings(), {**METER, "dlm_meter_digital_input": "active_low"})
    assert changed(settings(), {"dlm_meter_digital_input": "active_low"})  # no meter: not used


@pytest.mark.covers("B-CUR-13", "P128")
@pytest.mark.parametrize(
    "texts, outlets",
    [
        ({"dimming_power_w": "4139"}, [1, 2]),
        ({"dimming_power_w": "4140"}, []),
        ({"power_source_voltage": "240"}, [1, 2]),
        ({"dimming_power_w": "4000", "phases_connected_2": "single_phase"}, [1]),
    ],
)
def test_a_dimmed_power_with_which_no_car_can_charge_is_warned_of(texts, outlets):
    said = warned({"dimming_input": "ext1_active_high", **texts})
    assert [one.split(" at outlet ")[1][0] for one in said] == [str(n) for n in outlets]
    assert warned(texts) == []


@pytest.mark.covers("P123", "P124")
def test_a_scheduler_without_a_table_is_warned_of():
    assert [key_of(one) for one in warned({"dlm_max_current_scheduler": "on"})] == [
        "dlm_max_current_scheduler"
    ]
    table = {"dlm_max_current_schedule": "mon 10:00 16/16/16"}
    assert warned({"dlm_max_current_scheduler": "on", **table}) == []


def test_a_meter_of_one_phase_may_count_at_an_outlet_of_one_phase():
    texts = {"meter1_type": "eastron_sdm120_rtu", "phases_connected_1": "single_phase"}
    assert changed(settings(), texts).text("meter1_type") == "eastron_sdm120_rtu"


@pytest.mark.covers("B-MET-01", "P110", "P133")
@pytest.mark.parametrize("meter", ["meter1", "meter2"])
def test_address_and_port_of_a_meter_are_shown_for_the_types_on_tcp_alone(meter):
    kinds = PARAMS[f"{meter}_type"].kind.form.choices
    for key in (f"{meter}_ip", f"{meter}_port"):
        by, words = PARAMS[key].shown_if
        assert by == f"{meter}_type"
        assert list(words) == [kind for kind in kinds if kind.endswith("_tcp")]


# -- a change as a whole ----------------------------------------------------------------------


def test_a_dry_run_tells_what_differs_what_restarts_and_whose_fallback_shrinks():
    texts = {"ocpp_ws_url": "wss://a", "dlm_disconnected_limit": "6", "gsm_apn": "x",
             "ocpp_basic_auth_password": "0123456789abcdef"}  # fmt: skip
    dry = dry_run(defaults(), texts, Role.OPERATOR)
    assert dry.errors == ()
    assert [(d.key, d.before, d.after) for d in dry.differences] == [
        ("gsm_apn", "", "x"), ("ocpp_ws_url", "", "wss://a"),
        ("ocpp_basic_auth_password", "", "***"), ("dlm_disconnected_limit", "7", "6"),
    ]  # fmt: skip
    assert dry.restarts == ("network", "stationd")
    assert [key_of(one) for one in dry.warnings] == ["dlm_disconnected_limit"]


def test_a_dry_run_of_nothing_new_changes_nothing():
    dry = dry_run(defaults(), {"operator_current_limit_1": "16"}, Role.OPERATOR)
    assert (dry.errors, dry.differences, dry.restarts) == ((), (), ())


@pytest.mark.covers("B-ACC-22")
def test_a_dry_run_refuses_what_the_role_may_not_write_with_everything_else_that_is_wrong():
    texts = {"maximum_current_1": "10", "operator_current_limit_1": "x"}
    dry = dry_run(defaults(), texts, Role.OPERATOR)
    assert [key_of(one) for one in dry.errors] == ["maximum_current_1", "operator_current_limit_1"]


@pytest.mark.covers("P152")
@pytest.mark.parametrize("access, refused", [("on", False), ("off", True)])
def test_the_maker_may_open_the_single_supply_to_the_installer(access, refused):
    base = settings(station_single_supply_installer_access=access)
    assert bool(forbidden(base, SINGLE, Role.INSTALLER)) == refused
    assert forbidden(base, SINGLE, Role.OPERATOR)


def test_an_export_holds_what_differs_and_no_secret_and_can_be_taken_again():
    texts = {"operator_current_limit_1": "10", "ocpp_basic_auth_password": "0123456789abcdef",
             "ocpp_ws_proxy": "http://me:secret@proxy:3128", "ui_language": "nl",
             "local_whitelist_entries": "aa:bb/1", "phase_rotation_2": "STR"}  # fmt: skip
    told = exported(changed(defaults(), texts))
    assert told == {"operator_current_limit_1": "10", "ui_language": "nl",
                    "local_whitelist_entries": "aa:bb/1", "phase_rotation_2": "STR"}  # fmt: skip
    assert exported(changed(defaults(), told)) == told


def test_every_parameter_that_is_no_secret_survives_an_export_and_an_import():
    for key, param in PARAMS.items():
        other = next((t for t in ("on", "off", "7", "x", "1/1/1", "16") if _other(param, t)), None)
        if other is None or param.kind.secret or param.readonly or not param.stored:
            continue
        try:
            values = changed(defaults(), {key: other})
        except SettingErrors:
            continue  # it needs another beside it
        assert changed(defaults(), exported(values)) == values


def _other(param, text):
    try:
        return param.parse(text) != param.default
    except ValueError:
        return False


@pytest.mark.parametrize(
    "fuses, places, said",
    [
        ("a 9/9/9; a 8/8/8", "", f"dlm_fuses: a {TWICE}"),
        ("site 9/9/9", "", f"dlm_fuses: site {TWICE}"),
        ("a 9/9/9 behind b; b 9/9/9", "", BEFORE),
        ("a 9/9/9", "u at b", "dlm_places: u is at b, which is none of dlm_fuses"),
        ("a 9/9/9", "u at a; u at site", "dlm_places: u stands there twice"),
    ],
)  # fmt: skip
def test_fuses_of_a_site_that_make_no_tree_are_refused(fuses, places, said):
    assert errors({"dlm_fuses": fuses, "dlm_places": places}) == [said]


@pytest.mark.parametrize("text", WRONG)
def test_a_fuse_that_is_not_written_like_one_is_refused(text):
    (said,) = errors({"dlm_fuses": text})
    assert "fuses like row 32/32/32 behind deck" in said
