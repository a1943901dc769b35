"""A station in another subnet than its master, at a fixed address: the route is cut and mended.

Both are the processes that ship, each station in a network namespace of its own; a third between
them forwards. It needs
root, iproute2 and mosquitto. Times are monotonic, from just before the blow to the stamp of what
came into force.
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from firmware.io.clock import now_ms
from firmware.io.dlm_broker import PORT
from tools.measure.lan import (
    DISCONNECTED_MA,
    FUSE_MA,
    MASTER,
    WANTED_MA,
    Lan,
    NoLan,
    Say,
    check,
    ip,
    pair,
)

FAR, ROUTER = "annex", "router"
SUBNETS = {MASTER: "10.77.1", FAR: "10.77.2"}
SHARE_MA = FUSE_MA // 2
START, CUT, LEFT, BACK = (
    "start: two shares", "route cut: the far station at the disconnected limit",
    "route cut: the other has all it wants", "route back: two shares",
)  # fmt: skip


def build(lan: Lan) -> None:
    """Put up two subnets and the router between them."""
    router = lan.add(ROUTER)
    for name, subnet in SUBNETS.items():
        here = lan.add(name)
        lan.join(name, ROUTER, f"{subnet}.2/24")
        ip("-n", router, "addr", "add", f"{subnet}.1/24", "dev", name)
        ip("-n", here, "route", "add", "default", "via", f"{subnet}.1")
    forward(lan, True)


def forward(lan: Lan, on: bool) -> None:
    """Let the router forward, or drop without a word what comes."""
    write = f"echo {int(on)} > /proc/sys/net/ipv4/ip_forward"
    words = ["ip", "netns", "exec", lan.space(ROUTER), "sh", "-c", write]
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode:
        raise NoLan(f"{write}: {done.stderr.strip()}")


async def measure(say: Say) -> dict[str, int]:
    """Return ms for each thing that happens; raise `NoLan`."""
    check()
    with TemporaryDirectory(prefix="powerstation-") as folder:
        pair(Path(folder), FAR)
        lan = Lan(Path(folder))
        try:
            build(lan)
            say("two stations in two subnets, the route cut and mended, about half a minute")
            return await _played(lan)
        finally:
            await lan.clear()


async def _played(lan: Lan) -> dict[str, int]:
    taken: dict[str, int] = {}
    shares = {MASTER: SHARE_MA, FAR: SHARE_MA}
    begun_ms = now_ms()
    await lan.start(MASTER, "master_internal_slave")
    address = f"{SUBNETS[MASTER]}.2:{PORT}"
    await lan.start(FAR, "slave_fixed_ip", dlm_master_address=address)
    taken[START] = await lan.when(shares) - begun_ms
    begun_ms = now_ms()
    forward(lan, False)
    taken[CUT] = await lan.when({FAR: DISCONNECTED_MA}) - begun_ms
    taken[LEFT] = await lan.when({MASTER: WANTED_MA}) - begun_ms
    begun_ms = now_ms()
    forward(lan, True)
    taken[BACK] = await lan.when(shares) - begun_ms
    return taken
