"""The station on the bench: who it is, when it is at rest, and whose settings it gets back."""

import asyncio

import pytest

from firmware.apps.bench_client import Refused
from firmware.apps.bench_station import BenchStation, LocalSettings, ocpp_key
from firmware.apps.real_player import CannotPlay
from firmware.sim.ledger import Ledger
from firmware.sim.story import parse

STORY = parse("x", "set vehicle_connection_timeout 30\n00:00  lock jam\n00:01  input spd on\n")


class Central:
    """A back end with one station connected, which answers as it is told."""

    def __init__(self, **answers):
        self.answers = answers
        self.values = {"ConnectionTimeOut": "45"}
        self.asked = []
        self.books = Ledger()
        self.books.boots.append({})
        self.books.statuses[1] = {"status": "Available"}
        self.ledgers = {"cp1": self.books}

    async def start(self, host, port):
        self.asked.append(("listen", host, port))

    def connected(self, identity):
        return identity in self.ledgers

    def ledger(self, identity):
        return self.ledgers[identity]

    async def until(self, true):
        while not true():
            await asyncio.Event().wait()

    async def get_configuration(self, identity, *keys):
        return {"values": {k: v for k, v in self.values.items() if k in keys}, "unknown": []}

    async def change_configuration(self, identity, key, value):
        self.asked.append((key, value))
        return self.answers.get(key, "Accepted")

    async def reset(self, identity, kind):
        self.asked.append(("reset", kind))
        self.books.boots.append({})


class Box:
    """A bench with one outlet; what is plugged stays in `plugged`."""

    def __init__(self, plugged=False):
        self.plugged = plugged
        self.done = []

    async def do(self, verb, **arguments):
        if verb == "rig":
            return {"outlets": [1]}
        if verb == "look":
            return {"outlets": [{"outlet": 1, "pp_ohm": 220 if self.plugged else None}]}
        self.done.append((verb, arguments))
        if verb == "unplug":
            self.plugged = False
        if arguments.get("missing") is False:
            raise Refused("outlet 1: this rig cannot take a lock away")
        return {}


def _ready(station, central, box):
    asyncio.run(station.ready(STORY, central, box))


def test_the_first_station_that_connects_is_taken_unplugged_and_set():
    central, box = Central(), Box(plugged=True)
    station = BenchStation("x", "0.0.0.0:9000", "", None)
    _ready(station, central, box)
    assert station.identity == "cp1"
    assert box.done == [("unplug", {"outlet": 1, "force": True})]
    assert central.asked[0] == ("listen", "0.0.0.0", 9_000)
    assert ("ConnectionTimeOut", "30") in central.asked
    _ready(station, central, box)
    assert [what for what in central.asked if what[0] == "listen"] == [("listen", "0.0.0.0", 9_000)]


def test_afterwards_acts_are_undone_plugs_pulled_and_settings_put_back():
    central, box = Central(), Box()
    station = BenchStation("x", "0.0.0.0:9000", "", None)
    _ready(station, central, box)
    box.plugged = True
    asyncio.run(station.end(STORY, central, box))
    assert box.done == [
        ("lock", {"outlet": 1, "jam": False}), ("lock", {"outlet": 1, "missing": False}),
        ("input", {"name": "spd", "active": False}), ("unplug", {"outlet": 1, "force": True}),
    ]  # fmt: skip
    assert ("ConnectionTimeOut", "45") in central.asked


def test_a_setting_that_acts_after_a_restart_causes_one():
    central = Central(ConnectionTimeOut="RebootRequired")
    _ready(BenchStation("x", "0.0.0.0:9000", "cp1", None), central, Box())
    assert central.asked[-1] == ("reset", "Soft")


def test_a_setting_that_the_station_does_not_take_skips_the_story_but_a_common_one_does_not():
    station = BenchStation("x", "0.0.0.0:9000", "", None)
    with pytest.raises(CannotPlay, match="vehicle_connection_timeout=30 by OCPP: Rejected"):
        _ready(station, Central(ConnectionTimeOut="Rejected"), Box())
    _ready(station, Central(OperatorCurrentLimit1="Rejected"), Box())


def test_a_station_that_is_not_at_rest_or_not_there_is_a_sentence():
    central = Central()
    central.books.statuses[1] = {"status": "Faulted"}
    station = BenchStation("x", "0.0.0.0:9000", "", None)
    station.rest_s = 0.01
    with pytest.raises(OSError, match="with nothing plugged in, outlet 1 is Faulted"):
        _ready(station, central, Box())
    other = BenchStation("x", "0.0.0.0:9000", "cp2", None)
    other.connect_s = 0.01
    with pytest.raises(OSError, match="cp2 did not connect to ws://0.0.0.0:9000"):
        _ready(other, Central(), Box())


@pytest.mark.parametrize("key, name", [
    ("vehicle_connection_timeout", "ConnectionTimeOut"),
    ("ocpp:HeartbeatInterval", "HeartbeatInterval"),
    ("operator_current_limit_1", "OperatorCurrentLimit1"), ("ocpp:Strange", "Strange"),
])  # fmt: skip
def test_a_setting_has_its_name_in_ocpp(key, name):
    assert ocpp_key(key) == name


def test_no_station_in_the_state_directory_is_a_sentence(tmp_path):
    with pytest.raises(OSError, match="no station answers"):
        asyncio.run(LocalSettings(tmp_path).get(["vehicle_connection_timeout"]))
