"""The contactor: contacts that move some milliseconds after their coil, or do not move."""

from __future__ import annotations

NEVER_MS = 1 << 62


class Contactor:
    """Real contacts; `closed` is their position and so what a mirror contact tells."""

    def __init__(self, close_ms: int, open_ms: int) -> None:
        self._close_ms = close_ms
        self._open_ms = open_ms
        self._coil = False
        self._welded = False
        self._stuck_open = False
        self.closed = False
        self.at_ms = NEVER_MS  # when the contacts arrive

    def coil(self, on: bool, now_ms: int) -> None:
        """Energise or drop the coil."""
        if on != self._coil:
            self._coil = on
            self._start(now_ms)

    def weld(self, on: bool, now_ms: int) -> None:
        """Hold the contacts closed whatever is driven, from now on; or free them."""
        self._welded = on
        self._stuck_open = self._stuck_open and not on
        if on:
            self.closed = True
        self._start(now_ms)

    def stick_open(self, on: bool, now_ms: int) -> None:
        """Hold the contacts open whatever is driven, from now on; or free them."""
        self._stuck_open = on
        self._welded = self._welded and not on
        if on:
            self.closed = False
        self._start(now_ms)

    def arrive(self) -> None:
        """The contacts are where the coil wants them."""
        self.closed = self._coil
        self.at_ms = NEVER_MS

    def _start(self, now_ms: int) -> None:
        if self._welded or self._stuck_open or self.closed == self._coil:
            self.at_ms = NEVER_MS
        else:
            self.at_ms = now_ms + (self._close_ms if self._coil else self._open_ms)
