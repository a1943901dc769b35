"""Master cards: with `rfid_enforce_master` other cards are read for 30 s after one. [A-17]

Shown once more within that time, a master card opens learn mode; shown in learn mode, it ends
it. A master card itself starts nothing, and to stop a charge none is needed.
"""

from __future__ import annotations

from collections.abc import Iterable

from firmware.auth.lists import on_local_list
from firmware.model.people import LearnAsked
from firmware.model.session import ReaderOpened

MASTER_FLAG = "rfid_enforce_master"
OPEN_MS = 30_000
NEEDS_MASTER = (
    "rfid_enforce_master is on: show a master card first (its whitelist entry ends in /master), "
    "it opens the reader for 30 s"
)


class MasterGate:
    """Remembers until when the reader is open for other cards."""

    def __init__(self) -> None:
        self.open_until_ms = 0

    def opened(self, now_ms: int) -> bool:
        """Other cards are read now."""
        return now_ms < self.open_until_ms

    def shown(self, entries: Iterable[str], token: str, now_ms: int) -> list[object] | None:
        """Take a card; return what a master card does, `None` where it is none."""
        found = on_local_list(entries, token, None)
        if found is None or not found.master:
            return None
        if self.opened(now_ms):
            return [LearnAsked(on=True)]
        self.open_until_ms = now_ms + OPEN_MS
        return [ReaderOpened(token, self.open_until_ms)]
