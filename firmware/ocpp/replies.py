"""What a handler of the back end's requests knows, and what it returns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from firmware.ocpp.boot import BootState
from firmware.ocpp.frames import Call, Payload, Refusal


@dataclass(frozen=True, slots=True)
class Desk:
    """What a handler may know of the station."""

    outlets: int
    boot: BootState
    faces: frozenset[int]  # connectors with a known status

    @property
    def registered(self) -> bool:
        """The back end knows the station, Accepted or Pending."""
        return self.boot in (BootState.ACCEPTED, BootState.PENDING)


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer, or `None` while the station decides; facts and triggered messages follow it."""

    payload: Payload | None
    fact: object = None
    trigger: str = ""
    connectors: tuple[int, ...] = ()


def status(word: str) -> Reply:
    """Return the answer that is a status and nothing else."""
    return Reply({"status": word})


Handler = Callable[[Call, Desk], Reply | Refusal]
