"""The one driver of simulated boards: every port over packets to the process `world`.

The safety side never blocks once it is open; every other port has a connection of its own,
blocks with a time-out, and connects again at the next call after a failure.
"""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hal.frames import (
    LONGEST_FRAME_BYTES,
    FrameError,
    card_of,
    decode,
    encode,
    lights,
    plain,
    reading_of,
    sample_of,
)
from hal.ports import (
    CardKey,
    CardRead,
    HardwareSilent,
    MeterReading,
    OutletDrive,
    OutletSample,
    Rgb,
)

KICK_MS = 50  # an unchanged order is repeated so often: it is the deadman's kick
STALE_MS = 250
OPEN_WAIT_MS = 2_000
ANSWER_WAIT_MS = 500


class WorldOutlets:
    """The safety pins of all outlets of a simulated board; also the `EdgePort` of it."""

    def __init__(self, path: Path, numbers: tuple[int, ...]) -> None:
        self._path = path
        self._wire = _connected(path, {"hello": "safety"})
        self._wire.setblocking(False)
        self._newest: dict[int, OutletSample] = {}
        self._sent: dict[int, tuple[OutletDrive, int]] = {}
        self._ended = ""
        self._watched = False
        until_ms = _now_ms() + OPEN_WAIT_MS
        while self._newest.keys() < set(numbers) and not self._ended:
            wait_ms = until_ms - _now_ms()
            if wait_ms <= 0 or not _readable(self._wire, wait_ms):
                self._ended = f"no sample within {OPEN_WAIT_MS} ms of opening"
            self.drain()
        if self._ended:
            self._wire.close()
            raise HardwareSilent(f"world at {path}: {self._ended}")

    def outlet(self, number: int) -> WorldOutlet:
        """Return the port of one outlet."""
        return WorldOutlet(self, number)

    def sample(self, number: int) -> OutletSample:
        """Return the newest sample; raise `HardwareSilent` if it is older than 250 ms."""
        if not self._watched:
            self.drain()
        if self._ended:
            raise HardwareSilent(f"world at {self._path}: {self._ended}")
        sample = self._newest[number]
        age_ms = _now_ms() - sample.at_ms
        if age_ms > STALE_MS:
            raise HardwareSilent(f"outlet {number}: no sample for {age_ms} ms from the world")
        return sample

    def drive(self, number: int, drive: OutletDrive) -> None:
        """Send an order if it is new or the last one is 50 ms old; never blocks."""
        now_ms = _now_ms()
        last = self._sent.get(number)
        if last is not None and last[0] == drive and now_ms - last[1] < KICK_MS:
            return
        try:
            self._wire.send(encode({"outlet": number, "drive": plain(drive)}))
        except OSError as error:
            raise HardwareSilent(f"outlet {number}: the world takes no order: {error}") from error
        self._sent[number] = (drive, now_ms)

    def fileno(self) -> int:
        """Return the descriptor that becomes readable with every sample.

        Who watches it drains it: what arrives for one outlet while another is looked at stays
        readable, instead of waiting for the next period.
        """
        self._watched = True
        return self._wire.fileno()

    def drain(self) -> None:
        """Take every sample that has arrived, without blocking."""
        while not self._ended:
            try:
                packet = self._wire.recv(LONGEST_FRAME_BYTES + 1)
                if not packet:
                    self._ended = "the connection ended"
                    return
                frame = decode(packet)
                self._newest[int(frame.get("outlet", 0))] = sample_of(frame.get("sample"))
            except BlockingIOError:
                return
            except (OSError, FrameError, TypeError) as error:
                self._ended = str(error)

    def close(self) -> None:
        """End the connection; the board's deadman then opens what was driven."""
        self._wire.close()
        self._ended = self._ended or "closed"


class WorldOutlet:
    """The port of one outlet of a simulated board."""

    def __init__(self, outlets: WorldOutlets, number: int) -> None:
        self._outlets = outlets
        self._number = number

    def sample(self) -> OutletSample:
        """Return the newest state; raise `HardwareSilent` when there is none to trust."""
        return self._outlets.sample(self._number)

    def drive(self, drive: OutletDrive) -> None:
        """Put the complete order on the pins."""
        self._outlets.drive(self._number, drive)


class WorldReader:
    """A card reader of a simulated board."""

    def __init__(self, path: Path, reader: int) -> None:
        self._wire = _Wire(path, {"hello": "reader", "reader": reader})
        self._reader = reader
        self._silent = False

    def demand(self, key: CardKey | None) -> None:
        """Nothing to do: what a card of the world can prove, it says by its kind."""

    def poll(self, wait_ms: int) -> CardRead | None:
        """Wait so long for a card; raise `HardwareSilent` while the reader does not answer."""
        until_ms = _now_ms() + wait_ms
        while True:
            frame = self._wire.receive(max(0, until_ms - _now_ms()))
            if frame is None and self._silent:
                raise HardwareSilent(f"reader {self._reader}: no answer within {wait_ms} ms")
            if frame is None:
                return None
            if "card" in frame:
                return card_of(frame["card"])
            self._silent = frame.get("silent") is True

    def close(self) -> None:
        """End the connection."""
        self._wire.close()


class WorldLed:
    """The ring of lights and the ready light of a simulated board."""

    def __init__(self, path: Path) -> None:
        self._wire = _Wire(path, {"hello": "led"})

    def show(self, frame: tuple[Rgb, ...]) -> None:
        """Light the whole ring."""
        self._wire.send({"led": lights(frame)})

    def show_ready(self, on: bool) -> None:
        """Switch the ready light."""
        self._wire.send({"ready": on})

    def close(self) -> None:
        """End the connection."""
        self._wire.close()


class WorldMeter:
    """A meter of a simulated board."""

    def __init__(self, path: Path, name: str) -> None:
        self._wire = _Wire(path, {"hello": "meter", "name": name})
        self._name = name

    def read(self) -> MeterReading:
        """Ask the meter; raise `HardwareSilent` when it does not answer within 500 ms."""
        return reading_of(self._wire.ask(f"meter {self._name}").get("reading"))

    def close(self) -> None:
        """End the connection."""
        self._wire.close()


class WorldInputs:
    """The digital inputs of a simulated board."""

    def __init__(self, path: Path) -> None:
        self._wire = _Wire(path, {"hello": "inputs"})

    def read(self) -> Mapping[str, bool]:
        """Return which inputs are active; raise `HardwareSilent` without an answer in 500 ms."""
        inputs = self._wire.ask("inputs").get("inputs")
        if not isinstance(inputs, dict):
            raise HardwareSilent("inputs: the world answered something else")
        return {str(name): active is True for name, active in inputs.items()}

    def close(self) -> None:
        """End the connection."""
        self._wire.close()


class _Wire:
    """A blocking connection that is made again at the next call after it failed."""

    def __init__(self, path: Path, hello: dict[str, object]) -> None:
        self._path = path
        self._hello = hello
        self._count = 0
        self._socket: socket.socket | None = _connected(path, hello)

    def send(self, frame: dict[str, object]) -> None:
        try:
            self._open().send(encode(frame))
        except OSError as error:
            self.close()
            raise HardwareSilent(f"world at {self._path}: {error}") from error

    def receive(self, wait_ms: int) -> dict[str, Any] | None:
        wire = self._open()
        try:
            if not _readable(wire, wait_ms):
                return None
            packet = wire.recv(LONGEST_FRAME_BYTES + 1)
            if packet:
                return decode(packet)
            raise ConnectionError("the connection ended")
        except (OSError, FrameError) as error:
            self.close()
            raise HardwareSilent(f"world at {self._path}: {error}") from error

    def ask(self, what: str) -> dict[str, Any]:
        self._count += 1
        self.send({"read": self._count})
        until_ms = _now_ms() + ANSWER_WAIT_MS
        while (wait_ms := until_ms - _now_ms()) >= 0:
            frame = self.receive(wait_ms)
            if frame is not None and frame.get("n") == self._count:
                return frame
        raise HardwareSilent(f"{what}: no answer within {ANSWER_WAIT_MS} ms")

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _open(self) -> socket.socket:
        if self._socket is None:
            self._socket = _connected(self._path, self._hello)
        return self._socket


def _connected(path: Path, hello: dict[str, object]) -> socket.socket:
    wire = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        wire.settimeout(OPEN_WAIT_MS / 1_000)
        wire.connect(str(path))
        wire.send(encode(hello))
    except OSError as error:
        wire.close()
        text = f"world at {path}: {error}; is `powerstation world` running?"
        raise HardwareSilent(text) from error
    return wire


def _readable(wire: socket.socket, wait_ms: int) -> bool:
    poll = select.poll()
    poll.register(wire, select.POLLIN)
    return bool(poll.poll(wait_ms))


def _now_ms() -> int:
    return time.monotonic_ns() // 1_000_000
