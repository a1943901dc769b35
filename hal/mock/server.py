"""Serves one simulated world in real time: to benches by JSON lines, to drivers by packets.

The only clock of the world is here. It sleeps until the next event of the world, a packet or
a line; a heartbeat runs only while a safety driver is connected.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from hal.mock.bench import LineSplitter, answer, encoded
from hal.mock.outlet import BenchError
from hal.mock.verbs import OWNABLE
from hal.mock.world import World

MOST_CLIENTS = 64
_SLOWEST_CLIENT_BYTES = 1 << 20  # so much unread text ends a client


def monotonic_ms() -> int:
    """Return CLOCK_MONOTONIC in ms, the same in every process of the machine."""
    return time.monotonic_ns() // 1_000_000


@dataclass(eq=False, slots=True)
class _Client:
    writer: asyncio.StreamWriter
    watching: bool = False
    owns: frozenset[str] = field(default_factory=frozenset)


class DriverSide(Protocol):
    """How a station's drivers reach a world: by packets, or by pins."""

    def open(self) -> None:
        """Begin to serve."""

    def close(self) -> None:
        """End."""

    def deadline_ms(self) -> int:
        """Return when `step` is due at the latest."""

    def step(self, now_ms: int) -> None:
        """Carry orders to the world, which is at `now_ms`, and what it shows to the drivers."""


class WorldServer:
    """One world, its bench clients and its drivers, inside a running asyncio loop."""

    def __init__(self, world: World, side: Callable[[Callable[[], None]], DriverSide]) -> None:
        """Serve a world; `side` makes the drivers' side, given what to call when they acted."""
        self.world = world
        self._side = side(self._step)
        self._bench_path: Path | None = None
        self._servers: list[asyncio.Server] = []
        self._clients: list[_Client] = []
        self._timer: asyncio.TimerHandle | None = None

    async def open(self, bench: tuple[str, int] | None, bench_unix: Path | None) -> str | None:
        """Start to serve; return the bench's `host:port`, if there is one."""
        self._side.open()
        address = None
        if bench is not None:
            server = await asyncio.start_server(self._serve, *bench)
            self._servers.append(server)
            host, port = server.sockets[0].getsockname()[:2]
            address = f"{host}:{port}"
        if bench_unix is not None:
            bench_unix.unlink(missing_ok=True)
            self._servers.append(await asyncio.start_unix_server(self._serve, bench_unix))
            self._bench_path = bench_unix
        self._step()
        return address

    async def close(self) -> None:
        """End every connection and remove the sockets."""
        if self._timer is not None:
            self._timer.cancel()
        for server in self._servers:
            server.close()
        for client in list(self._clients):
            client.writer.close()
        self._side.close()
        if self._bench_path is not None:
            self._bench_path.unlink(missing_ok=True)
        await asyncio.sleep(0)

    # -- time ---------------------------------------------------------------------------------

    def _step(self) -> None:
        """Bring the world to now, tell everybody, and set the alarm for the next event."""
        now_ms = monotonic_ms()
        self.world.advance(now_ms)
        self._side.step(now_ms)
        for event in self.world.changes():
            self._broadcast(event)
        if self._timer is not None:
            self._timer.cancel()
        due_ms = min(self.world.deadline_ms(), self._side.deadline_ms())
        loop = asyncio.get_running_loop()
        wait_ms = min(max(due_ms - monotonic_ms(), 1), 3_600_000)
        self._timer = loop.call_later(wait_ms / 1_000, self._step)

    # -- benches ------------------------------------------------------------------------------

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = _Client(writer)
        if len(self._clients) >= MOST_CLIENTS:
            writer.write(encoded({"ok": False, "error": f"more than {MOST_CLIENTS} clients"}))
            writer.close()
            return
        self._clients.append(client)
        lines = LineSplitter()
        try:
            while data := await reader.read(65_536):
                for line in lines.feed(data):
                    reply = answer(line, lambda verb, args: self._act(client, verb, args))
                    if reply is not None:
                        writer.write(reply)
                    self._step()
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            self._clients.remove(client)
            self._own()
            writer.close()

    def _act(self, client: _Client, verb: str, args: Mapping[str, object]) -> Mapping[str, object]:
        result = self.world.act(verb, args, monotonic_ms())
        if verb == "watch":
            own = args.get("own", [])
            client.watching = True
            client.owns |= frozenset(own if isinstance(own, list) else [])
            self._own()
        return result

    def _own(self) -> None:
        """Let the world do what some watching client carries out, and nothing else."""
        owned = frozenset[str]().union(*(client.owns for client in self._clients))
        world = self.world
        world.on_power = self._tell_power if "power" in owned else None
        world.on_link = self._tell_link if "link" in owned else None
        world.on_usb_stick = self._tell_usb_stick if "usb_stick" in owned else None
        assert owned <= frozenset(OWNABLE), owned

    def _tell_power(self, off_ms: int) -> None:
        self._broadcast({"event": "power", "off_ms": off_ms, "at_ms": self.world.now_ms})

    def _tell_link(self, args: Mapping[str, object]) -> None:
        self._broadcast({"event": "link", **args, "at_ms": self.world.now_ms})

    def _tell_usb_stick(self, args: Mapping[str, object]) -> None:
        self._broadcast({"event": "usb_stick", **args, "at_ms": self.world.now_ms})

    def _broadcast(self, event: Mapping[str, object]) -> None:
        watchers = [client for client in self._clients if client.watching]
        line = encoded(event) if watchers else b""
        for client in watchers:
            if client.writer.transport.get_write_buffer_size() > _SLOWEST_CLIENT_BYTES:
                client.writer.transport.abort()
            else:
                client.writer.write(line)


def bench_address(text: str) -> tuple[str, int]:
    """Return host and port of `HOST:PORT`; raise `BenchError` unless it is on the loopback."""
    host, _, port = text.rpartition(":")
    if host not in ("127.0.0.1", "localhost", "::1", "[::1]"):
        raise BenchError(f"--bench {text}: the bench listens on 127.0.0.1 or ::1 only")
    if not port.isascii() or not port.isdigit() or int(port) > 65_535:
        raise BenchError(f"--bench {text}: give HOST:PORT with a port from 0 to 65535")
    return ("::1" if "::" in host else "127.0.0.1"), int(port)
