"""An SPI device through spidev, opened in one place; what is on it is the drivers' affair.

Many short frames go as one message of the kernel: on a Pi nothing of ours then runs, or is
kept from running, between two of them, and a burst costs one call instead of fifty.
"""

from __future__ import annotations

import ctypes
import fcntl
import struct
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Protocol

from hal.ports import HardwareSilent

# [linux/spi/spidev.h] struct spi_ioc_transfer: both buffers, length, speed (0: the device's),
# delay, bits, whether the chip is let go after it, widths, word delay
_TRANSFER = struct.Struct("=QQIIHBBBBBx")
# The kernel rounds each frame up to a cache line, 128 bytes on arm64, in a buffer of 4096.
_MOST_FRAMES = 32


class Bus(Protocol):
    """What of `spidev.SpiDev` is used to exchange frames."""

    def fileno(self) -> int:
        """Return the descriptor of the device."""

    def close(self) -> None:
        """Close the device."""


def open_bus(where: str, clock_hz: int) -> Any:
    """Return the `spidev.SpiDev` of `spi0.1` in mode 0; raise `HardwareSilent` with what to do."""
    import spidev  # it comes as source only; a laptop and a simulated board need no compiler

    bus, _, chip = where.removeprefix("spi").partition(".")
    spi = spidev.SpiDev()
    try:
        spi.open(int(bus), int(chip))
        spi.max_speed_hz = clock_hz
        spi.mode = 0
    except OSError as error:
        spi.close()
        raise HardwareSilent(f"{where} does not open: {error}; is its overlay loaded?") from error
    return spi


class SpiFrames:
    """Sends one short frame many times over and keeps the answers."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._message = lru_cache(maxsize=16)(_message)

    def exchange(self, frame: bytes, count: int) -> bytes:
        """Return the answers to `count` times `frame`, one after the other; raise `OSError`.

        The chip is deselected between two frames.
        """
        found = b""
        for begun in range(0, count, _MOST_FRAMES):
            number, transfers, buffers = self._message(frame, min(_MOST_FRAMES, count - begun))
            fcntl.ioctl(self._bus.fileno(), number, transfers)
            found += buffers[1].raw
        return found

    def close(self) -> None:
        """Close the device."""
        self._bus.close()


def _message(frame: bytes, count: int) -> tuple[int, bytes, Sequence[Any]]:
    """Return the request's number, its transfers, and the buffers that they point into."""
    size = len(frame)
    sent = ctypes.create_string_buffer(frame, size)
    answers = ctypes.create_string_buffer(size * count)
    first, into = ctypes.addressof(sent), ctypes.addressof(answers)
    transfers = b"".join(
        _TRANSFER.pack(first, into + n * size, size, 0, 0, 0, n < count - 1, 0, 0, 0)
        for n in range(count)
    )
    return 1 << 30 | len(transfers) << 16 | ord("k") << 8, transfers, (sent, answers)
