"""The digital inputs of a board on GPIO lines, through gpiozero.

The factory of the pins is opened for a named chip and handed to every device: the library's
global one would look for another by itself where this one fails.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from gpiozero import GPIOZeroError, InputDevice

from hal.ports import HardwareSilent

PULLS: Mapping[str, bool | None] = {"up": True, "down": False, "none": None}


@dataclass(frozen=True, slots=True)
class InputLine:
    """One line by its GPIO number; `pull` is `up`, `down`, or `none` where the board has its own.

    A closed auxiliary contact to ground of a breaker that is on reads low with a pull-up: such an
    input is active high, for a cut wire then reads as a tripped breaker.
    """

    gpio: int
    active_low: bool
    pull: str = "none"


@dataclass(frozen=True, slots=True)
class GpioChip:
    """The factory of the pins of one chip, and what it raises besides the library's own errors."""

    factory: Any
    errors: tuple[type[Exception], ...] = ()


class GpioInputs:
    """Inputs by name; `open_chip` opens their chip, and again after a failure."""

    def __init__(self, open_chip: Callable[[], GpioChip], lines: Mapping[str, InputLine]) -> None:
        """Claim every line; raise `HardwareSilent` that names the one which cannot be had."""
        self._open_chip = open_chip
        self._lines = dict(lines)
        self._devices: dict[str, InputDevice] = {}
        self._chip: GpioChip | None = None
        self._claim()

    def read(self) -> Mapping[str, bool]:
        """Return which inputs are active; after a failure the lines are claimed anew."""
        if self._chip is None:
            self._claim()
        active: dict[str, bool] = {}
        for name, line in self._lines.items():
            try:
                active[name] = bool(self._devices[name].pin.state) != line.active_low
            except self._errors as error:
                self.close()
                text = f"input {name} (gpio{line.gpio}): no level: {error}"
                raise HardwareSilent(text) from error
        return active

    def close(self) -> None:
        """Give the lines back; the next `read` would claim them again."""
        errors = self._errors
        for device in self._devices.values():
            with contextlib.suppress(*errors):
                device.close()
        self._devices.clear()
        chip, self._chip = self._chip, None
        if chip is not None:
            with contextlib.suppress(*errors):
                chip.factory.close()

    @property
    def _errors(self) -> tuple[type[Exception], ...]:
        extra = self._chip.errors if self._chip is not None else ()
        return (GPIOZeroError, OSError, *extra)

    def _claim(self) -> None:
        self._chip = self._open_chip()
        for name, line in self._lines.items():
            try:
                self._devices[name] = _claimed(self._chip, line)
            except self._errors as error:
                self.close()
                text = f"input {name} (gpio{line.gpio}): cannot be claimed: {error}"
                raise HardwareSilent(text) from error


def open_lgpio(chip: int) -> GpioChip:
    """Open /dev/gpiochip<chip>; raise `HardwareSilent` where it is not there."""
    # lgpio makes a pipe in the directory LG_WD, else in the current one, when it is imported
    import lgpio
    from gpiozero.pins.lgpio import LGPIOFactory

    try:
        return GpioChip(LGPIOFactory(chip=chip), (lgpio.error,))
    except (GPIOZeroError, OSError, lgpio.error) as error:
        raise HardwareSilent(f"inputs: gpiochip{chip} does not open: {error}") from error


def _claimed(chip: GpioChip, line: InputLine) -> InputDevice:
    pull_up = PULLS[line.pull]
    # The library couples the pull to the polarity (pulled up is active low), so polarity stays
    # ours and only the level of the pin is read; a line without a pull wants to be told one.
    level = None if pull_up is not None else True
    return InputDevice(line.gpio, pull_up=pull_up, active_state=level, pin_factory=chip.factory)
