"""Transaction messages: start, meter values and stop of all transactions in one strict order.

[E2 3.7] A message waits until all older ones are delivered or given up. Every change is given
as a write that is durable before the frame of the same step leaves. Ids of transactions are
filled in when StartTransaction.conf has told them; a stamp is made final when it is first sent,
so that a repeated message is the same message.
"""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass, replace

from firmware.model.machine import NEVER_MS
from firmware.model.session import EnergySampled, Transaction
from firmware.model.storage import (
    DropOutbox,
    DropTransaction,
    DurableWrite,
    Memory,
    OutboxEntry,
    PutNote,
    PutOutbox,
    PutTransactionId,
)
from firmware.model.values import Stamp
from firmware.ocpp import payloads
from firmware.ocpp.calls import Send
from firmware.ocpp.frames import Payload
from firmware.ocpp.options import Options

METER_BYTES_MAX = 4 << 20  # of waiting meter values: both outlets a week at a sample a minute
UTC_NOTE = "utc"  # a time that an earlier boot knew
_REMEMBERED = 256
_ACTIONS = {"start": "StartTransaction", "meter": "MeterValues", "stop": "StopTransaction"}


@dataclass(slots=True)
class _Book:
    """What is known of a transaction that has messages to come."""

    outlet: int
    transaction_id: int | None = None
    floor_ms: int = 0  # no later message of it can be earlier
    began: Stamp | None = None
    ended: bool = False
    newest: EnergySampled | None = None


class Outbox:
    """The queue of transaction messages."""

    def __init__(self, memory: Memory) -> None:
        self._boot = memory.boot
        self._entries = deque(sorted(memory.outbox, key=lambda entry: entry.seq))
        self._last_seq = self._entries[-1].seq if self._entries else 0
        self._not_before_ms = 0
        self._floor_ms = int(memory.notes.get(UTC_NOTE, 0))  # of stamps that cannot be dated
        self._books: dict[str, _Book] = {}
        self._done: deque[str] = deque(maxlen=_REMEMBERED)
        self._starts = {e.transaction_key for e in self._entries if e.kind == "start"}
        self._meter_bytes = sum(len(e.payload) for e in self._entries if e.kind == "meter")
        for transaction in memory.transactions:
            if not transaction.private:
                self._open(transaction)
        for entry in self._entries:
            book = self._book(entry.transaction_key)
            book.ended = book.ended or entry.kind == "stop"

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def meter_bytes(self) -> int:
        """The size of the waiting meter values."""
        return self._meter_bytes

    def began(self, transaction: Transaction) -> list[DurableWrite]:
        """Queue a StartTransaction, once, unless the back end already knows it."""
        key = transaction.key
        if key in self._books or key in self._done:
            return []
        self._open(transaction)
        if transaction.transaction_id is not None:
            return []
        self._starts.add(key)
        return self._put("start", key, payloads.start_transaction(transaction), transaction.began)

    def sampled(self, sample: EnergySampled) -> list[DurableWrite]:
        """Queue the MeterValues of a running transaction."""
        key = sample.transaction_key or ""
        book = self._books.get(key)
        payload = payloads.meter_values(sample)
        if book is None or book.ended or payload is None or not self._reachable(key, book):
            return []
        if sample == book.newest:
            return []
        book.newest = sample
        return [*self._put("meter", key, payload, sample.at), *self._thinned()]

    def ended(self, transaction: Transaction, *, data: bool = False) -> list[DurableWrite]:
        """Queue a StopTransaction, once; `data` adds the registers of begin and end."""
        key = transaction.key
        if key in self._done:
            return []
        if key not in self._books:
            self._open(transaction)
        book = self._books[key]
        if book.ended:
            return []
        book.ended = True
        if book.transaction_id is None:
            book.transaction_id = transaction.transaction_id
        stamp = transaction.ended or transaction.last_at
        return self._put("stop", key, payloads.stop_transaction(transaction, data=data), stamp)

    def deadline_ms(self) -> int:
        """Return when the oldest message may be sent; it still needs a free line."""
        return self._not_before_ms if self._entries else NEVER_MS

    def pruned(self) -> list[DurableWrite]:
        """Drop what stands first and can never be delivered."""
        writes: list[DurableWrite] = []
        while self._entries and self._hopeless(self._entries[0]):
            writes += self._drop()
        return writes

    def first(self, utc_at_zero_ms: int | None) -> tuple[list[DurableWrite], Send]:
        """Return the oldest message as it is sent, and what must be kept before that."""
        entry = self._entries[0]
        book = self._book(entry.transaction_key)
        utc_ms = payloads.stamp_utc_ms(
            entry.at,
            boot=self._boot,
            utc_at_zero_ms=utc_at_zero_ms,
            floor_ms=max(book.floor_ms, self._floor_ms),
        )
        if utc_ms < book.floor_ms:  # the clock was set back meanwhile
            utc_ms = _since_begin_ms(book, entry.at)
        book.floor_ms = max(book.floor_ms, utc_ms)
        self._floor_ms = max(self._floor_ms, utc_ms)
        writes: list[DurableWrite] = []
        if entry.at.utc_ms != utc_ms:
            writes = self._replaced(replace(entry, at=replace(entry.at, utc_ms=utc_ms)))
        known_id = None if entry.kind == "start" else book.transaction_id
        payload = payloads.completed(json.loads(entry.payload), utc_ms, known_id)
        return writes, Send("outbox", _ACTIONS[entry.kind], payload, entry.seq)

    def delivered(self, transaction_id: int | None) -> tuple[list[DurableWrite], str, int]:
        """Drop the oldest message; return the writes and whose it was (key and outlet)."""
        entry = self._entries[0]
        book = self._book(entry.transaction_key)
        writes: list[DurableWrite] = []
        if entry.kind == "start" and transaction_id is not None:
            book.transaction_id = transaction_id
            writes.append(PutTransactionId(entry.transaction_key, transaction_id))
        writes.append(PutNote(UTC_NOTE, str(self._floor_ms)))
        self._not_before_ms = 0
        return [*writes, *self._drop()], entry.transaction_key, book.outlet

    def failed(self, now_ms: int, options: Options) -> list[DurableWrite]:
        """Count a transmission that was not processed; wait, or give this message up."""
        entry = replace(self._entries[0], attempts=self._entries[0].attempts + 1)
        if entry.attempts >= options.transmissions:
            self._not_before_ms = 0
            return self._drop()
        self._not_before_ms = now_ms + options.retry_ms * entry.attempts  # [E2 3.7.1]
        return self._replaced(entry)

    def transaction_id(self, key: str | None) -> int | None:
        """Return the back end's id of a running transaction, once known."""
        book = self._books.get(key or "")
        return None if book is None else book.transaction_id

    def kind_of_first(self) -> str:
        """Return the kind of the oldest message; empty when there is none."""
        return self._entries[0].kind if self._entries else ""

    def _open(self, transaction: Transaction) -> None:
        self._books[transaction.key] = _Book(
            transaction.outlet,
            transaction.transaction_id,
            transaction.began.utc_ms or 0,
            transaction.began,
        )

    def _book(self, key: str) -> _Book:
        return self._books.setdefault(key, _Book(0))

    def _reachable(self, key: str, book: _Book) -> bool:
        return book.transaction_id is not None or key in self._starts

    def _hopeless(self, entry: OutboxEntry) -> bool:
        if entry.kind not in _ACTIONS:
            return True
        book = self._book(entry.transaction_key)
        return entry.kind == "meter" and not self._reachable(entry.transaction_key, book)

    def _put(self, kind: str, key: str, payload: Payload, at: Stamp) -> list[DurableWrite]:
        self._last_seq += 1
        text = json.dumps(payload, separators=(",", ":"))
        entry = OutboxEntry(self._last_seq, kind, key, text, at)
        self._entries.append(entry)
        if kind == "meter":
            self._meter_bytes += len(text)
        return [PutOutbox(entry)]

    def _replaced(self, entry: OutboxEntry) -> list[DurableWrite]:
        self._entries[0] = entry
        return [PutOutbox(entry)]

    def _drop(self) -> list[DurableWrite]:
        entry = self._entries.popleft()
        key = entry.transaction_key
        if entry.kind == "start":
            self._starts.discard(key)
        if entry.kind == "meter":
            self._meter_bytes -= len(entry.payload)
        if entry.kind != "stop":
            return [DropOutbox(entry.seq)]
        self._books.pop(key, None)
        self._done.append(key)
        return [DropOutbox(entry.seq), DropTransaction(key)]

    def _thinned(self) -> list[DurableWrite]:
        """Make room: every second waiting meter value goes, a start or a stop never (ER 3.89).

        So a long time away stays visible in whole, only coarser.
        """
        if self._meter_bytes <= METER_BYTES_MAX:
            return []
        kept: list[OutboxEntry] = []
        gone: list[OutboxEntry] = []
        spare = False
        for index, entry in enumerate(self._entries):
            thin = entry.kind == "meter" and index > 0 and spare  # the first may be on its way
            spare = not spare if entry.kind == "meter" else False
            (gone if thin else kept).append(entry)
        if not gone:  # nothing but lone values among starts and stops: the oldest of them
            lone = next(e for i, e in enumerate(kept) if i > 0 and e.kind == "meter")
            kept.remove(lone)
            gone = [lone]
        self._entries = deque(kept)
        self._meter_bytes -= sum(len(entry.payload) for entry in gone)
        return [DropOutbox(entry.seq) for entry in gone]


def _since_begin_ms(book: _Book, at: Stamp) -> int:
    """Return when a message was by the clock with which its transaction began."""
    began = book.began
    if began is None or began.utc_ms is None or began.boot != at.boot:
        return book.floor_ms
    return max(book.floor_ms, began.utc_ms + at.mono_ms - began.mono_ms)
