"""The shell around the API: headers, hosts, sizes, paths; and what is on the way to no page."""

import json
import socket
import ssl
import time
import zipfile
from io import BytesIO

import pytest

from firmware.io.http import host_allowed
from firmware.io.web_certificate import CERTIFICATE, KEY, context
from tests.web.rig import PASSWORDS, PageStation

CANARIES = {
    "ocpp_basic_auth_password": "canary-one-0123456789",
    "gsm_apn_password": "canary-two-0123456789",
    "wlan_password": "canary-three-0123456789",
    "email_smtp_password": "canary-four-0123456789",
    "ocpp_ws_proxy": "http://me:canary-five-0123456789@proxy:3128",
    "gsm_sim_pin": "84637291",
}


@pytest.mark.parametrize("path", ["/", "/app.js", "/api/v1/session", "/api/v1/status", "/nothing"])
def test_every_answer_says_what_browsers_may_do_with_it(station, path):
    browser = station.browser()
    browser.ask("GET", path)
    policy = browser.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy and "unsafe" not in policy
    assert browser.headers["X-Content-Type-Options"] == "nosniff"
    assert browser.headers["X-Frame-Options"] == "DENY"
    assert "aiohttp" not in json.dumps(browser.headers)


@pytest.mark.parametrize("host, fine", [
    ("127.0.0.1:80", True), ("[::1]:80", True), ("localhost", True), ("powerstation-ab12cd", True),
    ("wallbox.local", True), ("evil.example.com", False), ("127.0.0.1.nip.io", False), ("", False),
])  # fmt: skip
def test_a_page_elsewhere_cannot_rebind_its_name_to_the_station(station, host, fine):
    assert host_allowed(host, ()) == fine
    if host:
        status, _ = station.browser().ask("GET", "session", Host=host)
        assert status == (200 if fine else 400)


@pytest.mark.parametrize("path", [
    "/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/..%2f..%2fetc/passwd", "/lang/../../app.py",
    "/app.js%00.css", "//etc/passwd", "/.git/config", "/static/", "/api/v1/", "/api/v2/status",
    "/lang", "/ui/package.json",
])  # fmt: skip
def test_no_path_leads_out_of_the_pages(station, path):
    browser = station.browser()
    status, _ = browser.ask("GET", path)
    assert status in (400, 404)
    assert b"root:" not in browser.raw


@pytest.mark.parametrize("body, headers, expected", [
    (b"{", {}, 400), (b"[" * 100_000, {}, 400), (b"[]", {}, 422), (b"null", {}, 422),
    (b'{"changes": {}, "more": 1}', {}, 422), (b'{"changes": [1]}', {}, 422),
    (b'{"changes": {"a": 1}}', {}, 422), (b"x" * (2 << 20), {}, 413),
    (b"{}", {"Content-Type": "text/plain"}, 415), (b"\xff\xfe", {}, 400),
    (b'{"changes": {"' + b"k" * 200 + b'": "1"}}', {}, 422),
    (b'{"changes": {"operator_current_limit_1": "' + b"9" * 300_000 + b'"}}', {}, 422),
])  # fmt: skip
def test_a_body_that_nobody_means_well_with_is_refused(station, signed, body, headers, expected):
    browser = signed("operator")
    status, answer = browser.ask("PATCH", "params", body, **headers)
    assert status == expected
    assert answer["errors"][0]["message"]
    assert b"Traceback" not in browser.raw


@pytest.mark.parametrize("path, expected", [
    ("transactions?limit=0", 422), ("transactions?limit=x", 422), ("transactions?before=-1", 422),
    ("faults?all=maybe", 422), ("faults?none=1", 400), ("bench/trace?outlet=9", 422),
    ("transactions?limit=200", 200), ("faults?all=true", 200),
])  # fmt: skip
def test_a_query_is_checked(signed, path, expected):
    assert signed("operator").ask("GET", path)[0] == expected


def test_a_caller_that_says_nothing_holds_nobody_up(station):
    host, _, port = station.url.partition("//")[2].rpartition(":")
    silent = [socket.create_connection((host, int(port))) for _ in range(40)]
    try:
        began = time.monotonic()
        assert station.browser().ask("GET", "session")[0] == 200
        assert time.monotonic() - began < 5
    finally:
        for one in silent:
            one.close()


def test_without_signing_in_nothing_is_told_of_the_station(station, signed):
    signed("operator").ask("POST", "bench/do", {"do": "swipe", "uid": "04c0ffee", "hold_ms": 300})
    browser = station.browser()
    for path in ("/", "/app.js", "/index.html", "/api/v1/session", "/api/v1/status"):
        browser.ask("GET", path)
        assert b"04c0ffee" not in browser.raw and b"0.1.0" not in browser.raw


@pytest.mark.covers("P141")
def test_no_secret_comes_out_anywhere(station, signed):
    maker = signed("manufacturer")
    status, answer = maker.save(**CANARIES)
    assert status == 200, answer
    paths = ("status", "params", "params/history", "params/export", "limits", "events", "diagnosis",
             "whitelist", "transactions", "openapi.json", "samples", "logs.zip")  # fmt: skip
    texts = []
    for path in paths:
        maker.ask("GET", path)
        texts.append(maker.raw)
        if path == "logs.zip":
            archive = zipfile.ZipFile(BytesIO(maker.raw))
            assert {"version.txt", "status.json", "settings.json"} <= set(archive.namelist())
            texts += [archive.read(name) for name in archive.namelist()]
    texts.append(station.log().encode())
    secrets = [value.rpartition(":")[2] if "@" not in value else "canary-five-0123456789"
               for value in CANARIES.values()]  # fmt: skip
    for secret in (*secrets, *PASSWORDS.values(), *station.first.values(), maker.cookie):
        assert not any(secret.encode() in text for text in texts), secret
    shown = {p["key"]: p for p in maker.get("params")["params"]}
    assert all(shown[key]["is_set"] for key in CANARIES)
    maker.save(**dict.fromkeys(CANARIES, ""))


def test_the_pages_certificate_is_its_own_and_stays(tmp_path):
    context(tmp_path, "powerstation-ab12cd")
    kept = (tmp_path / CERTIFICATE).read_text(), (tmp_path / KEY).read_text()
    assert (tmp_path / KEY).stat().st_mode & 0o077 == 0
    context(tmp_path, "another")
    assert kept == ((tmp_path / CERTIFICATE).read_text(), (tmp_path / KEY).read_text())
    client = ssl.create_default_context(cadata=kept[0])
    assert client.verify_mode is ssl.CERT_REQUIRED


def test_charging_goes_on_when_the_pages_die(tmp_path):
    sets = [f"operator_password={PASSWORDS['operator']}", "local_whitelist_entries=0a0e9b83"]
    with PageStation(tmp_path, sets) as one:
        browser = one.signed("operator")
        assert browser.ask("POST", "bench/do", {
            "do": "plug", "outlet": 1, "cable_ma": 32000, "car": {"battery_wh": 50000},
        })[0] == 200  # fmt: skip
        browser.ask("POST", "bench/do", {"do": "swipe", "uid": "0a0e9b83"})
        before = browser.until(lambda s: s["outlets"][0]["contactor_closed"])["outlets"][0]
        one.kill("webd")
        browser.insist(lambda: browser.ask("GET", "status")[0] == 200)
        after = browser.get("status")["outlets"][0]
        assert after["contactor_closed"] and after["transaction_id"] == before["transaction_id"]
        assert after["closings"] == before["closings"]
