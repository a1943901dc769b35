"""Carries what the station drives on simulated pins to a world, and what the world shows back.

It looks at all outputs every few milliseconds, at once when somebody acted on the world, and
stands in for what a board does without a program: the deadman in the coil's path.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass, field, replace
from pathlib import Path

from hal.board import BoardProfile, OutletProfile
from hal.mock.outlet import HARDWARE_DEFAULT
from hal.mock.world import World
from hal.ports import DUTY_X1, LockPosition, OutletDrive
from tools.played.lights import colours
from tools.uml import outside
from tools.uml.chips import Chips

RING_MS = 50
CONVERTER_MV, CONVERTER_FULL = 16_000, 4_096
OPEN_CODE = CONVERTER_FULL - 1


@dataclass(slots=True)
class OutletPins:
    """One outlet: its lines, what was last laid on its inputs, and its deadman."""

    profile: OutletProfile
    deadman_ms: int | None
    laid: dict[str, object] = field(default_factory=dict)
    kick: bool = False
    kicked_ms: int = 0
    lock_on: bool = False
    cut: bool = False  # the power was away, and the lines are not yet claimed again

    def order(self, outputs: outside.Outputs, now_ms: int) -> OutletDrive:
        """Return what stands on the lines, the coil as the deadman lets it through."""
        on = {name: outputs.levels.get(pin, False) for name, pin in self.profile.pins.items()}
        if on["deadman"] is not self.kick:
            self.kick, self.kicked_ms = on["deadman"], now_ms
        alive = self.deadman_ms is None or now_ms < self.kicked_ms + self.deadman_ms
        if on["lock_forward"] or on["lock_backward"]:
            self.lock_on = on["lock_forward"]
        self.cut = self.cut and on["contactor"]
        pwm = outputs.pwms[self._at("pwm")]
        return OutletDrive(
            duty_permille=1_000 * pwm.duty_ns // pwm.period_ns if pwm.enabled else DUTY_X1,
            cp_connected=on["cp_connect"],
            contactor_on=on["contactor"] and alive and not self.cut,
            phases=1 if on["one_phase"] else 3,
            lock_on=self.lock_on,
            residual_test=on["residual_test"],
        )

    def power_lost(self) -> None:
        """Forget what the lines say until they are claimed anew: gpio-sim holds them."""
        self.cut, self.lock_on = True, HARDWARE_DEFAULT.lock_on

    def show(self, world: World) -> None:
        """Lay what the world shows on the inputs, where it differs."""
        number = self.profile.number
        sample = world.sample(number)
        missing = sample.lock is LockPosition.MISSING
        testing = world.driven(number).residual_test  # a sensor trips in its test
        self._press("residual_fault", sample.residual_tripped or testing)
        self._press("mirror", not sample.contactor_closed)
        self._press("lock_locked", missing or sample.lock is LockPosition.LOCKED)
        self._press("lock_unlocked", missing or sample.lock is LockPosition.UNLOCKED)
        self._press("mcb", sample.mcb_tripped)
        self._press("rcd", sample.rcd_tripped)
        high, low = map(self._code, world.line_mv(number))
        if self._news("cp", (high, low)):
            outside.follow(self._at("cp"), high, low, self._at("pwm"))
        if self._news("pp", sample.pp_ohm):
            outside.steady(self._at("pp"), self._plug_code(sample.pp_ohm))

    def _press(self, name: str, active: bool) -> None:
        if self._news(name, active):
            wiring = self.profile.wiring
            assert wiring is not None
            outside.press(int(self.profile.pins[name]), active is not (name in wiring.active_low))

    def _news(self, name: str, value: object) -> bool:
        if name in self.laid and self.laid[name] == value:
            return False
        self.laid[name] = value
        return True

    def _at(self, name: str) -> int:
        """Return the channel of `spi0.0/2` or `pwmchip0/1`."""
        return int(str(self.profile.pins[name]).partition("/")[2])

    def _code(self, line_mv: int) -> int:
        return round((line_mv + CONVERTER_MV) * CONVERTER_FULL / (2 * CONVERTER_MV))

    def _plug_code(self, ohm: int | None) -> int:
        if ohm is None:
            return OPEN_CODE
        wiring = self.profile.wiring
        assert wiring is not None
        return round(CONVERTER_FULL * ohm / (ohm + wiring.pp_pullup_ohm))


class PinsSide:
    """All pins of a station, looked at every `period_ms`."""

    def __init__(
        self, world: World, profile: BoardProfile, period_ms: int, chips: Chips | None = None
    ) -> None:
        """Stand between a world and the pins of a board; nothing is touched before `open`."""
        self._world = world
        self._period_ms = period_ms
        self._due_ms = 0
        deadman_ms = profile.interlocks.deadman_ms
        self._outlets = [OutletPins(outlet, deadman_ms) for outlet in profile.outlets]
        self._inputs = {name: int(pin) for name, pin in profile.input_pins.items()}
        self._laid: dict[str, bool] = {}
        self._watchdog = Path(profile.watchdog) if profile.watchdog else None
        self._chips = chips
        self._dark = False
        self._ring, self._ring_ms = b"", 0

    def open(self) -> None:
        """Begin: every input has a level before a driver asks for it."""
        self._reader = outside.OutputReader()
        if self._chips is not None:
            self._chips.open()
        self.step(self._world.now_ms)

    def close(self) -> None:
        """Take the played chips away; the pins stay as they are."""
        if self._chips is not None:
            self._chips.close()
        self._reader.close()

    def deadline_ms(self) -> int:
        """Return when to look again."""
        return self._due_ms

    def step(self, now_ms: int) -> None:
        """Look at every output, and lay what follows from it on the inputs."""
        world = self._world
        if now_ms >= self._due_ms:
            self._due_ms = now_ms - now_ms % self._period_ms + self._period_ms
        if world.dark:
            self._lie_dark()
        else:
            self._dark = False
            outputs = self._reader.read()
            for outlet in self._outlets:
                number = outlet.profile.number
                world.drive(number, outlet.order(outputs, now_ms), now_ms)
            if now_ms >= self._ring_ms:
                self._ring_ms = now_ms + RING_MS
                self._look_at_ring()
        for outlet in self._outlets:
            outlet.show(world)
        self._show_inputs()
        if self._chips is not None:
            self._chips.step(now_ms)

    def _lie_dark(self) -> None:
        """A real power cut stops the watchdog too; here somebody has to close it."""
        if not self._dark:
            for outlet in self._outlets:
                outlet.power_lost()
            self._dark = self._watchdog is None
        if not self._dark and self._watchdog is not None:
            with contextlib.suppress(OSError):  # its holder is not quite dead yet
                device = os.open(self._watchdog, os.O_WRONLY)
                os.write(device, b"V")
                os.close(device)
                self._dark = True

    def _show_inputs(self) -> None:
        for name, active in self._world.inputs().items():
            if name in self._inputs and self._laid.get(name) is not active:
                self._laid[name] = active
                outside.press(self._inputs[name], not active)  # contacts to ground

    def _look_at_ring(self) -> None:
        data = outside.led_bytes()
        if data and data != self._ring:
            self._ring = data
            self._world.show_led(colours(data))


def seen_from_outside(profile: BoardProfile) -> BoardProfile:
    """Return the board as a world has it: breakers are inputs there, whatever they are wired to."""
    breakers = [
        f"{name}_{outlet.number}"
        for outlet in profile.outlets
        for name in ("mcb", "rcd")
        if name in outlet.pins
    ]
    return replace(profile, inputs=(*profile.inputs, *breakers))
