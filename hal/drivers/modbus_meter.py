"""A meter on Modbus, over TCP or on a serial bus, through pymodbus; its registers are a map.

Nothing is opened before the first `read`. A failure closes the connection, which also throws
away an answer that comes too late: on a serial bus it would pass for that to the next request.
"""

from __future__ import annotations

import contextlib
import logging
import re
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

from pymodbus.client import ModbusSerialClient, ModbusTcpClient
from pymodbus.exceptions import ConnectionException, ModbusIOException

from hal.ports import HardwareSilent, MeterReading
from hal.registers import Implausible, RegisterMap, load_map, reading, with_input

DEADLINE_MS = 1_000  # all requests of one reading together
_WORST_WAIT_MS = 1_000  # for another meter on the same bus

_TCP = re.compile(r"(?P<host>[A-Za-z0-9.-]{1,253}):(?P<port>\d{1,5})")
_SERIAL = re.compile(r"(?P<path>/[A-Za-z0-9_./:+-]{1,200})")
_FRAME = re.compile(r"8(?P<parity>[NEO])(?P<stop>[12])")
_WRITE = "/dev/ttyAMA3?unit=1&baud=9600&frame=8N1 or 172.16.23.9:502?unit=1"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a meter is: a path, or host and port; and its unit address there."""

    where: str
    unit: int
    port: int | None = None  # of TCP
    speed_bd: int = 9_600
    parity: str = "N"
    stop_count: int = 1


class ModbusLine:
    """One connection or bus; meters on one bus share it, and each waits for the others' turn."""

    def __init__(self, place: Place, *, deadline_ms: int = DEADLINE_MS) -> None:
        self.where = place.where
        self._place = place
        self.deadline_ms = deadline_ms
        self._until_ms = 0
        self._using = threading.Lock()
        self._client = self._made(place)
        # what the library would print at every silence is said once, by the one who raises
        logging.getLogger("pymodbus").setLevel(logging.CRITICAL)

    @contextlib.contextmanager
    def turn(self, name: str) -> Iterator[None]:
        """Hold the line for one reading, whose deadline begins now."""
        if not self._using.acquire(timeout=_WORST_WAIT_MS / 1_000):
            raise HardwareSilent(f"{name}: {self.where} was busy for {_WORST_WAIT_MS} ms")
        try:
            self._until_ms = _now_ms() + self.deadline_ms
            yield
        finally:
            self._using.release()

    def ask(self, function: int, unit: int, first: int, count: int) -> list[int]:
        """Return so many registers; raise what the library does, or `ValueError`."""
        self._hurry()
        read = (
            self._client.read_holding_registers
            if function == 3
            else self._client.read_input_registers
        )
        answer = read(first, count=count, device_id=unit)
        if answer.isError():  # the library returns an exception response, it does not raise it
            code = getattr(answer, "exception_code", "unknown")
            raise ValueError(f"registers {first} to {first + count - 1} refused with code {code}")
        if len(answer.registers) != count:
            raise ValueError(f"{len(answer.registers)} registers came, {count} were asked for")
        return list(answer.registers)

    def close(self) -> None:
        """Close the connection; the next request opens it again."""
        with contextlib.suppress(Exception):
            self._client.close()

    def reaches(self, place: Place) -> bool:
        """Tell whether a meter at that place can be asked over this line, as it is set."""
        return replace(place, unit=self._place.unit) == self._place

    def _made(self, place: Place) -> ModbusTcpClient | ModbusSerialClient:
        common = {"timeout": self.deadline_ms / 1_000, "retries": 0, "trace_packet": self._heard}
        if place.port is not None:
            return ModbusTcpClient(place.where.rpartition(":")[0], port=place.port, **common)
        return _SerialClient(
            place.where,
            baudrate=place.speed_bd,
            parity=place.parity,
            stopbits=place.stop_count,
            **common,
        )

    def _heard(self, _sending: bool, data: bytes) -> bytes:
        self._hurry()
        return data

    def _hurry(self) -> None:
        # The library grants every wait for more bytes the whole time-out again; given what is
        # left of the deadline, a meter that drips byte by byte cannot exceed it.
        left_ms = self._until_ms - _now_ms()
        self._client.comm_params.timeout_connect = max(left_ms, 1) / 1_000
        if left_ms <= 0:
            raise TimeoutError(f"no whole answer in {self.deadline_ms} ms")


class ModbusMeter:
    """One meter by name, at a unit address of a line."""

    def __init__(self, name: str, line: ModbusLine, unit: int, registers: RegisterMap) -> None:
        self._name = name
        self._line = line
        self._unit = unit
        self._map = registers

    def read(self) -> MeterReading:
        """Ask for all blocks of the map; raise `HardwareSilent` after a second at most."""
        label = f"meter {self._name} ({self._map.name}, unit {self._unit} at {self._line.where})"
        with self._line.turn(label):
            since_ms = _now_ms()
            try:
                return reading(self._map, self._told(), _now_ms())
            except Implausible as error:
                raise HardwareSilent(f"{label}: implausible: {error}") from error
            except Exception as error:  # whatever a garbled answer makes of the library
                self._line.close()
                took_ms = _now_ms() - since_ms
                raise HardwareSilent(f"{label}: {_plain(error)} in {took_ms} ms") from error

    def close(self) -> None:
        """Close the line; another meter on it opens it again when it asks."""
        self._line.close()

    def _told(self) -> dict[int, int]:
        try:
            return self._words()
        except (ConnectionException, ConnectionError):
            # meters end idle connections, by an end or a reset; on a new one they answer
            self._line.close()
            return self._words()

    def _words(self) -> dict[int, int]:
        words: dict[int, int] = {}
        for first, count in self._map.blocks:
            told = self._line.ask(self._map.function, self._unit, first, count)
            words.update(zip(range(first, first + count), told, strict=True))
        return words


def place_of(device: str) -> Place:
    """Return the place that a board file names; raise `ValueError` for what cannot be meant.

    `/dev/ttyAMA3?unit=1&baud=19200&frame=8E1` (9600 and 8N1 where they are left out), or
    `172.16.23.9:502?unit=1`.
    """
    where, _, query = device.partition("?")
    told = dict(pair.partition("=")[::2] for pair in query.split("&") if pair)
    unit, speed = told.pop("unit", "1"), told.pop("baud", "9600")
    frame = _FRAME.fullmatch(told.pop("frame", "8N1"))
    numbers = unit.isdecimal() and speed.isdecimal()
    if told or frame is None or not numbers or not 1 <= int(unit) <= 247:
        raise ValueError(f"{device[:80]!r} is no meter; write {_WRITE}")
    if match := _TCP.fullmatch(where):
        return Place(where, int(unit), port=int(match["port"]))
    if not _SERIAL.fullmatch(where):
        raise ValueError(f"{device[:80]!r} is no meter; write {_WRITE}")
    return Place(where, int(unit), None, int(speed), frame["parity"], int(frame["stop"]))


def open_meter(
    name: str,
    device: str,
    map_name: str,
    lines: dict[str, ModbusLine],
    *,
    asks_input: bool = False,
) -> ModbusMeter:
    """Return a meter at a place (see `place_of`) with a map of `hal/meters`; opens nothing yet.

    `lines` holds the lines that are in use already and gets the one that is new. Raises
    `ValueError` for a place or a map that cannot be meant.
    """
    place = place_of(device)
    registers = with_input(load_map(map_name)) if asks_input else load_map(map_name)
    line = lines.get(place.where) or ModbusLine(place)
    if not line.reaches(place):
        raise ValueError(f"meter {name}: {place.where} is in use at another speed or frame")
    lines[place.where] = line
    return ModbusMeter(name, line, place.unit, registers)


class _SerialClient(ModbusSerialClient):
    """The library's serial client with waits on the port itself.

    The library's own poll with `time.time`: a step of the wall clock, as on a board without a
    clock of its own, would end a wait early or stretch it by the step.
    """

    def send(self, request: bytes, addr: tuple | None = None) -> int:
        """Send after the silence that ends the frame before. [Modbus over serial line 2.5.1.1]"""
        time.sleep(max(3.5 * self._t0, 0.001_75))
        return super().send(request, addr)

    def recv(self, size: int | None) -> bytes:
        """Return what has come, at least one byte, or nothing at the time-out."""
        if self.socket is None:
            raise ConnectionError("the port is not open")
        self.socket.timeout = self.comm_params.timeout_connect
        first = self.socket.read(size or 1)
        return first + self.socket.read(self.socket.in_waiting) if first else b""


def _plain(error: BaseException) -> str:
    if isinstance(error, ModbusIOException):
        return "no whole answer"
    if isinstance(error, ConnectionException):
        return "no connection"
    return str(error) or type(error).__name__


def _now_ms() -> int:
    return time.monotonic_ns() // 1_000_000
