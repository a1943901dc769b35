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

from firmware.dlm import wire
from firmware.dlm.book import UnitRecord
from firmware.dlm.claims import Policy
from firmware.dlm.master import KeepUnit, Master, Site, lease_of
from firmware.dlm.slave import Slave
from firmware.dlm.tree import Fuse, tree_of
from firmware.io.clock import now_ms
from firmware.io.dlm_broker import PORT, BrokerConfig, DlmBroker
from firmware.io.dlm_bus import BusConfig, BusPorts, DlmBus
from firmware.io.dlm_discovery import Announcer, Beacon, Finder
from firmware.io.dlm_keys import site_of
from firmware.io.loop import Runner, loop_ms
from firmware.model.dlm import PointLimited, PointState, PointTold

NETWORK, FUSE_MA, CYCLE_MS = 0, 48_000, 5_000
LEAST_MA, DISCONNECTED_MA, WANTED_MA = 6_000, 6_000, 32_000


class Unit:
    """A slave, and a master beside it where `life` is its epoch too."""

    def __init__(self, name: str, folder: Path, life: int, *, master: bool) -> None:
        loop = asyncio.get_running_loop()
        self.name, self.folder, self.life, self.master = name, folder, life, master
        self.site = site_of(folder)
        self.zeroconf = AsyncZeroconf(ip_version=IPVersion.V4Only)
        self.finder = Finder(self.zeroconf, asyncio.Event())
        ports = BusPorts(wire, self._brokers, self._post, lambda why: _say(bus=why), random.random)
        epoch = life if master else None
        self.bus = DlmBus(BusConfig(name, NETWORK, folder, epoch), ports)
        slave = Slave(name, life, NETWORK, DISCONNECTED_MA)
        self.runners = [Runner(slave, self._perform, loop)]
        if master:
            site = Site(
                tree_of([Fuse("house", (FUSE_MA,) * 3)]), "house", Policy(), LEAST_MA,
                lease_of(CYCLE_MS), CYCLE_MS, NETWORK,
            )  # fmt: skip
            machine = Master(name, life, site, self._records(), loop_ms(loop))
            self.runners.append(Runner(machine, self._perform, loop))

    async def run(self) -> None:
        """Live until this task is cancelled."""
        uses = PointState(f"{self.name}/1", "RST", (0, 1, 2), WANTED_MA, (0, 0, 0), 0)
        self._post(PointTold(uses))
        tasks = [self.bus.run()]
        if self.master:
            config = BrokerConfig(self.folder / "broker", self.folder, self.name, NETWORK)
            tasks.append(DlmBroker(config, lambda why: _say(broker=why)).run())
            beacon = Beacon(self.name, NETWORK, self.life, self.site, "", PORT)
            await Announcer(self.zeroconf, beacon).open()
        else:
            self.finder.open()
        try:
            await asyncio.gather(*tasks)
        finally:
            await self.finder.close()
            await self.zeroconf.async_close()

    def _brokers(self) -> Sequence[tuple[str, int]]:
        if self.master:
            return [("127.0.0.1", PORT)]
        return self.finder.brokers(NETWORK, self.site)

    def _post(self, fact: object) -> None:
        for runner in self.runners:
            runner.post(fact)

    def _perform(self, wish: object) -> None:
        match wish:
            case PointLimited(_, limit_ma):
                _say(limit_ma=limit_ma)
            case KeepUnit(record):
                with (self.folder / "units").open("a") as file:
                    file.write(json.dumps(asdict(record)) + "\n")
            case _:
                self.bus.perform(wish)

    def _records(self) -> list[UnitRecord]:
        file = self.folder / "units"
        if not file.exists():
            return []
        told = [json.loads(line) for line in file.read_text().splitlines()]
        return [
            UnitRecord(
                row["unit"], row["fuse"], row["disconnected_ma"], tuple(map(tuple, row["most_ma"]))
            )
            for row in told
        ]


def _say(**words: object) -> None:
    print(json.dumps({"at_ms": now_ms(), **words}), flush=True)


async def _live(args: argparse.Namespace) -> None:
    task = asyncio.ensure_future(Unit(args.name, args.folder, args.life, master=args.master).run())
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    with suppress(asyncio.CancelledError):
        await task


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tools.measure.lan_unit", description=__doc__)
    parser.add_argument("name")
    parser.add_argument("folder", type=Path)
    parser.add_argument("life", type=int, help="counts its starts; of a master also its epoch")
    parser.add_argument("--master", action="store_true")
    asyncio.run(_live(parser.parse_args()))
