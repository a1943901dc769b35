"""A site of load management on loopback: the shipped machines, keys, broker and buses."""

import asyncio
import socket
from contextlib import asynccontextmanager
from types import SimpleNamespace

from firmware.dlm import wire
from firmware.dlm.claims import Policy
from firmware.dlm.master import Master, Site, lease_of
from firmware.dlm.slave import Slave
from firmware.dlm.tree import Fuse, tree_of
from firmware.io.dlm_broker import BrokerConfig, DlmBroker
from firmware.io.dlm_bus import BusConfig, BusPorts, DlmBus
from firmware.io.dlm_keys import SiteAuthority, keep_unit, signing_request, unit_key
from firmware.io.loop import Runner, loop_ms
from firmware.model.dlm import (
    MasterSeen,
    PointLimited,
    PointState,
    PointTold,
    UnitAnswered,
    UnitAsked,
)

GIVE_UP_S = 30
MASTER = "cellar"
BEACON_S = 1
FUSE_MA, CYCLE_MS = 48_000, 5_000


def free_port():
    """Return a port that nobody listens on now."""
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        return made.getsockname()[1]


def unit_keys(authority, folder, unit):
    """Keep in `folder` what a unit gets by being paired; return the folder."""
    key = unit_key()
    issued = authority.signed(unit, signing_request(key, unit))
    keep_unit(folder, key, unit, issued, authority.pem)
    return folder


class News:
    """Wakes whoever waits for something to come true, whenever anything has happened."""

    def __init__(self):
        self._event = asyncio.Event()

    def note(self):
        """Something has happened."""
        self._event.set()

    async def until(self, condition):
        """Return as soon as it holds; give up late, for a machine that is busy otherwise."""
        async with asyncio.timeout(GIVE_UP_S):
            while not condition():
                self._event.clear()
                await self._event.wait()


class Told(list):
    """Sentences, each of which is news."""

    def __init__(self, news):
        super().__init__()
        self._news = news

    def append(self, why):
        super().append(why)
        self._news.note()


@asynccontextmanager
async def running(*coroutines):
    """Have tasks beside the block, and none after it; one that fails fails the test."""
    tasks = [asyncio.create_task(each) for each in coroutines]
    try:
        yield tasks
    finally:
        for task in tasks:
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(end is None or isinstance(end, asyncio.CancelledError) for end in ends), ends


def site(fuse_ma=FUSE_MA):
    """Return a site of one fuse."""
    tree = tree_of([Fuse("house", (fuse_ma,) * 3)])
    return Site(tree, "house", Policy(), 6_000, lease_of(CYCLE_MS), CYCLE_MS)


class Party:
    """A machine with its bus: what it wished and was told stands in lists."""

    def __init__(self, machine, config, brokers, news):
        loop = asyncio.get_running_loop()
        self.facts, self.told, self.limits_ma = Told(news), Told(news), {}
        self.news = news
        self.bus = DlmBus(
            config, BusPorts(wire, lambda: brokers, self.post, self.told.append, lambda: 0.0)
        )
        self.runner = Runner(machine, self.perform, loop)
        self.seen = MasterSeen(config.unit, 0, machine.epoch) if config.master else None

    async def run(self):
        """Be on the bus; a master shows itself."""
        try:
            self._show()
            await self.bus.run()
        finally:
            self.next.cancel()

    def _show(self):
        if self.seen is not None:
            self.bus.perform(self.seen)
        self.next = asyncio.get_running_loop().call_later(BEACON_S, self._show)

    def post(self, fact):
        self.facts.append(fact)
        self.runner.post(fact)

    def perform(self, wish):
        match wish:
            case PointLimited(point, limit_ma):
                self.limits_ma[point] = limit_ma
                self.news.note()
            case UnitAsked() | UnitAnswered():
                self.bus.perform(wish)

    @property
    def connected(self):
        return self.told[-1:] == [""]


def broker_config(folder, port, keys="master", **more):
    """Return the configuration of a master's broker; below `folder` lie the keys."""
    told = {"unit": MASTER, "network": 0, "address": "127.0.0.1", "port": port} | more
    return BrokerConfig(folder / f"{keys}-broker", folder / keys, **told)


@asynccontextmanager
async def broker(folder, port, news, keys="master"):
    """A broker, up; below `folder` lie the keys."""
    async with running_broker(broker_config(folder, port, keys), news) as made:
        yield made


@asynccontextmanager
async def running_broker(config, news):
    """A broker of this configuration, up."""
    told = Told(news)
    made = DlmBroker(config, told.append)
    async with running(made.run()):
        await news.until(lambda: told[-1:] == [""])
        yield SimpleNamespace(made=made, told=told)


def master(keys, port, news, epoch=1):
    """Return the master's party."""
    machine = Master(MASTER, epoch, site(), (), loop_ms(asyncio.get_running_loop()))
    return Party(machine, BusConfig(MASTER, 0, keys, master=True), [("127.0.0.1", port)], news)


def slave(keys, unit, brokers, news, disconnected_ma=0):
    """Return a unit's party; its car wants 32 A on three phases."""
    machine = Slave(unit, 1, 0, disconnected_ma)
    party = Party(machine, BusConfig(unit, 0, keys), brokers, news)
    wants = PointState(f"{unit}/1", "RST", (0, 1, 2), 32_000, (0, 0, 0), 0)
    party.runner.post(PointTold(wants))
    return party


def authority(folder):
    """Return the authority of a new site."""
    return SiteAuthority(folder, MASTER)
