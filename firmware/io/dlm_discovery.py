"""Finding the master of load management in the LAN, by multicast DNS (zeroconf).

Whoever is in the LAN can announce anything. So what is found is an address to try and no more:
the certificate that is shown there decides, and the epoch of a master counts only when its
broker tells it. Who floods the LAN with beacons can hide the master from those that look for it;
a fixed address does not need any of this.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ifaddr import get_adapters
from zeroconf import IPVersion, ServiceStateChange, Zeroconf
from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

from firmware.model.dlm import UNIT_NAME

SERVICE = "_pwrstation-dlm._tcp.local."  # [RFC 6335 5.1] at most 15 letters
ASK_MS = 3_000
FOUND_MAX = 32  # announcements kept
TRIED_MAX = 8
_DIGEST_LETTERS = 64


@dataclass(frozen=True, slots=True)
class Beacon:
    """What a master announces, and what it says of itself; nobody has proved any of it."""

    master: str
    network: int
    epoch: int
    site: str  # SHA-256 of the site's authority
    host: str
    port: int
    pairing_port: int = 0


class Announcer:
    """A master's beacon; it lives as long as it is not closed."""

    def __init__(self, zeroconf: AsyncZeroconf, beacon: Beacon) -> None:
        """An empty `host` of the beacon: every address of this machine."""
        self._zeroconf, self._beacon = zeroconf, beacon
        self._info = self._made()

    async def open(self) -> None:
        """Announce it; another one of the same name gets another name."""
        await self._zeroconf.async_register_service(self._info, allow_name_change=True)

    async def tell(self, beacon: Beacon) -> None:
        """Announce another beacon in its place, if it is another one."""
        if beacon != self._beacon:
            self._beacon = beacon
            self._info = self._made(self._info.name)
            await self._zeroconf.async_update_service(self._info)

    async def close(self) -> None:
        """Take it back."""
        await self._zeroconf.async_unregister_service(self._info)

    def _made(self, name: str = "") -> AsyncServiceInfo:
        beacon = self._beacon
        label = beacon.master.replace(".", "-").replace("_", "-")[:58]
        hosts = [beacon.host] if beacon.host else _own_addresses()
        told = {
            "v": "1", "network": str(beacon.network), "master": beacon.master,
            "epoch": str(beacon.epoch), "site": beacon.site, "pair": str(beacon.pairing_port),
        }  # fmt: skip
        return AsyncServiceInfo(
            SERVICE, name or f"{label}-{beacon.network}.{SERVICE}", beacon.port,
            properties=told, server=f"dlm-{label}.local.", parsed_addresses=hosts,
        )  # fmt: skip


class Finder:
    """Watches for beacons; `found` is what is announced now."""

    def __init__(self, zeroconf: AsyncZeroconf, changed: asyncio.Event) -> None:
        """`changed` is set whenever a beacon has come, gone or changed."""
        self._zeroconf, self.changed = zeroconf, changed
        self._found: dict[str, Beacon] = {}
        self._asking: set[asyncio.Task[None]] = set()
        self._browser: AsyncServiceBrowser | None = None

    def open(self) -> None:
        """Begin to watch."""
        self._browser = AsyncServiceBrowser(
            self._zeroconf.zeroconf, SERVICE, handlers=[self._changed]
        )

    @property
    def found(self) -> tuple[Beacon, ...]:
        """Every beacon, for people who pair."""
        return tuple(self._found.values())

    def brokers(self, network: int, site: str) -> Sequence[tuple[str, int]]:
        """Return addresses to try, the highest epoch first: of this network id and this site."""
        ours = [b for b in self._found.values() if b.network == network and b.site == site]
        ours.sort(key=lambda beacon: -beacon.epoch)
        return [(beacon.host, beacon.port) for beacon in ours[:TRIED_MAX]]

    def others(self, network: int, master: str) -> tuple[Beacon, ...]:
        """Return the beacons of other masters with the same network id. [B-DLM-05]"""
        return tuple(b for b in self.found if b.network == network and b.master != master)

    async def close(self) -> None:
        """Watch no longer."""
        if self._browser is not None:
            await self._browser.async_cancel()
        for task in self._asking:
            task.cancel()

    def _changed(
        self, zeroconf: Zeroconf, service_type: str, name: str, state_change: ServiceStateChange
    ) -> None:
        if state_change is ServiceStateChange.Removed:
            self._found.pop(name, None)
            self.changed.set()
        elif name in self._found or len(self._found) + len(self._asking) < FOUND_MAX:
            task = asyncio.get_running_loop().create_task(self._ask(name))
            self._asking.add(task)
            task.add_done_callback(self._asking.discard)

    async def _ask(self, name: str) -> None:
        info = AsyncServiceInfo(SERVICE, name)
        if await info.async_request(self._zeroconf.zeroconf, ASK_MS):
            beacon = read(info)
            if beacon is not None:
                self._found[name] = beacon
                self.changed.set()


def read(info: Any) -> Beacon | None:
    """Return what a beacon says, None where it is not one of ours."""
    told = {key: value or "" for key, value in info.decoded_properties.items()}
    hosts = info.parsed_addresses(IPVersion.V4Only)
    master, site = told.get("master", ""), told.get("site", "")
    network, epoch = _whole(told, "network", 255), _whole(told, "epoch", 1 << 53)
    pairing = _whole(told, "pair", 65_535)
    if told.get("v") != "1" or not hosts or not info.port:
        return None
    if not UNIT_NAME.fullmatch(master) or len(site) != _DIGEST_LETTERS:
        return None
    if network is None or epoch is None or pairing is None:
        return None
    return Beacon(master, network, epoch, site, hosts[0], info.port, pairing)


def _whole(told: dict[str, str], name: str, most: int) -> int | None:
    text = told.get(name, "")
    if not text.isascii() or not text.isdecimal() or len(text) > 16 or int(text) > most:
        return None
    return int(text)


def _own_addresses() -> list[str]:
    """Return the IPv4 addresses that others may reach."""
    addresses = (str(ip.ip) for adapter in get_adapters() for ip in adapter.ips if ip.is_IPv4)
    return [address for address in addresses if not address.startswith("127.")]
