"""An asyncio loop whose time jumps to the next timer, with a network in memory.

Nothing waits: the selector never sleeps, it moves `loop.time()` to the next deadline. Any real
file descriptor raises, so that nothing of the outside can leak in. TCP is a pair of in-memory
transports with latency; hosts can be cut off, reset and refused.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Mapping
from typing import Any

LATENCY_MS = 5


class _NullSelector(selectors.BaseSelector):
    """Waits by telling the loop that the time has passed."""

    def __init__(self) -> None:
        self.passed: Callable[[float], None] = lambda _seconds: None

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        raise RuntimeError(f"a real file descriptor in virtual time: {fileobj!r}")

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        raise RuntimeError(f"a real file descriptor in virtual time: {fileobj!r}")

    def select(self, timeout_s: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout_s is None:
            raise RuntimeError("virtual time stands still: no timer, nothing ready")
        if timeout_s > 0:
            self.passed(timeout_s)
        return []

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return {}


class Network:
    """Who listens where, and the state of the way to each host."""

    def __init__(self, loop: VirtualLoop) -> None:
        self.loop = loop
        self.servers: dict[int, Callable[[], asyncio.Protocol]] = {}
        self.down: set[str] = set()
        self.latency_ms: dict[str, int] = {}
        self.pairs: dict[_Transport, str] = {}

    def cut(self, host: str) -> None:
        """Nothing gets through to or from this host; connections stall, new ones fail."""
        self.down.add(host)

    def heal(self, host: str) -> None:
        """The way to this host is open again; stalled bytes arrive."""
        self.down.discard(host)
        for transport, name in list(self.pairs.items()):
            if name == host:
                transport.flush()

    def reset(self, host: str) -> None:
        """Break every connection of this host, as a router that forgot them does."""
        for transport, name in list(self.pairs.items()):
            if name == host:
                transport.broken()

    def vanish(self, host: str) -> None:
        """A machine lost its power: its end says nothing more, its peers see a reset."""
        for transport, name in list(self.pairs.items()):
            if name == host:
                transport._end(ConnectionResetError("the other side is gone"))

    def delay_s(self, host: str) -> float:
        """Return the one-way latency in seconds."""
        return self.latency_ms.get(host, LATENCY_MS) / 1_000


class VirtualLoop(asyncio.SelectorEventLoop):
    """The loop; `network` is its only outside."""

    def __init__(self) -> None:
        self._now_s = 0.0
        selector = _NullSelector()
        super().__init__(selector)
        selector.passed = self._pass
        self._clock_resolution = 1e-9
        self.network = Network(self)

    def time(self) -> float:
        """Return virtual seconds."""
        return self._now_s

    def _pass(self, seconds: float) -> None:
        scheduled = self._scheduled  # type: ignore[attr-defined]
        when = scheduled[0].when() if scheduled else self._now_s + seconds
        self._now_s = max(self._now_s, when)

    def _make_self_pipe(self) -> None:
        """No thread wakes this loop."""

    def _close_self_pipe(self) -> None:
        """There is none."""

    def _write_to_self(self) -> None:
        """Threads would make it nondeterministic; callbacks of this thread need no wake-up."""

    async def create_connection(  # type: ignore[override]
        self,
        protocol_factory: Callable[[], asyncio.Protocol],
        host: str = "",
        port: int = 0,
        **_options: Any,
    ) -> tuple[asyncio.Transport, asyncio.Protocol]:
        """Connect in memory; a host that is cut off times out, an absent port refuses."""
        await asyncio.sleep(2 * self.network.delay_s(host))
        if host in self.network.down:
            await asyncio.sleep(75)
            raise TimeoutError(f"{host}: no answer")
        factory = self.network.servers.get(port)
        if factory is None:
            raise ConnectionRefusedError(f"{host}:{port}: connection refused")
        near_protocol, far_protocol = protocol_factory(), factory()
        near, far = _pair(self.network, host, port, near_protocol, far_protocol)
        far_protocol.connection_made(far)
        near_protocol.connection_made(near)
        return near, near_protocol

    async def create_server(  # type: ignore[override]
        self,
        protocol_factory: Callable[[], asyncio.Protocol],
        host: str = "",
        port: int = 0,
        **_options: Any,
    ) -> _Server:
        """Listen in memory on a port of every host."""
        if port in self.network.servers:
            raise OSError(f"port {port} is taken")
        self.network.servers[port] = protocol_factory
        return _Server(self, port)


class _Server(asyncio.AbstractServer):
    """A listener in memory."""

    def __init__(self, loop: VirtualLoop, port: int) -> None:
        self.loop = loop
        self.port = port

    @property
    def sockets(self) -> tuple[()]:
        """No real socket stands behind it."""
        return ()

    def get_loop(self) -> asyncio.AbstractEventLoop:
        """Return the loop."""
        return self.loop

    def is_serving(self) -> bool:
        """Tell whether the port is open."""
        return self.port in self.loop.network.servers

    async def start_serving(self) -> None:
        """It serves from the beginning."""

    async def serve_forever(self) -> None:
        """Serve until cancelled."""
        await self.loop.create_future()

    def close(self) -> None:
        """Close the port."""
        self.loop.network.servers.pop(self.port, None)

    async def wait_closed(self) -> None:
        """Nothing to wait for."""


class _Transport(asyncio.Transport):
    """One end of a connection: bytes keep their order, a cut host keeps them back."""

    def __init__(self, network: Network, host: str, port: int, protocol: asyncio.Protocol) -> None:
        super().__init__({"peername": (host, port), "sockname": (host, port), "ssl_object": None})
        self.network = network
        self.host = host
        self.protocol = protocol
        self.peer: _Transport
        self.closing = False
        self.lost = False
        self.stalled: list[bytes | None] = []  # None is the end of file
        self.arrives_s = 0.0

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send bytes to the other end."""
        if not (self.closing or self.lost) and data:
            self._send(bytes(data))

    def writelines(self, list_of_data: Any) -> None:
        """Send several pieces as one."""
        self.write(b"".join(list_of_data))

    def _send(self, data: bytes | None) -> None:
        if self.host in self.network.down or self.stalled:
            self.stalled.append(data)
            return
        loop = self.network.loop
        due_s = max(loop.time() + self.network.delay_s(self.host), self.arrives_s + 1e-6)
        self.arrives_s = due_s
        loop.call_at(due_s, self.peer._arrive, data)

    def _arrive(self, data: bytes | None) -> None:
        if self.lost:
            return
        if data is None:
            self._end(None)
        else:
            self.protocol.data_received(data)

    def flush(self) -> None:
        """Send what was kept back."""
        kept, self.stalled = self.stalled, []
        for data in kept:
            self._send(data)

    def broken(self) -> None:
        """The connection is gone without a word."""
        self.network.loop.call_soon(self._end, ConnectionResetError("reset in the network"))

    def is_closing(self) -> bool:
        """Tell whether the end was begun."""
        return self.closing or self.lost

    def close(self) -> None:
        """Send the rest, then the end of file."""
        if not self.is_closing():
            self.closing = True
            self._send(None)
            self.network.loop.call_soon(self._end, None)

    def abort(self) -> None:
        """End at once."""
        self.close()

    def write_eof(self) -> None:
        """Half closing is not needed here."""

    def can_write_eof(self) -> bool:
        """Tell that it is not."""
        return False

    def pause_reading(self) -> None:
        """Flow control is not simulated: queues of the peers are bounded."""

    def resume_reading(self) -> None:
        """See `pause_reading`."""

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """See `pause_reading`."""

    def get_write_buffer_size(self) -> int:
        """Return 0: the network takes all."""
        return 0

    def _end(self, problem: Exception | None) -> None:
        if not self.lost:
            self.lost = True
            self.network.pairs.pop(self, None)
            self.protocol.connection_lost(problem)


def _pair(
    network: Network,
    host: str,
    port: int,
    near_protocol: asyncio.Protocol,
    far_protocol: asyncio.Protocol,
) -> tuple[_Transport, _Transport]:
    near = _Transport(network, host, port, near_protocol)
    far = _Transport(network, host, port, far_protocol)
    near.peer, far.peer = far, near
    network.pairs[near] = network.pairs[far] = host
    return near, far
