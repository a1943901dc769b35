"""An RCMB behind a fault output and a test input: the self-test, and trips that are its own.

The test output is held for `pulse_ms`; the fault output must come within `trip_ms` and go within
`clear_ms` of the end of the pulse. What the fault output does meanwhile is the test's, unless it
goes on after it. The sensor holds its output low while all is well, so a cut wire reads as a trip.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True)
class ResidualPins:
    """One sensor; nothing here waits, `step` is called with every look."""

    fault: Callable[[], bool]
    test: Callable[[bool], None]
    pulse_ms: int  # Bender RCMB102: 50 to 100 us will do; VAC 404-N4641: 30 to 1200 ms
    trip_ms: int  # Bender: 1.8 s; VAC: 0.8 s
    clear_ms: int  # Bender: 6.6 s in all; VAC: 1.2 s after the end
    began_ms: int | None = None
    tripped_ms: int | None = None  # when the test made it trip
    verdict: bool | None = None  # of the last test that came to its end
    ordered: bool = False

    def order(self, on: bool, now_ms: int) -> None:
        """Begin a test, or break it off."""
        if on is self.ordered:
            return
        self.ordered = on
        if on:
            self.began_ms, self.tripped_ms, self.verdict = now_ms, None, None
            self.test(True)
        elif self.began_ms is not None:
            self._end(None)

    def step(self, now_ms: int) -> bool:
        """Look at the fault output; return whether it says that a residual current flows."""
        fault = self.fault()
        if self.began_ms is None:
            return fault
        since_ms = now_ms - self.began_ms
        if since_ms >= self.pulse_ms:
            self.test(False)
        if self.tripped_ms is None:
            if fault:
                self.tripped_ms = now_ms
            elif since_ms >= self.trip_ms:
                self._end(False)
        elif not fault and since_ms >= self.pulse_ms:
            self._end(True)
        elif since_ms >= self.pulse_ms + self.clear_ms:
            self._end(False)  # still there after the test: from now on it is a trip
        return False

    def _end(self, verdict: bool | None) -> None:
        self.test(False)
        self.began_ms, self.verdict = None, verdict
