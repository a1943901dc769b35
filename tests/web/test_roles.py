"""Every route with every lower role, and with nobody, is refused; so is every change elsewhere."""

import pytest

from firmware.config.param import Role
from firmware.web.routes import ROUTES
from tests.web.rig import API

BODIES = {
    "/password": {"old": "x", "new": "y"},
    "/params/check": {"changes": {}},
    "/params": {"changes": {"operator_current_limit_1": "16"}},
    "/params/import": {"settings": {}},
    "/params/undo": {"number": 1},
    "/outlets/{n}/start": {"token": "aa"},
    "/actions/factory_reset": {"confirm": "factory reset"},
    "/whitelist": {"add": ["aa"]},
    "/learn": {"on": False},
    "/commissioning": {"on": False},
    "/commissioning/confirm": {"part": "led", "ok": True},
    "/pairing/join": {"host": "10.0.0.9", "port": 8884, "code": "1234 5678"},
    "/update/begin": {"name": "a.deb", "bytes": 100},
    "/update/part": {"at": 0, "data": "AAAA"},
    "/bench/do": {"do": "look"},
}
GUARDED = [route for route in ROUTES if route.role is not None]
LOWER = [
    (route, role) for route in GUARDED for role in Role
    if not role.may(route.role) or (route.path == "/params" and route.changes and role == "user")
]  # fmt: skip


def send(browser, route, **headers):
    body = BODIES.get(route.path) if route.asked is not None else None
    if route.method == "PUT":
        body = {"entries": []}
    return browser.ask(route.method, API + route.path.replace("{n}", "1"), body, **headers)


def name(value):
    return f"{value.method} {value.path}" if hasattr(value, "path") else str(value)


@pytest.mark.covers("B-ACC-21", "B-ACC-22")
@pytest.mark.parametrize("route, role", LOWER, ids=name)
def test_a_route_is_refused_to_every_lower_role(station, signed, route, role):
    status, answer = send(signed(role.value), route)
    assert status == 403, (status, answer)
    assert "is needed, this is" in answer["errors"][0]["message"]


@pytest.mark.parametrize("route", GUARDED, ids=name)
def test_a_route_is_refused_to_who_is_not_signed_in(station, route):
    status, answer = send(station.browser(), route)
    assert (status, answer["errors"][0]["message"]) == (401, "sign in first")


@pytest.mark.parametrize("route", [r for r in GUARDED if r.changes], ids=name)
def test_a_change_without_the_token_of_the_page_is_refused(station, signed, route):
    status, answer = send(signed("manufacturer"), route, **{"X-CSRF-Token": "x"})
    read_only = route.path in ("/params/check", "/params/import")  # as asked here
    assert status == (200 if read_only else 403), answer


@pytest.mark.covers("B-ACC-22")
@pytest.mark.parametrize("role, refused", [
    ("operator", ["installation_current_limit_1", "maximum_current_1"]),
    ("installer", ["maximum_current_1"]), ("manufacturer", []),
])  # fmt: skip
def test_a_parameter_of_a_higher_role_is_refused_and_nothing_is_changed(signed, role, refused):
    browser = signed(role)
    changes = {"installation_current_limit_1": "32", "maximum_current_1": "32",
               "operator_current_limit_1": "12"}  # fmt: skip
    status, answer = browser.save(**changes)
    if refused:
        assert (status, [e["key"] for e in answer["errors"]]) == (403, refused)
    else:
        assert status == 200
        browser.save(operator_current_limit_1="16")


@pytest.mark.covers("B-ACC-21", "B-ACC-22")
def test_each_role_is_shown_what_is_its_own(signed):
    seen = {role: {p["key"]: p for p in signed(role).get("params")["params"]}
            for role in ("user", "operator", "installer", "manufacturer")}  # fmt: skip
    assert set(seen["user"]) == {"ui_language"}
    assert "maximum_current_1" not in seen["operator"]
    assert seen["operator"]["installation_current_limit_1"]["writable"] is False
    assert seen["installer"]["installation_current_limit_1"]["writable"] is True
    assert seen["manufacturer"]["maximum_current_1"]["writable"] is True


@pytest.mark.covers("B-ACC-21", "P142")
def test_a_user_may_choose_the_language_and_see_no_card(station, signed):
    user = signed("user")
    assert user.save(ui_language="nl")[0] == 200
    assert user.get("session")["language"] == "nl"
    user.save(ui_language="en")
    signed("operator").ask("POST", "bench/do", {"do": "swipe", "uid": "04ab12cd", "hold_ms": 300})
    assert b"04ab12cd" not in (user.get("status"), user.raw)[1]
