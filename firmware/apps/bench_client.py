"""A client of the bench protocol: over TCP, a Unix socket or a serial port.

It serves the demo, the stories and the bench page.
"""

from __future__ import annotations

import asyncio
import json
import stat
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

from firmware.io.serial_port import BYTE_S, open_serial

ANSWER_S = 5.0
SERIAL_ANSWER_S = 15.0  # a long trace takes three seconds at 115200 baud
CONNECT_S = 5.0
LINE_MAX_BYTES = 1 << 20
CLOCK_LOOKS = 5

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Refused(ValueError):
    """The world said no; the text says why."""


class BenchClient:
    """One connection; events go to `on_event`, and `lost` is set when the other side goes."""

    def __init__(self, on_event: Callable[[dict[str, Any]], None] | None = None) -> None:
        self.on_event = on_event
        self.lost = asyncio.Event()
        self._answer_s = ANSWER_S
        self._byte_s = 0.0
        self._numbers = count(1)
        self._open: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._task: asyncio.Task[None] | None = None

    async def connect(self, bench: str) -> None:
        """Connect to `HOST:PORT`, a Unix socket or a serial port; raise `OSError`."""
        kind = address_kind(bench)
        if kind == "serial":
            self._answer_s, self._byte_s = SERIAL_ANSWER_S, BYTE_S
        self._reader, self._writer = await _opened(kind, bench)
        self._writer.write(b"\n")  # ends what line noise or another client may have begun
        self._task = asyncio.create_task(self._read())

    async def do(self, verb: str, **arguments: object) -> dict[str, Any]:
        """Do a verb; return the answer, raise `Refused`, `TimeoutError` or `OSError`."""
        number = next(self._numbers)
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        if self._task is None or self.lost.is_set():
            raise ConnectionError("the other side of the bench protocol is gone")
        self._open[number] = answer
        line = json.dumps({"id": number, "do": verb, **arguments})
        self._writer.write(line.encode() + b"\n")
        try:
            said = await asyncio.wait_for(answer, self._answer_s)
        except TimeoutError as problem:
            text = f"no answer to {verb} within {self._answer_s:g} s"
            raise TimeoutError(text) from problem
        finally:
            self._open.pop(number, None)
        if not said.get("ok"):
            raise Refused(said.get("error", "refused"))
        return said

    async def ahead_ms(self) -> int | None:
        """Return how far the clock of the other side is ahead of ours; `None`: it tells none.

        A question has to travel, so the quickest of some tells best.
        """
        found: list[int] = []
        for _ in range(CLOCK_LOOKS):
            asked_ms = time.monotonic_ns() // 1_000_000
            said = await self.do("look")
            if "at_ms" not in said:
                return None
            found.append(said["at_ms"] - asked_ms)
        return min(found) - round(len('{"id": 10, "do": "look"}\n') * self._byte_s * 1_000)

    def sign_of_life(self) -> None:
        """Send an empty line, which has no answer: a box puts all to rest when it hears none."""
        if not self.lost.is_set():
            self._writer.write(b"\n")

    async def close(self) -> None:
        """End the connection."""
        if self._task is not None:
            self._task.cancel()
            self._writer.close()

    async def _read(self) -> None:
        try:
            while line := await self._reader.readline():
                self._take(line)
        except (OSError, ValueError):
            pass  # a line without an end, or a port that was pulled
        finally:
            self.lost.set()
            for answer in self._open.values():
                if not answer.done():
                    answer.set_exception(ConnectionError("the other side of the bench is gone"))

    def _take(self, line: bytes) -> None:
        try:
            said = json.loads(line)
        except ValueError:
            return  # noise on a serial line; what it hit is asked for in vain and times out
        if not isinstance(said, dict):
            return
        if "event" in said:
            if self.on_event is not None:
                self.on_event(said)
            return
        answer = self._open.get(said.get("id", 0))
        if answer is not None and not answer.done():
            answer.set_result(said)


def address_kind(bench: str) -> str:
    """Return `tcp`, `unix` or `serial`; raise `OSError` with a sentence for what is none."""
    host, _, port = bench.rpartition(":")
    if "/" not in bench and host and port.isdecimal() and int(port) <= 65_535:
        return "tcp"
    if "/" not in bench:
        text = f"{bench!r} is no address of a bench"
        raise OSError(f"{text}; give HOST:PORT, a Unix socket or a serial port")
    try:
        mode = Path(bench).stat().st_mode
    except OSError as problem:
        raise OSError(f"{bench}: {problem.strerror}; is the box plugged in?") from problem
    if stat.S_ISSOCK(mode):
        return "unix"
    if stat.S_ISCHR(mode):
        return "serial"
    raise OSError(f"{bench} is neither a Unix socket nor a serial port")


async def _opened(kind: str, bench: str) -> Streams:
    if kind == "serial":
        return await open_serial(bench)
    if kind == "unix":
        opening = asyncio.open_unix_connection(bench, limit=LINE_MAX_BYTES)
    else:
        host, _, port = bench.rpartition(":")
        opening = asyncio.open_connection(host.strip("[]"), int(port), limit=LINE_MAX_BYTES)
    try:
        return await asyncio.wait_for(opening, CONNECT_S)
    except (OSError, TimeoutError) as problem:
        why = getattr(problem, "strerror", None) or "no answer"
        text = f"nobody speaks the bench protocol at {bench} ({why})"
        raise OSError(f"{text}; start `powerstation run`, or plug in the box") from problem
