"""Rows to and from the words of the model: each write is a few statements, memory a few reads."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from itertools import starmap
from typing import Any

from firmware.model import storage as st
from firmware.model.dlm import ForgetUnit, KeepUnit
from firmware.model.fault import Fault
from firmware.model.reservation import DropReservation, PutReservation
from firmware.model.session import Transaction
from firmware.model.storage import FaultRecord, Memory, OutboxEntry, ProfileRecord, Write
from firmware.model.values import Stamp, StopReason, TokenInfo, Verdict
from firmware.storage import changes, lists, reservations, security, units

Statement = tuple[str, Sequence[object]]
Query = Callable[[str], Iterable[Sequence[Any]]]

_COLUMNS = (
    "key, outlet, token, began, meter_start_wh, last_wh, last_at, transaction_id, parent, "
    "ended, stop_reason, stop_token, denied, reservation_id, starter, private"
)
_MARKS = ", ".join("?" * len(_COLUMNS.split(",")))
_PROFILES = "SELECT * FROM charging_profiles ORDER BY connector, profile_id"
NEW_BOOT: Statement = ("INSERT INTO boots DEFAULT VALUES", ())


def statements(write: Write) -> list[Statement]:
    """Return what keeps a write."""
    match write:
        case st.PutTransaction(t):
            return [_put_transaction(t)]
        case st.PutTransactionId(key, transaction_id):
            return [("UPDATE transactions SET transaction_id = ? WHERE key = ?",
                     (transaction_id, key))]  # fmt: skip
        case st.DropTransaction(key):
            return [("UPDATE transactions SET delivered = 1 WHERE key = ?", (key,))]
        case st.PutRegister(key, energy_wh, at):
            sql = (
                "UPDATE transactions SET last_wh = ?, last_at = ? "
                "WHERE key = ? AND ended IS NULL AND last_wh <= ?"
            )
            return [(sql, (energy_wh, _stamp(at), key, energy_wh))]
        case st.PutOutbox(entry):
            return [_put_outbox(entry)]
        case st.DropOutbox(seq):
            return [("DELETE FROM outbox WHERE seq = ?", (seq,))]
        case st.PutSetting(key, value):
            return [_put_or_delete("settings", "key", key, value)]
        case st.PutNote(name, value):
            return [_put_or_delete("notes", "name", name, value)]
        case st.PutCache(token, info):
            sql = "INSERT OR REPLACE INTO cache VALUES (?, ?, ?, ?)"
            return [(sql, (token, info.verdict.value, info.parent, info.expires_utc_ms))]
        case st.ClearCache():
            return [("DELETE FROM cache", ())]
        case st.PutFault(record):
            return _put_fault(record)
        case st.PutProfile(r):
            sql = "INSERT OR REPLACE INTO charging_profiles VALUES (?, ?, ?, ?)"
            return [(sql, (r.connector, r.profile_id, r.payload, r.transaction_key))]
        case st.DropProfile(connector, profile_id):
            sql = "DELETE FROM charging_profiles WHERE connector = ? AND profile_id = ?"
            return [(sql, (connector, profile_id))]
        case st.PutSecurityRecord(record):
            return security.put(record)
        case st.PutSettingChange(change):
            return changes.put(change)
        case st.PutLocalList():
            return lists.put(write)
        case PutReservation() | DropReservation():
            return reservations.change(write)
        case KeepUnit() | ForgetUnit():
            return units.change(write)


def memory(query: Query) -> Memory:
    """Return what a station wakes up with; the boot has been counted before."""
    boots = list(query("SELECT max(number) FROM boots"))
    pending = query(f"SELECT {_COLUMNS} FROM transactions WHERE delivered = 0 ORDER BY rowid")
    outbox = query("SELECT seq, kind, transaction_key, payload, at, attempts FROM outbox "
                   "ORDER BY seq")  # fmt: skip
    cache = query("SELECT token, verdict, parent, expires_utc_ms FROM cache ORDER BY rowid")
    return Memory(
        boot=boots[0][0] or 0,
        transactions=tuple(_transaction(row) for row in pending),
        outbox=tuple(_entry(row) for row in outbox),
        settings=_pairs(query("SELECT key, value FROM settings")),
        cache={t: TokenInfo(Verdict(v), p, e) for t, v, p, e in cache},
        notes=_pairs(query("SELECT name, value FROM notes")),
        faults=tuple(_records(query("SELECT * FROM faults ORDER BY number"))),
        profiles=tuple(starmap(ProfileRecord, query(_PROFILES))),
        security=security.waiting(query),
        security_number=security.last_number(query),
        local_list=lists.entries(query),
        local_list_version=lists.version(query),
        reservations=reservations.kept(query),
        changes=changes.kept(query),
        units=units.kept(query),
    )


def history(query: Query) -> tuple[Transaction, ...]:
    """Return every transaction ever kept, oldest first."""
    rows = query(f"SELECT {_COLUMNS} FROM transactions ORDER BY rowid")
    return tuple(_transaction(row) for row in rows)


def page(query: Query, limit: int, before: int | None) -> list[tuple[int, Transaction, bool]]:
    """Return a page of transactions, newest first: their numbers, and whether all was delivered."""
    where = "" if before is None else f"WHERE rowid < {before:d}"
    found = query(
        f"SELECT rowid, delivered, {_COLUMNS} FROM transactions {where} "
        f"ORDER BY rowid DESC LIMIT {limit:d}"
    )
    return [(number, _transaction(row), bool(done)) for number, done, *row in found]


def _put_transaction(t: Transaction) -> Statement:
    sql = (
        f"INSERT INTO transactions ({_COLUMNS}) VALUES ({_MARKS}) "
        "ON CONFLICT (key) DO UPDATE SET last_wh = excluded.last_wh, last_at = excluded.last_at, "
        "transaction_id = coalesce(excluded.transaction_id, transaction_id), "
        "parent = excluded.parent, ended = excluded.ended, stop_reason = excluded.stop_reason, "
        "stop_token = excluded.stop_token, denied = excluded.denied"
    )
    values = (
        t.key, t.outlet, t.token, _stamp(t.began), t.meter_start_wh, t.last_wh,
        _stamp(t.last_at), t.transaction_id, t.parent,
        None if t.ended is None else _stamp(t.ended),
        None if t.stop_reason is None else t.stop_reason.value, t.stop_token,
        int(t.denied), t.reservation_id, t.starter, int(t.private),
    )  # fmt: skip
    return sql, values


def _put_outbox(e: OutboxEntry) -> Statement:
    sql = "INSERT OR REPLACE INTO outbox VALUES (?, ?, ?, ?, ?, ?)"
    return sql, (e.seq, e.kind, e.transaction_key, e.payload, _stamp(e.at), e.attempts)


def _put_fault(r: FaultRecord) -> list[Statement]:
    ended = None if r.ended is None else _stamp(r.ended)
    values = (r.number, r.outlet, r.fault.row.id, _stamp(r.began), ended, r.times)
    return [
        ("INSERT OR REPLACE INTO faults VALUES (?, ?, ?, ?, ?, ?)", values),
        ("DELETE FROM faults WHERE ended IS NOT NULL AND number <= ?",
         (r.number - st.FAULTS_KEPT,)),
    ]  # fmt: skip


def _put_or_delete(table: str, column: str, name: str, value: str | None) -> Statement:
    if value is None:
        return f"DELETE FROM {table} WHERE {column} = ?", (name,)
    return f"INSERT OR REPLACE INTO {table} VALUES (?, ?)", (name, value)


def _transaction(row: Sequence[Any]) -> Transaction:
    key, outlet, token, began, start_wh, last_wh, last_at, *rest = row
    number, parent, ended, why, who, denied, reservation_id, starter, private = rest
    return Transaction(
        key, outlet, token, _parse_stamp(began), start_wh, last_wh, _parse_stamp(last_at),
        transaction_id=number, parent=parent,
        ended=None if ended is None else _parse_stamp(ended),
        stop_reason=None if why is None else StopReason(why), stop_token=who,
        denied=bool(denied), reservation_id=reservation_id, starter=starter, private=bool(private),
    )  # fmt: skip


def _entry(row: Sequence[Any]) -> OutboxEntry:
    seq, kind, key, payload, at, attempts = row
    return OutboxEntry(seq, kind, key, payload, _parse_stamp(at), attempts)


def _records(rows: Iterable[Sequence[Any]]) -> Iterable[FaultRecord]:
    """Yield the records of the faults that this firmware knows."""
    known = {fault.row.id for fault in Fault}
    for number, outlet, name, began, ended, times in rows:
        if name in known:
            over = None if ended is None else _parse_stamp(ended)
            fault = Fault.by_id(name)
            yield FaultRecord(number, outlet, fault, _parse_stamp(began), over, times)


def _pairs(rows: Iterable[Sequence[Any]]) -> dict[str, str]:
    return {row[0]: row[1] for row in rows}


def _stamp(stamp: Stamp) -> str:
    return json.dumps([stamp.boot, stamp.mono_ms, stamp.utc_ms])


def _parse_stamp(text: str) -> Stamp:
    return Stamp(*json.loads(text))
