"""The breadboard, as arithmetic: relays of gpiozero's mock lines, and what the line takes for it.

A station's generator of +-12 V behind 1000 ohm drives the pilot; the car is a diode of 0.7 V and
the resistors of IEC 61851-1. An MCP3208 of its own clock, a conversion every 20 us, reads it.
"""

from gpiozero.pins.mock import MockFactory

from hal.drivers.gpio_lines import reaching_all_lines
from tools.bench.relays import PP_BY_OHM

GENERATOR_OHM, DIODE_V = 1_000, 0.7
CAR_OHM, C_OHM, D_OHM = 2_740, 1_300, 270
CONVERSION_US = 20
PERIOD_US = 1_000


class Network:
    """One box and the station on the other side of its wires."""

    def __init__(self, file):
        self.file = file
        self.factory = reaching_all_lines(MockFactory)()
        self.at_us = 0.0
        self.duty_permille = dict.fromkeys((o.number for o in file.outlets), 1_000)
        self.period_us = PERIOD_US
        self.station = lambda: None  # what the station makes of it, at every conversion
        self.interrupted = False  # the next burst loses the processor for 3 ms

    # -- the station's side -----------------------------------------------------------------

    def mains(self, outlet, on):
        """Let the contactor's output be live or dead."""
        for name in ("l1", "l2", "l3"):
            self._level(self._outlet(outlet).sense[name], not on)

    def lock(self, outlet, locked):
        """Let the lock's end switch close or open."""
        self._level(self._outlet(outlet).sense["locked"], not locked)

    def _level(self, line, high):
        pin = self.factory.pin(line)
        pin.drive_high() if high else pin.drive_low()

    def _outlet(self, number):
        return self.file.outlets[number - 1]

    # -- the line ---------------------------------------------------------------------------

    def closed(self, number):
        """Return the closed relays of an outlet."""
        relays = self._outlet(number).relays
        return {name for name, line in relays.items() if self.factory.pin(line).state}

    def pp_ohm(self, number):
        """Return what a station would measure on the proximity line."""
        there = [ohm for ohm, name in PP_BY_OHM.items() if name in self.closed(number)]
        return 1 / sum(1 / ohm for ohm in there) if there else None

    def volts(self, number, at_us):
        """Return the voltage of the pilot."""
        duty = self.duty_permille[number]
        high = at_us % self.period_us < self.period_us * duty / 1_000
        source = 12.0 if high else -12.0
        closed = self.closed(number)
        if "cp_short" in closed:
            return 0.0
        if "cp_negative" in closed:
            return -12.0
        if "car" not in closed:
            return source
        conductance = 1 / CAR_OHM + ("c" in closed) / C_OHM + ("d" in closed) / D_OHM
        ohm = 1 / conductance
        if "diode_short" in closed:
            return source * ohm / (ohm + GENERATOR_OHM)
        if source < DIODE_V:
            return source
        return (source * ohm + DIODE_V * GENERATOR_OHM) / (ohm + GENERATOR_OHM)

    def now_us(self):
        """Tell the time, which takes time."""
        self.at_us += 0.5
        return self.at_us

    # -- the converter ----------------------------------------------------------------------

    def open(self, where):
        """Open the bus, as the function that the driver is given."""
        assert where == "spi0.0"
        return self

    def exchange(self, frame, count):
        """Convert so many times."""
        return b"".join(self._converted(frame) for _ in range(count))

    def _converted(self, frame):
        self.station()
        channel = (frame[0] & 1) << 2 | frame[1] >> 6
        self.at_us += CONVERSION_US
        if self.interrupted:
            self.at_us, self.interrupted = self.at_us + 3_000, False
        number = next(o.number for o in self.file.outlets if o.cp.endswith(f"/{channel}"))
        scale = self.file.scale
        mv = self.volts(number, self.at_us) * 1_000 - scale.offset_mv
        counts = min(max(round(mv * 1_000 / scale.uv_per_count), 0), 4_095)
        return counts.to_bytes(3)

    def close(self):
        """Close the bus."""
