"""What a command is: who may give it, whether it changes anything, and what it does.

One object in, one out; nothing is done before every check has passed. Messages that come back go
to the station's machine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from firmware.config.param import Role
from firmware.config.registry import key_of
from firmware.station.core import StationCore

Answer = dict[str, object]
Taken = tuple[Answer, list[object]]  # the answer, and messages for the station


@dataclass(frozen=True, slots=True)
class Asked:
    """A command with everything about who gives it."""

    station: StationCore
    words: Mapping[str, Any]
    role: Role
    who: str  # a name for the history
    by: str  # web or command
    now_ms: int
    networks: Callable[[], Iterable[str]] = tuple  # the station's own, as address/netmask

    def word(self, name: str) -> object:
        """Return an argument, `None` where it is missing."""
        return self.words.get(name)


@dataclass(frozen=True, slots=True)
class Command:
    """One row of the table of commands."""

    run: Callable[[Asked], Taken]
    role: Role = Role.USER
    changes: bool = False


def no(*errors: str, code: str = "refused") -> Taken:
    """Refuse: `refused` for bad values, `conflict`, `unknown`, `forbidden`."""
    told = [{"message": error, "key": key_of(error)} for error in errors]
    return {"ok": False, "code": code, "errors": list(errors), "details": told}, []


def yes(messages: list[object] | None = None, /, **words: object) -> Taken:
    """Accept, with what there is to tell."""
    return {"ok": True, **words}, messages or []
