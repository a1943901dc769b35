"""`powerstation why backend`: one sentence for each way in which a back end can be away or odd."""

import json

import pytest

from firmware.model.backend import BackendConnected, BackendLost, ClockSynced, FrameReceived
from firmware.model.machine import TICK
from firmware.station.backend_why import span, why_backend
from firmware.station.commands import Commands
from tests.pure.station_rig import NOON_MS, Station

URL = {"ocpp_ws_url": "wss://backend.lan/ocpp"}


class Silent(Station):
    """A station whose frames go nowhere; the test answers."""

    def _serve(self, frame):
        self.asked = frame
        return []

    def answer(self, **payload):
        self.tell(FrameReceived(json.dumps([3, self.asked[1], payload])))

    def refuse(self, code):
        self.tell(FrameReceived(json.dumps([4, self.asked[1], code, "", {}])))


def test_no_address_and_no_connection_wanted():
    assert why_backend(Station().core).startswith("no back end: ocpp_ws_url is empty")
    alone = Station(**URL, backend_connection_type="none")
    assert "the station stands alone" in why_backend(alone.core)


def test_a_line_that_never_was_or_was_lost_tells_its_sentence_and_since_when():
    station = Station(connected=False, **URL)
    station.tell(BackendLost(0, "The name backend.lan cannot be resolved; check DNS."))
    assert why_backend(station.core) == (
        "not connected: The name backend.lan cannot be resolved; check DNS."
    )
    station = Station(**URL)
    station.tell(BackendLost(0, "backend.lan refuses the password of this station (401)."))
    station.wait(300_000)
    assert why_backend(station.core) == (
        "not connected for 5 min: backend.lan refuses the password of this station (401)."
    )


@pytest.mark.parametrize(
    ("status", "says"),
    [
        ("Pending", "BootNotification is Pending: the operator has to accept this station"),
        ("Rejected", "BootNotification was Rejected: the back end does not know this station"),
    ],
)
def test_a_station_that_is_not_accepted(status, says):
    station = Silent(**URL)
    station.answer(status=status, currentTime="2026-01-31T12:00:00Z", interval=90)
    assert says in why_backend(station.core)
    assert why_backend(station.core).endswith("asks again in 1 min")


def test_a_boot_that_is_refused_or_ignored():
    station = Silent(**URL)
    station.refuse("NotSupported")
    assert "the back end refuses BootNotification (NotSupported, once)" in why_backend(station.core)
    station.wait(200_000)
    assert "has not answered BootNotification" in why_backend(station.core)


def accepted():
    station = Silent(**URL)
    station.tell(ClockSynced(NOON_MS, "system clock"))
    return station


def test_all_is_well():
    station = Station(**URL)
    assert why_backend(station.core) == "connected and accepted, all is well"


def test_a_clock_that_is_four_minutes_ahead():
    station = accepted()
    station.answer(status="Accepted", currentTime="2026-01-31T12:04:10Z", interval=600)
    assert why_backend(station.core) == (
        "connected and accepted, but its clock is 4 min ahead of this station's; "
        "the back end's is used"
    )


def test_a_back_end_that_ignores_a_kind_of_message_until_it_answers_one():
    station = accepted()
    station.answer(status="Accepted", currentTime="2026-01-31T12:00:00Z", interval=600)
    for _ in range(2):
        station.now_ms += 60_000
        station.tell(TICK)
    told = why_backend(station.core)
    assert "the back end has not answered" in told, told
    station = Station(**URL)
    station.tell(BackendConnected(1))
    assert "answered" not in why_backend(station.core)


def test_the_command_answers_and_the_status_shows_it():
    station = Station(**URL)
    commands = Commands(station.core)
    answer, _ = commands.take({"do": "why", "about": "backend"})
    status, _ = commands.take({"do": "status"})
    assert answer["why"] == status["backend"]["why"] == "connected and accepted, all is well"


@pytest.mark.parametrize(
    ("ms", "says"),
    [(0, "0 s"), (119_000, "1 min"), (3_600_000, "1 h"), (90_000_000, "25 h"),
     (172_800_000, "2 days")],
)  # fmt: skip
def test_spans_are_told_as_people_do(ms, says):
    assert span(ms) == says
