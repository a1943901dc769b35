"""`powerstation safe-off` on a simulated board: power goes, the plug stays, nothing is raised."""

import json
import signal
import socket
import subprocess
import sys

import pytest

from firmware.apps.safe_off import _outlet, safe_off
from hal.board import load_board
from hal.opening import open_safety
from hal.ports import HardwareSilent, LockPosition, OutletDrive, OutletSample

CHARGING = OutletDrive(duty_permille=266, contactor_on=True, lock_on=True)


@pytest.fixture
def world(repository, tmp_path):
    board = repository / "boards/mock.toml"
    command = [sys.executable, "-m", "firmware.apps.world", "--board", str(board),
               "--state", str(tmp_path), "--bench", "127.0.0.1:0"]  # fmt: skip
    process = subprocess.Popen(command, cwd=repository, stdout=subprocess.PIPE)
    host, port = json.loads(process.stdout.readline())["bench"].split(":")
    with socket.create_connection((host, int(port)), timeout=10) as wire:
        yield board, tmp_path, wire.makefile("rwb", buffering=0)
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    process.stdout.close()


def said(bench, text):
    bench.write(text + b"\n")
    return json.loads(bench.readline())


def until(bench, event):
    while (message := json.loads(bench.readline())).get("event") != event:
        pass
    return message


@pytest.mark.xdist_group("processes")
def test_it_opens_a_closed_contactor_and_keeps_the_plug(repository, world):
    board, state, bench = world
    assert said(bench, b'{"do": "plug", "outlet": 1, "cable_ma": 32000}')["ok"]
    assert said(bench, b'{"do": "watch"}')["ok"]
    pins = open_safety(load_board(board), state)
    pins.outlets[1].drive(CHARGING)
    assert until(bench, "contactor")["closed"] is True
    command = [sys.executable, "-m", "firmware.apps.cli", "safe-off",
               "--board", str(board), "--state", str(state)]  # fmt: skip
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "")
    assert [line.split(":")[1] for line in done.stderr.splitlines()] == [" outlet 1", " outlet 2"]
    assert until(bench, "contactor")["closed"] is False
    pins.close()


def test_without_a_world_it_says_so_and_raises_nothing(repository, tmp_path):
    told = []
    assert safe_off(repository / "boards/mock.toml", tmp_path, told.append) is False
    assert "nothing was driven" in told[0] and "world.sock" in told[0]


def test_without_a_board_file_it_says_so_and_raises_nothing(tmp_path):
    told = []
    assert safe_off(tmp_path / "none.toml", tmp_path, told.append) is False
    assert "nothing was driven" in told[0]


class Port:
    """A port that notes its orders, and answers as it is told."""

    def __init__(self, sample=None):
        self.answer, self.orders = sample, []

    def sample(self):
        if self.answer is None:
            raise HardwareSilent("outlet 1: silent")
        return self.answer

    def drive(self, drive):
        self.orders.append(drive)


def sample(lock):
    return OutletSample(0, 6_000, -12_000, 220, 266, True, lock)


@pytest.mark.parametrize(
    "answer, lock_on",
    [(sample(LockPosition.LOCKED), True), (sample(LockPosition.UNLOCKED), False), (None, True)],
)
def test_it_orders_x1_and_off_and_never_frees_a_plug(answer, lock_on):
    port = Port(answer)
    told = []
    assert _outlet(1, port, told.append) is (answer is not None)
    assert port.orders == [OutletDrive(lock_on=lock_on)]
    assert len(told) == 1
