"""What people and programs may ask of a running station: one object in, one out.

Each command carries its role; a setting says which role may write it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from firmware.config.param import Param, Role
from firmware.config.registry import PARAMS, find
from firmware.model.backend import UnlockRequested
from firmware.model.errors import SettingErrors
from firmware.session.desk import Desk
from firmware.station.backend_why import why_backend
from firmware.station.core import StationCore
from firmware.station.health import faults, wear
from firmware.station.snapshot import snapshot, why
from firmware.station.wiring import Part

Answer = dict[str, object]
Taken = tuple[Answer, list[object]]  # the answer, and messages for the station
_RANK = list(Role)
_HERE = "here"  # a request of nobody at the back end: its answer has no call to go to


class Commands:
    """The table of commands over one station."""

    def __init__(self, station: StationCore) -> None:
        self.station = station
        self._table: dict[str, Callable[[Mapping[str, Any]], Taken]] = {
            "status": self._status,
            "why": self._why,
            "get": self._get,
            "set": self._set,
            "faults": self._faults,
            "wear": self._wear,
            "unlock": self._unlock,
            "lock": self._lock,
        }

    def take(self, asked: Mapping[str, Any]) -> Taken:
        """Carry out a command; a bad one is answered with sentences."""
        command = self._table.get(str(asked.get("do")))
        if command is None:
            return _no(f"unknown command {asked.get('do')!r}; known: {', '.join(self._table)}")
        return command(asked)

    def _status(self, _asked: Mapping[str, Any]) -> Taken:
        return {"ok": True, **snapshot(self.station)}, []

    def _why(self, asked: Mapping[str, Any]) -> Taken:
        if asked.get("about") == "backend":
            return {"ok": True, "why": why_backend(self.station)}, []
        outlet = self._outlet(asked)
        if outlet is None:
            return self._no_outlet(asked)
        return {"ok": True, "why": why(self.station, outlet)}, []

    def _outlet(self, asked: Mapping[str, Any]) -> int | None:
        outlet = asked.get("outlet")
        return outlet if type(outlet) is int and outlet in self.station.sessions else None

    def _no_outlet(self, asked: Mapping[str, Any]) -> Taken:
        there = ", ".join(str(n) for n in self.station.sessions)
        return _no(f"there is no outlet {asked.get('outlet')!r}; there is {there}")

    def _faults(self, asked: Mapping[str, Any]) -> Taken:
        over_too = asked.get("all") is True
        return {"ok": True, "faults": faults(self.station, over_too=over_too)}, []

    def _wear(self, _asked: Mapping[str, Any]) -> Taken:
        return {"ok": True, "outlets": wear(self.station)}, []

    def _unlock(self, asked: Mapping[str, Any]) -> Taken:
        """Do as UnlockConnector does; `lock` tells what became of it."""
        outlet, role = self._outlet(asked), asked.get("role", Role.OPERATOR.value)
        if outlet is None:
            return self._no_outlet(asked)
        if role not in list(Role) or _RANK.index(Role(role)) < _RANK.index(Role.OPERATOR):
            return _no(f"unlock: role {Role.OPERATOR.value} is needed, this is {role}")
        running = self.station.sessions[outlet].state.transaction is not None
        desk = self._desk.state.outlets[outlet]
        answer: Answer = {"ok": True, "was_locked": desk.locked, "was_running": running}
        return answer, [UnlockRequested(f"{_HERE}-{outlet}", outlet)]

    def _lock(self, asked: Mapping[str, Any]) -> Taken:
        outlet = self._outlet(asked)
        if outlet is None:
            return self._no_outlet(asked)
        one = self._desk.state.outlets[outlet]
        return {"ok": True, "locked": one.locked, "waiting": one.unlock is not None}, []

    @property
    def _desk(self) -> Desk:
        desk = self.station.parts[Part.DESK]
        assert isinstance(desk, Desk)
        return desk

    def _get(self, asked: Mapping[str, Any]) -> Taken:
        keys = asked.get("keys") or sorted(PARAMS)
        if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
            return _no("keys is a list of parameter names")
        params = {key: find(key) for key in keys}
        unknown = [f"{key}: no such parameter" for key, param in params.items() if param is None]
        if unknown:
            return _no(*unknown)
        return {
            "ok": True,
            "values": {p.key: self._entry(p) for p in params.values() if p is not None},
        }, []

    def _entry(self, param: Param) -> dict[str, object]:
        value = self.station.configuration.settings.values[param.key]
        return {
            "value": param.show(value),
            "unit": param.unit,
            "allowed": param.kind.allowed,
            "role": param.role.value,
            "effect": param.effect.value,
            "help": param.help,
        }

    def _set(self, asked: Mapping[str, Any]) -> Taken:
        values, role = asked.get("values"), asked.get("role", Role.OPERATOR.value)
        if not isinstance(values, dict) or role not in list(Role):
            return _no("set takes values (an object of key: text) and a role")
        texts = {str(key): str(value) for key, value in values.items()}
        above = [
            f"{key}: role {param.role.value} is needed, this is {role}"
            for key in texts
            if (param := find(key)) is not None
            and _RANK.index(param.role) > _RANK.index(Role(role))
        ]
        if above:
            return _no(*above)
        try:
            messages = self.station.configuration.write(texts)
        except SettingErrors as problem:
            return _no(*problem.messages)
        params = [param for key in texts if (param := find(key)) is not None]
        later = [p.key for p in params if p.effect.value == "restart"]
        return {"ok": True, "restart_needed_for": later}, messages


def _no(*errors: str) -> Taken:
    return {"ok": False, "errors": list(errors)}, []
