"""TLS towards the back end: one context from what the parameters ask for.

TLS 1.2 or newer, no compression, the cipher suites of the OCPP security whitepaper. How much of
the server's certificate is checked is the parameter `ocpp_ssl_strictness_client`; nothing else
here loosens anything.
"""

from __future__ import annotations

import hashlib
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

STRICTNESS = (
    "encrypt_only", "allow_expired_skip_host", "skip_host", "allow_expired", "normal_ssl_auth",
)  # fmt: skip
# [whitepaper A00.FR.319] the ECDHE-ECDSA pair and the TLS_RSA pair; ECDHE-RSA is what most
# servers have. Python's own list has no TLS_RSA suites. Those of TLS 1.3 are OpenSSL's.
CIPHERS = ":".join((
    "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-AES128-GCM-SHA256",
    "AES256-GCM-SHA384", "AES128-GCM-SHA256",
))  # fmt: skip
NO_CHECK_TIME = 0x200000  # X509_V_FLAG_NO_CHECK_TIME of OpenSSL; Python has no name for it
_DER = 2  # _ssl.ENCODING_DER
NOT_YET_VALID = 9  # X509_V_ERR_CERT_NOT_YET_VALID


@dataclass(frozen=True, slots=True)
class TlsConfig:
    """What the server must show, and what we show: PEM texts, and a file with key and chain."""

    strictness: str = "normal_ssl_auth"
    roots: tuple[str, ...] = ()
    system_roots: bool = True
    client: Path | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Shown:
    """What the station's store gives to a connection: installed roots, and its own file."""

    roots: tuple[str, ...] = ()
    client: Path | None = None


def client_context(config: TlsConfig) -> ssl.SSLContext:
    """Return the context of one connection; raise `OSError` where a file cannot be used."""
    assert config.strictness in STRICTNESS, config.strictness
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_COMPRESSION
    context.set_ciphers(CIPHERS)
    context.hostname_checks_common_name = True  # [A00.FR.308] the name stands in the CN
    _trust(context, config)
    if config.client is not None:
        context.load_cert_chain(config.client)
    return context


def _trust(context: ssl.SSLContext, config: TlsConfig) -> None:
    if "host" in config.strictness or config.strictness == "encrypt_only":
        context.check_hostname = False
    if config.strictness == "encrypt_only":
        context.verify_mode = ssl.CERT_NONE
        return
    if config.strictness.startswith("allow_expired"):
        context.verify_flags |= NO_CHECK_TIME
        context.sslobject_class = _Begun  # the flag would let pass what is not valid yet, too
    if config.system_roots:
        context.load_default_certs()
    for root in config.roots:
        context.load_verify_locations(cadata=root)


class _Begun(ssl.SSLObject):
    """A handshake that refuses a server certificate whose time has not come yet."""

    def do_handshake(self) -> None:
        """Shake hands, then look at the one date that OpenSSL was told not to look at."""
        super().do_handshake()
        _refuse_unbegun(self.getpeercert() or {})


def refuse_unbegun(config: TlsConfig, shown: Mapping[str, Any]) -> None:
    """Do after a handshake of a plain socket what the context does for an asyncio connection."""
    if config.strictness.startswith("allow_expired"):
        _refuse_unbegun(shown)


def _refuse_unbegun(shown: Mapping[str, Any]) -> None:
    begins = shown.get("notBefore")
    if isinstance(begins, str) and ssl.cert_time_to_seconds(begins) > time.time():
        refusal = ssl.SSLCertVerificationError("certificate is not yet valid")
        refusal.verify_code = NOT_YET_VALID
        refusal.verify_message = "certificate is not yet valid"
        raise refusal


def anchor_of(tls: ssl.SSLObject | None) -> str:
    """Return the SHA-256 of the root on which a connection stands; empty where unknown."""
    if tls is None or tls.context.verify_mode == ssl.CERT_NONE:
        return ""
    # public since Python 3.13; before, the same stands one step inside
    inner: Any = tls if hasattr(tls, "get_verified_chain") else getattr(tls, "_sslobj", None)
    chain = inner.get_verified_chain() if hasattr(inner, "get_verified_chain") else ()
    if not chain:
        return ""
    root = chain[-1]  # bytes since Python 3.13, an object of its own kind before
    der = root if isinstance(root, bytes) else root.public_bytes(_DER)
    return hashlib.sha256(der).hexdigest()
