"""The back end's list of tokens as rows: a full update replaces all, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from firmware.model.storage import PutLocalList
from firmware.model.values import TokenInfo, Verdict

Statement = tuple[str, Sequence[object]]
Query = Callable[[str], Iterable[Sequence[Any]]]


def put(update: PutLocalList) -> list[Statement]:
    """Return what keeps an update."""
    clear: list[Statement] = [("DELETE FROM local_list", ())] if update.full else []
    return [
        *clear,
        *(_entry(token, info) for token, info in update.entries),
        ("DELETE FROM local_list_version", ()),
        ("INSERT INTO local_list_version VALUES (?)", (update.version,)),
    ]


def entries(query: Query) -> dict[str, TokenInfo]:
    """Return the list."""
    rows = query("SELECT token, verdict, parent, expires_utc_ms FROM local_list ORDER BY token")
    return {t: TokenInfo(Verdict(v), p, e) for t, v, p, e in rows}


def version(query: Query) -> int:
    """Return its version, 0 for none."""
    return next(iter(query("SELECT max(version) FROM local_list_version")))[0] or 0


def _entry(token: str, info: TokenInfo | None) -> Statement:
    if info is None:
        return "DELETE FROM local_list WHERE token = ?", (token,)
    sql = "INSERT OR REPLACE INTO local_list VALUES (?, ?, ?, ?)"
    return sql, (token, info.verdict.value, info.parent, info.expires_utc_ms)
