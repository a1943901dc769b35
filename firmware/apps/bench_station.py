"""A real station on a bench: it runs its own units, and we are its back end.

A story's settings go over the station's control socket where it is on this machine, else by OCPP
ChangeConfiguration; afterwards they are as they were.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from ocpp.exceptions import OCPPError  # type: ignore[import-untyped, unused-ignore]

from firmware.apps.bench_client import BenchClient, Refused
from firmware.apps.real_player import COMMON_SETTINGS, CannotPlay
from firmware.config.registry import find
from firmware.io.control import ask_station
from firmware.sim.backend import Backend
from firmware.sim.story import Act, Story

CONNECT_S = 180.0  # a station may wait between two attempts
RESTART_S = 120.0
REST_S = 30.0
# what ends what an act began, at the same outlet or of the same name
UNDO: Mapping[str, tuple[dict[str, object], ...]] = {
    "residual": ({"dc_ma": 0, "ac_ma": 0},),
    "contactor": ({"weld": False}, {"stuck_open": False}),
    "lock": ({"jam": False}, {"missing": False}),
    "input": ({"active": False},),
    "meter": ({"silent": False},),
}
NEAR = {"duty": 1.0, "current": 0.5}  # % and A: what a breadboard measures


class Settings(Protocol):
    """The settings of a station, by the keys of the catalogue."""

    async def get(self, keys: list[str]) -> dict[str, str]:
        """Return the values of those keys that the station has."""

    async def set(self, key: str, value: str) -> bool:
        """Change one; tell whether it acts after a restart only. Raise `CannotPlay`."""


class LocalSettings:
    """Over the control socket of a station on this machine."""

    def __init__(self, state: Path) -> None:
        self._state = state

    async def get(self, keys: list[str]) -> dict[str, str]:
        """Return the values."""
        answer = await self._ask({"do": "get", "keys": keys})
        found = {find(key): key for key in keys}
        values: dict[str, Any] = answer.get("values", {})
        return {name: values[p.key]["value"] for p, name in found.items() if p and p.key in values}

    async def set(self, key: str, value: str) -> bool:
        """Change one."""
        answer = await self._ask({"do": "set", "values": {key: value}, "role": "manufacturer"})
        if not answer.get("ok"):
            reasons = "; ".join(answer.get("errors", ["refused"]))
            raise CannotPlay(f"the station does not take {key}={value}: {reasons}")
        return bool(answer["restart_needed_for"])

    async def _ask(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        return await asyncio.to_thread(ask_station, self._state, asked)


class RemoteSettings:
    """By OCPP; a setting that has no key there cannot be had."""

    def __init__(self, backend: Backend, identity: str) -> None:
        self._backend = backend
        self._identity = identity

    async def get(self, keys: list[str]) -> dict[str, str]:
        """Return the values."""
        names = {ocpp_key(key): key for key in keys}
        answer = await self._backend.get_configuration(self._identity, *names)
        values = answer["values"].items()
        return {names[n]: str(v) for n, v in values if n in names and v is not None}

    async def set(self, key: str, value: str) -> bool:
        """Change one."""
        asked = self._backend.change_configuration(self._identity, ocpp_key(key), value)
        status = await asked
        if status not in ("Accepted", "RebootRequired"):
            raise CannotPlay(f"the station does not take {key}={value} by OCPP: {status}")
        return status == "RebootRequired"


def ocpp_key(key: str) -> str:
    """Return the OCPP name of a key of the catalogue, or what follows `ocpp:`."""
    param = find(key)
    return key.removeprefix("ocpp:") if param is None else param.ocpp_key


async def _unplugged(bench: BenchClient) -> None:
    """Leave nothing in the sockets."""
    for outlet in (await bench.do("look"))["outlets"]:
        if outlet["pp_ohm"] is not None:
            with contextlib.suppress(Refused):
                await bench.do("unplug", outlet=outlet["outlet"], force=True)


class BenchStation:
    """What `RealPlayer` wants to know of the station on the bench."""

    def __init__(self, at: str, csms: str, identity: str, state: Path | None) -> None:
        self.at = at
        self.csms = csms
        self.identity = identity
        self.state = state
        self.near: Mapping[str, float] = NEAR
        self.same_clock = False
        self.connect_s = CONNECT_S
        self.rest_s = REST_S
        self._listening = False
        self._before: dict[str, str] = {}
        self._settings: Settings | None = None

    async def bench(self, story: Story, backend: Backend) -> str:
        """Nothing to start: the box is there."""
        return self.at

    async def ready(self, story: Story, backend: Backend, bench: BenchClient) -> None:
        """Listen, wait for the station to rest, and give it the story's settings."""
        if not self._listening:
            host, _, port = self.csms.rpartition(":")
            await backend.start(host, int(port))
            self._listening = True
        await self._connected(backend)
        await _unplugged(bench)
        await self._at_rest(backend, (await bench.do("rig"))["outlets"])
        remote = RemoteSettings(backend, self.identity)
        self._settings = remote if self.state is None else LocalSettings(self.state)
        wanted = COMMON_SETTINGS | story.settings
        before = await self._settings.get(list(wanted))
        restart = False
        for key, value in wanted.items():
            if before.get(key) == value:
                continue
            try:
                restart |= await self._settings.set(key, value)
                self._before[key] = before.get(key, "")
            except CannotPlay:
                if key in story.settings:
                    raise
        if restart:
            await self._restart(backend)

    async def end(self, story: Story, backend: Backend, bench: BenchClient) -> None:
        """Undo what the story did, and put the settings back."""
        gone = (Refused, OSError, TimeoutError)
        with contextlib.suppress(*gone):
            for act in (step for step in story.steps if isinstance(step, Act)):
                where = {k: v for k, v in act.arguments.items() if k in ("outlet", "name")}
                for undone in UNDO.get(act.verb, ()):
                    with contextlib.suppress(Refused):
                        await bench.do(act.verb, **where, **undone)
            await _unplugged(bench)
        before, self._before = self._before, {}
        for key, value in before.items():
            with contextlib.suppress(*gone, CannotPlay, OCPPError):
                assert self._settings is not None
                await self._settings.set(key, value)

    async def _connected(self, backend: Backend) -> None:
        def booted() -> bool:
            names = [self.identity] if self.identity else list(backend.ledgers)
            there = [n for n in names if backend.connected(n) and backend.ledger(n).boots]
            self.identity = there[0] if there else self.identity
            return bool(there)

        try:
            await asyncio.wait_for(backend.until(booted), self.connect_s)
        except TimeoutError as problem:
            who = self.identity or "no station"
            text = f"{who} did not connect to ws://{self.csms} within {self.connect_s:g} s"
            advice = "point it there with ocpp_ws_url=ws://THIS-MACHINE:PORT/ocpp"
            raise OSError(f"{text}; {advice}") from problem

    async def _at_rest(self, backend: Backend, outlets: list[int]) -> None:
        """Wait until the station calls every outlet of the bench available."""
        statuses = backend.ledger(self.identity).statuses

        def busy() -> list[str]:
            told = {n: statuses.get(n, {}).get("status", "unknown") for n in outlets}
            return [f"outlet {n} is {what}" for n, what in told.items() if what != "Available"]

        try:
            await asyncio.wait_for(backend.until(lambda: not busy()), self.rest_s)
        except TimeoutError as problem:
            text = f"with nothing plugged in, {' and '.join(busy())}"
            raise OSError(f"{text}; see `powerstation faults` on the station") from problem

    async def _restart(self, backend: Backend) -> None:
        boots = backend.ledger(self.identity).boots
        count = len(boots)
        await backend.reset(self.identity, "Soft")
        try:
            await asyncio.wait_for(backend.until(lambda: len(boots) > count), RESTART_S)
        except TimeoutError as problem:
            raise OSError(f"{self.identity} did not boot again within {RESTART_S:g} s") from problem
