"""The TCP watchdog: a controller whose back end cannot be reached for hours starts anew.

[B-OCP-10 to 12] The time counts from the last connection, or from the start. A transaction that
runs is never cut for it: the restart waits for its end.
"""

from __future__ import annotations

from collections.abc import Iterable

from firmware.model.backend import BackendConnected, BackendLost, Restart
from firmware.model.machine import NEVER_MS
from firmware.model.session import Transaction, TransactionBegan, TransactionEnded
from firmware.model.settings import Settings, SettingsChanged
from firmware.model.values import StopReason


class BackendWatchdog:
    """The machine of the watchdog."""

    def __init__(self, settings: Settings, running: Iterable[Transaction] = ()) -> None:
        self._configure(settings)
        self._running = {transaction.key for transaction in running}
        self._connected = False
        self._since_ms: int | None = None  # the last connection, or the first fact
        self._bitten = False

    def handle(self, fact: object, now_ms: int) -> Iterable[object]:
        """Take one fact."""
        if self._since_ms is None:
            self._since_ms = now_ms
        match fact:
            case BackendConnected():
                self._connected = True
            case BackendLost():
                if self._connected:
                    self._since_ms = now_ms
                self._connected = False
            case TransactionBegan(transaction):
                self._running.add(transaction.key)
            case TransactionEnded(transaction):
                self._running.discard(transaction.key)
            case SettingsChanged(settings):
                self._configure(settings)
        if self._running or now_ms < self._due_ms():
            return []
        self._bitten = True
        return [Restart(StopReason.REBOOT)]

    def deadline_ms(self) -> int:
        """Return when the patience ends."""
        return NEVER_MS if self._running else self._due_ms()

    def _due_ms(self) -> int:
        if not self._patience_ms or self._connected or self._bitten or self._since_ms is None:
            return NEVER_MS
        return self._since_ms + self._patience_ms

    def _configure(self, settings: Settings) -> None:
        has_one = settings.text("ocpp_ws_url") and (
            settings.text("backend_connection_type") != "none"
        )
        self._patience_ms = 1_000 * settings.number("tcp_watchdog_timeout") if has_one else 0
