"""The outlet of a real board: lines, hardware PWM and ADC put together as the board file says.

Bounded by construction: one look costs one burst on the pilot, a short one on the proximity and
some reads of lines; nothing waits for a device. A look that fails raises, and the pilot opens.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hal.drivers.cp_sense import Scale, burst_length, plateaus, pp_ohm
from hal.drivers.lock_bridge import LockBridge
from hal.drivers.mcp3xxx import FASTEST_US, Adc
from hal.drivers.residual_pins import ResidualPins
from hal.drivers.sysfs_pwm import SysfsPwm
from hal.ports import (
    DUTY_STATE_F,
    DUTY_X1,
    HardwareSilent,
    OutletDrive,
    OutletSample,
)

FLAT_MV = 2_000
TRIES, TRY_SAMPLES = 5, 40
PP_SAMPLES = 4
PP_EVERY_MS = 20  # a plug does not move faster
TEMPERATURE_EVERY_MS = 1_000
THERMAL = Path("/sys/class/thermal/thermal_zone0/temp")

Switch = Callable[[bool], None]
Read = Callable[[], bool]


@dataclass(slots=True)
class Wired:
    """What one outlet is wired to; `None`: not fitted."""

    pwm: SysfsPwm
    cp: tuple[Adc, int]
    pp: tuple[Adc, int] | None
    scale: Scale
    slowest_us: int
    pp_pullup_ohm: int
    contactor: Switch
    deadman: Switch | None = None
    cp_connect: Switch | None = None
    one_phase: Switch | None = None
    ventilation: Switch | None = None
    mirror: Read | None = None  # active: the contacts are open (a contact that opens with them)
    lock: LockBridge | None = None
    residual: ResidualPins | None = None
    mcb: Read | None = None
    rcd: Read | None = None
    thermal: Path | None = None


class PinsOutlet:
    """The port of one outlet over real pins."""

    def __init__(self, number: int, wired: Wired, now_us: Callable[[], int]) -> None:
        self.number = number
        self.wired = wired
        self._now_us = now_us
        self._kick = False
        self._ordered: OutletDrive | None = None
        self._pp: tuple[int, int | None] = (-PP_EVERY_MS, None)  # when, and what it was
        self._temperature: tuple[int, int | None] = (-TEMPERATURE_EVERY_MS, None)
        self._per_burst = _samples_of(wired, now_us)

    def sample(self) -> OutletSample:
        """Look at everything once; raise `HardwareSilent` when something does not answer."""
        w, now_ms = self.wired, self._now_us() // 1_000
        duty = w.pwm.duty_permille()
        high, low = self._pilot(duty)
        tripped = w.residual is not None and w.residual.step(now_ms)
        return OutletSample(
            at_ms=now_ms,
            cp_high_mv=w.scale.mv(high),
            cp_low_mv=w.scale.mv(low),
            pp_ohm=self._proximity(now_ms),
            duty_permille=duty,
            contactor_closed=None if w.mirror is None else not w.mirror(),
            lock=None if w.lock is None else w.lock.position(now_ms),
            residual_tripped=tripped,
            residual_test_ok=None if w.residual is None else w.residual.verdict,
            mcb_tripped=w.mcb is not None and w.mcb(),
            rcd_tripped=w.rcd is not None and w.rcd(),
            temperature_dc=self._heat(now_ms),
        )

    def _pilot(self, duty: int) -> tuple[int, int]:
        """Return both plateaus; a PWM that looks flat is looked at once more, and longer.

        A processor that was taken away in the middle of a burst may have missed a short phase.
        """
        adc, channel = self.wired.cp
        samples = adc.burst(channel, self._per_burst)
        high, low = plateaus(samples, duty)
        flat = self.wired.scale.mv(high) - self.wired.scale.mv(low) < FLAT_MV
        if flat and DUTY_STATE_F < duty < DUTY_X1:
            high, low = plateaus(samples + adc.burst(channel, 2 * self._per_burst), duty)
        return high, low

    def drive(self, drive: OutletDrive) -> None:
        """Put the whole order on the pins, what opens first; each call kicks the deadman.

        The contactor's line is written every time, the others when their order changes.
        """
        w, now_ms = self.wired, self._now_us() // 1_000
        if not drive.contactor_on:
            w.contactor(False)
        if drive != self._ordered:
            self._ordered = None  # half an order is none
            self._switch(drive)
            self._ordered = drive
        if w.lock is not None:
            w.lock.step(drive.lock_on, now_ms)
        if w.residual is not None:
            w.residual.order(drive.residual_test, now_ms)
        if w.deadman is not None:
            self._kick = not self._kick
            w.deadman(self._kick)
        if drive.contactor_on:
            w.contactor(True)

    def _switch(self, drive: OutletDrive) -> None:
        w = self.wired
        w.pwm.drive(drive.duty_permille)
        if w.cp_connect is not None:
            w.cp_connect(drive.cp_connected)
        if w.one_phase is not None:
            w.one_phase(drive.phases == 1)
        if w.ventilation is not None:
            w.ventilation(drive.ventilation_on)

    def rest(self) -> None:
        """Let everything go: contactor, motor, test; the pilot shows X1."""
        w = self.wired
        for let_go in (
            lambda: w.contactor(False),
            lambda: w.pwm.drive(OutletDrive().duty_permille),
            lambda: w.lock and w.lock.rest(),
            lambda: w.residual and w.residual.order(False, self._now_us() // 1_000),
        ):
            with contextlib.suppress(HardwareSilent):
                let_go()

    def _proximity(self, now_ms: int) -> int | None:
        if self.wired.pp is None:
            return None
        at_ms, ohm = self._pp
        if now_ms >= at_ms + PP_EVERY_MS:
            adc, channel = self.wired.pp
            counts = sorted(adc.burst(channel, PP_SAMPLES))[PP_SAMPLES // 2]
            ohm = pp_ohm(counts, adc.full, self.wired.pp_pullup_ohm)
            self._pp = (now_ms, ohm)
        return ohm

    def _heat(self, now_ms: int) -> int | None:
        at_ms, dc = self._temperature
        if self.wired.thermal is not None and now_ms >= at_ms + TEMPERATURE_EVERY_MS:
            with contextlib.suppress(OSError, ValueError):
                dc = int(self.wired.thermal.read_text()) // 100
            self._temperature = (now_ms, dc)
        return dc


def _samples_of(wired: Wired, now_us: Callable[[], int]) -> int:
    """Measure how fast this bus converts, best of some tries; return how many make a burst.

    A bus that is too slow to meet the shortest phase is refused, not used and hoped for.
    """
    adc, channel = wired.cp
    spacing_us = 1_000_000
    for _ in range(TRIES):
        began_us = now_us()
        adc.burst(channel, TRY_SAMPLES)
        spacing_us = min(spacing_us, (now_us() - began_us) // TRY_SAMPLES)
    spacing_us = max(spacing_us, FASTEST_US)  # faster only where time stands still
    if spacing_us > wired.slowest_us:
        need = f"{wired.slowest_us} are needed on the pilot"
        text = f"{adc.where}: {spacing_us} us a conversion, {need}"
        raise HardwareSilent(text)
    return burst_length(spacing_us)
