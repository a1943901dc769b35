"""The pins of a board: gpiozero's own mock of them, with lines that can fail."""

from gpiozero import GPIOZeroError
from gpiozero.pins.mock import MockFactory, MockPin

from hal.drivers.gpio_lines import reaching_all_lines


class ChipError(Exception):
    """What a chip raises that is none of the library's errors, as lgpio does."""


class _Pin(MockPin):
    def _get_state(self):
        if self.factory.failure is not None:
            raise self.factory.failure
        return super()._get_state()


class Pins:
    """A chip of lines; `level` drives one from outside."""

    def __init__(self):
        self.failure = None
        self.opened = 0
        self.factory = None

    def open(self):
        """Open the chip, as the function that the driver is given."""
        if self.failure is not None:
            raise self.failure
        self.opened += 1
        self.factory = reaching_all_lines(MockFactory)(pin_class=_Pin)
        self.factory.failure = None
        return self.factory

    def level(self, gpio, high):
        """Drive a line."""
        pin = self.factory.pin(gpio)
        pin.drive_high() if high else pin.drive_low()

    def fail(self, kind):
        """Let every level fail from now on."""
        kinds = {"chip": ChipError, "library": GPIOZeroError, "system": OSError}
        self.factory.failure = kinds[kind]("line request lost")
