"""Certificates of load management: an authority for each site, and one certificate a unit.

The master's station makes the authority, the certificate that its broker shows and one for
itself. Every other unit brings a signing request when it is paired (`dlm_pairing`). A unit's
certificate proves a unit and never a master: only the broker's may prove a server, so a unit
that falls into wrong hands cannot give out current. A file holds key and certificates together:
it is there whole or not at all.
"""

from __future__ import annotations

import re
import ssl
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from firmware.io.unique import put
from firmware.model.dlm import UNIT_NAME

AUTHORITY, BROKER, UNIT = "authority.pem", "broker.pem", "unit.pem"
# A station may not know the date, and nobody renews: pairing anew is what ends a certificate.
BEGIN = datetime(1970, 1, 1, tzinfo=UTC)
END = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)  # [RFC 5280 4.1.2.5] no good end is known
CIPHERS = "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256"
_BROKER_NAME = "broker"
_PEM = serialization.Encoding.PEM
_BLOCK = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----\n", re.DOTALL)


class NotPaired(Exception):
    """This unit has no certificate of a site; the text says what to do."""


class BadRequest(Exception):
    """A signing request or an issued certificate that cannot be taken."""


def unit_key() -> ec.EllipticCurvePrivateKey:
    """Return a new key."""
    return ec.generate_private_key(ec.SECP256R1())


def signing_request(key: ec.EllipticCurvePrivateKey, unit: str) -> str:
    """Return a request in PEM form; its signature proves that the key is held."""
    builder = x509.CertificateSigningRequestBuilder(_name(unit))
    return builder.sign(key, hashes.SHA256()).public_bytes(_PEM).decode()


class SiteAuthority:
    """What a master's station holds: the site's authority, which signs for units."""

    def __init__(self, folder: Path, unit: str) -> None:
        """Make in `folder` what is missing; raise `OSError` where it cannot be kept."""
        assert UNIT_NAME.fullmatch(unit), f"{unit!r} cannot name a unit"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._unit = unit
        self._key, self._certificate = self._authority(folder)
        if not _held(folder / BROKER, _BROKER_NAME, self._certificate):
            key = unit_key()
            broker = self._issue(_BROKER_NAME, key.public_key(), ExtendedKeyUsageOID.SERVER_AUTH)
            put(folder / BROKER, _text(key) + _pem(broker), 0o600)
        if not _held(folder / UNIT, unit, self._certificate):
            key = unit_key()
            own = self._issue(unit, key.public_key(), ExtendedKeyUsageOID.CLIENT_AUTH)
            put(folder / UNIT, _text(key) + _pem(own) + self.pem, 0o600)

    @property
    def pem(self) -> str:
        """The authority's certificate."""
        return _pem(self._certificate)

    def signed(self, unit: str, request_pem: str) -> str:
        """Return a unit's certificate for the key of its request, or raise `BadRequest`."""
        if not UNIT_NAME.fullmatch(unit):
            raise BadRequest(f"{unit!r} cannot name a unit")
        if unit == self._unit:  # it would be allowed to answer for the master
            raise BadRequest(f"{unit} is the name of the master's own unit; take another name")
        try:
            request = x509.load_pem_x509_csr(request_pem.encode())
            key = request.public_key()
            proved = request.is_signature_valid
        except (ValueError, TypeError) as why:
            raise BadRequest(f"no signing request: {why}") from None
        if not proved or not isinstance(key, ec.EllipticCurvePublicKey):
            raise BadRequest("the signing request is not signed by an EC key of its own")
        return _pem(self._issue(unit, key, ExtendedKeyUsageOID.CLIENT_AUTH))

    def _authority(self, folder: Path) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
        file = folder / AUTHORITY
        if not file.exists():
            key = unit_key()
            name = _name(f"load management of {self._unit}"[:64])
            made = _builder(name, name, key.public_key()).add_extension(
                x509.BasicConstraints(ca=True, path_length=0), critical=True
            )
            made = made.add_extension(_usage(authority=True), critical=True)
            put(file, _text(key) + _pem(made.sign(key, hashes.SHA256())), 0o600)
        content = file.read_bytes()
        read = serialization.load_pem_private_key(content, None)
        assert isinstance(read, ec.EllipticCurvePrivateKey), "written by ourselves"
        return read, x509.load_pem_x509_certificate(content)

    def _issue(
        self, name: str, key: ec.EllipticCurvePublicKey, purpose: x509.ObjectIdentifier
    ) -> x509.Certificate:
        made = _builder(_name(name), self._certificate.subject, key)
        none = x509.BasicConstraints(ca=False, path_length=None)
        made = made.add_extension(none, critical=True)
        made = made.add_extension(_usage(authority=False), critical=True)
        made = made.add_extension(x509.ExtendedKeyUsage([purpose]), critical=True)
        return made.sign(self._key, hashes.SHA256())


def keep_unit(
    folder: Path, key: ec.EllipticCurvePrivateKey, unit: str, certificate_pem: str,
    authority_pem: str,
) -> None:  # fmt: skip
    """Keep what a master has issued; raise `BadRequest` where it is not for us, or `OSError`."""
    try:
        issued = x509.load_pem_x509_certificate(certificate_pem.encode())
        authority = x509.load_pem_x509_certificate(authority_pem.encode())
        issued.verify_directly_issued_by(authority)
        constraints = authority.extensions.get_extension_for_class(x509.BasicConstraints)
    except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound) as why:
        raise BadRequest(f"what the master sent is no certificate of its authority: {why}") from why
    if not constraints.value.ca:
        raise BadRequest("what the master sent as its authority may not issue certificates")
    if issued.public_key() != key.public_key() or issued.subject != _name(unit):
        raise BadRequest(f"the master has issued a certificate that is not for {unit}")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    put(folder / UNIT, _text(key) + _pem(issued) + _pem(authority), 0o600)


def bus_context(folder: Path) -> ssl.SSLContext:
    """Return how this unit connects to a broker of its site; raise `NotPaired` or `OSError`.

    The broker's name is not looked at: it may have any address, and nobody else of this
    authority can prove a server.
    """
    file = folder / UNIT
    try:
        authority = _BLOCK.findall(file.read_text())[-1]
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        # in TLS 1.3 a refused certificate shows after the handshake only, and paho sees silence
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(CIPHERS)
        context.check_hostname = False
        context.load_cert_chain(file)
        context.load_verify_locations(cadata=authority)
    except FileNotFoundError:
        raise NotPaired("this station is not paired with a master; pair it by a code") from None
    except (IndexError, ValueError, ssl.SSLError) as why:
        raise NotPaired(f"{file} is damaged ({why}); pair this station anew") from why
    return context


def authority_of(folder: Path) -> str:
    """Return the certificate of the authority this unit is paired with; raise `NotPaired`."""
    try:
        return _BLOCK.findall((folder / UNIT).read_text())[-1]  # type: ignore[no-any-return]
    except (OSError, IndexError, ValueError):
        raise NotPaired(f"{folder} holds no certificate of a site; pair it by a code") from None


def site_of(folder: Path) -> str:
    """Return the SHA-256 of the site's authority, by which its beacons are told apart."""
    try:
        pem = authority_of(folder)
        return x509.load_pem_x509_certificate(pem.encode()).fingerprint(hashes.SHA256()).hex()
    except (NotPaired, ValueError):
        return ""


def _held(file: Path, name: str, authority: x509.Certificate) -> bool:
    """The file holds the certificate of this name by this authority."""
    try:
        held = x509.load_pem_x509_certificate(file.read_bytes())
        held.verify_directly_issued_by(authority)
    except (OSError, ValueError, TypeError, InvalidSignature):
        return False
    return held.subject == _name(name)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(BEGIN)
        .not_valid_after(END)
    )


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority, key_cert_sign=authority, crl_sign=authority,
        content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(_PEM).decode()


def _text(key: ec.EllipticCurvePrivateKey) -> str:
    form, none = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key.private_bytes(_PEM, form, none).decode()
