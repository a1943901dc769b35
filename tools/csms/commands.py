"""The command language of the bench back end: one line, one request, one sentence back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from ocpp.exceptions import OCPPError  # type: ignore[import-untyped, unused-ignore]

from firmware.sim.backend import Backend

Run = Callable[[Backend, str, list[str]], Awaitable[Any]]
TRIGGERS = (
    "BootNotification", "Heartbeat", "MeterValues", "StatusNotification",
    "DiagnosticsStatusNotification", "FirmwareStatusNotification",
)  # fmt: skip


class BadCommand(ValueError):
    """What a person typed makes no sense; the message says what would."""


@dataclass(frozen=True, slots=True)
class Command:
    """One row of the table: how it is written, how many words it takes, what it does."""

    usage: str
    least: int
    most: int
    run: Run


async def obey(backend: Backend, station: str, line: str) -> str:
    """Carry out one line; return the answer as text, raise `BadCommand` if it is none."""
    name, *words = line.split()
    command = COMMANDS.get(name.lower())
    if command is None:
        raise BadCommand(f"There is no command {name!r}; try: help")
    if not command.least <= len(words) <= command.most:
        raise BadCommand(f"Write it like this: {command.usage}")
    if name.lower() not in _WITHOUT_STATION and not station:
        raise BadCommand("No station is connected yet")
    try:
        answer = await command.run(backend, station, words)
    except OCPPError as refusal:
        return f"refused: {refusal.code} {refusal.description}"
    except TimeoutError:
        return "no answer"
    except ConnectionError as gone:
        raise BadCommand(str(gone)) from gone
    return answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False)


def _whole(word: str, what: str) -> int:
    try:
        return int(word)
    except ValueError:
        raise BadCommand(f"{what} must be a whole number, not {word!r}") from None


async def _start(backend: Backend, station: str, words: list[str]) -> str:
    return await backend.remote_start(station, words[1], _whole(words[0], "The connector"))


async def _stop(backend: Backend, station: str, words: list[str]) -> str:
    return await backend.remote_stop(station, _whole(words[0], "The transaction"))


async def _reset(backend: Backend, station: str, words: list[str]) -> str:
    kind = words[0].capitalize()
    if kind not in ("Soft", "Hard"):
        raise BadCommand(f"A reset is soft or hard, not {words[0]!r}")
    return await backend.reset(station, kind)


async def _get(backend: Backend, station: str, words: list[str]) -> dict[str, Any]:
    return await backend.get_configuration(station, *words)


async def _set(backend: Backend, station: str, words: list[str]) -> str:
    return await backend.change_configuration(station, words[0], " ".join(words[1:]))


async def _unlock(backend: Backend, station: str, words: list[str]) -> str:
    return await backend.unlock(station, _whole(words[0], "The connector"))


async def _availability(backend: Backend, station: str, words: list[str]) -> str:
    if words[1] not in ("on", "off"):
        raise BadCommand(f"Availability is on or off, not {words[1]!r}")
    connector = _whole(words[0], "The connector")
    return await backend.availability(station, connector, words[1] == "on")


async def _trigger(backend: Backend, station: str, words: list[str]) -> str:
    message = next((one for one in TRIGGERS if one.lower() == words[0].lower()), None)
    if message is None:
        raise BadCommand(f"A trigger is one of {', '.join(TRIGGERS)}")
    connector = _whole(words[1], "The connector") if len(words) == 2 else None
    return await backend.trigger(station, message, connector)


async def _clear(backend: Backend, station: str, words: list[str]) -> str:
    return await backend.clear_cache(station)


async def _raw(backend: Backend, station: str, words: list[str]) -> str:
    await backend.raw(station, " ".join(words))
    return "sent"


async def _drop(backend: Backend, station: str, words: list[str]) -> str:
    await backend.drop(station)
    return "closed"


async def _bad(backend: Backend, station: str, words: list[str]) -> str:
    kinds = ("late", "never", "twice", "garbage", "nonsense", "error", "huge", "close")
    if words[1] not in kinds:
        raise BadCommand(f"A bad answer is one of {', '.join(kinds)}")
    delay_s = _whole(words[2], "The delay") if len(words) == 3 else 0
    backend.misbehave(words[0], words[1], delay_s=delay_s)
    return f"the next {words[0]} is answered badly"


async def _ledger(backend: Backend, station: str, words: list[str]) -> str:
    books = backend.ledger(station)
    lines = [
        f"{one.id}: connector {one.connector}, {one.token}, {one.meter_start_wh} to "
        f"{one.meter_stop_wh} Wh, {one.started} to {one.stopped}, {one.reason or 'Local'}"
        for one in books.transactions
    ]
    counts = f"{books.retransmissions} retransmissions, {books.duplicates} duplicates"
    return "\n".join([*lines, counts])


async def _wait(backend: Backend, station: str, words: list[str]) -> str:
    await asyncio.sleep(_whole(words[0], "The time in seconds"))
    return "waited"


async def _help(backend: Backend, station: str, words: list[str]) -> str:
    return "\n".join(command.usage for command in COMMANDS.values())


_WITHOUT_STATION = ("help", "wait", "bad")
COMMANDS: dict[str, Command] = {
    "start": Command("start CONNECTOR TOKEN", 2, 2, _start),
    "stop": Command("stop TRANSACTION", 1, 1, _stop),
    "reset": Command("reset soft|hard", 1, 1, _reset),
    "get": Command("get [KEY ...]", 0, 50, _get),
    "set": Command("set KEY VALUE", 1, 500, _set),
    "unlock": Command("unlock CONNECTOR", 1, 1, _unlock),
    "availability": Command("availability CONNECTOR on|off", 2, 2, _availability),
    "trigger": Command("trigger MESSAGE [CONNECTOR]", 1, 2, _trigger),
    "clear": Command("clear  (the authorisation cache)", 0, 0, _clear),
    "raw": Command("raw TEXT  (any frame)", 1, 1_000, _raw),
    "drop": Command("drop  (the connection)", 0, 0, _drop),
    "bad": Command("bad ACTION KIND [SECONDS]  (the next answer)", 2, 3, _bad),
    "ledger": Command("ledger  (what the station has told)", 0, 0, _ledger),
    "wait": Command("wait SECONDS", 1, 1, _wait),
    "help": Command("help", 0, 0, _help),
}
