"""The certificate of the pages: one of its own, made once, until somebody installs another.

`certificate.pem` and `key.pem` in a folder; who installs his own puts them there.
"""

from __future__ import annotations

import ipaddress
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from firmware.io.unique import put

CERTIFICATE, KEY = "certificate.pem", "key.pem"
LOCAL = ("192.168.123.123", "192.168.124.123", "172.16.23.1", "127.0.0.1")
YEARS = 20  # a box without a clock, which nobody visits
BEGIN = datetime(2020, 1, 1, tzinfo=UTC)


def context(folder: Path, name: str) -> ssl.SSLContext:
    """Return a server's context with the certificate of `folder`; made for `name` if missing."""
    if not (folder / CERTIFICATE).exists() or not (folder / KEY).exists():
        _make(folder, name)
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.load_cert_chain(folder / CERTIFICATE, folder / KEY)
    return made


def _make(folder: Path, name: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])
    names: list[x509.GeneralName] = [x509.DNSName(name), x509.DNSName(f"{name}.local")]
    names += [x509.IPAddress(ipaddress.ip_address(address)) for address in LOCAL]
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(BEGIN)
        .not_valid_after(BEGIN + timedelta(days=365 * YEARS))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    put(folder / KEY, secret.decode(), 0o600)
    put(folder / CERTIFICATE, made.public_bytes(serialization.Encoding.PEM).decode(), 0o644)
