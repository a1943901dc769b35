"""A locking actuator behind an H-bridge with end switches: pulses that end by themselves.

The motor gets its voltage for `pulse_ms` and is then left alone, whatever its switches say; it is
never driven while nothing changes. Nothing here waits: `step` is called with every order.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hal.ports import LockPosition

Switch = Callable[[bool], None]


@dataclass(slots=True)
class LockBridge:
    """Two outputs of the bridge, one or two end switches."""

    forward: Switch  # into the plug
    backward: Switch
    locked: Callable[[], bool]
    unlocked: Callable[[], bool] | None  # a second switch tells a missing actuator
    pulse_ms: int  # Kuester 02S: 600
    driven: bool | None = None
    until_ms: int = 0

    def step(self, lock_on: bool, now_ms: int) -> None:
        """Begin a pulse when the order changes; end one that has lasted."""
        if lock_on is not self.driven:
            first = self.driven is None
            self.driven = lock_on
            if first and self.position(now_ms) is _goal(lock_on):
                return  # found where it is wanted: a restart moves nothing
            self.until_ms = now_ms + self.pulse_ms
            (self.backward if lock_on else self.forward)(False)  # never both
            (self.forward if lock_on else self.backward)(True)
        elif self.until_ms and now_ms >= self.until_ms:
            self.rest()

    def rest(self) -> None:
        """Take the voltage off the motor."""
        self.until_ms = 0
        self.forward(False)
        self.backward(False)

    def position(self, now_ms: int) -> LockPosition:
        """Return where the pin is by its switches."""
        locked = self.locked()
        if self.unlocked is None:
            return LockPosition.LOCKED if locked else LockPosition.UNLOCKED
        unlocked = self.unlocked()
        if locked and unlocked:  # both at once: no actuator, or its cable is off
            return LockPosition.MISSING
        if locked:
            return LockPosition.LOCKED
        return LockPosition.UNLOCKED if unlocked else LockPosition.MOVING


def _goal(lock_on: bool) -> LockPosition:
    return LockPosition.LOCKED if lock_on else LockPosition.UNLOCKED
