"""The digital inputs of a board on GPIO lines, through gpiozero.

The factory of the pins is opened for a named chip, as those of `gpio_lines` are, and handed to
every device: the library's global one would look for another by itself where this one fails.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from gpiozero import InputDevice

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


class GpioInputs:
    """Inputs by name; `open_factory` opens their chip, and again after a failure."""

    def __init__(self, open_factory: Callable[[], Any], lines: Mapping[str, InputLine]) -> None:
        """Claim every line; raise `HardwareSilent` that names the one which cannot be had."""
        self._open_factory = open_factory
        self._lines = dict(lines)
        self._devices: dict[str, InputDevice] = {}
        self._factory: Any = None
        self._claim()

    def read(self) -> Mapping[str, bool]:
        """Return which inputs are active; after a failure the lines are claimed anew."""
        if self._factory is None:
            self._claim()
        active: dict[str, bool] = {}
        for name, line in self._lines.items():
            try:
                active[name] = bool(self._devices[name].pin.state) != line.active_low
            except Exception as error:  # lgpio raises what is none of gpiozero's errors
                self.close()
                text = f"input {name} (gpio{line.gpio}): no level: {error}"
                raise HardwareSilent(text) from error
        return active

    def close(self) -> None:
        """Give the lines back; the next `read` would claim them again."""
        for device in self._devices.values():
            with contextlib.suppress(Exception):
                device.close()
        self._devices.clear()
        factory, self._factory = self._factory, None
        if factory is not None:
            with contextlib.suppress(Exception):
                factory.close()

    def _claim(self) -> None:
        self._factory = self._open_factory()
        for name, line in self._lines.items():
            try:
                self._devices[name] = _claimed(self._factory, line)
            except Exception as error:
                self.close()
                text = f"input {name} (gpio{line.gpio}): cannot be claimed: {error}"
                raise HardwareSilent(text) from error


def _claimed(factory: Any, line: InputLine) -> InputDevice:
    pull_up = PULLS[line.pull]
    if pull_up is None and factory.pin(line.gpio).info.pull == "up":
        pull_up = True  # GPIO2 and GPIO3 have resistors that nothing switches off
    # The library couples the pull to the polarity (pulled up is active low), so polarity stays
    # ours and only the level of the pin is read; a line without a pull wants to be told one.
    level = None if pull_up is not None else True
    return InputDevice(line.gpio, pull_up=pull_up, active_state=level, pin_factory=factory)
