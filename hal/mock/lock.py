"""The locking pin of a socket, its actuator and its end switches."""

from __future__ import annotations

from hal.mock.contactor import NEVER_MS
from hal.ports import LockPosition


class Lock:
    """A pin that travels for a while; a jammed one stays, a missing one tells nothing."""

    def __init__(self, travel_ms: int) -> None:
        self._travel_ms = travel_ms
        self._wanted = False
        self._jammed = False
        self._missing = False
        self._from = LockPosition.UNLOCKED  # last end switch that was reached
        self._position = LockPosition.UNLOCKED
        self.at_ms = NEVER_MS

    @property
    def position(self) -> LockPosition:
        """What the end switches say."""
        return LockPosition.MISSING if self._missing else self._position

    @property
    def holds(self) -> bool:
        """The pin is in the plug: locked, or not yet quite out."""
        return not self._missing and self._from is LockPosition.LOCKED

    def drive(self, on: bool, now_ms: int) -> None:
        """Send the pin in or out."""
        if on != self._wanted:
            self._wanted = on
            self._start(now_ms)

    def jam(self, on: bool, now_ms: int) -> None:
        """Stop the pin where it is; or free it, and it goes where it is driven."""
        self._jammed = on
        self._start(now_ms)

    def remove(self, on: bool, now_ms: int) -> None:
        """Take the actuator off its wires; or put it back."""
        self._missing = on
        self._start(now_ms)

    def arrive(self) -> None:
        """The pin reached its end switch."""
        self._position = LockPosition.LOCKED if self._wanted else LockPosition.UNLOCKED
        self._from = self._position
        self.at_ms = NEVER_MS

    def _start(self, now_ms: int) -> None:
        goal = LockPosition.LOCKED if self._wanted else LockPosition.UNLOCKED
        if self._jammed or self._missing or self._position is goal:
            self.at_ms = NEVER_MS
        else:
            self._position = LockPosition.MOVING
            self.at_ms = now_ms + self._travel_ms
