"""A checker for OCPP-J 1.6 traffic: hears every frame of every station, tells what was wrong.

It shares no code with the protocol it checks: schemas come from the `ocpp` package and are
judged by `jsonschema`, the rules are written down again from the standard.
"""

from __future__ import annotations

import json
from bisect import bisect_left, insort
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import Any

from jsonschema import Draft4Validator  # type: ignore[import-untyped, unused-ignore]

UP, DOWN = "up", "down"  # from the station, from the back end
_ALL_CONNECTORS = 99
_SLACK_MS = 1_000  # frames are heard at one end only
_PATIENCE_MS = 35_000
_REMEMBERED = 1_000
_TRANSACTION = ("StartTransaction", "MeterValues", "StopTransaction")
_REGISTER = "Energy.Active.Import.Register"

# [E2 4.9] legal transitions: rows A to I, columns 1 to 9 in the same order
_STATES = (
    "Available", "Preparing", "Charging", "SuspendedEV", "SuspendedEVSE", "Finishing", "Reserved",
    "Unavailable", "Faulted",
)  # fmt: skip
_ROWS = ("2345789", "134569", "145689", "135689", "134689", "1289", "1289", "123459", "12345678")
LEGAL = frozenset(
    (_STATES[row], _STATES[int(column) - 1])
    for row, columns in enumerate(_ROWS)
    for column in columns
)


@dataclass(slots=True)
class _Open:
    """A CALL without an answer yet."""

    id: str
    action: str
    payload: dict[str, Any]
    at_ms: int
    pending: bool  # sent while the station was Pending


@dataclass(slots=True)
class _Books:
    """What is known of one station."""

    state: str = ""  # "", Pending, Rejected, Accepted
    silent_until_ms: int = 0
    fresh: bool = True  # no CALL yet on this connection
    used_ids: dict[str, set[str]] = field(default_factory=lambda: {UP: set(), DOWN: set()})
    open: dict[str, _Open] = field(default_factory=dict)  # direction of the CALL -> CALL
    unanswered: dict[str, _Open] = field(default_factory=dict)  # requests of the back end
    asked: Counter[str] = field(default_factory=Counter)
    faces: dict[int, str] = field(default_factory=dict)
    starts: set[str] = field(default_factory=set)  # as told
    connectors: dict[int, int] = field(default_factory=dict)  # of started transactions
    stops: dict[int, str] = field(default_factory=dict)
    last_start: str = ""
    registers: dict[int, list[tuple[datetime, int]]] = field(default_factory=dict)


class WireRecorder:
    """Feed it every frame in order; ask `problems` at the end."""

    def __init__(self, call_timeout_ms: int = 30_000) -> None:
        self._call_timeout_ms = call_timeout_ms
        self._stations: dict[str, _Books] = {}
        self._problems: list[str] = []
        self._now_ms = 0
        self.frames = 0

    def frame(self, station: str, direction: str, text: str, at_ms: int) -> None:
        """Take a frame; `direction` is `up`, `down`, or `open` and `close` of a connection."""
        self._now_ms = at_ms
        books = self._stations.setdefault(station, _Books())
        before = len(self._problems)
        if direction in (UP, DOWN):
            self.frames += 1
            self._message(books, direction, text)
        elif direction == "open":
            self._opened(books)
        for number in range(before, len(self._problems)):
            self._problems[number] = f"{at_ms} {station} {direction}: {self._problems[number]}"

    def problems(self) -> list[str]:
        """Return everything that was wrong, one sentence each."""
        return self._problems + [
            f"{self._now_ms} {station} up: {one.action} {one.id} was never answered while Pending"
            for station, books in self._stations.items()
            for one in books.unanswered.values()
            if one.pending and self._now_ms - one.at_ms > _PATIENCE_MS
        ]

    def _wrong(self, problem: str) -> None:
        self._problems.append(problem)

    def _opened(self, books: _Books) -> None:
        books.used_ids = {UP: set(), DOWN: set()}
        books.open.clear()
        books.unanswered.clear()
        books.asked.clear()
        books.faces.clear()  # what happened in between is not told
        books.fresh = True

    def _message(self, books: _Books, direction: str, text: str) -> None:
        try:
            message = json.loads(text, parse_float=Decimal)
        except (ValueError, RecursionError):
            self._wrong("not JSON")
            return
        match message:
            case [2, str(message_id), str(action), dict(payload)]:
                self._call(books, direction, _Open(
                    message_id, action, payload, self._now_ms, books.state == "Pending"
                ))  # fmt: skip
            case [3, str(message_id), dict(payload)]:
                self._answer(books, direction, message_id, payload)
            case [4, str(message_id), str(), str(), dict()]:
                self._answer(books, direction, message_id, None)
            case [3 | 4, str(message_id), *_]:
                self._wrong("not the shape of an answer")
                self._answer(books, direction, message_id, None)
            case _:
                self._wrong("not the shape of an OCPP-J message")

    # -- calls ------------------------------------------------------------------------------

    def _call(self, books: _Books, direction: str, call: _Open) -> None:
        self._ids(books, direction, call)
        self._schema(call.action, call.payload)
        before = books.open.get(direction)
        if before and call.at_ms - before.at_ms < self._call_timeout_ms - _SLACK_MS:
            self._wrong(f"{call.action} while {before.action} has no answer")
        books.open[direction] = call
        if direction == DOWN:
            books.unanswered[call.id] = call
            return
        self._registration(books, call)
        books.fresh = False
        if call.action in _TRANSACTION:
            self._transaction(books, call)
        if call.action == "StatusNotification":
            self._face(books, call.payload)

    def _ids(self, books: _Books, direction: str, call: _Open) -> None:
        if not 0 < len(call.id) <= 36:
            self._wrong(f"{call.action} has a message id of {len(call.id)} characters")
        if call.id in books.used_ids[direction]:
            self._wrong(f"{call.action} repeats the message id {call.id}")
        books.used_ids[direction].add(call.id)

    def _schema(self, name: str, payload: dict[str, Any]) -> None:
        validator = _validator(name)
        if validator is None:
            self._wrong(f"{name} is no message of OCPP 1.6")
            return
        for error in validator.iter_errors(payload):
            where = ".".join(map(str, error.absolute_path))
            self._wrong(f"{name}: {where or 'payload'}: {error.message[:120]}")

    def _registration(self, books: _Books, call: _Open) -> None:
        if call.action == "BootNotification":
            if books.fresh:
                books.state = books.state if books.state == "Rejected" else ""
            if books.state == "Rejected" and call.at_ms < books.silent_until_ms - _SLACK_MS:
                self._wrong("BootNotification before the interval of Rejected is over")
            books.asked["BootNotification"] -= 1
        elif books.state == "Pending":
            if books.asked[call.action] <= 0:
                self._wrong(f"{call.action} while Pending, and nobody asked for it")
            books.asked[call.action] -= 1
        elif books.state != "Accepted":
            self._wrong(f"{call.action} before BootNotification was Accepted")

    # -- answers ----------------------------------------------------------------------------

    def _answer(
        self, books: _Books, direction: str, message_id: str, payload: dict[str, Any] | None
    ) -> None:
        asker = DOWN if direction == UP else UP
        call = books.open.get(asker)
        if call is None or call.id != message_id:
            if direction == UP:
                self._wrong(f"an answer to {message_id}, which is not open")
            return  # a late or second answer of a back end hurts nobody
        del books.open[asker]
        if direction == UP:
            self._reply(books, call, payload)
        if payload is not None:
            self._schema(f"{call.action}Response", payload)
            if direction == DOWN:
                self._learn(books, call, payload)

    def _reply(self, books: _Books, call: _Open, payload: dict[str, Any] | None) -> None:
        books.unanswered.pop(call.id, None)
        if books.state == "Rejected" and self._now_ms < books.silent_until_ms - _SLACK_MS:
            self._wrong(f"{call.action} was answered while Rejected")
        accepted = payload is not None and payload.get("status") == "Accepted"
        if accepted and books.state == "Pending" and call.action.startswith("Remote"):
            self._wrong(f"{call.action} was Accepted while Pending")
        if accepted and call.action == "TriggerMessage":
            one = call.payload.get("connectorId") is not None
            books.asked[call.payload.get("requestedMessage", "")] += 1 if one else _ALL_CONNECTORS

    def _learn(self, books: _Books, call: _Open, payload: dict[str, Any]) -> None:
        if call.action == "BootNotification":
            books.state = str(payload.get("status"))
            interval = payload.get("interval")
            wait_s = interval if isinstance(interval, int) else 0
            books.silent_until_ms = self._now_ms + 1_000 * max(0, wait_s)
        transaction_id = payload.get("transactionId")
        if call.action == "StartTransaction" and isinstance(transaction_id, int):
            books.connectors[transaction_id] = call.payload.get("connectorId", -1)

    # -- transactions, faces, registers -----------------------------------------------------

    def _transaction(self, books: _Books, call: _Open) -> None:
        payload, transaction_id = call.payload, call.payload.get("transactionId")
        match call.action:
            case "StartTransaction":
                self._start(books, payload)
            case "MeterValues" if transaction_id is not None:
                if transaction_id not in books.connectors:
                    self._wrong(f"MeterValues of transaction {transaction_id}, never started")
                elif transaction_id in books.stops:
                    self._wrong(f"MeterValues of transaction {transaction_id} after its stop")
            case "StopTransaction":
                self._stop(books, payload, transaction_id)
        for at, energy_wh in _registers(payload):
            self._register(books, payload, at, energy_wh)

    def _start(self, books: _Books, payload: dict[str, Any]) -> None:
        told, at = _told(payload), str(payload.get("timestamp"))
        if told not in books.starts:
            books.starts.add(told)
            if at < books.last_start:
                self._wrong(f"a StartTransaction of {at} after one of {books.last_start}")
            books.last_start = max(at, books.last_start)

    def _stop(self, books: _Books, payload: dict[str, Any], transaction_id: Any) -> None:
        told = _told(payload)
        if transaction_id == -1:
            return  # [ER 3.18] its start never reached the back end
        if transaction_id not in books.connectors:
            self._wrong(f"StopTransaction of transaction {transaction_id}, never started")
        elif books.stops.setdefault(transaction_id, told) != told:
            self._wrong(f"a second, different StopTransaction of transaction {transaction_id}")

    def _face(self, books: _Books, payload: dict[str, Any]) -> None:
        connector, status = payload.get("connectorId", -1), str(payload.get("status"))
        before = books.faces.get(connector)
        if before is not None and before != status and (before, status) not in LEGAL:
            self._wrong(f"connector {connector} went from {before} to {status}")
        if connector == 0 and status not in ("Available", "Unavailable", "Faulted"):
            self._wrong(f"connector 0 cannot be {status}")
        books.faces[connector] = status

    def _register(self, books: _Books, payload: dict[str, Any], at: str, energy_wh: int) -> None:
        connector = payload.get("connectorId")
        if connector is None:
            connector = books.connectors.get(payload.get("transactionId", -1), -1)
        try:
            moment = datetime.fromisoformat(at)
        except ValueError:
            self._wrong(f"{at} is no timestamp")
            return
        points = books.registers.setdefault(connector, [])
        if (moment, energy_wh) in points:
            return
        insort(points, (moment, energy_wh))
        del points[:-_REMEMBERED]
        place = bisect_left(points, (moment, energy_wh))
        around = [wh for _, wh in points[max(0, place - 1) : place + 2]]
        if around != sorted(around):
            self._wrong(f"the register of connector {connector} goes backwards at {energy_wh} Wh")


def _told(payload: dict[str, Any]) -> str:
    return json.dumps(payload, sort_keys=True, default=str)


def _registers(payload: dict[str, Any]) -> list[tuple[str, int]]:
    found = [
        (str(payload.get("timestamp")), payload[name])
        for name in ("meterStart", "meterStop")
        if isinstance(payload.get(name), int)
    ]
    for block in payload.get("meterValue", ()):
        for value in block.get("sampledValue", ()):
            text = str(value.get("value"))
            if value.get("measurand", _REGISTER) == _REGISTER and text.isdecimal():
                factor = 1_000 if value.get("unit") == "kWh" else 1
                found.append((str(block.get("timestamp")), int(text) * factor))
    return found


@cache
def _validator(name: str) -> Any:
    file = resources.files("ocpp.v16").joinpath("schemas", f"{name}.json")
    if not name.isalnum() or not file.is_file():
        return None
    text = file.read_text(encoding="utf-8-sig")
    return Draft4Validator(json.loads(text, parse_float=Decimal))
