"""The security log as rows: each event once, those that the back end has still to hear marked.

`lines` is the log as text, for GetLog(SecurityLog) and for the page.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from firmware.model.storage import SECURITY_KEPT, SecurityRecord
from firmware.model.values import Stamp

Statement = tuple[str, Sequence[object]]
Query = Callable[[str], Iterable[Sequence[Any]]]

_ALL = "SELECT number, kind, info, at, waits FROM security_log"


def put(record: SecurityRecord) -> list[Statement]:
    """Return what keeps a record and lets the oldest go."""
    at = json.dumps([record.at.boot, record.at.mono_ms, record.at.utc_ms])
    values = (record.number, record.kind, record.info, at, int(record.waits))
    return [
        ("INSERT OR REPLACE INTO security_log VALUES (?, ?, ?, ?, ?)", values),
        ("DELETE FROM security_log WHERE number <= ?", (record.number - SECURITY_KEPT,)),
    ]


def waiting(query: Query) -> tuple[SecurityRecord, ...]:
    """Return what the back end has still to hear, oldest first."""
    return tuple(map(_record, query(f"{_ALL} WHERE waits ORDER BY number")))


def last_number(query: Query) -> int:
    """Return the number of the newest record."""
    return next(iter(query("SELECT max(number) FROM security_log")))[0] or 0


def lines(
    query: Query, oldest_utc_ms: int | None = None, latest_utc_ms: int | None = None
) -> Iterator[str]:
    """Yield the security log, oldest first, one event a line; what has no date is never left out.

    A line is `<number> <UTC or boot and ms since it> <event> [<info>]`.
    """
    for record in map(_record, query(f"{_ALL} ORDER BY number")):
        utc_ms = record.at.utc_ms
        early = utc_ms is not None and oldest_utc_ms is not None and utc_ms < oldest_utc_ms
        late = utc_ms is not None and latest_utc_ms is not None and utc_ms > latest_utc_ms
        if not early and not late:
            yield f"{record.number} {_time(record.at)} {record.kind} {_plain(record.info)}".rstrip()


def _record(row: Sequence[Any]) -> SecurityRecord:
    number, kind, info, at, waits = row
    return SecurityRecord(number, kind, info, Stamp(*json.loads(at)), bool(waits))


def _time(at: Stamp) -> str:
    if at.utc_ms is None:
        return f"boot-{at.boot}+{at.mono_ms}ms"
    stamp = datetime.fromtimestamp(at.utc_ms / 1_000, UTC)
    return stamp.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _plain(text: str) -> str:
    """One event is one line, whatever a back end has put into it."""
    return "".join(c if c.isprintable() else "?" for c in text)
