"""The link of load management as the parameters want it: broker, bus, beacons, joining by a code.

Nothing of it keeps anybody safe and nothing of it is needed to charge: what cannot be opened is
told in a sentence and tried again.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zeroconf import IPVersion
from zeroconf.asyncio import AsyncZeroconf

from firmware.dlm import wire
from firmware.dlm.core import MASTERS, OFF
from firmware.io.dlm_broker import BrokerConfig, DlmBroker
from firmware.io.dlm_bus import BusConfig, BusPorts, DlmBus
from firmware.io.dlm_discovery import Announcer, Beacon, Finder
from firmware.io.dlm_keys import BadRequest, SiteAuthority, site_of
from firmware.io.dlm_pairing import NotPairing, PairingConfig, PairingDesk, pair
from firmware.io.interfaces import own_networks
from firmware.io.loop import loop_ms
from firmware.model.dlm import (
    AnnounceMaster,
    BusTold,
    FoundMaster,
    MastersFound,
    OpenPairing,
    PairingOpened,
    PairingTold,
    PairWith,
    Say,
    UnitAsked,
)
from firmware.model.settings import Settings

AGAIN_S = 10  # interfaces come and go without telling
Post = Callable[[object], None]


@dataclass(frozen=True, slots=True)
class Place:
    """Which unit this is, and where its keys lie."""

    unit: str
    state: Path

    @property
    def keys(self) -> Path:
        """The keys of the site."""
        return self.state / "dlm"

    @property
    def second_keys(self) -> Path:
        """The keys that the second master issues, as the first one issues those of the site."""
        return self.state / "dlm-second"


class LoadLink:
    """What performs the wishes of load management; `tasks` run as long as the station.

    Each of the two masters that a site may have runs a broker with an authority of its own, and is
    a unit at the other one's; every other station is a unit at both.
    """

    def __init__(self, settings: Settings, place: Place, post: Post) -> None:
        self.mode, self.place, self._post = settings.text("dlm_mode"), place, post
        self.network, self.port = settings.number("dlm_network_id"), settings.number("dlm_port")
        fixed = settings.text("dlm_master_address") if self.mode == "slave_fixed_ip" else ""
        self._fixed = (fixed, settings.text("dlm_standby_address"))
        self._loop = asyncio.get_running_loop()
        self._hidden = settings.flag("dlm_disable_discovery")
        self._folders = (place.keys, place.second_keys)
        self._own: int | None = None  # which of the two masters is here
        two = settings.flag("dlm_standby")
        if self.mode in MASTERS or (self.mode != OFF and two):
            self._own = 0 if self.mode in MASTERS else 1
        self._epoch = 0
        self._changed = asyncio.Event()  # what is announced, or what is found
        self._finder: Finder | None = None
        self._jobs: set[asyncio.Task[None]] = set()
        self._desk: PairingDesk | None = None
        self._broker: DlmBroker | None = None
        if self._own is not None:
            self._lead(self._folders[self._own])
        self._sites = [site_of(folder) for folder in self._folders]
        both = two or (self._own is None and bool(self._sites[1]))
        self._buses = {side: self._bus(side) for side in ((0, 1) if both else (0,))}

    def tasks(self) -> list[Coroutine[Any, Any, None]]:
        """Return what has to run."""
        if self.mode == OFF:
            return []
        running = [self._discover(), *(bus.run() for bus in self._buses.values())]
        return [*running, self._broker.run()] if self._broker is not None else running

    def perform(self, wish: object) -> None:
        """Carry out one wish."""
        match wish:
            case Say(UnitAsked() as word):
                for side, bus in self._buses.items():
                    if side != self._own:
                        bus.perform(word)
            case Say(word) if self._own is not None:
                self._buses[self._own].perform(word)
            case AnnounceMaster(epoch):
                self._epoch = epoch
                self._changed.set()
            case OpenPairing():
                self._do(self._open_pairing())
            case PairWith():
                self._do(self._pair(wish))

    def close(self) -> None:
        """Let nobody join any more."""
        if self._desk is not None:
            self._desk.close()
        for job in self._jobs:
            job.cancel()

    def brokers(self, side: int = 0) -> Sequence[tuple[str, int]]:
        """Return the addresses at which this unit looks for the broker of the one or the other."""
        if side == self._own:
            return [("127.0.0.1", self.port)]
        if self._fixed[side]:
            host, _, port = self._fixed[side].rpartition(":")
            return [(host, int(port))]
        if self._finder is None or not self._sites[side]:
            return ()
        return self._finder.brokers(self.network, self._sites[side])

    def beacon(self) -> Beacon | None:
        """Return what this station shows of its master; None where it shows nothing."""
        if self._desk is None or self._own is None or self._hidden:
            return None
        return Beacon(
            self.place.unit, self.network, self._epoch, self._sites[self._own], "", self.port,
            self._desk.port,
        )  # fmt: skip

    # -- inside -----------------------------------------------------------------------------

    def _bus(self, side: int) -> DlmBus:
        told = self._told("bus" if side == 0 else "bus to the second master")
        ports = BusPorts(wire, lambda: self.brokers(side), self._post, told, random.random)
        config = BusConfig(
            self.place.unit, self.network, self._folders[side], master=side == self._own
        )
        return DlmBus(config, ports)

    def _lead(self, keys: Path) -> None:
        place = self.place
        try:
            authority = SiteAuthority(keys, place.unit)
        except (OSError, ValueError) as why:
            problem = BusTold("broker", f"the keys of the site cannot be kept: {why}")
            self._loop.call_soon(self._post, problem)
            return
        self._desk = PairingDesk(authority, keys, self._desk_told, self._loop.time)
        self._broker = DlmBroker(
            BrokerConfig(place.state / "broker", keys, place.unit, self.network, port=self.port),
            self._told("broker"),
        )

    def _told(self, part: str) -> Callable[[str], None]:
        return lambda why: self._post(BusTold(part, why))

    def _do(self, job: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(job)
        self._jobs.add(task)
        task.add_done_callback(self._jobs.discard)

    # -- finding each other -----------------------------------------------------------------

    async def _discover(self) -> None:
        """Watch for masters and show this one, on whatever interfaces there are."""
        told = self._told("discovery")
        while True:
            zeroconf = None
            try:
                zeroconf = AsyncZeroconf(ip_version=IPVersion.V4Only)
                await self._watch(zeroconf)
            except (OSError, RuntimeError) as why:
                told(f"masters cannot be found by multicast: {why}")
                await asyncio.sleep(AGAIN_S)
            finally:
                self._finder = None
                if zeroconf is not None:
                    await zeroconf.async_close()

    async def _watch(self, zeroconf: AsyncZeroconf) -> None:
        told = self._told("discovery")
        self._finder = finder = Finder(zeroconf, self._changed)
        finder.open()
        announcer: Announcer | None = None
        networks = sorted(own_networks())
        try:
            while True:
                beacon = self.beacon()
                if beacon is not None and announcer is None:
                    announcer = Announcer(zeroconf, beacon)
                    await announcer.open()
                elif beacon is not None and announcer is not None:
                    await announcer.tell(beacon)
                told("")
                self._post(MastersFound(self._others(finder)))
                await self._news()
                if networks != sorted(own_networks()):
                    return  # begin anew on the interfaces that there are now
        finally:
            await finder.close()

    def _others(self, finder: Finder) -> tuple[FoundMaster, ...]:
        ours = self._sites if self._own is not None else ()
        return tuple(
            FoundMaster(
                one.master, one.network, one.epoch, one.host, one.pairing_port, one.site in ours
            )
            for one in finder.found
        )

    async def _news(self) -> None:
        """Wait for news, or until it is time to look at the interfaces."""
        try:
            async with asyncio.timeout(AGAIN_S):
                await self._changed.wait()
        except TimeoutError:
            return
        self._changed.clear()

    # -- joining ----------------------------------------------------------------------------

    async def _open_pairing(self) -> None:
        if self._desk is None:
            return
        try:
            code = await self._desk.open(port=self.port + 1)
        except OSError as why:
            self._post(PairingTold(f"nobody can join: port {self.port + 1} is not free ({why})"))
            return
        self._changed.set()
        self._post(PairingOpened(code, loop_ms(self._loop) + self._desk.left_ms))

    def _desk_told(self, text: str) -> None:
        good = self._desk is not None and self._desk.left_ms > 0
        self._post(PairingTold(text, open=good))

    async def _pair(self, wish: PairWith) -> None:
        side = int(wish.second)
        folder = self._folders[side]
        config = PairingConfig(wish.host, wish.port, self.place.unit, folder)
        try:
            await pair(config, wish.code)
        except (NotPairing, BadRequest, OSError) as why:
            self._post(PairingTold(f"this station has not joined: {why}"))
            return
        self._sites[side] = site_of(folder)
        if side not in self._buses:
            self._buses[side] = self._bus(side)
            self._do(self._buses[side].run())
        self._post(PairingTold(f"this station has joined the site of {wish.host}", paired=True))
