"""The WebSocket to the back end: kept open for ever, every failure told in a sentence for people.

One task connects, reads, writes and comes back after a wait that doubles from 1 s to 60 s. It
knows frames only as text. Time comes from the running loop and chance from outside, so that it
runs the same under a virtual loop.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from string import hexdigits
from typing import Any
from urllib.parse import quote, urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException
from websockets.typing import Subprotocol

from firmware.io.interfaces import at_home, connected_over
from firmware.io.tls import TlsConfig, anchor_of, client_context
from firmware.io.ws_failures import Place, host_of, told
from firmware.model.backend import BackendConnected, BackendLost, FrameReceived, Loss

SUBPROTOCOL = Subprotocol("ocpp1.6")
MAX_FRAME_BYTES = 256 * 1024
_MAX_WAITING = 1_000
_CLOSE_S = 1
_LONGEST_PAUSE_S = 60
_STEADY_S = 30  # a connection that lasted so long was a good one
_LONGEST_PONG_S = 20
_FAILURES = (OSError, WebSocketException)  # TimeoutError is an OSError


@dataclass(frozen=True, slots=True)
class LinkConfig:
    """Where the back end is and how we show ourselves; `connect` goes to `websockets` as it is."""

    url: str
    identity: str
    password: str = field(default="", repr=False)
    proxy: str | None = field(default=None, repr=False)  # may carry a password
    ping_interval_s: int = 0
    open_timeout_s: int = 30
    tls: TlsConfig = TlsConfig()
    interface: str = ""  # a kind of `interfaces`; empty: as the routes say. A proxy has its own
    connect: Mapping[str, Any] = field(default_factory=dict)


class BackendLink:
    """The connection to the back end; `run` is its task."""

    def __init__(
        self,
        config: LinkConfig,
        post: Callable[[object], None],
        *,
        jitter: Callable[[], float],
        now_ms: Callable[[], int],
    ) -> None:
        self._config = config
        self._post = post
        self._jitter = jitter
        self._now_ms = now_ms
        self._waiting: asyncio.Queue[str] | None = None
        self._broken = asyncio.Event()
        self._reason = ""
        self._closing = False
        self._failures = 0

    async def run(self) -> None:
        """Connect and serve until `close`; return then."""
        while not self._closing:
            self._broken.clear()
            began_s = asyncio.get_running_loop().time()
            cause, reason = await self._live()
            if asyncio.get_running_loop().time() - began_s >= _STEADY_S:
                self._failures = 0
            self._post(BackendLost(self._now_ms(), reason, cause))
            await self._pause()

    def send(self, text: str) -> None:
        """Send a text frame, in order; lost silently when there is no connection."""
        if self._waiting is None:
            return
        if self._waiting.full():
            self.drop("The back end does not take what is sent to it.")
        else:
            self._waiting.put_nowait(text)

    def drop(self, reason: str) -> None:
        """Close the connection and open it anew."""
        if self._waiting is not None:
            self._reason = reason
            self._broken.set()

    def configure(self, config: LinkConfig) -> None:
        """Use this from the next connection on; a new ping interval makes one at once."""
        again = config.ping_interval_s != self._config.ping_interval_s
        self._config = config
        if again:
            self.drop("The WebSocket ping interval was changed.")

    def close(self) -> None:
        """End `run`."""
        self._closing = True
        self._reason = "The connection was closed by the station."
        self._broken.set()

    async def _live(self) -> tuple[Loss, str]:
        """Live through one connection; return why it ended."""
        try:
            line = await self._opened()
        except (*_FAILURES, EOFError, ValueError) as failure:
            return told(failure, _place(self._config))
        if line is None:
            return Loss.OURS, self._reason
        try:
            return await self._serve(line)
        finally:
            await line.close()

    async def _opened(self) -> ClientConnection | None:
        """Return an open connection, or `None` if `close` came first."""
        opening = self._open()
        broken = asyncio.ensure_future(self._broken.wait())
        try:
            await asyncio.wait((opening, broken), return_when=asyncio.FIRST_COMPLETED)
        finally:
            broken.cancel()
            opening.cancel()  # nothing happens to what is done
        return opening.result() if opening.done() else None

    def _open(self) -> asyncio.Future[ClientConnection]:
        config = self._config
        options: dict[str, Any] = {
            "subprotocols": [SUBPROTOCOL],
            "additional_headers": basic_auth(config.identity, config.password),
            "proxy": config.proxy,
            "open_timeout": config.open_timeout_s,
            "ping_interval": config.ping_interval_s or None,
            "ping_timeout": min(config.ping_interval_s or _LONGEST_PONG_S, _LONGEST_PONG_S),
            "close_timeout": _CLOSE_S,
            "max_size": MAX_FRAME_BYTES,
            "create_connection": _CandidConnection,
            **config.connect,
        }
        return asyncio.ensure_future(_connected(config, options))

    async def _serve(self, line: ClientConnection) -> tuple[Loss, str]:
        if line.subprotocol != SUBPROTOCOL:  # [OCPP-J 3.3]
            return Loss.OTHER, f"{_place(self._config).host} does not speak {SUBPROTOCOL}."
        self._waiting = asyncio.Queue(_MAX_WAITING)
        anchor = anchor_of(line.transport.get_extra_info("ssl_object"))
        self._post(BackendConnected(self._now_ms(), anchor))
        tasks = [
            asyncio.ensure_future(part)
            for part in (self._read(line), self._write(line, self._waiting), self._broken.wait())
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._waiting = None
            for task in tasks:
                task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        for end in ends:
            if isinstance(end, _FAILURES):
                return told(end, _place(self._config))
            if isinstance(end, Exception):
                raise end  # a bug in a callback is no failure of the line
        return Loss.OURS, self._reason

    async def _read(self, line: ClientConnection) -> None:
        while True:
            message = await line.recv()
            if isinstance(message, str):  # OCPP-J has no binary frames
                self._post(FrameReceived(message))

    async def _write(self, line: ClientConnection, waiting: asyncio.Queue[str]) -> None:
        while True:
            await line.send(await waiting.get())

    async def _pause(self) -> None:
        pause_s = min(2**self._failures * (1 + self._jitter()), _LONGEST_PAUSE_S)
        self._failures = min(self._failures + 1, 10)
        self._broken.clear()
        if not self._closing:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._broken.wait(), pause_s)


def station_url(config: LinkConfig) -> str:
    """Return the address of this station: the identity is the last, percent-encoded step."""
    return f"{config.url.rstrip('/')}/{quote(config.identity, safe='')}"


def basic_auth(identity: str, password: str) -> dict[str, str]:
    """Return the header; 32 to 40 hex digits are 16 to 20 raw bytes, all else is plain text.

    [OCPP-J 6.2.1, whitepaper A00.FR.206] Newer editions allow plain characters as well.
    """
    if not password:
        return {}
    plain = len(password) < 32 or len(password) % 2 or set(password) - set(hexdigits)
    secret = password.encode() if plain else bytes.fromhex(password)
    pair = identity.encode() + b":" + secret
    return {"Authorization": "Basic " + base64.b64encode(pair).decode()}


class _CandidConnection(ClientConnection):
    """A connection whose failed opening says what TLS said: since 1.3, that comes late."""

    def connection_lost(self, exc: Exception | None) -> None:
        """Keep an alert of the server as the cause of what `connect` will raise."""
        super().connection_lost(exc)
        failed = self.protocol.handshake_exc
        if exc is not None and failed is not None:
            failed.__cause__ = exc


class _StraightConnect(connect):
    """A connection without redirects: they would carry our password to another host."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        """Give every failure back as it is."""
        return exc


async def _connected(config: LinkConfig, options: dict[str, Any]) -> ClientConnection:
    url = station_url(config)
    parts = urlsplit(url)
    if parts.scheme == "wss" and "ssl" not in options:
        # system roots are some hundred files to read: not in the loop
        options = {**options, "ssl": await asyncio.to_thread(client_context, config.tls)}
    if config.interface and config.proxy is None and not at_home(parts.hostname or ""):
        port = parts.port or (443 if parts.scheme == "wss" else 80)
        async with asyncio.timeout(config.open_timeout_s):
            bound = await connected_over(config.interface, parts.hostname or "", port)
        options = {**options, "sock": bound}
    return await _StraightConnect(url, **options)


def _place(config: LinkConfig) -> Place:
    return Place(
        host_of(config.url, "The back end"), SUBPROTOCOL, config.open_timeout_s, MAX_FRAME_BYTES,
        host_of(config.proxy, ""),
    )  # fmt: skip
