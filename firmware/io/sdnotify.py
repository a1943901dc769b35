"""The systemd notification protocol: one datagram a message, silent where nobody asked."""

from __future__ import annotations

import os
import socket


def notify(message: str) -> bool:
    """Send `READY=1`, `WATCHDOG=1`, `STATUS=…`; return whether somebody listens."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return False
    if address.startswith("@"):
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
        try:
            sock.sendto(message.encode(), address)
        except OSError:
            return False
    return True


def watchdog_period_ms() -> int | None:
    """Return how often the watchdog wants to be kicked (half of `WatchdogSec`)."""
    usec = os.environ.get("WATCHDOG_USEC", "")
    return max(int(usec) // 2_000, 1) if usec.isdigit() else None
