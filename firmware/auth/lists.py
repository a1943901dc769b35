"""Lists of tokens: plain functions over entries. An entry is `id` or `id/1` or `id/1/2`."""

from __future__ import annotations

from collections.abc import Iterable

from firmware.model.values import TokenInfo, Verdict, token_key

CACHE_END_UTC_MS = 2_147_483_647_000  # 2038-01-19T03:14:07Z
YEAR_MS = 365 * 24 * 3_600_000


def on_local_list(entries: Iterable[str], token: str, outlet: int | None) -> bool:
    """Tell whether an entry names the token, for this outlet or for all."""
    for entry in entries:
        name, *outlets = entry.split("/")
        if token_key(name) == token_key(token):
            return not outlets or outlet is None or str(outlet) in outlets
    return False


def live(info: TokenInfo, utc_ms: int | None) -> bool:
    """Tell whether a kept verdict still accepts; an unknown time does not expire it."""
    if info.verdict is not Verdict.ACCEPTED:
        return False
    return info.expires_utc_ms is None or utc_ms is None or utc_ms < info.expires_utc_ms
