"""The drivers that ship on the simulated chips of the virtual station, nothing of them replaced.

The world stands around the pins as a process of its own (`tools.uml.world`), reader and meters
on pseudo terminals in /dev. Only the file of the temperature is the rig's: that machine has no
sensor. A breaker is read where its board wires it, by the outlet's port.
"""

import select
import time
from pathlib import Path

from hal.board import load_board
from hal.drivers.pins_board import Below, PinsBoard
from hal.drivers.watchdog import Watchdog
from hal.opening import open_station
from hal.ports import OutletDrive
from tests.contract.world_process import WorldProcess

TURN_S = 0.005  # how often orders are repeated, as `pilotd` does
SEEN_MS = 30  # the world looks at the pins every 10 ms
RENEWED_MS = 300  # the meters' registers, and the ring, which is looked at every 50 ms
PATIENCE_MS = 300  # longer than the first pause between two openings
SLOWEST_MS = 5_000


class StationRig:
    """The contract's rig of one whole board, `gpiosim`; time is the machine's own."""

    fitted = frozenset({"temperature"})  # no voltages of the mains on this board

    def __init__(self, root, state_dir):
        path = root / "boards" / "gpiosim.toml"
        self.profile = load_board(path)
        self.world = WorldProcess(root, "tools.uml.world", path, state_dir)
        self.thermal = state_dir / "temp"
        self.thermal.write_text("25000")
        self.orders = {outlet.number: OutletDrive() for outlet in self.profile.outlets}
        self.board = PinsBoard(self.profile, Below(thermal=self.thermal))
        self.watchdog = Watchdog(Path(self.profile.watchdog))
        self.station = open_station(self.profile, state_dir)

    def act(self, verb, **args):
        if verb == "temperature":
            self.thermal.write_text(str(args["deci_celsius"] * 100))
            self._live(1_000)
            return {"ok": True}
        done = self.world.act(verb, **args)
        self._live(RENEWED_MS if verb == "meter" else SEEN_MS)
        return done

    def drive(self, outlet, drive):
        self.orders[outlet] = drive
        self.board.outlets[outlet].drive(drive)
        self._live(SEEN_MS)

    def sample(self, outlet):
        return self.board.outlets[outlet].sample()

    def until(self, outlet, wanted, within_ms):
        last_s = time.monotonic() + max(10 * within_ms, SLOWEST_MS) / 1_000
        while not wanted(self.sample(outlet)):
            assert time.monotonic() < last_s, (within_ms, self.sample(outlet))
            self._turn()
        return self.sample(outlet)

    def demand(self, key):
        self.station.readers[1].demand(key)

    def take_card(self):
        self.watchdog.kick()
        return self.station.readers[1].poll(PATIENCE_MS)

    def read_meter(self, outlet):
        return self.station.meters[outlet].read()

    def read_inputs(self):
        numbers = (outlet.number for outlet in self.profile.outlets)
        breakers = {f"mcb_{number}": self.sample(number).mcb_tripped for number in numbers}
        return {**self.station.inputs.read(), **breakers}

    def show_led(self, frame):
        self.station.led.show(frame)
        self._live(RENEWED_MS)

    def close(self):
        self.station.close()
        self.board.close()
        self.watchdog.close()
        self.world.close()

    def _live(self, span_ms):
        """Let time pass while every order is repeated, as the deadman wants it."""
        last_s = time.monotonic() + span_ms / 1_000
        while time.monotonic() < last_s:
            self._turn()

    def _turn(self):
        self.watchdog.kick()
        for number, order in self.orders.items():
            self.board.outlets[number].drive(order)
        if select.select([self.board.lines], [], [], TURN_S)[0]:  # lets virtual time pass, too
            self.board.lines.drain()
