"""The WebSocket to the back end: kept open for ever, every failure told in a sentence for people.

One task connects, reads, writes and comes back after a wait that doubles from 1 s to 60 s. It
knows frames only as text. Time comes from the running loop and chance from outside, so that it
runs the same under a virtual loop.
"""

from __future__ import annotations

import asyncio
import base64
import socket
import ssl
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import (
    ConnectionClosed,
    InvalidHandshake,
    InvalidProxy,
    InvalidStatus,
    InvalidURI,
    NegotiationError,
    ProxyError,
    WebSocketException,
)
from websockets.typing import Subprotocol

from firmware.model.backend import BackendConnected, BackendLost, FrameReceived

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
            reason = await self._live()
            if asyncio.get_running_loop().time() - began_s >= _STEADY_S:
                self._failures = 0
            self._post(BackendLost(self._now_ms(), reason))
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

    async def _live(self) -> str:
        """Live through one connection; return why it ended."""
        try:
            line = await self._opened()
        except (*_FAILURES, EOFError, ValueError) as failure:
            return sentence_of(failure, self._config)
        if line is None:
            return self._reason
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
            **config.connect,
        }
        return asyncio.ensure_future(_connected(station_url(config), options))

    async def _serve(self, line: ClientConnection) -> str:
        if line.subprotocol != SUBPROTOCOL:  # [OCPP-J 3.3]
            return f"{_host(self._config)} does not speak {SUBPROTOCOL}."
        self._waiting = asyncio.Queue(_MAX_WAITING)
        self._post(BackendConnected(self._now_ms()))
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
                return sentence_of(end, self._config)
            if isinstance(end, Exception):
                raise end  # a bug in a callback is no failure of the line
        return self._reason

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
    """Return the header; 40 hex digits are 20 raw bytes (OCPP-J 6.2.1), else UTF-8 text."""
    if not password:
        return {}
    secret = password.encode()
    if len(password) == 40:
        with suppress(ValueError):
            secret = bytes.fromhex(password)
    pair = identity.encode() + b":" + secret
    return {"Authorization": "Basic " + base64.b64encode(pair).decode()}


class _StraightConnect(connect):
    """A connection without redirects: they would carry our password to another host."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        """Give every failure back as it is."""
        return exc


async def _connected(url: str, options: dict[str, Any]) -> ClientConnection:
    return await _StraightConnect(url, **options)


def _host(config: LinkConfig) -> str:
    return urlsplit(config.url).hostname or "The back end"


_STATUS = {
    401: "refuses the password of this station (401)",
    403: "refuses this station (403)",
    404: "does not know this station or this path (404)",
}


def sentence_of(failure: BaseException, config: LinkConfig) -> str:
    """Return what went wrong as a sentence that an electrician can act on."""
    host = _host(config)
    match failure:
        case InvalidStatus():
            code = failure.response.status_code
            return f"{host} {_STATUS.get(code, f'answered with HTTP status {code}')}."
        case NegotiationError():
            return f"{host} does not speak {SUBPROTOCOL}."
        case ProxyError() | InvalidProxy():
            return f"The proxy does not connect us to {host}: {failure}."
        case InvalidHandshake() | EOFError():
            return f"{host} does not answer as a WebSocket server."
        case InvalidURI():
            return "The address of the back end is no WebSocket address."
        case ConnectionClosed():
            return _closed_sentence(failure, host)
        case socket.gaierror():
            return f"The name {host} cannot be resolved; check DNS and the address."
        case ssl.SSLCertVerificationError():
            return f"The certificate of {host} is refused: {failure.verify_message}."
        case ssl.SSLError():
            return f"No TLS connection to {host}: {failure.reason or 'handshake failed'}."
        case ConnectionRefusedError():
            return f"{host} refuses the connection; is the port right?"
        case TimeoutError():
            return f"{host} did not answer within {config.open_timeout_s} s."
    return f"No connection to {host}: {failure or type(failure).__name__}."


def _closed_sentence(failure: ConnectionClosed, host: str) -> str:
    if failure.sent is not None and failure.sent.code == 1009:
        return f"{host} sent a frame of more than {MAX_FRAME_BYTES // 1024} KiB."
    if failure.sent is not None and failure.sent.code == 1011 and not failure.rcvd_then_sent:
        return f"{host} does not answer pings any more."
    if failure.rcvd is not None:
        words = f"{failure.rcvd.code} {failure.rcvd.reason}".strip()
        return f"{host} closed the connection ({words})."
    return f"The connection to {host} broke off."
