"""GPIO lines through gpiozero, with a factory that is named and passed in: no silent fallback.

Outputs start low, and low is safe: contactor off, lock at rest. Edges of inputs wake a poll, so
that `pilotd` decides on them before its next sample is due.
"""

from __future__ import annotations

import contextlib
import os
import select
from collections.abc import Callable, Mapping
from typing import Any

from hal.ports import HardwareSilent

LAST_ON_HEADER = 27
Factory = Any  # gpiozero.pins.Factory; the library has no types


def gpiod_factory(chip: int) -> Factory:
    """Return our factory over libgpiod on one gpiochip; raise `HardwareSilent`."""
    try:
        from hal.drivers.gpiod_factory import GpiodFactory

        return reaching_all_lines(GpiodFactory)(chip=chip)
    except (ImportError, OSError) as error:
        raise HardwareSilent(f"gpiochip{chip}: {error}") from error


def lgpio_factory(chip: int) -> Factory:
    """Return gpiozero's factory over lgpio on one gpiochip; raise `HardwareSilent`."""
    from gpiozero.pins.lgpio import LGPIOFactory  # makes a pipe in LG_WD when it is imported

    try:
        return reaching_all_lines(LGPIOFactory)(chip=chip)
    except Exception as error:  # lgpio raises its own and bare ones
        raise HardwareSilent(f"gpiochip{chip}: {error}") from error


def reaching_all_lines(kind: Any) -> Any:
    """Return a factory's class that knows the lines of a Compute Module too.

    gpiozero looks a line up on the board's headers, and those end with GPIO27.
    """
    from gpiozero.pins import PinInfo

    class AllLines(kind):  # type: ignore[misc]  # the library has no types
        def pin(self, name: Any, **how: Any) -> Any:
            if type(name) is not int or name <= LAST_ON_HEADER:
                return super().pin(name, **how)
            info = PinInfo(name, f"GPIO{name}", frozenset({name}), "", 1, 1, frozenset({"gpio"}))
            if info not in self.pins:
                self.pins[info] = self.pin_class(self, info, **how)
            return self.pins[info]

    return AllLines


def rpigpio_factory(_chip: int) -> Factory:
    """Return the factory over RPi.GPIO, where kernel and board allow that library at all."""
    try:
        from gpiozero.pins.rpigpio import RPiGPIOFactory

        return reaching_all_lines(RPiGPIOFactory)()
    except Exception as error:
        text = f"RPi.GPIO: {error}; not on a Pi 5, not on Debian's kernel, no edges from 6.6 on"
        raise HardwareSilent(text) from error


FACTORIES: Mapping[str, Callable[[int], Factory]] = {
    "gpiod": gpiod_factory,
    "lgpio": lgpio_factory,
    "rpigpio": rpigpio_factory,
}


class Lines:
    """All lines of the safety side; a line that cannot be had is an error."""

    def __init__(self, factory: Factory, *, own: bool = False) -> None:
        """`own` closes the factory with the lines.

        lgpio keeps lines claimed until its chip is closed; opened again in the same process, it
        tells of no more edges.
        """
        self._factory = factory
        self._own = own
        self._devices: list[Any] = []
        self._edge = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._wakes = select.epoll()
        self._wakes.register(self._edge, select.EPOLLIN)
        # a library with a thread calls back by itself; libgpiod is asked when there is something
        self._dispatch = getattr(factory, "dispatch", None)
        if self._dispatch is not None:
            self._wakes.register(factory.fileno(), select.EPOLLIN)

    def output(self, gpio: int) -> Callable[[bool], None]:
        """Reserve an output, low from the first moment; return what switches it."""
        from gpiozero import DigitalOutputDevice

        device = self._made(DigitalOutputDevice, gpio, initial_value=False)

        def switch(on: bool) -> None:
            try:
                device.value = on
            except Exception as error:
                raise HardwareSilent(f"gpio{gpio}: {error}") from error

        return switch

    def input(self, gpio: int, *, active_low: bool, edges: bool = False) -> Callable[[], bool]:
        """Reserve an input; the pulls stand on the board, where they work without a program.

        A wire that breaks must read as the worse of its two meanings: see docs/boards.md.
        """
        from gpiozero import DigitalInputDevice

        device = self._made(DigitalInputDevice, gpio, pull_up=None, active_state=not active_low)
        if edges:
            device.when_activated = device.when_deactivated = self._edge_seen

        def read() -> bool:
            try:
                return bool(device.value)
            except Exception as error:
                raise HardwareSilent(f"gpio{gpio}: {error}") from error

        return read

    def fileno(self) -> int:
        """Return the descriptor that becomes readable at an edge."""
        return self._wakes.fileno()

    def drain(self) -> None:
        """Forget the edges so far."""
        if self._dispatch is not None:
            self._dispatch()
        with contextlib.suppress(BlockingIOError):
            os.eventfd_read(self._edge)

    def close(self) -> None:
        """Release all lines; outputs go low first."""
        for device in self._devices:
            with contextlib.suppress(Exception):
                if hasattr(device, "off"):
                    device.off()
                device.close()
        self._devices.clear()
        if self._own:
            with contextlib.suppress(Exception):
                self._factory.close()
        if self._edge >= 0:
            self._wakes.close()
            os.close(self._edge)
            self._edge = -1

    def _edge_seen(self) -> None:
        with contextlib.suppress(OSError, BlockingIOError):
            os.eventfd_write(self._edge, 1)

    def _made(self, kind: Any, gpio: int, **how: object) -> Any:
        try:
            device = kind(gpio, pin_factory=self._factory, **how)
        except Exception as error:
            raise HardwareSilent(f"gpio{gpio}: {type(error).__name__}: {error}") from error
        self._devices.append(device)
        return device
