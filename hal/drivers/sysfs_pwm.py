"""The control pilot's generator: a hardware PWM of the kernel (`/sys/class/pwm`), 1 kHz.

What is driven is read back from the kernel, never remembered. 0 permille is a constant low level
(the output stage makes -12 V of it), 1000 a constant high one (+12 V).
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

from hal.ports import DUTY_X1, HardwareSilent

PERIOD_NS = 1_000_000  # [61851-1 A.2] 1 kHz; a crystal is behind it, +-0.5 % is no question
EXPORT_WAIT_MS = 1_000  # udev gives the files to our group some time after the export
LONGEST_BYTES = 32
ROOT = Path("/sys/class/pwm")


class SysfsPwm:
    """One channel; `where` is `pwmchip0/1`."""

    def __init__(self, where: str, root: Path = ROOT) -> None:
        """Take the channel and put X1 on it; raise `HardwareSilent` if that cannot be done."""
        chip, _, channel = where.partition("/")
        self.where = where
        self._folder = folder = root / chip / f"pwm{channel}"
        self._ordered: int | None = None
        self._open: dict[str, int] = {}  # kept: a look at the pilot opens no files
        try:
            if not folder.exists():
                (root / chip / "export").write_text(channel)
            self._wait_for(folder)
            # a period shorter than the duty in force is refused: first none, then both
            with contextlib.suppress(OSError):
                self._write("duty_cycle", 0)
            self._write("period", PERIOD_NS)
            self.drive(DUTY_X1)
            self._write("enable", 1)
            for name in ("enable", "period", "duty_cycle"):
                self._open[name] = os.open(folder / name, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            self.close()
            raise HardwareSilent(f"pwm {where}: {error}; is the overlay loaded?") from error

    def drive(self, duty_permille: int) -> None:
        """Put this duty on the line from the next period on; an unchanged one is there already."""
        if duty_permille != self._ordered:
            self._ordered = None
            self._write("duty_cycle", PERIOD_NS // 1_000 * duty_permille)
            self._ordered = duty_permille

    def duty_permille(self) -> int:
        """Return what the generator does by its own account; a stopped one is state F."""
        if not self._read("enable"):
            return 0
        period_ns = self._read("period")
        if period_ns != PERIOD_NS:
            raise HardwareSilent(f"pwm {self.where}: period {period_ns} ns, ordered {PERIOD_NS}")
        return (self._read("duty_cycle") * 1_000 + period_ns // 2) // period_ns

    def close(self) -> None:
        """Let the kernel's files go; the generator goes on as it is."""
        while self._open:
            os.close(self._open.popitem()[1])

    def _wait_for(self, folder: Path) -> None:
        """Wait until udev has given us the files of a channel that was exported just now."""
        until_s = time.monotonic() + EXPORT_WAIT_MS / 1_000
        while not os.access(folder / "duty_cycle", os.W_OK) and time.monotonic() < until_s:
            time.sleep(0.01)

    def _write(self, name: str, value: int) -> None:
        try:
            (self._folder / name).write_text(str(value))
        except OSError as error:
            raise HardwareSilent(f"pwm {self.where}: {name}={value}: {error}") from error

    def _read(self, name: str) -> int:
        try:
            return int(os.pread(self._open[name], LONGEST_BYTES, 0))
        except (OSError, ValueError) as error:
            raise HardwareSilent(f"pwm {self.where}: {name}: {error}") from error
