"""Signing in: who, from where, how often; and what has to be done first."""

import json
import subprocess
import sys

import pytest

from firmware.io.passwords import hashed, matches
from tests.web.rig import PASSWORDS, TOP, PageStation

NEW = "green house 7"


@pytest.mark.covers("B-ACC-02", "B-ACC-05")
def test_the_makers_password_works_over_the_cable_only_and_has_to_be_changed(fresh):
    far, near = fresh.browser(), fresh.browser(local=True)
    assert near.ask("GET", "/")[0] == 200
    assert b"<html" in near.raw
    assert far.login("operator", "yellow_zone")[0] == 401
    status, answer = near.login("operator", "yellow_zone")
    assert (status, answer["role"], answer["must_change"]) == (200, "operator", True)
    assert near.ask("GET", "status")[0] == 403
    assert near.ask("POST", "password", {"old": "yellow_zone", "new": "yellow_zone"})[0] == 422
    assert near.ask("POST", "password", {"old": "yellow_zone", "new": NEW})[0] == 204
    assert near.ask("GET", "status")[0] == 200
    again = fresh.browser(local=True)
    assert again.login("operator", "yellow_zone")[0] == 401
    assert again.login("operator", NEW)[1]["must_change"] is False


@pytest.mark.covers("P136", "P137", "P138", "P156")
def test_each_user_has_a_first_password_of_this_station_alone(fresh, station):
    assert set(fresh.first) == set(PASSWORDS)
    assert not set(fresh.first.values()) & set(station.first.values())
    for user, password in fresh.first.items():
        browser = fresh.browser()
        status, answer = browser.login(user, password)
        assert (status, answer["role"], answer["must_change"]) == (200, user, True)
        assert browser.ask("POST", "password", {"old": password, "new": f"{NEW} {user}"})[0] == 204
        assert fresh.browser().login(user, f"{NEW} {user}")[0] == 200


@pytest.mark.covers("B-ACC-06")
def test_after_five_wrong_passwords_an_address_waits_and_another_does_not(station):
    browser = station.browser(source="127.0.0.66")
    answers = [browser.login("operator", f"wrong {n}")[0] for n in range(6)]
    assert answers == [401] * 5 + [429]
    assert 1 <= int(browser.headers["Retry-After"]) <= 30
    assert browser.login("operator", PASSWORDS["operator"])[0] == 429
    assert station.browser().login("operator", PASSWORDS["operator"])[0] == 200


def test_a_user_that_there_is_not_is_refused_like_a_wrong_password(station):
    browser = station.browser(source="127.0.0.67")
    told = [browser.login(user, "wrong password")[1] for user in ("operator", "root", "")]
    assert told[0] == told[1] == told[2]


@pytest.mark.covers("P146")
def test_after_logout_the_session_is_over(station):
    browser = station.signed("operator")
    cookie = browser.cookie
    assert browser.ask("POST", "logout")[0] == 204
    browser.cookie = cookie
    assert browser.ask("GET", "status")[0] == 401


def test_the_cookie_is_for_this_page_alone(station):
    browser = station.browser()
    browser.login("operator", PASSWORDS["operator"])
    words = browser.headers["Set-Cookie"]
    assert "HttpOnly" in words and "SameSite=Strict" in words and len(browser.cookie) >= 32


def test_a_new_password_signs_the_others_of_that_user_out(fresh):
    one, other = fresh.browser(), fresh.browser()
    password = fresh.first["installer"]
    assert [b.login("installer", password)[0] for b in (one, other)] == [200, 200]
    assert one.ask("POST", "password", {"old": "not this one", "new": NEW})[0] == 422
    assert one.ask("POST", "password", {"old": password, "new": NEW})[0] == 204
    assert one.ask("GET", "status")[0] == 200
    assert other.ask("GET", "session")[1]["signed_in"] is False


@pytest.mark.covers("P136")
def test_a_higher_role_sets_a_lower_ones_password_and_never_the_other_way(fresh):
    browser = fresh.browser()
    browser.login("installer", fresh.first["installer"])
    words = {"old": fresh.first["installer"], "new": NEW}
    assert browser.ask("POST", "password", words)[0] == 204
    mine = {"old": NEW, "new": "blue house 9"}
    assert browser.ask("POST", "password", {**mine, "user": "manufacturer"})[0] == 403
    assert browser.ask("POST", "password", {**mine, "user": "operator"})[0] == 204
    assert fresh.browser().login("operator", "blue house 9")[0] == 200


@pytest.mark.covers("B-ACC-03", "B-ACC-08")
def test_the_pages_are_on_every_port_that_they_are_told(station):
    words = ["--state", station.state, "--web", "127.0.0.1:0", "--local", "127.0.0.2:0",
             "--local", "127.0.0.2:0"]  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-m", "firmware.apps.webd", *map(str, words)],
        cwd=TOP, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        told = json.loads(process.stdout.readline())
        places = told["web"] + told["local"]
        assert len(set(places)) == 3
        from tests.web.rig import Browser

        for place in places:
            assert Browser(place, "127.0.0.1").ask("GET", "/")[0] == 200
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()


def test_what_is_kept_of_a_password_is_no_password():
    kept = hashed(NEW)
    assert NEW not in kept and hashed(NEW) != kept
    assert matches(NEW, kept) and not matches(f"{NEW} ", kept)


def test_a_restart_of_the_station_signs_everybody_out_and_keeps_the_passwords(tmp_path):
    with PageStation(tmp_path) as one:
        browser = one.browser()
        browser.login("operator", one.first["operator"])
        browser.ask("POST", "password", {"old": one.first["operator"], "new": NEW})
        cookie = browser.cookie
    with PageStation(tmp_path) as one:
        browser = one.browser()
        browser.cookie = cookie
        assert browser.ask("GET", "status")[0] == 401
        assert browser.login("operator", NEW)[0] == 200
        kept = (one.state / "station.db").read_bytes() + one.log().encode()
        assert NEW.encode() not in kept
