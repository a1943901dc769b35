"""Words of the back end's own list of tokens (OCPP 1.6 Local Authorization List)."""

from __future__ import annotations

from dataclasses import dataclass

from firmware.model.values import TokenInfo

ListEntries = tuple[tuple[str, TokenInfo | None], ...]  # `None` takes a token off the list


@dataclass(frozen=True, slots=True)
class SendListRequested:
    """SendLocalList; a full one replaces everything, the other changes what it names."""

    call: str
    version: int
    full: bool
    entries: ListEntries


@dataclass(frozen=True, slots=True)
class ListVersionRequested:
    """GetLocalListVersion."""

    call: str


@dataclass(frozen=True, slots=True)
class ListContradicted:
    """The back end's answer on a token is not what its list says; `None`: the list was renewed."""

    token: str | None
