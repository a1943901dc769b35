"""The virtual bench: the pages' way to the simulated world, by the bench protocol."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import Any

from aiohttp import web

from firmware.apps.bench_client import BenchClient, Refused
from firmware.apps.web_live import begin_stream

LOOK_S = 0.2
Body = dict[str, Any]


class BenchPages:
    """One connection to the world for all pages; it is opened anew when it was lost."""

    def __init__(self, place: str) -> None:
        self.place = place
        self._client: BenchClient | None = None
        self._lock = asyncio.Lock()
        self._ended = asyncio.Event()
        self._shot: tuple[float, bytes] = (-LOOK_S, b"")

    async def close(self) -> None:
        """End all streams and the connection."""
        self._ended.set()
        if self._client is not None:
            await self._client.close()

    async def act(self, words: Body) -> tuple[int, Body]:
        """Do a verb; return status and body."""
        verb = str(words.pop("do"))
        words.pop("id", None)
        return await self._do(verb, words)

    async def trace(self, outlet: int, last_ms: int) -> tuple[int, Body]:
        """Return what the pilot of an outlet did lately."""
        status, look = await self._do("look", {})
        if status != 200:
            return status, look
        from_ms = max(0, int(look.get("at_ms", 0)) - last_ms)
        return await self._do("trace", {"outlet": outlet, "from_ms": from_ms})

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """Send what the world looks like, five times a second where it changes."""
        response = await begin_stream(request)
        sent = b""
        with contextlib.suppress(ConnectionError):
            while not self._ended.is_set():
                event = await self._look()
                if event != sent:
                    await response.write(event)
                    sent = event
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._ended.wait(), LOOK_S)
        return response

    async def _look(self) -> bytes:
        now_s = asyncio.get_running_loop().time()
        if now_s - self._shot[0] < LOOK_S * 0.9:
            return self._shot[1]
        status, body = await self._do("look", {})
        name = "look" if status == 200 else "away"
        event = f"event: {name}\ndata: {json.dumps(body, separators=(',', ':'))}\n\n".encode()
        self._shot = (now_s, event)
        return event

    async def _do(self, verb: str, arguments: Body) -> tuple[int, Body]:
        try:
            client = await self._connected()
            answer = await client.do(verb, **arguments)
        except (Refused, OSError, TimeoutError, TypeError) as problem:
            return 409, {"errors": [{"message": str(problem) or "refused", "key": None}]}
        return 200, {key: value for key, value in answer.items() if key != "id"}

    async def _connected(self) -> BenchClient:
        async with self._lock:
            if self._client is None or self._client.lost.is_set():
                client = BenchClient()
                await client.connect(self.place)
                self._client = client
            return self._client
