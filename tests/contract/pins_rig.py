"""The drivers of real pins over chips that are played: gpiozero's mock lines, PWM files, an ADC.

The simulated world stands behind them. What a driver puts on a line or into a file is carried to
the world; what the world shows is laid on the inputs. Time is the world's.
"""

import os

from gpiozero.pins.mock import MockFactory

from hal.board import load_board
from hal.drivers.gpio_lines import reaching_all_lines
from hal.drivers.pins_board import Below, PinsBoard
from hal.mock.world import World
from hal.ports import LockPosition, OutletDrive

CONVERSION_US = 25
TEST_TRIPS_MS = 200  # so long after its test input the played sensor trips
RAIL_MV = 16_000


class Spi:
    """An MCP3208 that sees the pilots and the plugs of the world, a conversion every 25 us."""

    def __init__(self, rig):
        self.rig = rig
        self.at_us = 0
        self.broken = None

    def exchange(self, frame, count):
        if self.broken is not None:
            raise self.broken
        assert frame[0] & ~0x03 == 0x04 and len(frame) == 3, frame
        channel = (frame[0] & 1) << 2 | frame[1] >> 6
        answers = b""
        for _ in range(count):
            self.at_us += CONVERSION_US  # the conversions' own clock
            answers += self.rig.analog(channel, self.at_us).to_bytes(3)
        return answers

    def close(self):
        pass


class PinsRig:
    """The contract's rig; what is not an outlet's is the world's own."""

    fitted = frozenset({"temperature"})  # no voltages of the mains on these boards

    def __init__(self, root, folder):
        os.environ.setdefault("LG_WD", str(folder))
        self.profile = load_board(root / "boards" / "gpiosim.toml")
        self.world = World(load_board(root / "boards" / "mock.toml"))
        self.folder = folder
        for number in (0, 1):
            channel = folder / "pwmchip0" / f"pwm{number}"
            channel.mkdir(parents=True)
            for name in ("period", "duty_cycle", "enable"):
                (channel / name).write_text("0")
        self.thermal = folder / "temp"
        self.thermal.write_text("25000")
        self.factory = reaching_all_lines(MockFactory)()
        self.spi = Spi(self)
        self.tests_ms = {}  # since when a sensor is told to test itself
        self._inputs()
        self.board = PinsBoard(
            self.profile,
            Below(
                factory=lambda _chip: self.factory,
                spi=lambda _where: self.spi,
                pwm_root=folder,
                thermal=self.thermal,
                now_us=lambda: self.world.now_ms * 1_000 + self.spi.at_us,
            ),
        )
        self._inputs()

    # -- from the drivers to the world, and back ----------------------------------------------

    def duty(self, outlet):
        return (
            int((self.folder / "pwmchip0" / f"pwm{outlet - 1}" / "duty_cycle").read_text()) // 1_000
        )

    def line(self, outlet, name):
        return self.factory.pin(self.profile.outlets[outlet - 1].pins[name])

    def on(self, outlet, name):
        return bool(self.line(outlet, name).state)

    def analog(self, channel, at_us):
        outlet = channel // 2 + 1
        sample = self.world.sample(outlet)
        if channel % 2:  # the plug's resistor against 680 ohm
            ohm = sample.pp_ohm
            return 4_095 if ohm is None else round(4_096 * ohm / (ohm + 680))
        high = at_us % 1_000 < self.duty(outlet)
        line_mv = sample.cp_high_mv if high else sample.cp_low_mv
        return round((line_mv + RAIL_MV) * 4_096 / 32_000)

    def _orders(self):
        """Carry what stands on the lines to the world."""
        for outlet in (1, 2):
            before = self.world._outlets[outlet].drive
            lock_on = before.lock_on
            if self.on(outlet, "lock_forward") or self.on(outlet, "lock_backward"):
                lock_on = self.on(outlet, "lock_forward")
            testing = self.on(outlet, "residual_test")
            if not testing:
                self.tests_ms.pop(outlet, None)
            else:
                self.tests_ms.setdefault(outlet, self.world.now_ms)
            drive = OutletDrive(
                duty_permille=self.duty(outlet),
                cp_connected=self.on(outlet, "cp_connect"),
                contactor_on=self.on(outlet, "contactor"),
                phases=1 if self.on(outlet, "one_phase") else 3,
                lock_on=lock_on,
            )
            self.world.drive(outlet, drive, self.world.now_ms)

    def _inputs(self):
        """Lay what the world shows on the inputs."""
        for outlet in (1, 2):
            sample = self.world.sample(outlet)
            since_ms = self.tests_ms.get(outlet)
            test = since_ms is not None and self.world.now_ms >= since_ms + TEST_TRIPS_MS
            missing = sample.lock is LockPosition.MISSING
            states = {
                "mirror": not sample.contactor_closed,
                "lock_locked": missing or sample.lock is LockPosition.LOCKED,
                "lock_unlocked": missing or sample.lock is LockPosition.UNLOCKED,
                "residual_fault": sample.residual_tripped or test,
                "mcb": sample.mcb_tripped,
                "rcd": sample.rcd_tripped,
            }
            low = self.profile.outlets[outlet - 1].wiring.active_low
            for name, active in states.items():
                pin = self.line(outlet, name)
                pin.drive_high() if active is not (name in low) else pin.drive_low()

    # -- the contract's words -----------------------------------------------------------------

    def act(self, verb, **args):
        if verb == "temperature":
            self.thermal.write_text(str(args["deci_celsius"] * 100))
            self.world.advance(self.world.now_ms + 1_000)
            return {"ok": True}
        from hal.mock.outlet import BenchError

        try:
            done = {"ok": True, **self.world.act(verb, args, self.world.now_ms)}
        except BenchError as refusal:
            done = {"ok": False, "error": str(refusal)}
        self._inputs()
        return done

    def drive(self, outlet, drive):
        self.order = getattr(self, "order", {}) | {outlet: drive}
        self.board.outlets[outlet].drive(drive)
        self._orders()
        self._inputs()

    def sample(self, outlet):
        return self.board.outlets[outlet].sample()

    def until(self, outlet, wanted, within_ms):
        """As `pilotd` does: orders are repeated and samples taken, every 5 ms."""
        last_ms = self.world.now_ms + within_ms + 1_000
        while not wanted(self.sample(outlet)):
            assert self.world.now_ms < last_ms, (within_ms, self.sample(outlet))
            self.world.advance(self.world.now_ms + 5)
            self._inputs()
            for number, order in getattr(self, "order", {}).items():
                self.drive(number, order)
        return self.sample(outlet)

    def take_card(self):
        return self.world.take_card(1)

    def read_meter(self, outlet):
        return self.world.read_meter(outlet, self.world.now_ms)

    def read_inputs(self):
        return self.world.inputs()

    def show_led(self, frame):
        self.world.show_led(frame)

    def close(self):
        self.board.close()
        self.factory.close()
