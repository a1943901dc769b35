"""Three stations in a LAN: a cable is cut, the master killed, the house's meter rises and is mute.

Each station is the processes that ship, over the mock board, in a network namespace of its own
behind a switch; they find each other by multicast DNS and talk over the real broker. The meter is a
Modbus server in a namespace of its own. It needs root, iproute2 and mosquitto. Times are monotonic,
from just before the blow to when the permit for the last station was logged.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from firmware.apps.load_link import Place
from firmware.apps.waking import UNIT
from firmware.io.clock import now_ms
from firmware.io.dlm_keys import SiteAuthority, keep_unit, signing_request, unit_key
from firmware.io.sqlite import Database
from firmware.model.storage import PutNote
from firmware.storage import rows, schema

MASTER, CUT, OTHER = "cellar", "garage", "yard"
NAMES = (MASTER, CUT, OTHER)
SWITCH = "lan"
WAIT_S = 120.0
FUSE_A, LEAST_A, WANTED_A = 48, 6, 32
FUSE_MA, DISCONNECTED_MA, WANTED_MA = 1_000 * FUSE_A, 1_000 * LEAST_A, 1_000 * WANTED_A
METER, METER_AT = "meter", "10.77.0.9"
HOUSE_A, RISEN_A, FALLBACK_A, MAIN_A = 10, 33, 39, 63  # 48, 30 and 24 A are left of the last
_SHARE_MA = FUSE_MA // 3
_MORE_MA = (FUSE_MA - 2 * DISCONNECTED_MA) // 2  # a station has two outlets
SITE = {
    "free_charging": "on",
    "free_charging_mode": "no_ocpp",
    "maximum_current_1": f"{WANTED_A}",
    "operator_current_limit_1": f"{WANTED_A}",
    "dlm_sample_rate": "5",
    "dlm_evse_subdistribution_limit": f"{FUSE_A}/{FUSE_A}/{FUSE_A}",
    "dlm_operator_evse_subdistribution_limit": f"{FUSE_A}/{FUSE_A}/{FUSE_A}",
    "dlm_minimum_current_limit": f"{LEAST_A}",
    "dlm_disconnected_limit": f"{LEAST_A}",
}
HOUSE = {
    "dlm_external_meter_support": "on",
    "meter2_type": "siemens_7km2200_tcp",
    "meter2_ip": METER_AT,
    "dlm_external_meter_location": "excluding_evse",
    "dlm_main_distribution_limit": f"{MAIN_A}/{MAIN_A}/{MAIN_A}",
    "dlm_external_load_fallback": f"{FALLBACK_A}/{FALLBACK_A}/{FALLBACK_A}",
}
_GIVEN = re.compile(rb"event=GivePermit .*outlet=1 limit_ma=(\d+)")
_READY = re.compile(rb'\{"ready".*?\}\}')
_ENDED = re.compile(rb"event=EndPermit .*outlet=1 ")
Say = Callable[[str], None]


class NoLan(Exception):
    """This machine cannot play a LAN; the text says why."""


@dataclass(slots=True)
class Station:
    """The processes of a station, with the last limit that its first outlet was given."""

    name: str
    process: Process
    ready: asyncio.Future[dict[str, Any]]
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

    async def start(self, name: str, mode: str, **settings: str) -> None:
        """Start a station with a car that wants all it can get; it is ready afterwards."""
        sets = {**SITE, "dlm_mode": mode, **settings}
        process = await self.run(
            name, "firmware.apps.run", "--board", "boards/mock.toml", "--state",
            str(self.folder / name), *(f"--set={key}={value}" for key, value in sets.items()),
        )  # fmt: skip
        ready = asyncio.get_running_loop().create_future()
        station = self.stations[name] = Station(name, process, ready)
        station.reading = asyncio.create_task(self._read(station))
        async with asyncio.timeout(WAIT_S):
            bench = (await ready)["bench"]
        for verb in (
            {"do": "plug", "outlet": 1, "cable_ma": WANTED_MA},
            {"do": "car", "outlet": 1},
        ):
            plugging = await self.run(name, "tools.measure.verb", bench, json.dumps(verb))
            await plugging.communicate()

    async def run(self, name: str, module: str, *words: str) -> Process:
        """Run a module in a namespace."""
        return await asyncio.create_subprocess_exec(
            "ip", "netns", "exec", self.space(name), sys.executable, "-m", module, *words,
            stdin=PIPE, stdout=PIPE, stderr=STDOUT,
        )  # fmt: skip

    def signal(self, name: str, number: int) -> None:
        """Send a signal to all processes in a namespace at once, to a master's broker too."""
        for pid in self._pids(name):
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def _pids(self, name: str) -> list[int]:
        words = ["ip", "netns", "pids", self.space(name)]
        return [*map(int, subprocess.run(words, capture_output=True, text=True).stdout.split())]

    async def _read(self, station: Station) -> None:
        assert station.process.stdout is not None
        async for line in station.process.stdout:
            told = _READY.search(line)  # processes share the pipe: a line may begin before it
            if told and not station.ready.done():
                station.ready.set_result(json.loads(told[0]))
            given, ended = _GIVEN.search(line), _ENDED.search(line)
            if given or ended:
                station.limit_ma = int(given[1]) if given else 0
                station.at_ms = now_ms()
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
        for name in self.names:
            self.signal(name, signal.SIGKILL)
        for station in self.stations.values():
            await station.process.wait()
        for name in self.names:
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
            lan.add(METER)
            lan.join(METER, SWITCH, f"{METER_AT}/24")
            ip("-n", lan.space(SWITCH), "link", "set", METER, "master", "bridge")
            say("three stations and a meter in a LAN: a cable cut, the master killed, the house "
                "rises, its meter mute; about three minutes")  # fmt: skip
            return await _played(lan)
        finally:
            await lan.clear()


async def _played(lan: Lan) -> dict[str, int]:
    taken: dict[str, int] = {}

    async def until(what: str, limits_ma: dict[str, int], since_ms: int) -> None:
        taken[what] = await lan.when(limits_ma) - since_ms

    shares = dict.fromkeys(NAMES, _SHARE_MA)
    meter = await _meter(lan)
    begun_ms = now_ms()
    for name in NAMES:
        await _start(lan, name)
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
    await _show(meter, RISEN_A)
    await until("house risen, overload: all lowered", _thirds(MAIN_A - RISEN_A), begun_ms)
    begun_ms = now_ms()
    await _show(meter, HOUSE_A)
    await until("house as before: three shares", shares, begun_ms)
    begun_ms = now_ms()
    lan.signal(METER, signal.SIGSTOP)
    await until(
        "meter mute: all at what its fallback leaves", _thirds(MAIN_A - FALLBACK_A), begun_ms
    )
    begun_ms = now_ms()
    lan.signal(METER, signal.SIGCONT)
    await until("meter answers: three shares", shares, begun_ms)
    begun_ms = now_ms()
    lan.signal(MASTER, signal.SIGKILL)
    fallen = {CUT: DISCONNECTED_MA, OTHER: DISCONNECTED_MA}
    await until("master killed: two stations at the disconnected limit", fallen, begun_ms)
    begun_ms = now_ms()
    await _start(lan, MASTER)
    await until("master back: three shares", shares, begun_ms)
    return taken


def _thirds(amps: int) -> dict[str, int]:
    return dict.fromkeys(NAMES, 1_000 * (amps // 3))


async def _start(lan: Lan, name: str) -> None:
    if name == MASTER:
        await lan.start(name, "master_internal_slave", **HOUSE)
    else:
        await lan.start(name, "slave_auto_discovery")


async def _meter(lan: Lan) -> Process:
    words = ("--map", "pac2200", "--at", f"{METER_AT}:502", "--follow")
    meter = await lan.run(METER, "tools.meters", *words)
    assert meter.stdout is not None
    await meter.stdout.readline()  # it listens
    await _show(meter, HOUSE_A)
    return meter


async def _show(meter: Process, amps: int) -> None:
    assert meter.stdin is not None
    meter.stdin.write(f"{amps},{amps},{amps}\n".encode())
    await meter.stdin.drain()


def pair(folder: Path, *names: str, master: str = MASTER, second: bool = False) -> None:
    """Make a site: below `folder` each station has its name, and the keys that it holds."""

    def keys(name: str) -> Path:
        place = _named(folder, name)
        return place.second_keys if second else place.keys

    authority = SiteAuthority(keys(master), master)
    for name in names:
        key = unit_key()
        issued = authority.signed(name, signing_request(key, name))
        keep_unit(keys(name), key, name, issued, authority.pem)


def _named(folder: Path, name: str) -> Place:
    place = Place(name, folder / name)
    place.state.mkdir(exist_ok=True)
    database = Database(place.state / "station.db", schema.MIGRATIONS)
    database.apply(rows.statements(PutNote(UNIT, name)))
    database.close()
    return place


def ip(*words: str) -> None:
    """Run `ip`; raise `NoLan`."""
    done = subprocess.run(["ip", *words], capture_output=True, text=True)
    if done.returncode:
        raise NoLan(f"ip {' '.join(words)}: {done.stderr.strip()}")
