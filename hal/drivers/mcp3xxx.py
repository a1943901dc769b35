"""MCP3208 and MCP3008: eight channels of 12 or 10 bits on SPI, read one by one or in a burst.

A conversion is one frame of three bytes; the data sheets allow 100 and 200 ksps at 5 V, the clock
that holds at 2.7 V too makes 40 of it, what the bus needs between two frames somewhat less.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from hal.drivers.spi_bus import SpiFrames, open_bus
from hal.ports import HardwareSilent

CLOCK_HZ = 1_000_000  # within both data sheets at 2.7 V and at 5 V
FASTEST_US = 24  # the bits of a frame at that clock
BITS = {"mcp3208": 12, "mcp3008": 10}


class Spi(Protocol):
    """How conversions are made; `hal.drivers.spi_bus.SpiFrames` is the one on metal."""

    def exchange(self, frame: bytes, count: int) -> bytes:
        """Return the answers to `count` times `frame`."""

    def close(self) -> None:
        """Close the device."""


def open_spi(where: str) -> Spi:
    """Open `spi0.1` at the converter's clock; raise `HardwareSilent`."""
    return SpiFrames(open_bus(where, CLOCK_HZ))


class Adc:
    """One chip."""

    def __init__(self, chip: str, where: str, opener: Callable[[str], Spi] = open_spi) -> None:
        self.where = where
        self.bits = BITS[chip]
        self.full = 1 << self.bits
        self._spi = opener(where)

    def read(self, channel: int) -> int:
        """Return one conversion in counts, 0 to `full` - 1."""
        return self.burst(channel, 1)[0]

    def burst(self, channel: int, count: int) -> list[int]:
        """Return so many conversions one after the other, as fast as the bus gives them."""
        if self.bits == 12:  # [MCP3204/3208 figure 6-1] start bit, single-ended, D2 D1 D0
            frame = bytes((0x06 | channel >> 2, (channel & 3) << 6, 0))
            high_mask = 0x0F
        else:  # [MCP3004/3008 figure 6-1]
            frame = bytes((0x01, 0x80 | channel << 4, 0))
            high_mask = 0x03
        try:
            answers = self._spi.exchange(frame, count)
        except OSError as error:
            raise HardwareSilent(f"{self.where} channel {channel}: {error}") from error
        pairs = zip(answers[1::3], answers[2::3], strict=True)
        return [(high & high_mask) << 8 | low for high, low in pairs]

    def close(self) -> None:
        """Close the device."""
        self._spi.close()
