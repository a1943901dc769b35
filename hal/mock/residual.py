"""The residual current sensor (RCMB): a fault output behind a trip time, and a self-test."""

from __future__ import annotations

from hal.mock.contactor import NEVER_MS

TRIP_DC_MA = 6  # [IEC 62955]
TRIP_AC_MA = 30
TEST_MS = 700  # the self-test input must be held so long


class Residual:
    """Trips some time after a threshold is passed; the output clears when the current is gone."""

    def __init__(self, trip_ms: int) -> None:
        self._trip_ms = trip_ms
        self._over = False
        self._testing = False
        self.tripped = False
        self.test_ok: bool | None = None
        self._trip_at_ms = NEVER_MS
        self._test_at_ms = NEVER_MS

    @property
    def at_ms(self) -> int:
        """When it changes by itself."""
        return min(self._trip_at_ms, self._test_at_ms)

    def flow(self, dc_ma: int, ac_ma: int, now_ms: int) -> None:
        """Let a residual current flow through the sensor."""
        over = abs(dc_ma) >= TRIP_DC_MA or abs(ac_ma) >= TRIP_AC_MA
        if over and not self._over:
            self._trip_at_ms = now_ms + self._trip_ms
        if not over:
            self._trip_at_ms = NEVER_MS
            self.tripped = False
        self._over = over

    def test(self, on: bool, now_ms: int) -> None:
        """Drive the self-test input; its verdict comes when it was held long enough."""
        if on and not self._testing:
            self.test_ok = None
            self._test_at_ms = now_ms + TEST_MS
        if not on:
            self._test_at_ms = NEVER_MS
        self._testing = on

    def arrive(self, now_ms: int) -> None:
        """Trip, or give the verdict; a real current during the test spoils it."""
        if self._trip_at_ms <= now_ms:
            self.tripped = True
            self._trip_at_ms = NEVER_MS
        if self._test_at_ms <= now_ms:
            self.test_ok = not self.tripped
            self._test_at_ms = NEVER_MS
