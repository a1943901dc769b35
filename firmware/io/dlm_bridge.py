"""A second broker of a site, for units that the master's broker does not reach: the bridge.

The second broker has an authority of its own, with which its units are paired, and is itself
paired with the master as a unit: what falls into wrong hands there can lie to its own units and
about them, never to or about others. Towards the master go questions only, from there answers
and the master's beacon only, so nothing can circle. To the master's broker the bridge is the
unit of its certificate and no more; which other units it may speak for stands there, one by one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from firmware.io.dlm_keys import UNIT
from firmware.model.dlm import MAX_FRAME_BYTES, UNIT_NAME

HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,252}")  # a name or an IPv4 address
KEEPALIVE_S = 5  # the least that mosquitto takes
SHORTEST_PAUSE_S, LONGEST_PAUSE_S = 1, 15


@dataclass(frozen=True, slots=True)
class Bridge:
    """At the upper broker: the unit whose station bridges, and the units behind it."""

    name: str
    units: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Uplink:
    """At the lower broker: where the upper one is; in `keys` is what it issued by pairing."""

    host: str
    port: int
    keys: Path


def bridge_rights(bridges: Sequence[Bridge], master: str, network: int) -> str:
    """Return what bridges may do besides what they may as units; raise `ValueError`."""
    names = [master, *(unit for bridge in bridges for unit in bridge.units)]
    for number, name in enumerate(names):
        if not UNIT_NAME.fullmatch(name):
            raise ValueError(f"{name!r} cannot name a unit behind a bridge")
        if name in names[:number]:
            raise ValueError(f"{name} is the master's own unit, or stands behind two bridges")
    return "".join(line + "\n" for bridge in bridges for line in _lines(bridge, network))


def _lines(bridge: Bridge, network: int) -> Iterator[str]:
    assert UNIT_NAME.fullmatch(bridge.name), f"{bridge.name!r} cannot name a unit"
    yield f"user {bridge.name}"
    for unit in bridge.units:
        yield f"topic write dlm/{network}/ask/{unit}"
        yield f"topic read dlm/{network}/answer/{unit}"


def uplink_settings(uplink: Uplink, unit: str, network: int, root: Path) -> str:
    """Return what mosquitto's configuration says of the bridge; `root` is the upper authority.

    The upper broker's name is not looked at, as in `dlm_keys.bus_context`: it may have any
    address, and nobody else of its authority can prove a server.
    """
    assert HOST.fullmatch(uplink.host), f"{uplink.host!r} is no name and no IPv4 address"
    return f"""\
connection uplink
address {uplink.host}:{uplink.port}
remote_clientid {unit}
bridge_protocol_version mqttv311
try_private false
notifications false
cleansession true
keepalive_interval {KEEPALIVE_S}
restart_timeout {SHORTEST_PAUSE_S} {LONGEST_PAUSE_S}
bridge_max_packet_size {MAX_FRAME_BYTES + 1_024}
bridge_cafile {root}
bridge_certfile {uplink.keys / UNIT}
bridge_keyfile {uplink.keys / UNIT}
bridge_insecure true
topic dlm/{network}/ask/+ out 0
topic dlm/{network}/answer/+ in 0
topic dlm/{network}/master in 0
"""
