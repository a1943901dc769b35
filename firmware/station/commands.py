"""What people and programs may ask of a running station: one object in, one out.

Each command carries its role; the table says which role it needs, a parameter who may write it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from firmware.config.param import Role
from firmware.station import load_commands, outlet_commands, parameter_commands, people_commands
from firmware.station.command import Asked, Command, Taken, no
from firmware.station.core import StationCore

TABLE: dict[str, Command] = {
    **outlet_commands.TABLE,
    **parameter_commands.TABLE,
    **people_commands.TABLE,
    **load_commands.TABLE,
}


class Commands:
    """The table of commands over one station."""

    def __init__(self, station: StationCore, networks: Callable[[], Iterable[str]] = tuple) -> None:
        """`networks` tells the station's own ones as they are now, each as address/netmask."""
        self.station = station
        self.networks = networks

    def take(
        self,
        words: Mapping[str, Any],
        now_ms: int = 0,
        *,
        who: str = "the command line",
        by: str = "command",
    ) -> Taken:
        """Carry out a command; a bad one is answered with sentences."""
        name, role = words.get("do"), words.get("role", Role.OPERATOR.value)
        command = TABLE.get(name) if isinstance(name, str) else None
        if command is None:
            return no(f"unknown command {name!r}; known: {', '.join(TABLE)}", code="unknown")
        if role not in list(Role):
            return no(f"{name}: there is no role {role!r}; known: {', '.join(Role)}")
        if not Role(role).may(command.role):
            needed = command.role.value
            return no(f"{name}: role {needed} is needed, this is {role}", code="forbidden")
        asked = Asked(self.station, words, Role(role), who, by, now_ms, self.networks)
        return command.run(asked)
