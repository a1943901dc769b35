"""The store of certificates: files under STATE/certificates, and all work of cryptography.

Work is done in a thread of its own, one wish after the other, and told by facts. Private keys
are made here, kept with mode 0600 and never leave. A file is written under another name, synced
and renamed: after a loss of power it is there in whole or not at all.
"""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.x509.oid import NameOID

from firmware.io.tls import Shown
from firmware.model import security as s

PENDING = "pending.key"
CHAINS_KEPT = 2  # the newest, and the one before as a fall-back
_ALGORITHMS = (("SHA256", hashes.SHA256), ("SHA384", hashes.SHA384), ("SHA512", hashes.SHA512))
_PEM = serialization.Encoding.PEM
_KEYS = (
    ec.EllipticCurvePublicKey, rsa.RSAPublicKey, ed25519.Ed25519PublicKey, ed448.Ed448PublicKey,
)  # fmt: skip


class CertificateStore:
    """The files and what can be said about them; every method blocks."""

    def __init__(self, folder: Path, utc_now: Callable[[], datetime] | None = None) -> None:
        self._folder = folder
        self._utc_now = utc_now or (lambda: datetime.now(UTC))
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for left in folder.glob("*.new"):  # of a power cut
            left.unlink()

    def perform(self, wish: s.CertificateWish) -> list[object]:
        """Do one wish; return its facts."""
        match wish:
            case s.Inspect(call, pem, ours):
                return [self._inspected(call, pem, ours=ours)]
            case s.InspectSigner(call, pem):
                return [s.SignerInspected(call, self._signer_problem(pem))]
            case s.KeepRoot(call, use, pem):
                root = x509.load_pem_x509_certificate(pem.encode())
                self._write(_root_name(use, _fingerprint(root)), root.public_bytes(_PEM))
            case s.KeepChain(call, pem):
                self._keep_chain(pem)
            case s.DropRoot(call, use, fingerprint):
                (self._folder / _root_name(use, fingerprint)).unlink(missing_ok=True)
                _sync(self._folder)
            case s.DropNewestChain():
                self._drop_newest()
                return [self.listed()]
            case s.MakeSigningRequest(name, organisation):
                return [s.SigningRequestMade(self._signing_request(name, organisation))]
        return [self.listed(), s.CertificateKept(call, done=True)]

    def listed(self) -> s.CertificatesListed:
        """Return what the store holds."""
        roots = [
            s.InstalledRoot(use, _fingerprint(root), _hash_data(root))
            for use in s.RootUse
            for root in self._roots(use)
        ]
        return s.CertificatesListed(tuple(roots), self._newest_valid() is not None)

    def shown(self) -> Shown:
        """Return what a connection needs."""
        roots = self._roots(s.RootUse.CENTRAL_SYSTEM)
        pems = tuple(root.public_bytes(_PEM).decode() for root in roots)
        return Shown(pems, self._newest_valid())

    # -- looking ----------------------------------------------------------------------------

    def _inspected(self, call: str, pem: str, *, ours: bool) -> s.Inspected:
        try:
            chain = x509.load_pem_x509_certificates(pem.encode())
        except ValueError:
            return s.Inspected(call, "it is no certificate in PEM form")
        problem = self._chain_problem(chain) if ours else self._root_problem(chain)
        return s.Inspected(call, problem, _fingerprint(chain[0]))

    def _root_problem(self, chain: list[x509.Certificate]) -> str:
        root = chain[0]
        if len(chain) > 1:
            return "it is more than one certificate"
        if not _authority(root) or not _issued_by(root, root):
            return "it is no root certificate"
        if not isinstance(root.public_key(), _KEYS):
            return "its key is of a kind that is not used"
        return self._time_problem(root)

    def _chain_problem(self, chain: list[x509.Certificate]) -> str:
        """Return what is wrong with a chain for our pending key, leaf first. [A02.FR.06]"""
        key = self._pending_key()
        if key is None:
            return "no certificate was asked for"
        if chain[0].public_key() != key.public_key():
            return "it is not for the key of the last signing request"
        return self._chained(chain, s.RootUse.CENTRAL_SYSTEM)

    def _signer_problem(self, pem: str) -> str:
        """Return why a firmware of this signer is not to be trusted. [whitepaper L01.FR.02]"""
        try:
            chain = x509.load_pem_x509_certificates(pem.encode())
        except ValueError:
            return "it is no certificate in PEM form"
        if not isinstance(chain[0].public_key(), ec.EllipticCurvePublicKey | rsa.RSAPublicKey):
            return "its key is of a kind that signs no firmware"
        return self._chained(chain, s.RootUse.MANUFACTURER)

    def _chained(self, chain: list[x509.Certificate], use: s.RootUse) -> str:
        """Return what is wrong between a leaf and an installed root."""
        for certificate in chain:
            if problem := self._time_problem(certificate):
                return problem
        for below, above in zip(chain, chain[1:], strict=False):
            if not _authority(above) or not _issued_by(below, above):
                return "its chain is broken"
        signers = [root for root in self._roots(use) if _issued_by(chain[-1], root)]
        if not signers:
            return f"no installed {use.value.removesuffix('RootCertificate')} root has signed it"
        problems = [self._time_problem(root) for root in signers]
        return "" if "" in problems else problems[0]

    def _time_problem(self, certificate: x509.Certificate) -> str:
        now = self._utc_now()
        if now > certificate.not_valid_after_utc:
            return "it has expired"
        return "it is not valid yet" if now < certificate.not_valid_before_utc else ""

    def _roots(self, use: s.RootUse) -> list[x509.Certificate]:
        files = sorted(self._folder.glob(f"{use.value}-*.pem"))
        return [root for file in files if (root := _readable(file)) is not None]

    def _chains(self) -> list[Path]:
        """Return the files of our own certificates, newest first."""
        return sorted(self._folder.glob("station-*.pem"), reverse=True)

    def _newest_valid(self) -> Path | None:
        for file in self._chains():
            leaf = _readable(file)
            if leaf is not None and not self._time_problem(leaf):
                return file
        return None

    # -- changing ---------------------------------------------------------------------------

    def _signing_request(self, name: str, organisation: str) -> str:
        key = ec.generate_private_key(ec.SECP256R1())
        names = [x509.NameAttribute(NameOID.COMMON_NAME, name)]
        if organisation:  # [A02.FR.02] CpoName
            names.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation))
        request = x509.CertificateSigningRequestBuilder(x509.Name(names)).sign(key, hashes.SHA256())
        self._write(PENDING, _key_bytes(key))
        return request.public_bytes(_PEM).decode()

    def _keep_chain(self, pem: str) -> None:
        """Put key and chain into one file: there is no moment with one of them."""
        key = self._pending_key()
        if key is None:
            raise ValueError("no certificate was asked for")
        chain = x509.load_pem_x509_certificates(pem.encode())
        text = b"".join(certificate.public_bytes(_PEM) for certificate in chain)
        numbers = [int(file.stem.removeprefix("station-")) for file in self._chains()]
        self._write(f"station-{max(numbers, default=0) + 1:06}.pem", text + _key_bytes(key))
        (self._folder / PENDING).unlink()
        for old in self._chains()[CHAINS_KEPT:]:
            old.unlink()
        _sync(self._folder)

    def _drop_newest(self) -> None:
        chains = self._chains()
        if len(chains) > 1:  # the last one is better than none
            chains[0].unlink()
            _sync(self._folder)

    def _pending_key(self) -> ec.EllipticCurvePrivateKey | None:
        file = self._folder / PENDING
        if not file.exists():
            return None
        key = serialization.load_pem_private_key(file.read_bytes(), None)
        assert isinstance(key, ec.EllipticCurvePrivateKey), "written by ourselves"
        return key

    def _write(self, name: str, content: bytes) -> None:
        new = self._folder / f"{name}.new"
        handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        new.rename(self._folder / name)
        _sync(self._folder)


class CertificateWorker(threading.Thread):
    """The thread of the store: a wish in, facts out; a wish that fails is told as not done."""

    def __init__(
        self, store: CertificateStore, tell: Callable[[list[object], Shown], None]
    ) -> None:
        """`tell` runs in this thread, with the facts and what connections need from now on."""
        super().__init__(name="certificates", daemon=True)
        self._store, self._tell = store, tell
        self._wishes: queue.Queue[s.CertificateWish | None] = queue.Queue(100)

    def ask(self, wish: s.CertificateWish) -> None:
        """Queue a wish."""
        self._wishes.put_nowait(wish)

    def run(self) -> None:
        """Tell what is there, then work until told to end."""
        self._tell([self._store.listed()], self._store.shown())
        while (wish := self._wishes.get()) is not None:
            try:
                facts = self._store.perform(wish)
            except (OSError, ValueError):
                facts = not_done(wish)
            self._tell(facts, self._store.shown())

    def finish(self) -> None:
        """End after what is queued."""
        self._wishes.put(None)
        self.join()


def not_done(wish: object) -> list[object]:
    """Return the facts of a wish that could not be carried out."""
    match wish:
        case s.Inspect(call):
            return [s.Inspected(call, "it cannot be judged: the store cannot be read")]
        case s.InspectSigner(call):
            return [s.SignerInspected(call, "it cannot be judged: the store cannot be read")]
        case s.KeepRoot(call) | s.KeepChain(call) | s.DropRoot(call):
            return [s.CertificateKept(call, done=False)]
        case s.MakeSigningRequest():
            return [s.SigningRequestMade("")]
    return []


def _readable(file: Path) -> x509.Certificate | None:
    """Return the first certificate of a file; a damaged file counts as none."""
    try:
        return x509.load_pem_x509_certificate(file.read_bytes())
    except ValueError:
        return None


def _root_name(use: s.RootUse, fingerprint: str) -> str:
    return f"{use.value}-{fingerprint}.pem"


def _fingerprint(certificate: x509.Certificate) -> str:
    return certificate.fingerprint(hashes.SHA256()).hex()


def _authority(certificate: x509.Certificate) -> bool:
    try:
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    except (x509.ExtensionNotFound, ValueError):
        return False
    return constraints.value.ca


def _issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _hash_data(root: x509.Certificate) -> tuple[s.CertificateHash, ...]:
    """Return what names a root: hashes of its issuer's name and key, which are its own."""
    name = root.issuer.public_bytes()
    return tuple(
        s.CertificateHash(word, _digest(kind(), name), _digest(kind(), _key_bits(root)),
                          f"{root.serial_number:x}")
        for word, kind in _ALGORITHMS
    )  # fmt: skip


def _key_bits(certificate: x509.Certificate) -> bytes:
    """Return the public key's bit string without tag, length and unused bits [RFC 6960 4.1.1]."""
    key = certificate.public_key()
    assert isinstance(key, _KEYS), "refused when it was inspected"
    form = serialization.PublicFormat
    if isinstance(key, ec.EllipticCurvePublicKey):
        return key.public_bytes(serialization.Encoding.X962, form.UncompressedPoint)
    if isinstance(key, rsa.RSAPublicKey):
        return key.public_bytes(serialization.Encoding.DER, form.PKCS1)
    return key.public_bytes(serialization.Encoding.Raw, form.Raw)  # Ed25519, Ed448


def _digest(algorithm: hashes.HashAlgorithm, content: bytes) -> str:
    digest = hashes.Hash(algorithm)
    digest.update(content)
    return digest.finalize().hex()


def _key_bytes(key: ec.EllipticCurvePrivateKey) -> bytes:
    form, none = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key.private_bytes(_PEM, form, none)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
