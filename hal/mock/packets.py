"""The drivers' side of a served world: connections by packets, and the board's deadman.

Each connection says in its first frame what it stands for: the safety pins of all outlets, a
card reader, the lights, a meter or the inputs. A wrong frame ends its connection.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hal.board import SIMULATED_PATIENCE
from hal.frames import (
    LONGEST_FRAME_BYTES,
    FrameError,
    decode,
    drive_of,
    encode,
    lights_of,
    plain,
)
from hal.mock.world import NEVER_MS, World
from hal.ports import HardwareSilent

HEARTBEAT_MS = 50
# A real monostable falls after deadman_ms without a kick. Here a stopped driver is told from a
# computer that is busy for a moment: silence counts five times as long, a lost connection not.
HANG_FACTOR = SIMULATED_PATIENCE
_MOST_FRAMES = 256  # of one driver in one go; the rest waits in its socket


@dataclass(eq=False, slots=True)
class _Driver:
    wire: socket.socket
    role: str = ""  # empty until its first frame
    reader: int = 0
    meter: str = ""
    silent: bool | None = None  # what a reader's driver was told last


class PacketSide:
    """All driver connections of one world; `changed` is called when a driver did something."""

    def __init__(
        self, world: World, clock: Callable[[], int], changed: Callable[[], None], path: Path
    ) -> None:
        """Serve drivers at a socket of this path, once opened."""
        self._path = path
        self._listener: socket.socket | None = None
        self._world = world
        self._profile = world.profile
        self._clock = clock
        self._changed = changed
        self._drivers: list[_Driver] = []
        self._safety: _Driver | None = None
        self._beat_ms = NEVER_MS
        self._fall_ms: dict[int, int] = {}  # when the deadman of a driven outlet falls

    def open(self) -> None:
        """Take connections from now on; raise `FileExistsError` where another world serves."""
        self._listener = _listening(self._path)
        asyncio.get_running_loop().add_reader(self._listener, self._accept)

    def close(self) -> None:
        """End every connection, and the socket."""
        for driver in list(self._drivers):
            self._end(driver)
        if self._listener is not None:
            asyncio.get_running_loop().remove_reader(self._listener)
            self._listener.close()
            self._path.unlink(missing_ok=True)

    def deadline_ms(self) -> int:
        """Return when `step` is due at the latest."""
        return min(self._beat_ms, *self._fall_ms.values(), NEVER_MS)

    def step(self, now_ms: int) -> None:
        """Let deadmen fall, then push to the drivers what changed or is due."""
        if any(fall_ms <= now_ms for fall_ms in self._fall_ms.values()):
            if self._safety is not None:
                self._take(self._safety)  # a kick may lie unread
            for outlet, fall_ms in list(self._fall_ms.items()):
                if fall_ms <= now_ms:
                    del self._fall_ms[outlet]
                    self._world.unpowered(now_ms, outlet)
        changed = self._world.take_changed()
        safety = self._safety
        if safety is not None:
            if now_ms >= self._beat_ms:
                changed = {outlet.number for outlet in self._profile.outlets}
                self._beat_ms = now_ms + HEARTBEAT_MS
            for outlet in sorted(changed):
                self._push_sample(safety, outlet)
        for driver in [driver for driver in self._drivers if driver.role == "reader"]:
            self._push_cards(driver)

    def _accept(self) -> None:
        assert self._listener is not None
        with suppress(BlockingIOError):
            wire, _ = self._listener.accept()
            wire.setblocking(False)
            driver = _Driver(wire)
            self._drivers.append(driver)
            asyncio.get_running_loop().add_reader(wire, self._readable, driver)

    # -- frames -------------------------------------------------------------------------------

    def _readable(self, driver: _Driver) -> None:
        self._world.advance(self._clock())
        self._take(driver)
        self._changed()

    def _take(self, driver: _Driver) -> None:
        try:
            for _ in range(_MOST_FRAMES):
                if driver not in self._drivers:
                    return
                packet = driver.wire.recv(LONGEST_FRAME_BYTES + 1)
                if not packet:
                    self._end(driver)
                    return
                self._frame(driver, decode(packet))
        except BlockingIOError:
            return
        except (FrameError, ConnectionError):
            self._end(driver)

    def _frame(self, driver: _Driver, frame: dict[str, Any]) -> None:
        now_ms = self._world.now_ms
        match driver.role, frame:
            case "", {"hello": str(role)}:
                self._hello(driver, role, frame)
            case "safety", {"outlet": int(outlet), "drive": body}:
                self._drive(outlet, body)
            case "led", {"led": body}:
                count = self._profile.led.count if self._profile.led else 0
                self._world.show_led(lights_of(body, count))
            case "led", {"ready": bool(on)}:
                self._world.set_ready_led(on)
            case "meter", {"read": int(n)}:
                try:
                    reading = self._world.read_meter_named(driver.meter, now_ms)
                except HardwareSilent:
                    return  # as a real one: no answer at all
                self._send(driver, {"n": n, "reading": plain(reading)})
            case "inputs", {"read": int(n)}:
                self._send(driver, {"n": n, "inputs": dict(self._world.inputs())})
            case _:
                raise FrameError(f"no frame of {driver.role or 'a new connection'}")

    def _hello(self, driver: _Driver, role: str, frame: dict[str, Any]) -> None:
        match role, frame:
            case "safety", _:
                if self._safety is not None:
                    self._end(self._safety)
                self._safety = driver
                self._beat_ms = self._world.now_ms
            case "reader", {"reader": int(reader)}:
                if reader not in (known.number for known in self._profile.readers):
                    raise FrameError(f"no reader {reader}")
                driver.reader = reader
            case "meter", {"name": str(name)}:
                if name not in (known.name for known in self._profile.meters):
                    raise FrameError(f"no meter {name}")
                driver.meter = name
            case (("led" | "inputs"), _):
                pass
            case _:
                raise FrameError(f"no role {role}")
        driver.role = role

    def _drive(self, outlet: int, body: object) -> None:
        if outlet not in (known.number for known in self._profile.outlets):
            raise FrameError(f"no outlet {outlet}")
        now_ms = self._world.now_ms
        self._world.drive(outlet, drive_of(body), now_ms)
        if (hang_ms := self._profile.deadman_acts_ms) is not None:
            self._fall_ms[outlet] = now_ms + hang_ms

    # -- pushes -------------------------------------------------------------------------------

    def _push_sample(self, driver: _Driver, outlet: int) -> None:
        sample = plain(self._world.sample(outlet))
        self._send(driver, {"outlet": outlet, "sample": sample})

    def _push_cards(self, driver: _Driver) -> None:
        silent = self._world.readers_silent
        if silent != driver.silent:
            driver.silent = silent
            self._send(driver, {"silent": silent})
        while not silent and driver in self._drivers:
            card = self._world.take_card(driver.reader)
            if card is None:
                return
            self._send(driver, {"card": plain(card)})

    def _send(self, driver: _Driver, frame: dict[str, object]) -> None:
        try:
            driver.wire.send(encode(frame))
        except BlockingIOError:
            return  # its queue is full: it does not read; samples come again with the next beat
        except OSError:
            self._end(driver)

    def _end(self, driver: _Driver) -> None:
        if driver not in self._drivers:
            return
        self._drivers.remove(driver)
        asyncio.get_running_loop().remove_reader(driver.wire)
        driver.wire.close()
        if driver is self._safety:
            self._safety = None
            self._beat_ms = NEVER_MS
            deadman_ms = self._profile.interlocks.deadman_ms
            for outlet in self._fall_ms if deadman_ms is not None else ():
                soon_ms = self._world.now_ms + (deadman_ms or 0)
                self._fall_ms[outlet] = min(self._fall_ms[outlet], soon_ms)


def _listening(path: Path) -> socket.socket:
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as other:
        if other.connect_ex(str(path)) == 0:
            raise FileExistsError(
                f"{path}: another world serves there; end it or take a new --state"
            )
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.setblocking(False)
    listener.bind(str(path))
    listener.listen(16)
    return listener
