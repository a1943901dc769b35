"""The way to a file server: its address, the socket, TLS, and the bounds of it all.

TLS is checked as towards the back end. The station itself and its link-local neighbours are no
file servers: nobody may use the station to look at what only it can reach. No sentence that is
told holds an address's name or password.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from firmware.io.tls import TlsConfig, client_context, refuse_unbegun
from firmware.model.transfers import Trouble

PORTS = {"ftp": 21, "ftps": 21, "http": 80, "https": 443}
ADDRESSES_MAX = 4  # of one host that are tried
BLOCK_BYTES = 65_536


class TransferFailed(Exception):
    """A file could not be moved; the text is a sentence for people."""

    def __init__(self, sentence: str, trouble: Trouble = Trouble.OTHER) -> None:
        super().__init__(sentence)
        self.trouble = trouble


@dataclass(frozen=True, slots=True)
class Bounds:
    """How long and how much at most."""

    silence_s: float = 30
    upload_s: float = 900
    download_s: float = 3_600
    firmware_bytes: int = 512 << 20
    space_bytes: int = 32 << 20  # that stays free on the disk


@dataclass(frozen=True, slots=True)
class Line:
    """What connections may be and must show."""

    tls: TlsConfig = field(default_factory=TlsConfig)
    loopback: bool = False  # only where the whole world is simulated


@dataclass(frozen=True, slots=True)
class Address:
    """A location, taken apart."""

    scheme: str
    host: str
    port: int
    path: str  # with the query; percent signs as they came
    name: str = field(default="", repr=False)
    password: str = field(default="", repr=False)

    @property
    def encrypted(self) -> bool:
        """TLS is spoken."""
        return self.scheme in ("ftps", "https")


def address_of(url: str) -> Address:
    """Take a location apart; raise `TransferFailed` for one that cannot be used."""
    if " " in url or any(ord(c) < 32 or ord(c) == 127 for c in unquote(url)):
        raise TransferFailed("the location has spaces or control characters", Trouble.BAD_ADDRESS)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise TransferFailed("the location is no URL", Trouble.BAD_ADDRESS) from None
    scheme = parts.scheme.lower()
    if scheme not in PORTS:
        sentence = f"the location's scheme is none of {', '.join(PORTS)}"
        raise TransferFailed(sentence, Trouble.NOT_SUPPORTED)
    if not parts.hostname:
        raise TransferFailed("the location has no host", Trouble.BAD_ADDRESS)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    name, password = unquote(parts.username or ""), unquote(parts.password or "")
    return Address(scheme, parts.hostname, port or PORTS[scheme], path, name, password)


class Watch:
    """The deadline of one transfer, and the way to end it from another thread.

    What is stopped is shut down by a second handle of the socket, so that whoever is reading or
    writing wakes up.
    """

    def __init__(self, limit_s: float) -> None:
        self._lock = threading.Lock()
        self._spares: list[socket.socket] = []
        self._timer = threading.Timer(limit_s, self.stop, (f"it took longer than {limit_s:g} s",))
        self._timer.daemon = True
        self.why = ""

    def hold(self, line: socket.socket) -> None:
        """Have this socket end with the watch."""
        with self._lock:
            self._spares.append(socket.socket(fileno=os.dup(line.fileno())))
        if self.why:
            self._shut()

    def stop(self, why: str) -> None:
        """End the transfer."""
        self.why = self.why or why
        self._shut()

    def _shut(self) -> None:
        with self._lock:
            for spare in self._spares:
                with suppress(OSError):
                    spare.shutdown(socket.SHUT_RDWR)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Count from here; whatever fails within is told as one `TransferFailed`."""
        self._timer.start()
        try:
            yield
        except TransferFailed:
            if self.why:
                raise TransferFailed(self.why) from None
            raise
        except TimeoutError:
            raise TransferFailed(self.why or "the server has fallen silent") from None
        except ssl.SSLCertVerificationError as problem:
            raise TransferFailed(f"TLS: {problem.verify_message}") from None
        except (OSError, EOFError, ValueError) as problem:
            words = getattr(problem, "strerror", None) or type(problem).__name__
            raise TransferFailed(self.why or f"it broke off: {words}") from None
        finally:
            self._timer.cancel()
            with self._lock:
                for spare in self._spares:
                    spare.close()
                self._spares.clear()


def resolved(address: Address, line: Line) -> list[str]:
    """Return the numbers of a host that may be connected to."""
    try:
        found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise TransferFailed(f"the host {address.host} is not known") from None
    numbers = list(dict.fromkeys(str(one[4][0]) for one in found))
    allowed = [n for n in numbers if line.loopback or _elsewhere(n)]
    if not allowed:
        sentence = f"{address.host} is the station itself or a link-local address"
        raise TransferFailed(sentence, Trouble.BAD_ADDRESS)
    return allowed[:ADDRESSES_MAX]


def connected(address: Address, line: Line, watch: Watch, silence_s: float) -> socket.socket:
    """Return an open socket to the host, without TLS yet."""
    problem: OSError | None = None
    for number in resolved(address, line):
        try:
            raw = socket.create_connection((number, address.port), silence_s)
        except OSError as failure:
            problem = failure
            continue
        watch.hold(raw)
        return raw
    words = getattr(problem, "strerror", None) or "no answer"
    raise TransferFailed(f"{address.host}:{address.port} cannot be reached: {words}")


def encrypted(raw: socket.socket, address: Address, line: Line) -> ssl.SSLSocket:
    """Return the socket after the handshake."""
    tls = client_context(line.tls).wrap_socket(raw, server_hostname=address.host)
    refuse_unbegun(line.tls, tls.getpeercert() or {})
    return tls


def _elsewhere(number: str) -> bool:
    known = ipaddress.ip_address(number.partition("%")[0])
    if isinstance(known, ipaddress.IPv6Address) and known.ipv4_mapped is not None:
        known = known.ipv4_mapped
    here = known.is_loopback or known.is_link_local or known.is_unspecified
    return not here and not known.is_multicast
