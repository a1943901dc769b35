"""Three stations in a LAN: the link of one is cut and mended, the master is killed and is back.

Each is a process in a network namespace of its own, behind a bridge in a fourth; they find each
other by multicast DNS and talk over the real broker. It needs root, iproute2 and mosquitto.
Times are monotonic, from just before the blow to the stamp of what came into force.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from firmware.io.clock import now_ms
from firmware.io.dlm_keys import SiteAuthority, keep_unit, signing_request, unit_key
from tools.measure.lan_unit import DISCONNECTED_MA, FUSE_MA

MASTER, CUT, OTHER = "cellar", "garage", "yard"
NAMES = (MASTER, CUT, OTHER)
SWITCH = "lan"
WAIT_S = 120.0
_SHARE_MA = FUSE_MA // 3
_MORE_MA = (FUSE_MA - DISCONNECTED_MA) // 2
Say = Callable[[str], None]


class NoLan(Exception):
    """This machine cannot play a LAN; the text says why."""


@dataclass(slots=True)
class Station:
    """A process and what it has told, with the last limit in force."""

    name: str
    process: Process
    limit_ma: int = -1
    at_ms: int = 0
    reading: asyncio.Task[None] | None = None


@dataclass(slots=True)
class Lan:
    """Namespaces, and the stations in them."""

    folder: Path
    tag: str = field(default_factory=lambda: f"psdlm{os.getpid()}")
    names: list[str] = field(default_factory=list)  # of the namespaces
    stations: dict[str, Station] = field(default_factory=dict)
    lives: dict[str, int] = field(default_factory=dict)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def build(self) -> None:
        """Put up a switch, and a cable from it to a namespace for each station."""
        middle = self.add(SWITCH)
        ip("-n", middle, "link", "add", "bridge", "type", "bridge")
        ip("-n", middle, "link", "set", "bridge", "up")
        for number, name in enumerate(NAMES):
            self.add(name)
            self.join(name, SWITCH, f"10.77.0.{number + 1}/24")
            ip("-n", middle, "link", "set", name, "master", "bridge")

    def add(self, name: str) -> str:
        """Make a namespace; return what the kernel calls it."""
        ip("netns", "add", self.space(name))
        self.names.append(name)
        ip("-n", self.space(name), "link", "set", "lo", "up")
        return self.space(name)

    def join(self, name: str, middle: str, address: str) -> None:
        """Lay a cable: `eth0` with this address here, in the middle a port of this name."""
        here, there = self.space(name), self.space(middle)
        ip("-n", there, "link", "add", name, "type", "veth", "peer", "eth0", "netns", here)
        ip("-n", here, "addr", "add", address, "dev", "eth0")
        ip("-n", there, "link", "set", name, "up")
        ip("-n", here, "link", "set", "eth0", "up")

    def space(self, name: str) -> str:
        """Return the namespace of a station."""
        return f"{self.tag}-{name}"

    def cable(self, name: str, state: str) -> None:
        """Pull a station's cable out of the switch (`down`), or put it in (`up`)."""
        ip("-n", self.space(SWITCH), "link", "set", name, state)

    async def start(self, name: str, *more: str) -> None:
        """Start a station, with more arguments of `lan_unit`."""
        self.lives[name] = self.lives.get(name, 0) + 1
        process = await asyncio.create_subprocess_exec(
            "ip", "netns", "exec", self.space(name), sys.executable, "-m",
            "tools.measure.lan_unit", name, str(self.folder / name), str(self.lives[name]),
            *(["--master"] if name == MASTER else []), *more, stdout=PIPE, stderr=DEVNULL,
        )  # fmt: skip
        station = self.stations[name] = Station(name, process)
        station.reading = asyncio.create_task(self._read(station))

    async def _read(self, station: Station) -> None:
        assert station.process.stdout is not None
        async for line in station.process.stdout:
            told = json.loads(line)
            if "limit_ma" in told:
                station.limit_ma, station.at_ms = told["limit_ma"], told["at_ms"]
                self.news.set()

    async def when(self, limits_ma: dict[str, int]) -> int:
        """Return when the last of these limits came into force; raise `TimeoutError`."""
        async with asyncio.timeout(WAIT_S):
            while any(self.stations[name].limit_ma != ma for name, ma in limits_ma.items()):
                self.news.clear()
                await self.news.wait()
        return max(self.stations[name].at_ms for name in limits_ma)

    async def clear(self) -> None:
        """End everything and take it down."""
        for station in self.stations.values():
            with suppress(ProcessLookupError):
                station.process.terminate()
            await station.process.wait()
        for name in self.names:
            left = subprocess.run(
                ["ip", "netns", "pids", self.space(name)], capture_output=True, text=True
            )
            for pid in left.stdout.split():  # a broker that outlived its master
                with suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)
            subprocess.run(["ip", "netns", "del", self.space(name)], capture_output=True)


def check() -> None:
    """Raise `NoLan` where this machine cannot play one."""
    if os.geteuid() != 0:
        raise NoLan("namespaces of the network are made by root")
    for program, package in (("ip", "iproute2"), ("mosquitto", "mosquitto")):
        if shutil.which(program) is None:
            raise NoLan(f"{program} not found; `apt-get install {package}` mends that")


async def measure(say: Say) -> dict[str, int]:
    """Return ms for each thing that happens; raise `NoLan`."""
    check()
    with TemporaryDirectory(prefix="powerstation-") as folder:
        pair(Path(folder), CUT, OTHER)
        lan = Lan(Path(folder))
        try:
            lan.build()
            say("three stations in a LAN, a cable cut, the master killed, about two minutes")
            return await _played(lan)
        finally:
            await lan.clear()


async def _played(lan: Lan) -> dict[str, int]:
    taken: dict[str, int] = {}

    async def until(what: str, limits_ma: dict[str, int], since_ms: int) -> None:
        taken[what] = await lan.when(limits_ma) - since_ms

    shares = dict.fromkeys(NAMES, _SHARE_MA)
    begun_ms = now_ms()
    for name in NAMES:
        await lan.start(name)
    await until("start: three shares", shares, begun_ms)
    begun_ms = now_ms()
    lan.cable(CUT, "down")
    await until(
        "cable cut: that station at the disconnected limit", {CUT: DISCONNECTED_MA}, begun_ms
    )
    await until(
        "cable cut: the others have the rest", {MASTER: _MORE_MA, OTHER: _MORE_MA}, begun_ms
    )
    begun_ms = now_ms()
    lan.cable(CUT, "up")
    await until("cable back: three shares", shares, begun_ms)
    begun_ms = now_ms()
    lan.stations[MASTER].process.kill()
    fallen = {CUT: DISCONNECTED_MA, OTHER: DISCONNECTED_MA}
    await until("master killed: two stations at the disconnected limit", fallen, begun_ms)
    begun_ms = now_ms()
    await lan.start(MASTER)
    await until("master back: three shares", shares, begun_ms)
    return taken


def pair(folder: Path, *names: str) -> None:
    """Make a site, and keep below `folder` what the master and these units hold of it."""
    authority = SiteAuthority(folder / MASTER, MASTER)
    for name in names:
        key = unit_key()
        issued = authority.signed(name, signing_request(key, name))
        keep_unit(folder / name, key, name, issued, authority.pem)


def ip(*words: str) -> None:
    """Run `ip`; raise `NoLan`."""
    done = subprocess.run(["ip", *words], capture_output=True, text=True)
    if done.returncode:
        raise NoLan(f"ip {' '.join(words)}: {done.stderr.strip()}")
