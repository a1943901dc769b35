"""The rigs on which the contract of the ports is proved: a mock, served, and real drivers.

A rig can act on the world (`act`), offers the ports of the outlets, and waits for a sample:
virtual time in the mock, descriptors and generous real time where processes are involved. Inside
the virtual station (`tests/gpiosim/test_contract_inside.py`) there is one rig, of its chips.
"""

import os
import select
import time
from pathlib import Path

import pytest

from hal.board import load_board
from hal.drivers.world import KICK_MS
from hal.mock.outlet import BenchError
from hal.mock.world import World
from hal.opening import open_safety, open_station
from hal.ports import OutletDrive
from tests.contract.pins_rig import PinsRig
from tests.contract.station_rig import StationRig
from tests.contract.world_process import WorldProcess

ROOT = Path(__file__).parents[2]
BOARD = ROOT / "boards" / "mock.toml"
SLOWEST_REAL_MS = 5_000


class MockRig:
    """The world in process and in virtual time."""

    fitted = frozenset({"mains", "temperature"})

    def __init__(self):
        self.world = World(load_board(BOARD))

    def act(self, verb, **args):
        try:
            return {"ok": True, **self.world.act(verb, args, self.world.now_ms)}
        except BenchError as refusal:
            return {"ok": False, "error": str(refusal)}

    def drive(self, outlet, drive):
        self.world.drive(outlet, drive, self.world.now_ms)

    def sample(self, outlet):
        return self.world.sample(outlet)

    def until(self, outlet, wanted, within_ms):
        last_ms = self.world.now_ms + within_ms
        while not wanted(self.sample(outlet)):
            next_ms = self.world.deadline_ms()
            assert next_ms <= last_ms, (within_ms, self.sample(outlet))
            self.world.advance(next_ms)
        return self.sample(outlet)

    def demand(self, key):
        """Nothing to do: here a card says by its kind what it can prove."""

    def take_card(self):
        return self.world.take_card(1)

    def read_meter(self, outlet):
        return self.world.read_meter(outlet, self.world.now_ms)

    def read_inputs(self):
        return self.world.inputs()

    def show_led(self, frame):
        self.world.show_led(frame)

    def close(self):
        pass


class WireRig:
    """The world as a process of its own behind the driver that ships."""

    fitted = MockRig.fitted

    def __init__(self, state_dir):
        self.world = WorldProcess(ROOT, "firmware.apps.world", BOARD, state_dir)
        self.act = self.world.act
        board = load_board(BOARD)
        self.safety = open_safety(board, state_dir)
        self.station = open_station(board, state_dir)
        self.orders = {1: OutletDrive(), 2: OutletDrive()}

    def drive(self, outlet, drive):
        self.orders[outlet] = drive
        self.safety.outlets[outlet].drive(drive)

    def sample(self, outlet):
        return self.safety.outlets[outlet].sample()

    def until(self, outlet, wanted, within_ms):
        last_s = time.monotonic() + max(10 * within_ms, SLOWEST_REAL_MS) / 1_000
        poll = select.poll()
        poll.register(self.safety.edges, select.POLLIN)
        while not wanted(self.sample(outlet)):
            assert time.monotonic() < last_s, (within_ms, self.sample(outlet))
            for number, order in self.orders.items():
                self.safety.outlets[number].drive(order)
            poll.poll(KICK_MS / 2)
            self.safety.edges.drain()
        return self.sample(outlet)

    def demand(self, key):
        self.station.readers[1].demand(key)

    def take_card(self):
        return self.station.readers[1].poll(200)

    def read_meter(self, outlet):
        return self.station.meters[outlet].read()

    def read_inputs(self):
        return self.station.inputs.read()

    def show_led(self, frame):
        self.station.led.show(frame)
        self.station.inputs.read()

    def close(self):
        self.safety.close()
        self.station.close()
        self.world.close()


INSIDE = "POWERSTATION_INSIDE" in os.environ  # the virtual station: real chips, for the drivers
STATION = {"station": lambda folder: StationRig(ROOT, folder)}
RIGS = (
    STATION
    if INSIDE
    else {
        "mock": lambda _folder: MockRig(),
        "wire": WireRig,
        "pins": lambda folder: PinsRig(ROOT, folder),
    }
)


@pytest.fixture(params=RIGS)
def rig(request, tmp_path):
    rig = RIGS[request.param](tmp_path)
    yield rig
    rig.close()
