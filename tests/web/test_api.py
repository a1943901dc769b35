"""What the API does to a station: parameters, lists, outlets, as people and programs use it."""

import http.client
import json

import pytest

from tests.web.rig import API


def outlet(browser, number=1):
    return browser.get("status")["outlets"][number - 1]


def value(browser, key):
    return next(p["value"] for p in browser.get("params")["params"] if p["key"] == key)


@pytest.fixture
def maker(signed):
    """The maker, who may do everything; parameters are as before afterwards."""
    browser = signed("manufacturer")
    before = {p["key"]: p["value"] for p in browser.get("params")["params"]}
    yield browser
    now = browser.get("params")["params"]
    differ = [p["key"] for p in now if p["value"] != before[p["key"]]]
    changed = {key: before[key] for key in differ if key != "ocpp_whitelist_entries"}
    if changed:
        assert browser.save(**changed)[0] == 200


@pytest.mark.covers("B-ACC-15", "P143")
def test_a_change_acts_at_once_and_is_kept_with_who_made_it(maker):
    assert maker.save(operator_current_limit_1="10")[1]["restart_needed_for"] == []
    assert outlet(maker)["limit_ma"] == 10_000
    newest = maker.get("params/history")["changes"][0]
    assert (newest["who"], newest["by"]) == ("manufacturer", "web")
    assert newest["values"] == [{"key": "operator_current_limit_1", "from": "16", "to": "10"}]


@pytest.mark.covers("B-ACC-16")
def test_a_change_that_waits_for_a_restart_is_told(maker):
    status, answer = maker.save(ocpp_chargebox_identity="CP77")
    assert (status, answer["restart_needed_for"]) == (200, ["ocpp_chargebox_identity"])
    assert "ocpp_chargebox_identity" in maker.get("status")["station"]["restart_needed_for"]


def test_a_change_is_undone_by_its_number(maker):
    maker.save(operator_current_limit_1="11", vehicle_connection_timeout="99")
    number = maker.get("params/history")["changes"][0]["number"]
    assert maker.ask("POST", "params/undo", {"number": number})[0] == 200
    keys = ("operator_current_limit_1", "vehicle_connection_timeout")
    assert [value(maker, key) for key in keys] == ["16", "45"]
    assert maker.ask("POST", "params/undo", {"number": 99_999})[0] == 404


def test_who_looked_before_another_wrote_is_told_and_changes_nothing(maker):
    old = maker.get("params")["revision"]
    maker.save(operator_current_limit_1="12")
    body = {"changes": {"operator_current_limit_1": "13"}, "revision": old}
    assert maker.ask("PATCH", "params", body)[0] == 409
    assert value(maker, "operator_current_limit_1") == "12"


def test_a_dry_run_tells_all_that_is_wrong_and_changes_nothing(maker):
    changes = {"operator_current_limit_1": "99", "gsm_mtu": "1", "ui_language": "xx"}
    status, answer = maker.ask("POST", "params/check", {"changes": changes})
    assert (status, answer["ok"]) == (200, False)
    assert [e["key"] for e in answer["errors"]] == list(changes)
    changes = {"dlm_disconnected_limit": "6", "gsm_apn": "x"}
    answer = maker.ask("POST", "params/check", {"changes": changes})[1]
    assert answer["ok"] and answer["restart"] == ["network"] and len(answer["warnings"]) == 1
    assert value(maker, "gsm_apn") == ""


def test_an_export_is_tried_and_then_taken_by_another_station(maker, fresh):
    maker.save(operator_current_limit_2="9", ui_language="fr", phase_rotation_2="TRS")
    exported = maker.get("params/export")
    assert exported["powerstation"] == 1 and exported["settings"]["ui_language"] == "fr"
    other = fresh.browser()
    other.login("installer", fresh.first["installer"])
    words = {"old": fresh.first["installer"], "new": "a house by 1 sea"}
    assert other.ask("POST", "password", words)[0] == 204
    settings = {k: v for k, v in exported["settings"].items() if k != "ocpp_whitelist_entries"}
    status, answer = other.ask("POST", "params/import", {"settings": settings})
    assert (status, answer["ok"]) == (200, True)
    assert {"key": "operator_current_limit_2", "from": "16", "to": "9"} in answer["diff"]
    assert value(other, "operator_current_limit_2") == "16"
    assert other.ask("POST", "params/import", {"settings": settings, "apply": True})[0] == 200
    assert value(other, "operator_current_limit_2") == "9"
    bad = {"settings": {"operator_current_limit_2": "x"}, "apply": True}
    assert other.ask("POST", "params/import", bad)[0] == 422


@pytest.mark.covers("B-RFD-12", "B-RFD-13", "P081", "P085")
def test_the_whitelist_is_exported_deleted_and_taken_again(maker):
    body = {"add": ["0a0e9b83", "04aabbcc/1"]}
    assert maker.ask("POST", "whitelist", body)[1]["local"] == ["0a0e9b83", "04aabbcc/1"]
    maker.ask("GET", "whitelist/export")
    text = maker.raw.decode()
    assert text == "0a0e9b83:04aabbcc/1"
    assert "attachment" in maker.headers["Content-Disposition"]
    assert maker.ask("PUT", "whitelist", {"entries": []})[1]["local"] == []
    assert maker.ask("PUT", "whitelist", {"entries": text.split(":")})[1]["local"] == text.split(
        ":"
    )
    assert maker.ask("POST", "whitelist", {"remove": ["0a0e9b83"]})[1]["local"] == ["04aabbcc/1"]


@pytest.mark.covers("B-RFD-06", "P083")
@pytest.mark.parametrize("entry", ["a b", "x" * 30, "aa/3", "aa:bb", "ä"])
def test_an_entry_that_no_card_can_have_is_refused(maker, entry):
    status, answer = maker.ask("POST", "whitelist", {"add": [entry]})
    assert status == 422 and answer["errors"][0]["message"]
    assert maker.get("whitelist")["local"] == []


@pytest.mark.covers("B-RFD-05", "B-RFD-08", "P084")
def test_learn_mode_learns_cards_until_it_is_finished(maker):
    assert maker.ask("POST", "learn", {"on": True})[0] == 200
    maker.ask("POST", "bench/do", {"do": "swipe", "uid": "04feed01", "hold_ms": 300})
    maker.until(lambda s: s["learning"]["learned"] == ["04feed01"])
    assert maker.get("status")["last_card"]["verdict"] == "learned"
    maker.ask("POST", "learn", {"on": False})
    assert maker.get("status")["learning"]["on"] is False
    assert maker.get("whitelist")["local"] == ["04feed01"]


@pytest.mark.covers("B-RFD-18", "P082")
def test_the_remembered_tokens_are_added_to_and_forgotten(maker):
    assert maker.save(ocpp_whitelist_entries="0011:2233")[0] == 200
    assert {e["token"] for e in maker.get("whitelist")["ocpp"]} == {"0011", "2233"}
    assert value(maker, "ocpp_whitelist_entries") == "0011:2233"
    assert maker.save(ocpp_whitelist_entries="4455")[0] == 200
    assert {e["token"] for e in maker.get("whitelist")["ocpp"]} == {"0011", "2233", "4455"}
    assert maker.save(ocpp_whitelist_entries="")[0] == 200
    assert maker.get("whitelist")["ocpp"] == []


@pytest.mark.covers("B-ACC-23")
def test_a_charge_is_started_seen_and_stopped(maker):
    maker.save(local_whitelist_entries="PAGE1")
    car = {"do": "plug", "outlet": 2, "cable_ma": 32_000, "car": {"battery_wh": 50_000}}
    maker.ask("POST", "bench/do", car)
    maker.until(lambda s: s["outlets"][1]["phase"] == "plugged")
    assert maker.ask("POST", "outlets/2/stop")[0] == 409
    assert maker.ask("POST", "outlets/2/start", {"token": "PAGE1"})[0] == 202
    maker.until(lambda s: (s["outlets"][1]["power_w"] or 0) > 1_000)
    seen = outlet(maker, 2)
    assert (seen["token"], seen["limit_source"], seen["locked"]) == ("PAGE1", "operator", True)
    assert maker.ask("POST", "outlets/2/start", {"token": "PAGE1"})[0] == 409
    limits = maker.get("limits")["outlets"][1]
    assert limits["wanted"] and limits["limits"][0]["source"] == "operator"
    assert maker.ask("POST", "outlets/2/stop")[0] == 202
    maker.until(lambda s: s["outlets"][1]["phase"] in ("finishing", "idle"))
    newest = maker.get("transactions?limit=1")["transactions"][0]
    assert (newest["outlet"], newest["token"], newest["stop_reason"]) == (2, "PAGE1", "Local")
    whats = [event["what"] for event in maker.get("events")["events"]]
    assert whats.index("transaction ended") < whats.index("transaction began")
    maker.ask("POST", "outlets/2/unlock")
    maker.ask("POST", "bench/do", {"do": "unplug", "outlet": 2, "force": True})
    maker.until(lambda s: s["outlets"][1]["phase"] == "idle")


def test_an_outlet_is_switched_off_and_on(maker):
    assert maker.ask("POST", "outlets/2/unavailable")[0] == 202
    assert outlet(maker, 2)["status"] == "Unavailable"
    assert maker.ask("POST", "outlets/2/start", {"token": "x"})[0] == 409
    assert maker.ask("POST", "outlets/2/available")[0] == 202
    assert outlet(maker, 2)["status"] == "Available"
    assert maker.ask("POST", "outlets/9/stop")[0] == 404


def test_the_guided_test_is_begun_by_the_installer(signed):
    installer = signed("installer")
    assert installer.ask("POST", "commissioning", {"on": True})[0] == 200
    assert installer.ask("POST", "commissioning/confirm", {"part": "led", "ok": True})[0] == 200
    installer.ask("POST", "bench/do", {"do": "swipe", "uid": "04beef01", "hold_ms": 300})
    installer.until(lambda s: s["last_card"] and s["last_card"]["uid"] == "04beef01")
    assert steps(installer)["reader"] == "passed"
    assert steps(installer)["led"] == "passed"
    installer.ask("POST", "commissioning", {"on": False})
    assert installer.get("commissioning")["on"] is False


def steps(browser):
    return {s["part"]: s["state"] for s in browser.get("commissioning")["steps"]}


def test_the_state_is_streamed_as_it_changes(station, maker):
    connection = http.client.HTTPConnection(station.url.partition("//")[2], timeout=20)
    connection.request("GET", f"{API}/live", headers={"Cookie": f"session={maker.cookie}"})
    answer = connection.getresponse()
    assert answer.getheader("Content-Type") == "text/event-stream"

    def event():
        while not (line := answer.fp.readline().decode()).startswith("data:"):
            assert line
        return json.loads(line.removeprefix("data: "))

    assert event()["outlets"][0]["limit_ma"] == 16_000
    maker.save(operator_current_limit_1="14")
    while event()["outlets"][0]["limit_ma"] != 14_000:
        pass
    connection.close()


@pytest.mark.covers("B-ACC-04")
@pytest.mark.parametrize("path, where", [
    ("/operator", "/#/dashboard"), ("/legacy/manufacturer/manufacturer", "/#/manufacturer"),
])  # fmt: skip
def test_the_paths_of_the_old_manual_lead_to_the_pages(station, path, where):
    browser = station.browser()
    assert browser.ask("GET", path)[0] == 302
    assert browser.headers["Location"] == where


@pytest.mark.covers("B-DIA-01", "B-DIA-05", "B-DIA-06", "B-DIA-07")
def test_each_symptom_of_the_manual_has_its_causes(maker):
    hints = {h["id"]: " ".join(h["causes"]) for h in maker.get("diagnosis")["hints"]}
    for name, word in (("B-DIA-01", "RFID - Slave"), ("B-DIA-05", "RCD"), ("B-DIA-06", "7Q1"),
                       ("B-DIA-07", "red lever")):  # fmt: skip
        assert word in hints[name]


@pytest.mark.covers("P147")
def test_a_factory_reset_returns_every_value_and_wants_the_words(fresh):
    browser = fresh.browser()
    browser.login("operator", fresh.first["operator"])
    words = {"old": fresh.first["operator"], "new": "green house 7"}
    browser.ask("POST", "password", words)
    browser.save(operator_current_limit_1="9", local_whitelist_entries="aa")
    assert browser.ask("POST", "actions/factory_reset", {"confirm": "yes"})[0] == 422
    status, answer = browser.ask("POST", "actions/factory_reset", {"confirm": "factory reset"})
    assert status == 202 and "RFID - Slave" in answer["text"]
    assert value(browser, "operator_current_limit_1") == "16"
    assert browser.get("whitelist")["local"] == []
    assert fresh.browser().login("operator", "green house 7")[0] == 401
    assert fresh.browser().login("operator", fresh.first["operator"])[1]["must_change"] is True


@pytest.mark.covers("B-ACC-17", "P144")
def test_a_restart_lets_the_transaction_go_on(fresh):
    browser = fresh.browser()
    browser.login("operator", fresh.first["operator"])
    words = {"old": fresh.first["operator"], "new": "green house 7"}
    browser.ask("POST", "password", words)
    browser.save(local_whitelist_entries="0a0e9b83")
    car = {"do": "plug", "outlet": 1, "cable_ma": 32_000, "car": {"battery_wh": 50_000}}
    browser.ask("POST", "bench/do", car)
    browser.ask("POST", "bench/do", {"do": "swipe", "uid": "0a0e9b83"})
    browser.until(lambda s: s["outlets"][0]["contactor_closed"])
    key = browser.get("transactions?limit=1")["transactions"][0]["key"]
    assert browser.get("status")["station"]["running_transactions"] == 1
    assert browser.ask("POST", "actions/restart")[0] == 202
    browser.insist(lambda: browser.ask("GET", "status")[0] == 401)
    browser.insist(lambda: browser.login("operator", "green house 7")[0] == 200)
    browser.until(lambda s: s["outlets"][0]["contactor_closed"])
    newest = browser.get("transactions?limit=1")["transactions"][0]
    assert (newest["key"], newest["ended"]) == (key, None)


@pytest.mark.covers("P060")
def test_the_test_button_works_only_after_the_restart_that_makes_its_values_act(maker):
    status, answer = maker.ask("POST", "actions/email_test")
    assert (status, answer["errors"][0]["key"]) == (409, "email_enabled")
    maker.save(email_enabled="on", email_smtp_server="127.0.0.1", email_recipient="a@example.org")
    status, answer = maker.ask("POST", "actions/email_test")
    assert status == 409 and "acts after a restart" in answer["errors"][0]["message"]


def test_only_a_master_of_load_management_has_slaves_to_forget(maker):
    status, answer = maker.ask("POST", "actions/clear_slaves")
    assert status == 409 and "no master" in answer["errors"][0]["message"]
