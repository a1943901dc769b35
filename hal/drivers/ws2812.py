"""A ring of WS2812 lights on the data line of an SPI bus.

Each bit of a light is three bits of the bus, so that no timer, DMA channel or root is needed. The
lights do not answer: that they shine is seen, not read.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Protocol

from hal.drivers.spi_bus import open_bus
from hal.ports import HardwareSilent, Rgb

# At 2.4 MHz a bus bit is 417 ns: a 0 is 417 ns high and 833 low, a 1 the other way round.
# [facts C6, Linux LED patch] 2.105 to 2.85 MHz are within the tolerance of the lights.
CLOCK_HZ = 2_400_000
RESET_US = 300  # 80 are enough for the first WS2812; those of today want 280
BUFFER_BYTES = 4_096  # spidev's bufsiz; two transfers would leave a gap, which is a reset

_LIGHT_BYTES = 9  # 24 bits, three on the bus for each
_RESET_BYTES = CLOCK_HZ * RESET_US // 8_000_000
_PULSES = tuple(
    int("".join("110" if byte >> bit & 1 else "100" for bit in range(7, -1, -1)), 2)
    for byte in range(256)
)
MOST_LIGHTS = (BUFFER_BYTES - 2 * _RESET_BYTES) // _LIGHT_BYTES


class SpiWriter(Protocol):
    """What of `spidev.SpiDev` is used here."""

    def writebytes2(self, data: bytes) -> None:
        """Send the bytes, in one transfer where they fit the buffer."""

    def close(self) -> None:
        """Close the device."""


class Ws2812Ring:
    """A ring of so many lights; `open_spi` opens the bus, and again after a failure."""

    def __init__(self, open_spi: Callable[[], SpiWriter], count: int) -> None:
        """Open the bus and darken the ring; raise `HardwareSilent` where it does not open."""
        if not 1 <= count <= MOST_LIGHTS:
            raise ValueError(f"a ring of {count} lights; one transfer holds 1 to {MOST_LIGHTS}")
        self._open = open_spi
        self._count = count
        self._spi: SpiWriter | None = None
        self._write(self._dark)

    def show(self, frame: tuple[Rgb, ...]) -> None:
        """Light the whole ring; raise `HardwareSilent` when the bus fails, open it at the next."""
        assert len(frame) == self._count, (len(frame), self._count)
        self._write(frame)

    def close(self) -> None:
        """Darken the ring, which would else show the last state for ever, and close the bus."""
        if self._spi is not None:
            with contextlib.suppress(HardwareSilent):
                self._write(self._dark)
        self._shut()

    @property
    def _dark(self) -> tuple[Rgb, ...]:
        return ((0, 0, 0),) * self._count

    def _write(self, frame: tuple[Rgb, ...]) -> None:
        try:
            if self._spi is None:
                self._spi = self._open()
            self._spi.writebytes2(pulses(frame))
        except HardwareSilent:
            raise
        except OSError as error:
            self._shut()
            text = f"led: the bus took no frame of {self._count} lights: {error}"
            raise HardwareSilent(text) from error

    def _shut(self) -> None:
        spi, self._spi = self._spi, None
        if spi is not None:
            with contextlib.suppress(OSError):
                spi.close()


def pulses(frame: tuple[Rgb, ...]) -> bytes:
    """Return what the bus sends for a frame: a reset, the lights as green, red, blue, a reset."""
    reset = bytes(_RESET_BYTES)
    lights = b"".join(
        _PULSES[byte].to_bytes(3, "big")
        for red, green, blue in frame
        for byte in (green, red, blue)
    )
    return reset + lights + reset


def open_ring_bus(where: str) -> SpiWriter:
    """Open `spi6.0` at the ring's clock; raise `HardwareSilent` where it is not there."""
    spi: SpiWriter = open_bus(where, CLOCK_HZ)
    return spi
