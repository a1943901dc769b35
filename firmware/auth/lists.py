"""Lists of tokens: plain functions over entries.

An entry is `id`, `id/1`, `id/1/2`, each with `/master` behind it where it is a master card.
[A-15, A-17]
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from firmware.model.values import TokenInfo, Verdict, token_key

CACHE_END_UTC_MS = 2_147_483_647_000  # 2038-01-19T03:14:07Z
YEAR_MS = 365 * 24 * 3_600_000
MASTER = "master"  # the mark of an entry


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the local whitelist; without outlets it is for all."""

    token: str
    outlets: tuple[int, ...] = ()
    master: bool = False


def entry(text: str) -> Entry:
    """Return what a line says."""
    token, *marks = text.split("/")
    outlets = tuple(int(mark) for mark in marks if mark != MASTER)
    return Entry(token, outlets, MASTER in marks)


def on_local_list(entries: Iterable[str], token: str, outlet: int | None) -> Entry | None:
    """Return the entry that names the token, for this outlet or, with `None`, for any."""
    key = token_key(token)
    named = (one for text in entries if token_key((one := entry(text)).token) == key)
    found = next(named, None)
    if found is None or not found.outlets or outlet is None or outlet in found.outlets:
        return found
    return None


def live(info: TokenInfo, utc_ms: int | None) -> bool:
    """Tell whether a kept verdict still accepts; an unknown time does not expire it."""
    if info.verdict is not Verdict.ACCEPTED:
        return False
    return info.expires_utc_ms is None or utc_ms is None or utc_ms < info.expires_utc_ms
