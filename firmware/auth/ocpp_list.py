"""The list of the back end: how an update is judged, and what it leaves to be kept.

An update is taken as a whole or not at all; an empty list has version 0. [E2 5.10, 5.15]
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from firmware.model.lists import SendListRequested
from firmware.model.storage import LIST_MAX, PutLocalList
from firmware.model.values import TokenInfo, Verdict, token_key

EMPTY_VERSION = 0
NOT_SUPPORTED_VERSION = -1


@dataclass(slots=True)
class OcppList:
    """Entries by the form in which tokens are compared."""

    entries: dict[str, TokenInfo] = field(default_factory=dict)
    version: int = EMPTY_VERSION
    contradicted: set[str] = field(default_factory=set)  # told since the last update

    def update(self, sent: SendListRequested) -> tuple[str, list[PutLocalList]]:
        """Take an update; return OCPP's UpdateStatus and what is to be kept."""
        if sent.version <= EMPTY_VERSION:  # [ER 3.52] the numbers of no list
            return "Failed", []
        if not sent.full and sent.version <= self.version:
            return "VersionMismatch", []
        changes = {token_key(token): info for token, info in sent.entries}
        base = {} if sent.full else self.entries
        after = {key: info for key, info in (base | changes).items() if info is not None}
        incomplete = sent.full and None in changes.values()
        if incomplete or len(changes) < len(sent.entries) or len(after) > LIST_MAX:
            return "Failed", []
        self.entries = after
        self.version = sent.version if after else EMPTY_VERSION
        self.contradicted.clear()
        return "Accepted", [PutLocalList(self.version, tuple(changes.items()), sent.full)]

    def contradicts(self, token: str, answer: TokenInfo, entry_accepts: bool) -> bool:
        """Tell, once an update, that an answer is not what the list says of a token."""
        key = token_key(token)
        known = key in self.entries and answer.verdict is not Verdict.CONCURRENT_TX
        if not known or (answer.verdict is Verdict.ACCEPTED) == entry_accepts:
            return False
        told = key in self.contradicted
        self.contradicted.add(key)
        return not told


def restored(entries: Mapping[str, TokenInfo], version: int) -> OcppList:
    """Return the list with which a station wakes up."""
    return OcppList(dict(entries), version)
