"""A site with two masters in a LAN: the first is killed, the second leads, the first is back.

Three stations of the processes that ship, as in `lan`. It needs root, iproute2 and mosquitto.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from firmware.io.clock import now_ms
from tools.measure.lan import (
    CUT,
    DISCONNECTED_MA,
    FUSE_MA,
    MASTER,
    NAMES,
    OTHER,
    Lan,
    Say,
    check,
    pair,
)

SECOND = CUT
SHARE_MA, LEFT_MA = FUSE_MA // 3, (FUSE_MA - 2 * DISCONNECTED_MA) // 2
START, KILLED, LED, BACK = (
    "start: three shares", "first master killed: the two others at the disconnected limit",
    "the second leads: two shares of what the dark station leaves", "first back: three shares",
)  # fmt: skip


async def measure(say: Say) -> dict[str, int]:
    """Return ms for each thing that happens; raise `NoLan`."""
    check()
    with TemporaryDirectory(prefix="powerstation-") as folder:
        pair(Path(folder), SECOND, OTHER)
        pair(Path(folder), MASTER, OTHER, master=SECOND, second=True)
        lan = Lan(Path(folder))
        try:
            lan.build()
            say("three stations, two of them masters, the first killed; about two minutes")
            return await _played(lan)
        finally:
            await lan.clear()


async def _played(lan: Lan) -> dict[str, int]:
    taken: dict[str, int] = {}
    begun_ms = now_ms()
    await lan.start(MASTER, "master_internal_slave", dlm_standby="on")
    await lan.start(SECOND, "slave_auto_discovery", dlm_standby="on")
    await lan.start(OTHER, "slave_auto_discovery")
    taken[START] = await lan.when(dict.fromkeys(NAMES, SHARE_MA)) - begun_ms
    begun_ms = now_ms()
    lan.signal(MASTER, 9)
    left = (SECOND, OTHER)
    taken[KILLED] = await lan.when(dict.fromkeys(left, DISCONNECTED_MA)) - begun_ms
    taken[LED] = await lan.when(dict.fromkeys(left, LEFT_MA)) - begun_ms
    begun_ms = now_ms()
    await lan.start(MASTER, "master_internal_slave", dlm_standby="on")
    taken[BACK] = await lan.when(dict.fromkeys(NAMES, SHARE_MA)) - begun_ms
    return taken
