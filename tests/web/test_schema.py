"""The API against its own document: schemathesis asks what the document allows, and more."""

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import positive_data_acceptance

from firmware import VERSION
from firmware.web.openapi import document
from firmware.web.routes import BASE, ROUTES

# what ends the session or the station, never ends, or acts in the world for other tests
LEFT_OUT = ("/logout", "/password", "/login", "/live", "/actions", "/bench", "/outlets", ".zip")
ASKED = [r for r in ROUTES if not any(part in r.path for part in LEFT_OUT)]
FREE = ("/params", "/params/import", "/params/check")  # values are checked by each parameter
PICKY = [positive_data_acceptance]  # what the document cannot say of them


@pytest.fixture(scope="module")
def api(signed):
    browser = signed("manufacturer")
    schema = schemathesis.openapi.from_dict(document(VERSION))
    schema.config.update(base_url=f"http://{browser.place}")
    return schema


@pytest.mark.parametrize("route", ASKED, ids=lambda route: f"{route.method} {route.path}")
def test_no_request_is_answered_by_what_the_document_does_not_say(api, signed, route):
    browser = signed("manufacturer")
    words = {"headers": {"X-CSRF-Token": browser.csrf}, "cookies": {"session": browser.cookie}}

    @settings(max_examples=8, deadline=None, derandomize=True, database=None,
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(case=api[BASE + route.path][route.method].as_strategy())
    def ask(case):
        case.call_and_validate(**words, excluded_checks=PICKY if route.path in FREE else [])

    ask()


def test_the_document_is_served_and_names_every_route(signed):
    told = signed("user").get("openapi.json")
    assert told == document(VERSION)
    assert told["openapi"].startswith("3.1")
