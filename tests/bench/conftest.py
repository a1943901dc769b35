"""A box of the blueprint over the modelled breadboard."""

import pytest

from tests.bench.network import Network
from tools.bench.box import Box
from tools.bench.boxfile import load_box
from tools.bench.hardware import Hardware


class Bench:
    """A box, its pins and the network; time is the test's."""

    def __init__(self, file):
        self.file = file
        self.network = Network(file)
        self.hardware = Hardware(
            file, factory=self.network.factory, opener=self.network.open,
            now_us=self.network.now_us,
        )  # fmt: skip
        self.now_ms = 1_000
        self.paused = []
        self.between = []  # the closed relays at every pause
        self.box = Box(file, self.hardware.switch, self._pause, now_ms=self.now_ms)
        for outlet in file.outlets:
            if outlet.sense:
                self.network.mains(outlet.number, False)
                self.network.lock(outlet.number, False)

    def _pause(self, settle_ms):
        self.paused.append(settle_ms)
        self.between.append(frozenset(self.network.closed(1)))

    def do(self, verb, **arguments):
        """Do a verb, as a client that is there."""
        self.box.heard(self.now_ms)
        return self.box.act(verb, arguments, self.now_ms)

    def look(self, outlet=1):
        """Return what the box shows of an outlet."""
        return self.do("look")["outlets"][outlet - 1]

    def run(self, wait_ms, *, pilots=True):
        """Let time pass: inputs every 5 ms, pilots every 50 ms."""
        for _ in range(wait_ms // 5):
            self.now_ms += 5
            for number in self.box.outlets:
                levels = self.hardware.levels(number)
                self.box.saw_inputs(number, levels, self.now_ms)
            if pilots and self.now_ms % 50 == 0:
                for number in self.hardware.measured_outlets:
                    self.box.saw_pilot(number, self.hardware.pilot(number), self.now_ms)
            self.box.step(self.now_ms)


@pytest.fixture
def bench(repository):
    """The blueprint's box."""
    made = Bench(load_box(repository / "tools/bench/box.toml"))
    yield made
    made.hardware.close()
