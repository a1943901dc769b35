"""A side of `links` as a process: the master with its broker, or all the units.

Each line that comes in is a command, and is answered by one line of JSON; the end of the input
ends it. Times are monotonic ms.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import socket
import sys
import time
from pathlib import Path
from typing import Any

from firmware.dlm import wire
from firmware.dlm.claims import Policy
from firmware.dlm.master import Master, Site, lease_of
from firmware.dlm.slave import Slave
from firmware.dlm.tree import Fuse, tree_of
from firmware.io.dlm_broker import BrokerConfig, DlmBroker
from firmware.io.dlm_bus import BusConfig, BusPorts, DlmBus
from firmware.io.loop import Runner, loop_ms
from firmware.model.dlm import (
    MasterSeen,
    PointLimited,
    PointState,
    PointTold,
    SiteRoomChanged,
    UnitAnswered,
    UnitAsked,
    UnitRecord,
)

NETWORK, HERE, BEACON_S = 0, "127.0.0.1", 1
MASTER, HOUSE = "cellar", "house"
EACH_MA = 16_000  # what the house has for each unit
WANTED_MA, LEAST_MA, CYCLE_MS, PER_FUSE = 32_000, 6_000, 10_000, 25


def site(count: int) -> Site:
    """Return a site of so many units: a house, and behind it a fuse for each 25."""
    fuses = [Fuse(HOUSE, (count * EACH_MA,) * 3)]
    fuses += [Fuse(f"F{n}", (PER_FUSE * EACH_MA,) * 3, HOUSE) for n in range(-(-count // PER_FUSE))]
    return Site(tree_of(fuses), HOUSE, Policy(), LEAST_MA, lease_of(CYCLE_MS), CYCLE_MS)


def records(count: int) -> list[UnitRecord]:
    """Return where each unit hangs."""
    return [
        UnitRecord(name(n), f"F{n // PER_FUSE}", LEAST_MA, ((f"{name(n)}/1", WANTED_MA),))
        for n in range(count)
    ]


def name(number: int) -> str:
    """Return the name of a unit."""
    return f"u{number:04}"


def car(unit: str) -> PointTold:
    """Return a car on three phases that wants all."""
    drawn_ma = (0, 0, 0)
    return PointTold(PointState(f"{unit}/1", "RST", (0, 1, 2), WANTED_MA, drawn_ma, 0))


def room_of(each_ma: int, count: int) -> SiteRoomChanged:
    """Return what the meter leaves the cars, when that is so much for each unit."""
    return SiteRoomChanged(((HOUSE, (each_ma * count,) * 3),))


class MasterSide:
    """The master's machine, bus and broker."""

    def __init__(self, folder: Path, count: int) -> None:
        loop, keys = asyncio.get_running_loop(), folder / MASTER
        self.count, self.port, self.up = count, _free_port(), asyncio.Event()
        config = BrokerConfig(keys / "broker", keys, MASTER, NETWORK, HERE, self.port)
        self.broker = DlmBroker(config, self._broker_told)
        ports = BusPorts(wire, lambda: [(HERE, self.port)], self._post, lambda _: None, _chance)
        self.bus = DlmBus(BusConfig(MASTER, NETWORK, keys, master=True), ports)
        machine = Master(MASTER, 1, site(count), records(count), loop_ms(loop))
        self.runner = Runner(machine, self._perform, loop)

    async def run(self) -> None:
        """Serve until the input ends."""
        tasks = [asyncio.create_task(self.broker.run())]
        await self.up.wait()
        tasks += [asyncio.create_task(each) for each in (self.bus.run(), self._show())]
        _say({"port": self.port})
        async for words in _commands():
            match words:
                case ["pids"]:
                    assert self.broker.process is not None
                    _say({"master": os.getpid(), "broker": self.broker.process.pid})
                case ["each", each_ma]:
                    begun_ms = _now_ms()
                    self.runner.post(room_of(int(each_ma), self.count))
                    _say(begun_ms)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _show(self) -> None:
        while True:
            self.bus.perform(MasterSeen(MASTER, NETWORK, 1))
            await asyncio.sleep(BEACON_S)

    def _broker_told(self, why: str) -> None:
        if not why:
            self.up.set()

    def _post(self, fact: object) -> None:
        self.runner.post(fact)

    def _perform(self, wish: object) -> None:
        if isinstance(wish, UnitAnswered):
            self.bus.perform(wish)


class Units:
    """All units, with a bus each."""

    def __init__(self, folder: Path, count: int, port: int) -> None:
        self.limits_ma: dict[str, int] = {}
        self.changed_ms = 0.0
        self.changed = asyncio.Event()
        self.answers_ms: list[float] = []
        self.asked_ms: dict[tuple[str, int], float] = {}
        self.buses = [self._unit(folder, name(n), port) for n in range(count)]

    def _unit(self, folder: Path, unit: str, port: int) -> DlmBus:
        runner: Runner

        def post(fact: object) -> None:
            if isinstance(fact, UnitAnswered):
                began_ms = self.asked_ms.pop((unit, fact.number), None)
                if began_ms is not None:
                    self.answers_ms.append(_now_ms() - began_ms)
            runner.post(fact)

        def perform(wish: object) -> None:
            match wish:
                case PointLimited(_, limit_ma):
                    self.limits_ma[unit], self.changed_ms = limit_ma, _now_ms()
                    self.changed.set()
                case UnitAsked():
                    self.asked_ms[unit, wish.number] = _now_ms()
                    bus.perform(wish)

        ports = BusPorts(wire, lambda: [(HERE, port)], post, lambda _: None, _chance)
        bus = DlmBus(BusConfig(unit, NETWORK, folder / unit), ports)
        loop = asyncio.get_running_loop()
        runner = Runner(Slave(unit, 1, NETWORK, LEAST_MA), perform, loop)
        runner.post(car(unit))
        return bus

    async def run(self) -> None:
        """Serve until the input ends."""
        tasks = [asyncio.create_task(bus.run()) for bus in self.buses]
        async for words in _commands():
            match words:
                case ["answers"]:
                    _say(self.answers_ms)
                    self.answers_ms = []
                case ["until", each_ma]:
                    while set(self.limits_ma.values()) != {int(each_ma)}:
                        self.changed.clear()
                        await self.changed.wait()
                    _say(self.changed_ms)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _commands() -> Any:
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        yield line.decode().split()


def _say(content: object) -> None:
    print(json.dumps(content), flush=True)


def _now_ms() -> float:
    return time.monotonic() * 1_000


def _chance() -> float:
    return random.random()


def _free_port() -> int:
    with socket.socket() as made:
        made.bind((HERE, 0))
        port: int = made.getsockname()[1]
    return port


async def _main(role: str, folder: Path, *numbers: int) -> None:
    await (MasterSide if role == "master" else Units)(folder, *numbers).run()


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], Path(sys.argv[2]), *map(int, sys.argv[3:])))
