"""How far the way to the back end is open, and what has to agree with the other side."""

import pytest

from firmware.model.backend import BackendLost, Loss
from firmware.station.commands import Commands
from tests.pure.station_rig import Station

URL = {"ocpp_ws_url": "wss://backend.lan/ocpp", "ocpp_chargebox_identity": "CP1"}
STEPS = ["connection_type", "link", "address", "dns", "tcp", "tls", "http", "boot"]


def told(station):
    answer, _ = Commands(station.core).take({"do": "diagnosis", "role": "operator"})
    return answer["backend"]


def states(station):
    return {row["step"]: row["state"] for row in told(station)["steps"]}


@pytest.mark.covers("B-DIA-02")
@pytest.mark.parametrize("cause, step", [
    (Loss.INTERFACE, "link"), (Loss.NAME, "dns"), (Loss.TCP, "tcp"), (Loss.TLS, "tls"),
    (Loss.CERTIFICATE, "tls"), (Loss.TLS_VERSION, "tls"), (Loss.CLIENT, "tls"),
    (Loss.REFUSED, "http"), (Loss.UNKNOWN, "http"), (Loss.HTTP, "http"), (Loss.OTHER, "tcp"),
])  # fmt: skip
def test_the_first_step_that_fails_is_named_and_those_before_it_are_fine(cause, step):
    station = Station(connected=False, **URL)
    station.tell(BackendLost(0, "why it failed", cause))
    index = STEPS.index(step)
    expected = ["ok"] * index + ["failed"] + ["unknown"] * (len(STEPS) - index - 1)
    assert list(states(station).values()) == expected
    assert [r["text"] for r in told(station)["steps"]][index] == "why it failed"


@pytest.mark.covers("B-DIA-02")
def test_a_connected_station_is_fine_at_every_step_and_a_lonely_one_at_none():
    assert set(states(Station(**URL)).values()) == {"ok"}
    alone = states(Station(backend_connection_type="none", **URL))
    assert alone["connection_type"] == "failed"
    assert set(list(alone.values())[1:]) == {"unknown"}


@pytest.mark.covers("B-DIA-03")
def test_what_has_to_agree_with_the_back_end_is_shown_beside_its_answer():
    station = Station(connected=False, ocpp_basic_auth_password="0123456789abcdef", **URL)
    station.tell(BackendLost(0, "backend.lan does not know this station (404).", Loss.UNKNOWN))
    shown = {row["key"]: row["value"] for row in told(station)["settings"]}
    assert shown == {
        "ocpp_mode": "ocpp_j_1_6", "ocpp_chargebox_identity": "CP1",
        "ocpp_ws_url": "wss://backend.lan/ocpp", "ocpp_basic_auth_password": "set",
        "ocpp_ssl_strictness_client": "normal_ssl_auth",
    }  # fmt: skip
    assert "404" in told(station)["sentence"]
    assert "0123456789abcdef" not in str(told(station))
