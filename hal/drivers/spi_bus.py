"""An SPI device through spidev, opened in one place; what is on it is the drivers' affair."""

from __future__ import annotations

from typing import Any

from hal.ports import HardwareSilent


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
