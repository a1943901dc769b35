"""The process `world` from outside: bench clients, the deadman, ownership, a clean end."""

import json
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from firmware.io.unix import listen_seqpacket
from hal.board import load_board
from hal.drivers.world import WorldOutlets
from hal.frames import encode, plain
from hal.mock.outlet import BenchError
from hal.mock.server import bench_address
from hal.opening import open_safety
from hal.ports import HardwareSilent, OutletDrive, OutletSample

ROOT = Path(__file__).parents[2]
BOARD = ROOT / "boards" / "mock.toml"
CLOSED = OutletDrive(duty_permille=266, contactor_on=True)


def started(state_dir, *more):
    args = ["--board", BOARD, "--state", state_dir, "--bench", "127.0.0.1:0", *more]
    command = [sys.executable, "-m", "firmware.apps.world", *map(str, args)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
    return process, json.loads(process.stdout.readline())


@pytest.fixture
def world(tmp_path):
    process, ready = started(tmp_path, "--bench-unix", tmp_path / "bench.sock")
    yield tmp_path, ready
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    process.stdout.close()
    assert list(tmp_path.glob("*.sock")) == []


@pytest.fixture
def bench(world):
    with connected(world) as client:
        yield client


def connected(world):
    host, port = world[1]["bench"].split(":")
    return socket.create_connection((host, int(port)), timeout=10).makefile("rwb", buffering=0)


def said(client, text):
    client.write(text + b"\n")
    return heard(client)


def heard(client):
    return json.loads(client.readline())


def until(client, event):
    while (message := heard(client)).get("event") != event:
        pass
    return message


def test_a_bad_line_leaves_the_connection_up(bench):
    for bad in (b"nonsense", b"[]", b'{"do": "fly"}', b'{"do": "plug", "outlet": "1"}'):
        assert said(bench, bad)["ok"] is False
    assert said(bench, b"x" * 70_000)["error"] == "a line is longer than 65536 bytes"
    assert said(bench, b'{"id": 1, "do": "rig"}')["rig"] == "wire"


def test_the_unix_socket_speaks_the_same(world):
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(10)
        client.connect(str(world[0] / "bench.sock"))
        client.sendall(b'{"do": "look"}\n')
        assert json.loads(client.makefile("rb").readline())["ok"] is True


def test_a_watcher_hears_what_another_client_does(world, bench):
    with connected(world) as watcher:
        assert said(watcher, b'{"do": "watch"}')["ok"]
        assert said(bench, b'{"do": "plug", "outlet": 2, "cable_ma": 20000, "car": true}')["ok"]
        event = until(watcher, "cp")
        assert (event["outlet"], event["high_mv"], event["low_mv"]) == (2, 9_000, 9_000)
        assert event["at_ms"] <= time.monotonic_ns() // 1_000_000


def test_power_is_refused_until_somebody_owns_it_and_again_when_he_is_gone(world, bench):
    power = b'{"do": "power", "off_ms": 1500}'
    assert "nobody owns it" in said(bench, power)["error"]
    with connected(world) as owner:
        assert said(owner, b'{"do": "watch", "own": ["power"]}')["ok"]
        assert said(bench, power)["ok"]
        assert until(owner, "power")["off_ms"] == 1_500
        assert (
            "nobody owns it" in said(bench, b'{"do": "link", "name": "lan", "up": false}')["error"]
        )
        owner.close()
    refused = False
    last_s = time.monotonic() + 10
    while not refused:
        assert time.monotonic() < last_s
        refused = not said(bench, power)["ok"]


def test_a_dead_pilot_opens_the_contactor_by_the_deadman(world, bench):
    safety = open_safety(load_board(BOARD), world[0])
    assert said(bench, b'{"do": "watch"}')["ok"]
    safety.outlets[1].drive(CLOSED)
    assert until(bench, "contactor")["closed"] is True
    safety.close()
    gone_ms = time.monotonic_ns() // 1_000_000
    event = until(bench, "contactor")
    assert event["closed"] is False
    assert 100 <= event["at_ms"] - gone_ms + 5 < 5_000


def test_a_pilot_that_stops_kicking_loses_the_contactor_though_it_is_connected(world, bench):
    safety = open_safety(load_board(BOARD), world[0])
    assert said(bench, b'{"do": "watch"}')["ok"]
    safety.outlets[1].drive(CLOSED)
    assert until(bench, "contactor")["closed"] is True
    assert until(bench, "contactor")["closed"] is False
    safety.close()


def test_a_pilot_that_comes_back_in_time_keeps_the_contactor_closed(world, bench):
    safety = open_safety(load_board(BOARD), world[0])
    safety.outlets[1].drive(CLOSED)
    again = open_safety(load_board(BOARD), world[0])
    again.outlets[1].drive(CLOSED)
    poll = select.poll()
    poll.register(again.edges, select.POLLIN)
    start_ms = again.outlets[1].sample().at_ms
    while again.outlets[1].sample().at_ms < start_ms + 700:
        again.outlets[1].drive(CLOSED)
        assert poll.poll(5_000)
        again.edges.drain()
    assert again.outlets[1].sample().contactor_closed is True
    with pytest.raises(HardwareSilent, match="connection ended"):
        safety.outlets[1].sample()
    safety.close()
    again.close()


def test_a_packet_that_is_no_frame_ends_only_its_own_connection(world, bench):
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as wire:
        wire.settimeout(10)
        wire.connect(str(world[0] / "world.sock"))
        wire.send(b'{"hello": "nobody"}')
        assert wire.recv(100) == b""
    assert said(bench, b'{"do": "look"}')["ok"]


def test_a_second_world_in_the_same_state_directory_is_refused(world, bench):
    command = [sys.executable, "-m", "firmware.apps.world", "--board", BOARD, "--state", world[0]]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (ended.returncode, "another world serves there" in ended.stderr) == (2, True)
    assert said(bench, b'{"do": "look"}')["ok"]
    assert (world[0] / "world.sock").exists()


def test_without_a_world_the_driver_says_where_it_looked(tmp_path):
    with pytest.raises(HardwareSilent, match=r"world\.sock.*is `powerstation world` running"):
        WorldOutlets(tmp_path / "world.sock", (1,))


def test_a_world_that_ended_makes_the_driver_silent(tmp_path):
    process, _ = started(tmp_path)
    safety = open_safety(load_board(BOARD), tmp_path)
    assert safety.outlets[1].sample().cp_high_mv == 12_000
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 0
    process.stdout.close()
    with pytest.raises(HardwareSilent):
        safety.outlets[1].sample()
    safety.close()


@pytest.mark.parametrize("text", ["0.0.0.0:80", "example.org:1", "127.0.0.1:x", "127.0.0.1:70000"])
def test_the_bench_listens_on_the_loopback_only(text):
    with pytest.raises(BenchError, match="--bench"):
        bench_address(text)


def test_a_broken_board_is_refused_with_its_mistakes(tmp_path):
    board = tmp_path / "board.toml"
    board.write_text('name = "x"')
    command = [sys.executable, "-m", "firmware.apps.world", "--board", board, "--state", tmp_path]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 2
    assert "board.toml: board simulated: is missing" in ended.stderr


def test_a_sample_that_comes_while_the_other_outlet_is_looked_at_stays_readable(tmp_path):
    def packet(outlet, cp_high_mv):
        now_ms = time.monotonic_ns() // 1_000_000
        sample = OutletSample(now_ms, cp_high_mv, -12_000, 220, 533)
        return encode({"outlet": outlet, "sample": plain(sample)})

    listener = listen_seqpacket(tmp_path / "world.sock")
    opened = []
    opening = threading.Thread(
        target=lambda: opened.append(WorldOutlets(tmp_path / "world.sock", (1, 2)))
    )
    opening.start()
    select.select([listener], [], [], 5)
    wire, _ = listener.accept()
    wire.send(packet(1, 6_000))
    wire.send(packet(2, 12_000))
    opening.join()
    (outlets,) = opened
    descriptor = outlets.fileno()
    outlets.drain()
    assert outlets.sample(1).cp_high_mv == 6_000
    wire.send(packet(1, 9_000))
    assert outlets.sample(2).cp_high_mv == 12_000
    assert select.select([descriptor], [], [], 5)[0] == [descriptor]
    outlets.drain()
    assert outlets.sample(1).cp_high_mv == 9_000
    outlets.close()
    wire.close()
    listener.close()
