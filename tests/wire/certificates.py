"""Certificates made at test time, and TLS servers that show them."""

import socket
import ssl
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from ipaddress import ip_address
from threading import Thread

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

NOW = (datetime(2020, 1, 1, tzinfo=UTC), datetime(2099, 1, 1, tzinfo=UTC))
PAST = (datetime(2020, 1, 1, tzinfo=UTC), datetime(2021, 1, 1, tzinfo=UTC))
FUTURE = (datetime(2098, 1, 1, tzinfo=UTC), datetime(2099, 1, 1, tzinfo=UTC))
LONG_AGO = (datetime(2019, 1, 1, tzinfo=UTC), datetime(2099, 1, 1, tzinfo=UTC))


def subject(cn, organisation=None):
    names = [x509.NameAttribute(NameOID.COMMON_NAME, cn)]
    if organisation:
        names.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation))
    return x509.Name(names)


def pem_of(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def key_pem(key):
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


class Authority:
    """A root, or what stands below one."""

    def __init__(self, name="Root", *, parent=None, span=LONG_AGO):
        self.key = ec.generate_private_key(ec.SECP256R1())
        issuer = parent or self
        self.name = subject(name)
        self.certificate = _signed(
            self.name, self.key.public_key(), issuer, span=span, authority=True
        )
        self.pem = pem_of(self.certificate)

    def issue(self, cn, public_key, *, names=(), span=NOW):
        """Sign a leaf; without names it has its CN only."""
        return _signed(subject(cn), public_key, self, names=names, span=span)

    def sign_request(self, csr, *, span=NOW):
        """Sign a request as it asks; return the PEM."""
        asked = x509.load_pem_x509_csr(csr.encode())
        assert asked.is_signature_valid
        return pem_of(_signed(asked.subject, asked.public_key(), self, span=span))


def _signed(name, public_key, issuer, *, names=(), span=NOW, authority=False):
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer.name)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(span[0])
        .not_valid_after(span[1])
        .add_extension(x509.BasicConstraints(authority, None), critical=True)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()), False
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), False)
    )
    if authority:
        usage = dict.fromkeys(
            ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
             "key_agreement", "encipher_only", "decipher_only"), False,
        )  # fmt: skip
        usage |= {"key_cert_sign": True, "crl_sign": True}
        builder = builder.add_extension(x509.KeyUsage(**usage), critical=True)
    if names:
        entries = [
            x509.IPAddress(ip_address(n)) if n[0].isdigit() else x509.DNSName(n) for n in names
        ]
        builder = builder.add_extension(x509.SubjectAlternativeName(entries), critical=False)
    return builder.sign(issuer.key, hashes.SHA256())


class Shown:
    """A server's key and certificate in one file."""

    def __init__(self, folder, certificate, key, *, above=()):
        self.certificate = certificate
        self.path = folder / f"{certificate.serial_number:x}.pem"
        chain = "".join(pem_of(one) for one in (certificate, *above))
        self.path.write_text(key_pem(key) + chain)

    def context(self, *, oldest=None, newest=None, ciphers=None, clients=None):
        """Return a server's context; `clients` are the roots of client certificates."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.path)
        if ciphers:
            context.set_ciphers(ciphers)
        if oldest:
            context.minimum_version = oldest
        if newest:
            context.maximum_version = newest
        if clients:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(cadata=clients)
        return context


def shown(folder, authority, cn="localhost", **options):
    """Make a server's certificate of this authority, with an RSA key as most have."""
    key = rsa.generate_private_key(65537, 2048)
    return Shown(folder, authority.issue(cn, key.public_key(), **options), key)


def self_signed(folder, cn="localhost"):
    """Make a certificate that nobody else signed."""
    key = ec.generate_private_key(ec.SECP256R1())

    class Itself:
        name = subject(cn)

    Itself.key = key
    return Shown(folder, _signed(Itself.name, key.public_key(), Itself, names=(cn,)), key)


@contextmanager
def refusing(context):
    """Serve handshakes only, and let the other side read why: asyncio's server sends no alert."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve():
        with suppress(OSError):
            while True:
                line, _ = listening.accept()
                line.settimeout(5)
                refuse(line)

    def refuse(line):
        spare = line.dup()  # a failed handshake closes its own
        with suppress(OSError):
            context.wrap_socket(line, server_side=True)
        with spare, suppress(OSError):  # what is left unread would turn the alert into a reset
            spare.shutdown(socket.SHUT_WR)
            while spare.recv(4096):
                pass

    thread = Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join()
