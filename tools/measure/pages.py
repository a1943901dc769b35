"""What the pages cost: their first load, the API, twenty open dashboards; and what pilotd feels.

One station that ships on the mock board, a car that charges. The reaction is the one of a car that
opens S2, from the world's stamp of the pilot line to that of the open contacts, with and without
the dashboards.
"""

from __future__ import annotations

import asyncio
import contextlib
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp

from firmware.apps.bench_client import BenchClient
from firmware.apps.run import Family, Plan
from tools.measure.processes import cpu_s, resident_mb

DASHBOARDS, TRIALS, CALLS = 20, 8, 200
WATCHED_S = 20.0
SETTLED_S, WAIT_S = 10.0, 20.0  # a contactor closes at most six times a minute
PASSWORD = "bench of pages 1"
SETS = [f"operator_password={PASSWORD}", "local_whitelist_entries=0a0e9b83",
        "operator_current_limit_1=32"]  # fmt: skip
CAR = {"battery_wh": 80_000, "soc_percent": 0, "phases": 3}
FIRST_PAGE = ("/", "/app.js", "/app.css", "/favicon.svg", "/lang/de.json")
CALLED = ("/api/v1/status", "/api/v1/params", "/api/v1/limits", "/api/v1/samples")
Figures = dict[str, Any]
Say = Callable[[str], None]


async def measure(board: Path, say: Say) -> Figures:
    """Return all figures of the pages."""
    with tempfile.TemporaryDirectory(prefix="powerstation-") as folder:
        state = Path(folder)
        family = Family(Plan(board, state, web="127.0.0.1:0", sets=SETS, log=state / "log"))
        await family.start()
        try:
            jar = aiohttp.CookieJar(unsafe=True)  # of an address instead of a name
            place = family.places["web"][0]
            async with aiohttp.ClientSession(place, cookie_jar=jar) as browser:
                return await _figures(family, browser, say)
        finally:
            await family.end()


async def _figures(family: Family, browser: aiohttp.ClientSession, say: Say) -> Figures:
    world = World()
    await world.connect(family.bench)
    figures: Figures = {"first_page": await _first_page(browser)}
    body = {"user": "operator", "password": PASSWORD}
    async with browser.post("/api/v1/login", json=body) as answer:
        answer.raise_for_status()
    figures["calls_ms"] = {path: await _calls(browser, path) for path in CALLED}
    await world.charge()
    say(f"{TRIALS} reactions without dashboards")
    figures["reaction_ms"] = {"no dashboard": await world.reactions()}
    pids = family.pids()
    figures["no dashboard"] = await _cost(pids)
    say(f"{DASHBOARDS} dashboards")
    streams = [asyncio.create_task(_dashboard(browser)) for _ in range(DASHBOARDS)]
    await asyncio.sleep(2)
    figures[f"{DASHBOARDS} dashboards"] = await _cost(pids)
    figures["reaction_ms"][f"{DASHBOARDS} dashboards"] = await world.reactions()
    for stream in streams:
        stream.cancel()
    seen = await asyncio.gather(*streams, return_exceptions=True)
    assert all(isinstance(one, asyncio.CancelledError) for one in seen), seen
    await world.client.close()
    return figures


async def _first_page(browser: aiohttp.ClientSession) -> Figures:
    sizes, began_s = {}, time.monotonic()
    for path in FIRST_PAGE:
        async with browser.get(path, auto_decompress=False) as answer:
            answer.raise_for_status()
            sizes[path] = len(await answer.read())
    took_ms = (time.monotonic() - began_s) * 1_000
    return {"bytes": sizes, "bytes_together": sum(sizes.values()), "ms": round(took_ms, 1)}


async def _calls(browser: aiohttp.ClientSession, path: str) -> Figures:
    took_ms = []
    for _ in range(CALLS):
        began_s = time.monotonic()
        async with browser.get(path) as answer:
            answer.raise_for_status()
            size = len(await answer.read())
        took_ms.append((time.monotonic() - began_s) * 1_000)
    return {"bytes": size, **_spread(took_ms)}


async def _dashboard(browser: aiohttp.ClientSession) -> None:
    """Read as a dashboard does, until cancelled."""
    wait = aiohttp.ClientTimeout(total=None)
    async with browser.get("/api/v1/live", timeout=wait) as answer:
        answer.raise_for_status()
        async for _ in answer.content:
            pass


async def _cost(pids: dict[str, int]) -> Figures:
    """Return CPU percent and resident MB of each process over some seconds."""
    before = {name: cpu_s(pid) for name, pid in pids.items()}
    await asyncio.sleep(WATCHED_S)
    return {
        name: {
            "cpu_percent": round((cpu_s(pid) - before[name]) / WATCHED_S * 100, 2),
            "resident_mb": round(resident_mb(pid), 1),
        }
        for name, pid in pids.items()
    }


class World:
    """The car and the contacts, by the bench protocol."""

    def __init__(self) -> None:
        self.client = BenchClient(self._event)
        self._changed = asyncio.Event()
        self._stamps: dict[str, int] = {}
        self.closed = False

    async def connect(self, bench: str) -> None:
        """Watch the world."""
        await self.client.connect(bench)
        await self.client.do("watch")

    async def charge(self) -> None:
        """A car charges at outlet 1."""
        await self.client.do("plug", outlet=1, cable_ma=32_000, car=CAR)
        await self.client.do("swipe", uid="0a0e9b83")
        await self._until(lambda: self.closed)

    async def reactions(self) -> Figures:
        """Return how long the contacts took to open after the car had left C."""
        took_ms = []
        for _ in range(TRIALS):
            await asyncio.sleep(SETTLED_S)
            self._stamps.clear()
            await self.client.do("car", outlet=1, asks="B")
            await self._until(lambda: not self.closed and "cp" in self._stamps)
            took_ms.append(float(self._stamps["contactor"] - self._stamps["cp"]))
            await self.client.do("car", outlet=1, asks="auto")
            await self._until(lambda: self.closed)
        return {"n": TRIALS, **_spread(took_ms)}

    def _event(self, event: dict[str, Any]) -> None:
        if event.get("outlet") != 1:
            return
        name = str(event["event"])
        if name == "contactor":
            self.closed = bool(event["closed"])
        self._stamps.setdefault(name, int(event["at_ms"]))
        self._changed.set()

    async def _until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(WAIT_S):
            while not true():
                self._changed.clear()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._changed.wait(), 1)


def _spread(values: list[float]) -> Figures:
    ordered = sorted(values)
    p99 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
    return {"p50": round(statistics.median(ordered), 2), "p99": round(p99, 2),
            "max": round(ordered[-1], 2)}  # fmt: skip
