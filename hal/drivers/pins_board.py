"""Opens the safety pins of a real board as its file wires them, all or nothing."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hal.board import BoardProfile, OutletProfile
from hal.drivers.cp_sense import Scale
from hal.drivers.gpio_lines import FACTORIES, Factory, Lines
from hal.drivers.lock_bridge import LockBridge
from hal.drivers.mcp3xxx import Adc, Spi, open_spi
from hal.drivers.pins import THERMAL, PinsOutlet, Wired
from hal.drivers.residual_pins import ResidualPins
from hal.drivers.sysfs_pwm import ROOT, SysfsPwm
from hal.ports import HardwareSilent, OutletDrive
from hal.wiring import Wiring

# An edge of these decides at once, before the next sample.
WITH_EDGES = ("residual_fault", "mirror", "lock_locked", "mcb", "rcd")


def _now_us() -> int:
    return time.monotonic_ns() // 1_000


@dataclass(frozen=True, slots=True)
class Below:
    """What lies under the drivers: the machine, or in a test something like it."""

    factory: Callable[[int], Factory] | None = None  # None: as the board file says
    spi: Callable[[str], Spi] = open_spi
    pwm_root: Path = ROOT
    thermal: Path = THERMAL
    now_us: Callable[[], int] = _now_us


class PinsBoard:
    """Every outlet of a board; also its `EdgePort`, by the lines."""

    def __init__(self, profile: BoardProfile, below: Below | None = None) -> None:
        """Open everything; raise `HardwareSilent` and leave nothing open if one thing fails."""
        self._below = below or Below()
        factory = self._below.factory or FACTORIES[profile.gpio_factory]
        self._adcs: dict[str, Adc] = {}
        self.outlets: dict[int, PinsOutlet] = {}
        self.lines = Lines(factory(profile.gpio_chip), own=self._below.factory is None)
        try:
            # every contactor is off before anything else is touched
            switches = {o.number: self._output(o, "contactor") for o in profile.outlets}
            for outlet in profile.outlets:
                wired = self._wired(outlet, switches[outlet.number])
                self.outlets[outlet.number] = PinsOutlet(outlet.number, wired, self._below.now_us)
        except OSError:
            self.close()
            raise

    def close(self) -> None:
        """Let everything go, then release it; a second time does nothing."""
        for outlet in self.outlets.values():
            with contextlib.suppress(HardwareSilent):
                outlet.drive(OutletDrive(lock_on=held(outlet)))
            outlet.rest()
            outlet.wired.pwm.close()
        self.outlets.clear()
        self.lines.close()
        for adc in self._adcs.values():
            adc.close()
        self._adcs.clear()

    def _wired(self, outlet: OutletProfile, contactor: Callable[[bool], None]) -> Wired:
        wiring = outlet.wiring
        assert wiring is not None, outlet
        return Wired(
            pwm=SysfsPwm(str(outlet.pins["pwm"]), self._below.pwm_root),
            cp=self._channel(str(outlet.pins["cp"]), wiring),
            pp=self._channel(str(outlet.pins["pp"]), wiring) if "pp" in outlet.pins else None,
            scale=Scale(wiring.cp_uv_per_count, wiring.cp_offset_mv),
            slowest_us=wiring.slowest_us,
            pp_pullup_ohm=wiring.pp_pullup_ohm,
            contactor=contactor,
            deadman=self._maybe_output(outlet, "deadman"),
            cp_connect=self._maybe_output(outlet, "cp_connect"),
            one_phase=self._maybe_output(outlet, "one_phase"),
            ventilation=self._maybe_output(outlet, "ventilation"),
            mirror=self._maybe_input(outlet, "mirror"),
            lock=self._lock(outlet, wiring) if outlet.lock else None,
            residual=self._residual(outlet, wiring) if outlet.residual else None,
            mcb=self._maybe_input(outlet, "mcb"),
            rcd=self._maybe_input(outlet, "rcd"),
            thermal=self._below.thermal,
        )

    def _channel(self, where: str, wiring: Wiring) -> tuple[Adc, int]:
        device, _, channel = where.partition("/")
        if device not in self._adcs:
            self._adcs[device] = Adc(wiring.adc, device, self._below.spi)
        return self._adcs[device], int(channel)

    def _lock(self, outlet: OutletProfile, wiring: Wiring) -> LockBridge:
        return LockBridge(
            forward=self._output(outlet, "lock_forward"),
            backward=self._output(outlet, "lock_backward"),
            locked=self._input(outlet, "lock_locked"),
            unlocked=self._maybe_input(outlet, "lock_unlocked"),
            pulse_ms=wiring.lock_pulse_ms,
        )

    def _residual(self, outlet: OutletProfile, wiring: Wiring) -> ResidualPins:
        return ResidualPins(
            fault=self._input(outlet, "residual_fault"),
            test=self._output(outlet, "residual_test"),
            pulse_ms=wiring.test_pulse_ms,
            trip_ms=wiring.test_trip_ms,
            clear_ms=wiring.test_clear_ms,
        )

    def _output(self, outlet: OutletProfile, name: str) -> Callable[[bool], None]:
        return self.lines.output(int(outlet.pins[name]))

    def _input(self, outlet: OutletProfile, name: str) -> Callable[[], bool]:
        assert outlet.wiring is not None
        return self.lines.input(
            int(outlet.pins[name]),
            active_low=name in outlet.wiring.active_low,
            edges=name in WITH_EDGES,
        )

    def _maybe_output(self, outlet: OutletProfile, name: str) -> Callable[[bool], None] | None:
        return self._output(outlet, name) if name in outlet.pins else None

    def _maybe_input(self, outlet: OutletProfile, name: str) -> Callable[[], bool] | None:
        return self._input(outlet, name) if name in outlet.pins else None


def held(outlet: PinsOutlet) -> bool:
    """Tell whether the plug is held: whatever holds one goes on holding it."""
    lock = outlet.wired.lock
    return lock is not None and lock.driven is True
