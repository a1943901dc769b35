"""A week without a back end: how fast the queue drains, and what it weighs.

The processes that ship wake up with a database full of messages; the back end is a socket in
this process that answers at once and counts. Every message is durable before and after it goes.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from websockets.asyncio.server import ServerConnection, serve
from websockets.typing import Subprotocol

from firmware.apps.run import Family, Plan
from firmware.io.sqlite import Database
from firmware.model.session import EnergySampled, Transaction
from firmware.model.storage import Memory, PutTransaction, Write
from firmware.model.values import Reading, Stamp, StopReason
from firmware.ocpp.outbox import Outbox
from firmware.storage import rows, schema

DAYS, A_DAY, SAMPLES = 7, 12, 12  # sessions of an outlet a day, each of three hours
OUTLETS = (1, 2)
SAMPLE_MS, SESSION_MS = 900_000, 7_200_000
BEGAN_UTC_MS = 1_793_000_000_000
MEASURANDS = ("Energy.Active.Import.Register", "Power.Active.Import", "Current.Import")
LIMIT_S = 600
NOW = "2026-11-23T00:00:00Z"
SETTLE_S = 2


def measure(board: Path, say: Callable[[str], None]) -> dict[str, float]:
    """Return messages, transactions, seconds, a second, and megabytes."""
    with tempfile.TemporaryDirectory(prefix="powerstation-") as folder:
        state = Path(folder)
        messages = _fill(state / "station.db")
        transactions = DAYS * A_DAY * len(OUTLETS)
        say(f"a week without a back end: {transactions} transactions, {messages} messages")
        database_mb = (state / "station.db").stat().st_size / 1e6
        peer = _Peer(transactions)
        empty_mb, full_mb, peak_mb = asyncio.run(peer.serve(board, state))
        seconds = peer.last_s - peer.first_s
    return {
        "transactions": transactions,
        "messages": messages,
        "delivered": peer.told["StopTransaction"],
        "seconds": round(seconds, 1),
        "transactions_a_second": round(transactions / seconds, 1),
        "messages_a_second": round(messages / seconds, 1),
        "database_mb": round(database_mb, 2),
        "resident_empty_mb": round(empty_mb, 1),
        "resident_full_mb": round(full_mb, 1),
        "resident_peak_mb": round(peak_mb, 1),
    }


def _fill(file: Path) -> int:
    """Write a week's messages as a station would have; return how many."""
    database = Database(file, schema.MIGRATIONS)
    database.apply([rows.NEW_BOOT])
    outbox, writes = Outbox(Memory(boot=1)), list[Write]()
    for number in range(DAYS * A_DAY):
        for outlet in OUTLETS:
            writes += _session(outbox, outlet, number)
    database.apply([line for write in writes for line in rows.statements(write)])
    database.close()
    return len(outbox)


def _session(outbox: Outbox, outlet: int, number: int) -> list[Write]:
    def at(ms: int) -> Stamp:
        mono_ms = number * SESSION_MS + ms
        return Stamp(1, mono_ms, BEGAN_UTC_MS + mono_ms)

    begin_wh = number * 20_000
    begun = Transaction(
        f"1-{outlet}-{number}", outlet, f"CARD{number:08}", at(0), begin_wh, begin_wh, at(0)
    )
    writes: list[Write] = [PutTransaction(begun), *outbox.began(begun)]
    for sample in range(1, SAMPLES + 1):
        currents = (16_000, 15_900, 16_100)
        reading = Reading(begin_wh + sample * 1_500, 11_000, currents, sample * SAMPLE_MS)
        told = EnergySampled(
            begun.key, outlet, reading, at(sample * SAMPLE_MS), "Sample.Periodic", MEASURANDS
        )
        writes += outbox.sampled(told)
    last_wh = begin_wh + SAMPLES * 1_500
    end = at(SESSION_MS)
    ended = Transaction(
        begun.key, outlet, begun.token, begun.began, begin_wh, last_wh, end,
        ended=end, stop_reason=StopReason.LOCAL,
    )  # fmt: skip
    return [*writes, PutTransaction(ended), *outbox.ended(ended)]


class _Peer:
    """A back end that answers at once."""

    def __init__(self, transactions: int) -> None:
        self.transactions = transactions
        self.told: Counter[str] = Counter()
        self.first_s = self.last_s = 0.0
        self.open = asyncio.Event()
        self.over = asyncio.Event()

    async def serve(self, board: Path, state: Path) -> tuple[float, float, float]:
        """Start a station; return its memory empty, full and at its peak, in MB."""
        options = {"subprotocols": [Subprotocol("ocpp1.6")], "ping_interval": None}
        with tempfile.TemporaryDirectory(prefix="powerstation-") as folder:
            empty_mb, _ = await _resident(board, Path(folder), "")
        async with serve(self._station, "127.0.0.1", 0, **options) as server:  # type: ignore[arg-type]
            port = server.sockets[0].getsockname()[1]
            full_mb, peak_mb = await _resident(board, state, f"ws://127.0.0.1:{port}/", self)
        return empty_mb, full_mb, peak_mb

    async def _station(self, line: ServerConnection) -> None:
        async for text in line:
            message = json.loads(text)
            if message[0] != 2:
                continue
            action = message[2]
            if action == "BootNotification":
                await self.open.wait()
            if action == "StartTransaction" and not self.first_s:
                self.first_s = time.monotonic()
            self.told[action] += 1
            await line.send(json.dumps([3, message[1], self._answer(action)]))
            if self.told["StopTransaction"] == self.transactions and not self.last_s:
                self.last_s = time.monotonic()
                self.over.set()

    def _answer(self, action: str) -> dict[str, object]:
        accepted: dict[str, object] = {"idTagInfo": {"status": "Accepted"}}
        match action:
            case "BootNotification":
                return {
                    "status": "Accepted",
                    "currentTime": NOW,
                    "interval": 300,
                }
            case "StartTransaction":
                return {**accepted, "transactionId": self.told[action]}
            case "Heartbeat":
                return {"currentTime": NOW}
        return {}


async def _resident(
    board: Path, state: Path, url: str, peer: _Peer | None = None
) -> tuple[float, float]:
    """Start a station, let it drain if there is a peer; return its memory before and at most."""
    sets = [f"ocpp_ws_url={url}"] if url else []
    family = Family(Plan(board, state, log=state / "log", sets=sets))
    await family.start()
    try:
        await asyncio.sleep(SETTLE_S)
        pid = family.pids()["stationd"]
        before_mb = _memory_mb(pid, "VmRSS")
        if peer is not None:
            peer.open.set()
            await asyncio.wait_for(peer.over.wait(), LIMIT_S)
        return before_mb, _memory_mb(pid, "VmHWM")
    finally:
        await family.end()


def _memory_mb(pid: int, name: str) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1_024 for line in lines if line.startswith(name))
