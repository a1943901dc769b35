"""The hardware watchdog of the SoC (`/dev/watchdog`): one opener, and that is `pilotd`.

If nobody writes for `TIMEOUT_S` the board restarts. A planned end writes the magic letter first,
so that stopping the service restarts nothing.
"""

from __future__ import annotations

import array
import fcntl
import os
from pathlib import Path

from hal.ports import HardwareSilent

TIMEOUT_S = 10  # above the time in which systemd starts the service again
_SETTIMEOUT = 0xC004_5706  # [linux/watchdog.h] WDIOC_SETTIMEOUT, _IOWR('W', 6, int)


class Watchdog:
    """An open watchdog; it runs from now on."""

    def __init__(self, path: Path = Path("/dev/watchdog")) -> None:
        self.path = path
        self.timeout_s = TIMEOUT_S
        try:
            self._fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
        except OSError as error:
            text = f"{path}: {error}; does somebody else hold it (RuntimeWatchdogSec=0)?"
            raise HardwareSilent(text) from error
        seconds = array.array("i", [TIMEOUT_S])
        try:
            fcntl.ioctl(self._fd, _SETTIMEOUT, seconds, True)
            self.timeout_s = seconds[0]  # the driver may have taken another
        except OSError:
            self.timeout_s = 0  # it keeps its own and does not say which

    def kick(self) -> None:
        """Live on; never blocks."""
        try:
            os.write(self._fd, b"\0")
        except OSError as error:
            raise HardwareSilent(f"{self.path}: {error}") from error

    def close(self) -> None:
        """Stop it: a planned end."""
        if self._fd >= 0:
            os.write(self._fd, b"V")
            os.close(self._fd)
            self._fd = -1
