"""One unit of load management as a process, for `lan`: the shipped machines, bus and discovery.

What comes into force and what the bus says goes out as JSON lines with monotonic ms. A master
keeps its list of units beside its keys.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import signal
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from zeroconf import IPVersion
from zeroconf.asyncio import AsyncZeroconf

from firmware.config.registry import changed, defaults
from firmware.dlm import wire
from firmware.dlm.core import EPOCH, LoadManagement
from firmware.io.clock import now_ms
from firmware.io.dlm_broker import PORT, BrokerConfig, DlmBroker
from firmware.io.dlm_bus import BusConfig, BusPorts, DlmBus
from firmware.io.dlm_discovery import Announcer, Beacon, Finder
from firmware.io.dlm_keys import site_of
from firmware.io.loop import Runner
from firmware.model.dlm import KeepUnit, Say, UnitRecord
from firmware.model.machine import TICK
from firmware.model.session import EnergyWanted
from firmware.model.storage import Memory
from firmware.model.values import LimitSet, OwnLimitChanged

NETWORK, FUSE_A, LEAST_A, WANTED_MA = 0, 48, 6, 32_000
FUSE_MA, DISCONNECTED_MA = 1_000 * FUSE_A, 1_000 * LEAST_A
SITE = {
    "dlm_sample_rate": "5",
    "dlm_evse_subdistribution_limit": f"{FUSE_A}/{FUSE_A}/{FUSE_A}",
    "dlm_operator_evse_subdistribution_limit": f"{FUSE_A}/{FUSE_A}/{FUSE_A}",
    "dlm_minimum_current_limit": f"{LEAST_A}",
    "dlm_disconnected_limit": f"{LEAST_A}",
}


class Unit:
    """Load management of a station with one outlet whose car wants all it can get."""

    def __init__(
        self, name: str, folder: Path, life: int, *, master: bool = False, fixed: str = ""
    ) -> None:
        """`fixed` is the broker's host and port; without it a slave looks for one."""
        self.name, self.folder, self.life, self.master = name, folder, life, master
        self.site = site_of(folder)
        self.zeroconf = AsyncZeroconf(ip_version=IPVersion.V4Only)
        self.finder = Finder(self.zeroconf, asyncio.Event())
        self.fixed = fixed
        settings = changed(
            defaults(), {**SITE, "dlm_mode": self._mode(), "dlm_master_address": fixed}
        )
        memory = Memory(life, notes={EPOCH: str(life)}, units=tuple(self._records()))
        machine = LoadManagement(settings, memory, name, (1,))
        self.runner = Runner(machine, self._perform, asyncio.get_running_loop())
        ports = BusPorts(
            wire, self._brokers, self.runner.post, lambda why: _say(bus=why), random.random
        )
        self.bus = DlmBus(BusConfig(name, NETWORK, folder, master), ports)

    async def run(self) -> None:
        """Live until this task is cancelled."""
        for fact in (TICK, OwnLimitChanged(1, WANTED_MA), EnergyWanted(1, True, "a car")):
            self.runner.post(fact)
        tasks = [self.bus.run()]
        if self.master:
            config = BrokerConfig(self.folder / "broker", self.folder, self.name, NETWORK)
            tasks.append(DlmBroker(config, lambda why: _say(broker=why)).run())
            beacon = Beacon(self.name, NETWORK, self.life, self.site, "", PORT)
            await Announcer(self.zeroconf, beacon).open()
        elif not self.fixed:
            self.finder.open()
        try:
            await asyncio.gather(*tasks)
        finally:
            await self.finder.close()
            await self.zeroconf.async_close()

    def _mode(self) -> str:
        if self.master:
            return "master_internal_slave"
        return "slave_fixed_ip" if self.fixed else "slave_auto_discovery"

    def _brokers(self) -> Sequence[tuple[str, int]]:
        if self.master:
            return [("127.0.0.1", PORT)]
        if self.fixed:
            host, _, port = self.fixed.partition(":")
            return [(host, int(port))]
        return self.finder.brokers(NETWORK, self.site)

    def _perform(self, wish: object) -> None:
        match wish:
            case LimitSet(_, limit):
                _say(limit_ma=limit.limit_ma)
            case KeepUnit(record):
                with (self.folder / "units").open("a") as file:
                    file.write(json.dumps(asdict(record)) + "\n")
            case Say(word):
                self.bus.perform(word)

    def _records(self) -> list[UnitRecord]:
        file = self.folder / "units"
        if not file.exists():
            return []
        told = [json.loads(line) for line in file.read_text().splitlines()]
        return [
            UnitRecord(
                row["unit"],
                row["fuse"],
                row["disconnected_ma"],
                tuple(map(tuple, row["most_ma"])),
                tuple(map(tuple, row["rotations"])),
                row["label"],
            )
            for row in told
        ]


def _say(**words: object) -> None:
    print(json.dumps({"at_ms": now_ms(), **words}), flush=True)


async def _live(args: argparse.Namespace) -> None:
    unit = Unit(args.name, args.folder, args.life, master=args.master, fixed=args.broker)
    task = asyncio.ensure_future(unit.run())
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    with suppress(asyncio.CancelledError):
        await task


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tools.measure.lan_unit", description=__doc__)
    parser.add_argument("name")
    parser.add_argument("folder", type=Path)
    parser.add_argument("life", type=int, help="counts its starts; of a master also its epoch")
    parser.add_argument("--master", action="store_true")
    parser.add_argument("--broker", default="", help="HOST:PORT of it, instead of looking")
    asyncio.run(_live(parser.parse_args()))
