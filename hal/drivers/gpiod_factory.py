"""gpiozero's pins over libgpiod: no thread, no polling; edges come by a descriptor.

lgpio's library runs a thread that wakes 2,000 times a second whether a line is watched or not.
`pilotd` has one thread and one poll: what has happened on a line is read when that poll says so,
with the kernel's time stamp. (gpiozero has no factory of its own for libgpiod.)
"""

from __future__ import annotations

import contextlib
import select
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import gpiod
from gpiod.line import Bias, Direction, Edge, Value
from gpiozero.exc import PinInvalidFunction, PinInvalidPull, PinPWMUnsupported, PinSetInput
from gpiozero.pins.local import LocalPiFactory, LocalPiPin

CONSUMER = "powerstation"
BIASES = {"up": Bias.PULL_UP, "down": Bias.PULL_DOWN, "floating": Bias.DISABLED}
EDGES = {"both": Edge.BOTH, "rising": Edge.RISING, "falling": Edge.FALLING, "none": Edge.NONE}
DIRECTIONS = {"input": Direction.INPUT, "output": Direction.OUTPUT}
NS = 1_000_000_000


class GpiodFactory(LocalPiFactory):  # type: ignore[misc]  # the library has no types
    """The lines of one gpiochip."""

    def __init__(self, chip: int) -> None:
        """Open `/dev/gpiochip<chip>`; raise `OSError`."""
        super().__init__()
        self._chip: gpiod.Chip | None = gpiod.Chip(f"/dev/gpiochip{chip}")
        self._epoll = select.epoll()
        self._watched: dict[int, Callable[[], None]] = {}
        self.pin_class = GpiodPin

    def close(self) -> None:
        """Give every line back, then the chip."""
        super().close()
        if self._chip is not None:
            self._chip.close()
            self._chip = None
            self._epoll.close()

    def fileno(self) -> int:
        """Return the descriptor that is readable while an edge waits for `dispatch`."""
        return self._epoll.fileno()

    def dispatch(self) -> None:
        """Tell of all edges that wait; returns at once where there is none."""
        for descriptor, _ in self._epoll.poll(0):
            self._watched[descriptor]()

    def request(self, gpio: int, settings: gpiod.LineSettings) -> gpiod.LineRequest:
        """Claim a line; raise `OSError` where somebody else holds it."""
        if self._chip is None:
            raise OSError(f"the chip of gpio{gpio} is closed")
        return self._chip.request_lines({gpio: settings}, consumer=CONSUMER)

    def watch(self, descriptor: int, tell: Callable[[], None]) -> None:
        """Call `tell` at `dispatch` while this descriptor is readable."""
        self._watched[descriptor] = tell
        self._epoll.register(descriptor, select.EPOLLIN)

    def unwatch(self, descriptor: int) -> None:
        """Forget a descriptor, while it is still open."""
        if self._watched.pop(descriptor, None) is not None:
            self._epoll.unregister(descriptor)


class GpiodPin(LocalPiPin):  # type: ignore[misc]  # the library has no types
    """One line; it is claimed when it is first used, as an input with the pull that it has."""

    def __init__(self, factory: GpiodFactory, info: Any) -> None:
        super().__init__(factory, info)
        self._request: gpiod.LineRequest | None = None
        self._settings = gpiod.LineSettings(direction=Direction.INPUT)
        self._edges = Edge.BOTH
        self._line()

    def close(self) -> None:
        """Give the line back; the next use claims it again."""
        self.when_changed = None
        request, self._request = self._request, None
        self._settings = gpiod.LineSettings(direction=Direction.INPUT)
        if request is not None:
            with contextlib.suppress(OSError):
                request.reconfigure_lines({self._number: self._settings})
            request.release()

    def output_with_state(self, state: bool) -> None:
        """Become an output that has this level from its first moment on."""
        self._configure(direction=Direction.OUTPUT, output_value=Value(int(bool(state))),
                        bias=Bias.AS_IS)  # fmt: skip

    def input_with_pull(self, pull: str) -> None:
        """Become an input with a pull in one step."""
        self._configure(direction=Direction.INPUT, bias=self._bias(pull))

    def _line(self) -> gpiod.LineRequest:
        if self._request is None:
            self._request = self._factory.request(self._number, self._settings)
        return self._request

    def _configure(self, **changes: Any) -> None:
        settings = replace(self._settings, **changes)
        self._line().reconfigure_lines({self._number: settings})
        self._settings = settings

    def _get_function(self) -> str:
        return "output" if self._settings.direction is Direction.OUTPUT else "input"

    def _set_function(self, value: str) -> None:
        if value not in DIRECTIONS:
            raise PinInvalidFunction(f'invalid function "{value}" for pin {self!r}')
        self._configure(direction=DIRECTIONS[value])

    def _get_state(self) -> int:
        return int(self._line().get_value(self._number) is Value.ACTIVE)

    def _set_state(self, value: bool) -> None:
        if self._settings.direction is not Direction.OUTPUT:
            raise PinSetInput(f"cannot set state of pin {self!r}")
        level = Value(int(bool(value)))
        self._line().set_value(self._number, level)
        self._settings = replace(self._settings, output_value=level)

    def _get_pull(self) -> str:
        pulls = {bias: name for name, bias in BIASES.items()}
        return pulls.get(self._settings.bias, "floating")

    def _set_pull(self, value: str) -> None:
        self._configure(bias=self._bias(value))

    def _bias(self, pull: str) -> Bias:
        if pull not in BIASES or self.info.pull not in (pull, ""):
            raise PinInvalidPull(f'invalid pull "{pull}" for pin {self!r}')
        return BIASES[pull]

    def _get_frequency(self) -> None:
        return None

    def _set_frequency(self, value: float | None) -> None:
        if value is not None:
            raise PinPWMUnsupported(f"no PWM on pin {self!r}; the kernel's is sysfs_pwm")

    def _get_bounce(self) -> float | None:
        return self._settings.debounce_period.total_seconds() or None

    def _set_bounce(self, value: float | None) -> None:
        self._configure(debounce_period=timedelta(seconds=value or 0))

    def _get_edges(self) -> str:
        return next(name for name, edge in EDGES.items() if edge is self._edges)

    def _set_edges(self, value: str) -> None:
        told = self.when_changed
        self.when_changed = None
        try:
            self._edges = EDGES[value]
        finally:
            self.when_changed = told

    def _enable_event_detect(self) -> None:
        self._configure(edge_detection=self._edges)
        self._factory.watch(self._line().fd, self._tell)

    def _disable_event_detect(self) -> None:
        self._factory.unwatch(self._line().fd)
        self._configure(edge_detection=Edge.NONE)

    def _tell(self) -> None:
        for event in self._line().read_edge_events():
            rising = event.event_type is event.Type.RISING_EDGE
            self._call_when_changed(event.timestamp_ns / NS, int(rising))
