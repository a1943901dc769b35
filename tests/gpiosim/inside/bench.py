"""What stands around an outlet of the virtual station: line, plug, contacts, pin and sensor."""

import contextlib
import select
import time

from hal.board import load_board
from tools.uml import outside
from tools.uml.kernel import ROOT

BOARD = ROOT / "boards" / "gpiosim.toml"
RAIL_MV, SPAN_MV, FULL = 16_000, 32_000, 4_096
LINE_MV = {"A": 12_000, "B": 9_000, "C": 6_000, "D": 3_000, "E": 0, "F": -12_000}
OPEN_CODE = FULL - 1
MOVE_S = 0.015
STEP_S = 0.001


def code(line_mv):
    """Return the converter's code of a voltage on the pilot."""
    return round((line_mv + RAIL_MV) * FULL / SPAN_MV)


def plug_code(ohm):
    """Return the code of a resistor in the plug against 680 ohm."""
    return OPEN_CODE if ohm is None else round(FULL * ohm / (ohm + 680))


class Outside:
    """One outlet as it stands in the world; `look` brings it in line with what is driven."""

    def __init__(self, number=1):
        self.profile = load_board(BOARD).outlets[number - 1]
        self.pins, self.low = self.profile.pins, self.profile.wiring.active_low
        self.channel = int(self.pins["cp"].split("/")[1])
        self.pwm = int(self.pins["pwm"].split("/")[1])
        self.closed = self.locked = False
        self.tripped = False  # a residual current flows
        self.moved_s = None
        self.inputs = {}
        for name in ("residual_fault", "mcb", "rcd"):
            self.put(name, False)
        self.line("A")
        self.plug(None)
        self.look()

    def put(self, name, active):
        """Make an input active or not."""
        if self.inputs.get(name) is not active:
            self.inputs[name] = active
            outside.press(self.pins[name], active is not (name in self.low))

    def level(self, name):
        return outside.level(self.pins[name])

    def line(self, letter, *, diode=True):
        """Let the car show a state."""
        high_mv = LINE_MV[letter]
        low_mv = -12_000 if diode else -high_mv
        flat = letter in "EF"
        outside.follow(self.channel, code(high_mv), code(high_mv if flat else low_mv), self.pwm)

    def plug(self, ohm):
        outside.steady(self.channel + 1, plug_code(ohm))

    def look(self):
        """Move contacts, pin and sensor as their drives want it."""
        now_s = time.monotonic()
        if self.level("contactor") is not self.closed:
            self.moved_s = self.moved_s or now_s
            if now_s >= self.moved_s + MOVE_S:
                self.closed, self.moved_s = not self.closed, None
        if self.level("lock_forward") or self.level("lock_backward"):
            self.locked = self.level("lock_forward")
        testing = self.level("residual_test")
        self.put("mirror", not self.closed)
        self.put("lock_locked", self.locked)
        self.put("lock_unlocked", not self.locked)
        self.put("residual_fault", self.tripped or testing)  # a sensor trips in its test

    def run(self, span_s):
        """Let time pass."""
        with contextlib.suppress(AssertionError):
            self.until(lambda: False, span_s)

    def until(self, condition, within_s):
        """Go on living until something is so; fail when it does not come."""
        last_s = time.monotonic() + within_s
        while not condition():
            self.look()
            assert time.monotonic() < last_s, f"not within {within_s} s"
            select.select([], [], [], STEP_S)  # lets virtual time pass, too
