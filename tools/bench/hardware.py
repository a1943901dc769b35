"""The pins of the box: relays and inputs through gpiozero, the pilot by an ADC on SPI.

Every relay is off from the first moment and off again when the program ends in order.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from hal.drivers.gpio_lines import FACTORIES, Lines
from hal.drivers.mcp3xxx import Adc, Spi, open_spi
from hal.ports import HardwareSilent
from tools.bench.boxfile import BoxFile
from tools.bench.pilot import BURSTS, Pilot, burst_count, joined, measured

SPEED_SAMPLES = 200
SLOWEST_US = 60.0  # between two conversions; slower, and duty is worse than one percent


class Hardware:
    """What a box is wired to; raise `HardwareSilent` for what cannot be had."""

    def __init__(
        self,
        file: BoxFile,
        *,
        factory: Any = None,
        opener: Callable[[str], Spi] = open_spi,
        now_us: Callable[[], float] | None = None,
    ) -> None:
        self.file = file
        self._now_us = now_us or (lambda: time.monotonic_ns() / 1_000)
        own = factory is None
        self._lines = Lines(FACTORIES[file.factory](file.chip) if own else factory, own=own)
        self._adcs: dict[str, Adc] = {}
        try:
            self._relays = {n: self._lines.output(line) for n, line in _outputs(file).items()}
            self._sense = {
                o.number: {n: self._input(line) for n, line in o.sense.items()}
                for o in file.outlets
            }
            self._pilots = {o.number: self._channel(o.cp, opener) for o in file.outlets if o.cp}
            self.spacing_us = self._speed()
        except HardwareSilent:
            self.close()
            raise

    def switch(self, relay: str, on: bool) -> None:
        """Move a relay."""
        self._relays[relay](on)

    def levels(self, outlet: int) -> Mapping[str, bool]:
        """Return what an outlet's inputs sense."""
        return {name: read() for name, read in self._sense[outlet].items()}

    def pilot(self, outlet: int) -> Pilot | None:
        """Return what some bursts show; `None` where one was disturbed."""
        bursts = []
        for number in range(BURSTS):
            self._wait(self.spacing_us / BURSTS if number else 0.0)
            bursts.append(self._burst(*self._pilots[outlet]))
        return joined(bursts)

    def _burst(self, adc: Adc, channel: int) -> Pilot | None:
        count = burst_count(self.spacing_us)
        began_us = self._now_us()
        counts = adc.burst(channel, count)
        spacing_us = (self._now_us() - began_us) / count
        return measured(counts, spacing_us, self.file.scale)

    def _wait(self, wait_us: float) -> None:
        """Let a fraction of a conversion pass; no sleep is that short."""
        until_us = self._now_us() + wait_us
        while self._now_us() < until_us:
            pass

    @property
    def measured_outlets(self) -> tuple[int, ...]:
        """The outlets whose pilot is measured."""
        return tuple(self._pilots)

    def close(self) -> None:
        """Everything off."""
        self._lines.close()
        for adc in self._adcs.values():
            adc.close()

    def _input(self, line: int) -> Callable[[], bool]:
        return self._lines.input(line, active_low=True)  # an optocoupler or switch to ground

    def _channel(self, where: str, opener: Callable[[str], Spi]) -> tuple[Adc, int]:
        device, _, channel = where.partition("/")
        if device not in self._adcs:
            self._adcs[device] = Adc(self.file.adc, device, opener)
        return self._adcs[device], int(channel)

    def _speed(self) -> float:
        if not self._pilots:
            return 0.0
        adc, channel = next(iter(self._pilots.values()))
        began_us = self._now_us()
        adc.burst(channel, SPEED_SAMPLES)
        spacing_us = (self._now_us() - began_us) / SPEED_SAMPLES
        if spacing_us > SLOWEST_US:
            text = f"{adc.where}: {spacing_us:.0f} us a conversion, {SLOWEST_US:.0f} are needed"
            raise HardwareSilent(f"{text}; is the Pi busy?")
        return spacing_us


def _outputs(file: BoxFile) -> dict[str, int]:
    found = {f"input.{name}": line for name, line in file.input_lines.items()}
    found |= {f"mains.{name}": line for name, line in file.mains.items()}
    found |= {f"card.{name}": line for name, line in file.cards.items()}
    found |= {} if file.power is None else {"power": file.power}
    for outlet in file.outlets:
        found |= {f"{outlet.number}.{name}": line for name, line in outlet.relays.items()}
        found |= {f"{outlet.number}.dc_{ma}": line for ma, line in outlet.dc.items()}
        found |= {f"{outlet.number}.ac_{ma}": line for ma, line in outlet.ac.items()}
    return found
