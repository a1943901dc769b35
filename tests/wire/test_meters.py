"""The processes that ship, with a charging meter and a meter of the house on Modbus TCP."""

import json
import socket
import threading

import pytest

from firmware.io.control import ask_station
from hal.registers import load_map
from tests.web.rig import PageStation
from tools.meters import MeterServer
from tools.played.coding import measured

pytestmark = pytest.mark.xdist_group("processes")
CARD = "0a0e9b83"
LOOKS = 600  # a tenth of a second apart, at most


def sets(charging, house):
    (ip1, port1), (ip2, port2) = (one.where.rsplit(":", 1) for one in (charging, house))
    return [
        "meter1_type=siemens_7km2200_tcp", f"meter1_ip={ip1}", f"meter1_port={port1}",
        "dlm_external_meter_support=on", "meter2_type=phoenix_eem_mb371_tcp",
        f"meter2_ip={ip2}", f"meter2_port={port2}",
        f"local_whitelist_entries={CARD}", "backend_connection_type=none",
    ]  # fmt: skip


def world(station, **asked):
    host, _, port = station.bench.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=10) as line:
        line.sendall(json.dumps(asked).encode() + b"\n")
        with line.makefile() as answers:
            assert json.loads(answers.readline())["ok"] is True


def until(station, done):
    """Look at the station until it is as wanted."""
    pause = threading.Event()
    for _ in range(LOOKS):
        shown = ask_station(station.state, {"do": "status"})
        if done(shown, *shown["outlets"]):
            return shown
        pause.wait(0.1)
    raise AssertionError(shown)


def blocks(server):
    return [(server.map.function, *block) for block in server.map.blocks]


@pytest.mark.covers("B-MET-02", "B-MET-04", "B-MET-06", "B-MET-07", "F13", "F14", "P110", "P133")
def test_meters_that_parameters_choose_are_read_and_their_silence_acts(tmp_path):
    charging, house = (MeterServer(load_map(name)) for name in ("pac2200", "eem_mb370"))
    told = measured(charging.map, (230, 231, 232), (10, 11, 12), 7_654_321)
    for quantity, number in told.items():
        charging.put(quantity, number)
        house.put(quantity, number)
    with PageStation(tmp_path, sets(charging, house)) as station:
        world(station, do="plug", outlet=1, cable_ma=32_000, car={"max_ma": 32_000})
        world(station, do="swipe", uid=CARD)
        until(station, lambda _, one, two: one["currents_ma"] == [10_000, 11_000, 12_000])
        charging.put("energy", 7_654_821)
        shown = until(station, lambda _, one, two: one["energy_wh"] == 500)
        assert shown["outlets"][0]["phase"] == "running"
        assert shown["outlets"][0]["power_w"] == told["power"]
        assert shown["faults"] == []
        assert blocks(charging) == charging.asked[:2]
        assert blocks(house) == house.asked[:3]

        house.close()  # fault F14 stops nothing
        until(station, lambda all_of_it, one, two: all_of_it["faults"] == ["F14"])
        assert until(station, lambda _, one, two: True)["outlets"][0]["phase"] == "running"

        charging.close()  # fault F13 does
        until(station, lambda _, one, two: one["status"] == "Faulted")
        until(station, lambda _, one, two: not one["contactor_closed"])
        shown = until(station, lambda _, one, two: one["phase"] in ("ending", "finishing"))
        assert shown["outlets"][0]["why"].startswith("outlet 1: no charging, fault F13")
        assert shown["outlets"][1]["faults"] == ["F14"]  # its own meter is the board's

        host, _, port = charging.where.rpartition(":")
        again = MeterServer(charging.map, host, int(port))
        until(station, lambda _, one, two: one["status"] != "Faulted")
        again.close()
