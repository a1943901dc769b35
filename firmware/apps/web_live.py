"""Live pages: one look at the station a second, however many dashboards are open."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import Any

from aiohttp import web

from firmware.io.station_line import StationAway, StationLine
from firmware.web.answers import shaped
from firmware.web.schemas import Status

LOOK_S = 1.0
PING_S = 15.0
Answer = dict[str, Any]


async def begin_stream(request: web.Request) -> web.StreamResponse:
    """Begin a stream of server-sent events."""
    response = web.StreamResponse(
        headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
    )
    await response.prepare(request)
    await response.write(b"retry: 2000\n\n")
    return response


class Live:
    """Looks for all; a session is asked for again every quarter of a minute."""

    def __init__(self, line: StationLine, bench: bool) -> None:
        self.line, self.bench = line, bench
        self._shots: dict[str, tuple[float, bytes]] = {}  # role -> when, event
        self._looking: dict[str, asyncio.Task[bytes]] = {}
        self._ended = asyncio.Event()

    def close(self) -> None:
        """End all streams."""
        self._ended.set()

    async def look(self, token: str) -> Answer:
        """Return who a token belongs to, without keeping the session alive."""
        return await self.line.ask({"do": "session", "session": token, "touch": False})

    async def stream(self, request: web.Request, token: str) -> web.StreamResponse:
        """Send the state whenever it has changed, until the page or the session is gone."""
        response = await begin_stream(request)
        loop = asyncio.get_running_loop()
        sent, asked_s, role = b"", 0.0, ""
        with contextlib.suppress(ConnectionError, StationAway):
            while not self._ended.is_set():
                now_s = loop.time()
                if now_s - asked_s >= PING_S:
                    answer = await self.look(token)
                    if not answer["ok"]:
                        await response.write(b"event: signed_out\ndata: {}\n\n")
                        break
                    asked_s, role = now_s, answer["role"]
                    await response.write(b": still here\n\n")
                event = await self._shot(role, token)
                if event != sent:
                    await response.write(event)
                    sent = event
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._ended.wait(), LOOK_S)
        return response

    async def _shot(self, role: str, token: str) -> bytes:
        """Return the newest state for a role; at most one look a second, whoever asks."""
        now_s = asyncio.get_running_loop().time()
        taken_s, event = self._shots.get(role, (-LOOK_S, b""))
        if now_s - taken_s < LOOK_S * 0.9:
            return event
        task = self._looking.get(role)
        if task is None or task.done():
            task = self._looking[role] = asyncio.create_task(self._take(role, token))
        return await asyncio.shield(task)

    async def _take(self, role: str, token: str) -> bytes:
        words = {"do": "status", "session": token, "touch": False}
        answer = await self.line.ask(words)
        if not answer["ok"]:
            raise StationAway("signed out")
        answer["station"]["bench"] = self.bench
        text = json.dumps(shaped(Status, answer), separators=(",", ":"))
        event = f"event: status\ndata: {text}\n\n".encode()
        self._shots[role] = (asyncio.get_running_loop().time(), event)
        return event
