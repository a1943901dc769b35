"""A small but honest central system: OCPP 1.6-J by the `ocpp` package, with a ledger per station.

It books what stations tell and knows a repeated message from a second one. For tests it can also
misbehave on purpose. Time comes from outside, so it runs in real and in virtual loops.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from itertools import count
from typing import Any, TypeVar
from urllib.parse import unquote

from ocpp import messages  # type: ignore[import-untyped, unused-ignore]
from ocpp.routing import on  # type: ignore[import-untyped, unused-ignore]
from ocpp.v16 import (  # type: ignore[import-untyped, unused-ignore]
    ChargePoint,
    call,
    call_result,
)
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from firmware.sim.ledger import Ledger

HUGE_CHARACTERS = 400_000  # more than the station takes in one frame
_F = TypeVar("_F")
_answers: Callable[[str], Callable[[_F], _F]] = on  # the package has no types
FrameHook = Callable[[str, str, str, datetime], None]


@dataclass(frozen=True, slots=True)
class Misdeed:
    """What to do wrong with an answer: late never twice garbage nonsense error huge close torn."""

    kind: str
    delay_s: float = 0.0


class Backend:
    """The central system: a server, the ledgers and the commands."""

    def __init__(self, utc_now: Callable[[], datetime], *, on_frame: FrameHook | None = None):
        self.utc_now = utc_now
        self.on_frame = on_frame
        self.tokens: set[str] | None = None  # None accepts all
        self.parents: dict[str, str] = {}
        self.passwords: dict[str, bytes] | None = None
        self.interval_s = 300
        self.boot_answers: list[str] = []  # given first, then Accepted
        self.answer_timeout_s = 30.0
        self.ledgers: dict[str, Ledger] = {}
        self.misdeeds: dict[str, list[Misdeed]] = {}  # action -> what to do wrong, in turn
        self.ids = count(1)
        self._sessions: dict[str, _Session] = {}
        self._server: Server | None = None
        self._news = asyncio.Event()
        messages.ASYNC_VALIDATION = False  # the package would hop to a thread for each frame

    async def start(
        self, host: str, port: int, *, subprotocol: str = "ocpp1.6", **options: Any
    ) -> int:
        """Listen; return the port."""
        self._server = await serve(
            self._station, host, port, subprotocols=[Subprotocol(subprotocol)],
            process_request=self._admit, ping_interval=None, close_timeout=1, **options,
        )  # fmt: skip
        names = [listener.getsockname() for listener in self._server.sockets]
        return int(names[0][1]) if names else port

    async def stop(self) -> None:
        """Close all connections and the port."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    def connected(self, identity: str) -> bool:
        """Tell whether this station has a connection now."""
        return identity in self._sessions

    def ledger(self, identity: str) -> Ledger:
        """Return the books of a station; new ones are opened."""
        return self.ledgers.setdefault(identity, Ledger())

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait until this holds; looked at after every frame and connection."""
        while not true():
            self._news.clear()
            await self._news.wait()

    def misbehave(self, action: str, kind: str, *, delay_s: float = 0.0, times: int = 1) -> None:
        """Treat the next requests of this action badly."""
        self.misdeeds.setdefault(action, []).extend([Misdeed(kind, delay_s)] * times)

    # -- commands; each returns the station's status, or raises what the package raises --------

    async def remote_start(
        self, identity: str, token: str, connector: int | None = None, **more: Any
    ) -> str:
        """RemoteStartTransaction."""
        request = call.RemoteStartTransaction(id_tag=token, connector_id=connector, **more)
        return await self._status(identity, request)

    async def remote_stop(self, identity: str, transaction_id: int) -> str:
        """RemoteStopTransaction."""
        request = call.RemoteStopTransaction(transaction_id=transaction_id)
        return await self._status(identity, request)

    async def reset(self, identity: str, kind: str = "Soft") -> str:
        """Reset."""
        return await self._status(identity, call.Reset(type=kind))

    async def change_configuration(self, identity: str, key: str, value: str) -> str:
        """ChangeConfiguration."""
        return await self._status(identity, call.ChangeConfiguration(key=key, value=value))

    async def get_configuration(self, identity: str, *keys: str) -> dict[str, Any]:
        """GetConfiguration; return values by key, with `unknown_key` beside them."""
        answer = await self.command(identity, call.GetConfiguration(key=list(keys) or None))
        values = {entry["key"]: entry.get("value") for entry in answer.configuration_key or ()}
        return {"values": values, "unknown": answer.unknown_key or []}

    async def unlock(self, identity: str, connector: int) -> str:
        """UnlockConnector."""
        return await self._status(identity, call.UnlockConnector(connector_id=connector))

    async def availability(self, identity: str, connector: int, operative: bool) -> str:
        """ChangeAvailability."""
        kind = "Operative" if operative else "Inoperative"
        request = call.ChangeAvailability(connector_id=connector, type=kind)
        return await self._status(identity, request)

    async def clear_cache(self, identity: str) -> str:
        """ClearCache."""
        return await self._status(identity, call.ClearCache())

    async def trigger(self, identity: str, message: str, connector: int | None = None) -> str:
        """TriggerMessage."""
        request = call.TriggerMessage(requested_message=message, connector_id=connector)
        return await self._status(identity, request)

    async def raw(self, identity: str, text: str) -> None:
        """Send any text frame."""
        await self._session(identity).line.transmit(text)

    async def drop(self, identity: str, code: int = 1000) -> None:
        """Close a station's connection."""
        await self._session(identity).line.socket.close(code)

    async def command(self, identity: str, request: Any) -> Any:
        """Send any request of the package; return its answer, raise on CALLERROR."""
        return await self._session(identity).call(request, suppress=False)

    async def _status(self, identity: str, request: Any) -> str:
        return str((await self.command(identity, request)).status)

    def _session(self, identity: str) -> _Session:
        if identity not in self._sessions:
            raise ConnectionError(f"{identity} is not connected")
        return self._sessions[identity]

    # -- connections ------------------------------------------------------------------------

    def note(self, identity: str, direction: str, text: str) -> None:
        """Tell the hook: `open`, `up` (from the station), `down` or `close`."""
        self._news.set()
        if self.on_frame is not None:
            self.on_frame(identity, direction, text, self.utc_now())

    def verdict(self, token: str) -> dict[str, Any]:
        """Return idTagInfo; tokens ignore case (E2 3.9)."""
        known = self.tokens is None or token.casefold() in {one.casefold() for one in self.tokens}
        parent = self.parents.get(token)
        info = {"status": "Accepted" if known else "Invalid"}
        return {**info, "parent_id_tag": parent} if parent else info

    def _admit(self, socket: ServerConnection, request: Request) -> Response | None:
        if self.passwords is None:
            return None
        identity, secret = _identity(request.path), b""
        with suppress(ValueError, binascii.Error):
            word = request.headers.get("Authorization", "").removeprefix("Basic ")
            secret = base64.b64decode(word, validate=True).removeprefix(f"{identity}:".encode())
        if secret and self.passwords.get(identity) == secret:
            return None
        return socket.respond(HTTPStatus.UNAUTHORIZED, "wrong password\n")

    async def _station(self, socket: ServerConnection) -> None:
        assert socket.request is not None
        identity = _identity(socket.request.path)
        session = _Session(self, identity, _Line(self, identity, socket))
        self._sessions[identity] = session
        self.note(identity, "open", "")
        try:
            with suppress(ConnectionClosed):
                await session.start()
        finally:
            if self._sessions.get(identity) is session:
                del self._sessions[identity]
            self.note(identity, "close", "")


class _Line:
    """The connection as the package wants it; misdeeds happen here."""

    def __init__(self, backend: Backend, identity: str, socket: ServerConnection) -> None:
        self.backend = backend
        self.identity = identity
        self.socket = socket
        self.planned: dict[str, Misdeed] = {}  # message id -> what happens to its answer
        self.late: set[asyncio.Task[None]] = set()

    async def recv(self) -> str:
        """Return the next text frame."""
        while True:
            text = await self.socket.recv()
            if isinstance(text, str):
                self._plan(text)
                self.backend.note(self.identity, "up", text)
                return text

    async def send(self, text: str) -> None:
        """Send a frame, or do with it what was planned."""
        message_id = _answered_id(text)
        misdeed = self.planned.pop(message_id, None) if message_id else None
        if misdeed is None:
            await self.transmit(text)
        else:
            await self._misdo(misdeed, text, message_id)

    def _plan(self, text: str) -> None:
        with suppress(ValueError, IndexError, TypeError, KeyError):
            kind, message_id, action, *_ = json.loads(text)
            if kind == 2 and self.backend.misdeeds.get(action):
                self.planned[message_id] = self.backend.misdeeds[action].pop(0)

    async def _misdo(self, misdeed: Misdeed, text: str, message_id: str) -> None:
        match misdeed.kind:
            case "late":
                task = asyncio.ensure_future(self._later(misdeed.delay_s, text))
                self.late.add(task)
                task.add_done_callback(self.late.discard)
            case "twice":
                await self.transmit(text)
                await self.transmit(text)
            case "close":
                await self.socket.close(1011)
            case "torn":  # in the middle of a frame
                frame = Frame(Opcode.TEXT, text.encode()).serialize(mask=False)
                self.socket.transport.write(frame[: len(frame) // 2])
                self.socket.transport.abort()
            case "never":
                pass
            case "garbage":
                await self.transmit('{"not": ocpp')
            case "nonsense":
                await self.transmit(json.dumps([3, message_id, ["?"]]))
            case "error":
                await self.transmit(json.dumps([4, message_id, "InternalError", "on purpose", {}]))
            case "huge":
                await self.transmit(json.dumps([3, message_id, {"x": "x" * HUGE_CHARACTERS}]))
            case kind:
                raise ValueError(f"nobody knows how to do {kind} wrong")

    async def _later(self, delay_s: float, text: str) -> None:
        await asyncio.sleep(delay_s)
        with suppress(ConnectionClosed):
            await self.transmit(text)

    async def transmit(self, text: str) -> None:
        """Send a frame as it is."""
        self.backend.note(self.identity, "down", text)
        await self.socket.send(text)


class _Session(ChargePoint):  # type: ignore[misc, unused-ignore]
    """One connection of one station: what it asks, we answer and book."""

    def __init__(self, backend: Backend, identity: str, line: _Line) -> None:
        quiet = logging.getLogger("firmware.sim.backend")
        quiet.addHandler(logging.NullHandler())
        quiet.propagate = False
        super().__init__(identity, line, response_timeout=backend.answer_timeout_s, logger=quiet)
        self._unique_id_generator = count(1).__next__
        self.backend = backend
        self.line = line
        self.ledger = backend.ledger(identity)

    def _now(self) -> str:
        return self.backend.utc_now().isoformat(timespec="milliseconds").replace("+00:00", "Z")

    @_answers("BootNotification")
    def booted(self, **told: Any) -> Any:
        self.ledger.boots.append(told)
        answers = self.backend.boot_answers
        status = answers.pop(0) if answers else "Accepted"
        return call_result.BootNotification(
            current_time=self._now(), interval=self.backend.interval_s, status=status
        )

    @_answers("Heartbeat")
    def beaten(self) -> Any:
        self.ledger.heartbeats += 1
        return call_result.Heartbeat(current_time=self._now())

    @_answers("Authorize")
    def asked(self, id_tag: str) -> Any:
        return call_result.Authorize(id_tag_info=self.backend.verdict(id_tag))

    @_answers("StatusNotification")
    def changed(self, connector_id: int, **told: Any) -> Any:
        self.ledger.statuses[connector_id] = told
        return call_result.StatusNotification()

    @_answers("StartTransaction")
    def began(self, **told: Any) -> Any:
        one = self.ledger.start(told, self.backend.ids.__next__)
        info = self.backend.verdict(told["id_tag"])
        return call_result.StartTransaction(transaction_id=one.id, id_tag_info=info)

    @_answers("MeterValues")
    def metered(self, **told: Any) -> Any:
        self.ledger.meter(told)
        return call_result.MeterValues()

    @_answers("StopTransaction")
    def ended(self, **told: Any) -> Any:
        self.ledger.stop(told)
        return call_result.StopTransaction()

    @_answers("SecurityEventNotification")
    def warned(self, **told: Any) -> Any:
        self.ledger.security.append(told)
        return call_result.SecurityEventNotification()

    @_answers("DiagnosticsStatusNotification")
    def diagnosed(self, **told: Any) -> Any:
        self.ledger.transfers.append(told)
        return call_result.DiagnosticsStatusNotification()

    @_answers("LogStatusNotification")
    def logged(self, **told: Any) -> Any:
        self.ledger.transfers.append(told)
        return call_result.LogStatusNotification()

    @_answers("FirmwareStatusNotification")
    def updated(self, **told: Any) -> Any:
        self.ledger.transfers.append(told)
        return call_result.FirmwareStatusNotification()

    @_answers("SignedFirmwareStatusNotification")
    def updated_signed(self, **told: Any) -> Any:
        self.ledger.transfers.append(told)
        return call_result.SignedFirmwareStatusNotification()

    @_answers("DataTransfer")
    def transferred(self, **_told: Any) -> Any:
        return call_result.DataTransfer(status="UnknownVendorId")


def _identity(path: str) -> str:
    return unquote(path.partition("?")[0].rpartition("/")[2])


def _answered_id(text: str) -> str:
    with suppress(ValueError, IndexError, TypeError):
        message = json.loads(text)
        if message[0] in (3, 4):
            return str(message[1])
    return ""
