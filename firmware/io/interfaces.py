"""A TCP connection over one network interface, whatever the routes say; the own networks.

The names of interfaces differ from system to system; they are known by how they begin. The
kernel does the binding (SO_BINDTODEVICE), which needs no privilege for a socket of one's own.
"""

from __future__ import annotations

import asyncio
import fcntl
import ipaddress
import socket
import struct
from collections.abc import Iterator
from contextlib import suppress

BEGINNINGS = {
    "ethernet": ("eth", "en"),
    "wlan": ("wlan", "wl"),
    "gsm": ("wwan", "ppp", "usb"),
    "loopback": ("lo",),  # of tests
}


_ADDRESS, _NETMASK = 0x8915, 0x891B  # SIOCGIFADDR, SIOCGIFNETMASK [netdevice(7)]


class NoInterface(OSError):
    """There is no interface of this kind; the text is a sentence."""


def at_home(host: str) -> bool:
    """Tell whether a host is this machine itself: no interface leads there."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def interface_of(kind: str) -> str:
    """Return the first interface of a kind; raise `NoInterface`."""
    beginnings = BEGINNINGS[kind]
    names = [name for _, name in sorted(socket.if_nameindex())]
    for beginning in beginnings:
        for name in names:
            if name.startswith(beginning):
                return name
    raise NoInterface(
        f"There is no {kind} interface (a name that begins with {' or '.join(beginnings)}); "
        "backend_connection_type chooses another."
    )


def own_networks() -> Iterator[str]:
    """Yield the first address of each interface that has one, as address/netmask."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        for _, name in socket.if_nameindex():
            ask = struct.pack("256s", name.encode())
            with suppress(OSError):  # it has no address
                parts = [fcntl.ioctl(line, what, ask)[20:24] for what in (_ADDRESS, _NETMASK)]
                yield "/".join(map(socket.inet_ntoa, parts))


async def connected_over(kind: str, host: str, port: int) -> socket.socket:
    """Return a connected socket that is bound to the interface; raise `OSError`."""
    name = interface_of(kind)
    loop = asyncio.get_running_loop()
    addresses = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    failure: OSError = OSError(f"{host} has no address")
    for family, sort, protocol, _, address in addresses:
        made = socket.socket(family, sort, protocol)
        try:
            made.setblocking(False)
            made.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, name.encode() + b"\0")
            await loop.sock_connect(made, address)
        except BaseException as problem:
            with suppress(OSError):
                made.close()
            if not isinstance(problem, OSError):
                raise
            failure = problem
        else:
            return made
    raise failure
