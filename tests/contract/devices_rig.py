"""The drivers of the station's devices over chips and meters that are played.

The rig speaks the words of the others: what a verb of the bench does to the world there, it does
here to a PN532, to two meters on one bus, to a chain of lights and to GPIO lines.
"""

from hal.drivers.gpio_inputs import GpioInputs, InputLine
from hal.drivers.modbus_meter import open_meter
from hal.drivers.pn532 import Pn532Reader
from hal.drivers.ws2812 import Ws2812Ring
from hal.mock.world import SECURE_KIND
from hal.ports import HardwareSilent
from hal.registers import load_map
from tests.devices.gpio import Pins
from tools.played.desfire import DesfireCard
from tools.played.lights import Lights
from tools.played.meter import SerialMeter
from tools.played.pn532 import Card, EmulatedPn532

MAINS_V = 230
PATIENCE_MS = 300  # longer than the first pause between two openings
LINES = {
    "mcb_1": InputLine(6, active_low=False, pull="up"),
    "spd": InputLine(7, active_low=False),
    "tilt": InputLine(5, active_low=True, pull="up"),
}
METERS = {"meter_1": 1, "meter_2": 2}


class DevicesRig:
    """The contract's rig of what `stationd` holds."""

    def __init__(self, folder):
        self.chip = EmulatedPn532(folder / "ttyAMA0")
        self.bus = SerialMeter(folder / "ttyAMA3", load_map("sdm630"))
        self.lights = Lights()
        self.pins = Pins()
        self.patience_ms = 0
        self.reader = Pn532Reader(str(self.chip.path), 1)
        lines = {}
        self.meters = {
            unit: open_meter(name, f"{self.bus.path}?unit={unit}", "sdm630", lines)
            for name, unit in METERS.items()
        }
        self.ring = Ws2812Ring(self.lights.open, 24)
        self.inputs = GpioInputs(self.pins.open, LINES)
        for unit in METERS.values():
            self._load(unit, (0, 0, 0))
        for name in LINES:
            self._input(name, active=False)

    def act(self, verb, **args):
        """Do what the verb of the bench does to the world."""
        match verb:
            case "swipe":
                secure = args.get("kind") == SECURE_KIND
                number = bytes.fromhex(args["uid"])
                self.chip.card = (
                    DesfireCard("04a1b2c3d4e5f6", number=number) if secure else Card(args["uid"])
                )
            case "reader":
                self.chip.silent = args["silent"]
                self.patience_ms = PATIENCE_MS
            case "meter":
                self._meter(METERS[args["name"]], args)
            case "input":
                self._input(**args)
            case "look":
                return {"led": [f"#{r:02x}{g:02x}{b:02x}" for r, g, b in self.lights.shown[-1]]}
        return {"ok": True}

    def demand(self, key):
        self.reader.demand(key)

    def take_card(self):
        for _ in range(5):
            try:
                return self.reader.poll(self.patience_ms)
            except HardwareSilent:
                if self.chip.silent:
                    raise  # else the played chip had no turn on a loaded machine
        raise AssertionError("the reader does not come back")

    def read_meter(self, outlet):
        return self.meters[outlet].read()

    def read_inputs(self):
        return self.inputs.read()

    def show_led(self, frame):
        self.ring.show(frame)

    def close(self):
        for device in (self.reader, *self.meters.values(), self.ring, self.inputs):
            device.close()
        self.chip.unplug()
        self.bus.unplug()

    def _meter(self, unit, args):
        if "silent" in args:
            self.bus.mute_units = {unit} if args["silent"] else set()
        if "currents_ma" in args:
            self._load(unit, args["currents_ma"])

    def _load(self, unit, currents_ma):
        for phase, ma in zip(("l1", "l2", "l3"), currents_ma, strict=True):
            self.bus.put(f"voltage_{phase}", MAINS_V, unit)
            self.bus.put(f"current_{phase}", ma / 1_000, unit)
        self.bus.put("power", sum(currents_ma) * MAINS_V / 1_000, unit)
        self.bus.put("energy", 0, unit)

    def _input(self, name, active):
        line = LINES[name]
        self.pins.level(line.gpio, active is not line.active_low)
