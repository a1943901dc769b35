"""A client of the bench protocol over TCP, for the demo and the stories."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from itertools import count
from typing import Any

ANSWER_S = 5.0


class Refused(ValueError):
    """The world said no; the text says why."""


class BenchClient:
    """One connection; events go to `on_event`."""

    def __init__(self, on_event: Callable[[dict[str, Any]], None] | None = None) -> None:
        self.on_event = on_event
        self._numbers = count(1)
        self._open: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._task: asyncio.Task[None] | None = None

    async def connect(self, bench: str) -> None:
        """Connect to HOST:PORT."""
        host, _, port = bench.rpartition(":")
        self._reader, self._writer = await asyncio.open_connection(host, int(port), limit=1 << 20)
        self._task = asyncio.create_task(self._read())

    async def do(self, verb: str, **arguments: object) -> dict[str, Any]:
        """Do a verb; return the answer, raise `Refused`."""
        number = next(self._numbers)
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._open[number] = answer
        line = json.dumps({"id": number, "do": verb, **arguments})
        self._writer.write(line.encode() + b"\n")
        said = await asyncio.wait_for(answer, ANSWER_S)
        if not said.get("ok"):
            raise Refused(said.get("error", "refused"))
        return said

    async def close(self) -> None:
        """End the connection."""
        if self._task is not None:
            self._task.cancel()
            self._writer.close()

    async def _read(self) -> None:
        while line := await self._reader.readline():
            said = json.loads(line)
            if "event" in said:
                if self.on_event is not None:
                    self.on_event(said)
            elif (answer := self._open.pop(said.get("id"), None)) is not None:
                answer.set_result(said)
