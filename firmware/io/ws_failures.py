"""What goes wrong with the line to the back end: a cause for machines, a sentence for people.

The sentence says what, where and what to do, and never holds a password.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from websockets.exceptions import (
    ConnectionClosed,
    InvalidHandshake,
    InvalidProxy,
    InvalidProxyStatus,
    InvalidStatus,
    InvalidURI,
    NegotiationError,
    ProxyError,
)

from firmware.io.interfaces import NoInterface
from firmware.model.backend import Loss


@dataclass(frozen=True, slots=True)
class Place:
    """Where we wanted to: what the sentences name."""

    host: str
    subprotocol: str
    open_timeout_s: int
    frame_max_bytes: int
    proxy: str = ""  # its host, without an account

    @property
    def door(self) -> str:
        """Who takes our TCP connection."""
        return f"The proxy {self.proxy}" if self.proxy else self.host


def host_of(url: str | None, otherwise: str) -> str:
    """Return the host of an address."""
    return (urlsplit(url).hostname if url else None) or otherwise


Told = tuple[Loss, str]
_STATUS: dict[int, Told] = {
    401: (Loss.REFUSED, "refuses the password of this station (401)"),
    403: (Loss.REFUSED, "refuses this station (403)"),
    404: (Loss.UNKNOWN, "does not know this station or this path (404)"),
}
_VERIFY: dict[int, Told] = {
    9: (Loss.CERTIFICATE, "is not valid yet; is the clock of the station right?"),
    10: (Loss.CERTIFICATE, "has expired; it must be renewed there"),
    62: (Loss.CERTIFICATE, "was made for another host name; check the address"),
    64: (Loss.CERTIFICATE, "was made for another IP address; check the address"),
}
_UNTRUSTED = (18, 19, 20, 21)
_OLD = ("PROTOCOL_VERSION", "UNSUPPORTED_PROTOCOL", "WRONG_SSL_VERSION")
_CIPHER = ("HANDSHAKE_FAILURE", "INSUFFICIENT_SECURITY", "NO_CIPHERS_AVAILABLE")
_CLIENT = (
    "UNKNOWN_CA", "BAD_CERTIFICATE", "CERTIFICATE_EXPIRED", "CERTIFICATE_UNKNOWN",
    "CERTIFICATE_REQUIRED", "CERTIFICATE_REVOKED", "UNSUPPORTED_CERTIFICATE", "ACCESS_DENIED",
)  # fmt: skip


def told(failure: BaseException, place: Place) -> Told:
    """Return what went wrong as a sentence that an electrician can act on."""
    tls = next((one for one in _causes(failure) if isinstance(one, ssl.SSLError)), None)
    return _tls(tls, place) if tls is not None else _plain(failure, place)


def _causes(failure: BaseException) -> Iterator[BaseException]:
    """Yield a failure and what it came from: a library wraps the alert of the other side."""
    one: BaseException | None = failure
    for _ in range(10):
        if one is None:
            return
        yield one
        one = one.__cause__ or one.__context__


def _plain(failure: BaseException, place: Place) -> Told:
    host = place.host
    match failure:
        case InvalidProxyStatus() if failure.response.status_code == 407:
            return Loss.OTHER, "The proxy refuses its user name or password (407)."
        case InvalidProxyStatus():
            code = failure.response.status_code
            return Loss.OTHER, f"The proxy does not connect us to {host} (HTTP status {code})."
        case InvalidProxy():
            return Loss.OTHER, "The address of the proxy is none; use http://host:port."
        case ProxyError():
            return Loss.OTHER, f"The proxy does not connect us to {host}: {failure}."
        case InvalidStatus():
            code = failure.response.status_code
            cause, words = _STATUS.get(code, (Loss.HTTP, f"answered with HTTP status {code}"))
            return cause, f"{host} {words}."
        case NegotiationError():
            return Loss.HTTP, f"{host} does not speak {place.subprotocol}."
        case InvalidHandshake() | EOFError():
            return Loss.HTTP, f"{host} does not answer as a WebSocket server."
        case InvalidURI():
            return Loss.OTHER, "The address of the back end is no WebSocket address."
        case ConnectionClosed():
            return Loss.OTHER, _closed(failure, place)
        case NoInterface():
            return Loss.INTERFACE, str(failure)
        case socket.gaierror():
            name = place.proxy or host
            return Loss.NAME, f"The name {name} cannot be resolved; check DNS and the address."
        case ConnectionRefusedError():
            return Loss.TCP, f"{place.door} refuses the connection; is the port right?"
        case ConnectionResetError():
            return Loss.TCP, f"{host} broke off while the connection was being made."
        case TimeoutError():
            return Loss.TCP, f"{place.door} did not answer within {place.open_timeout_s} s."
    return Loss.OTHER, f"No connection to {host}: {failure or type(failure).__name__}."


def _tls(failure: ssl.SSLError, place: Place) -> Told:
    host, reason = place.host, getattr(failure, "reason", None) or ""
    if isinstance(failure, ssl.SSLCertVerificationError):
        return _certificate(failure, host)
    if any(word in reason for word in _OLD):
        return Loss.TLS_VERSION, f"{host} offers no TLS 1.2 or newer; it is too old."
    if any(word in reason for word in _CLIENT):
        return Loss.CLIENT, f"{host} refuses the certificate of this station ({reason})."
    if any(word in reason for word in _CIPHER):
        return Loss.TLS_CIPHER, (
            f"{host} takes none of our TLS cipher suites, or wants a certificate of this station."
        )
    if reason in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE"):
        return Loss.TLS, f"{host} does not speak TLS on this port; is it a ws:// address?"
    return Loss.TLS, f"No TLS connection to {host}: {reason or 'handshake failed'}."


def _certificate(failure: ssl.SSLCertVerificationError, host: str) -> Told:
    code = getattr(failure, "verify_code", 0)
    if code in _UNTRUSTED:
        words = "is not signed by a root that this station trusts; install that root"
    else:
        said = getattr(failure, "verify_message", "it cannot be verified")
        words = _VERIFY.get(code, (Loss.CERTIFICATE, f"is refused: {said}"))[1]
    return Loss.CERTIFICATE, f"The certificate of {host} {words}."


def _closed(failure: ConnectionClosed, place: Place) -> str:
    host = place.host
    if failure.sent is not None and failure.sent.code == 1009:
        return f"{host} sent a frame of more than {place.frame_max_bytes // 1024} KiB."
    if failure.sent is not None and failure.sent.code == 1011 and not failure.rcvd_then_sent:
        return f"{host} does not answer pings any more."
    if failure.rcvd is not None:
        words = f"{failure.rcvd.code} {failure.rcvd.reason}".strip()
        return f"{host} closed the connection ({words})."
    return f"The connection to {host} broke off."
