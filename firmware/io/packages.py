"""A firmware package: whose signature it bears, and what it says of itself.

It is a .deb whose last member bears an Ed25519 signature over the SHA-512 of all before it. dpkg
stops at the member with the data [deb(5)], so whoever installs by hand needs to know nothing of
it. Public keys are PEM files in folders that root alone may write: which maker is trusted is
decided there and nowhere else. What a package says of itself is read by dpkg's own tools.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from email.parser import HeaderParser
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_public_key,
)

from firmware.model.transfers import PACKAGE_MAX_BYTES

NAME = "powerstation"
MEMBER = "_pssig"
KEYS = Path("/usr/share/powerstation/keys")  # of the package itself; further ones in /etc
_MAGIC = b"!<arch>\n"
_PURPOSE = b"powerstation package\n"
_HEAD_BYTES, _SIGNATURE_BYTES = 60, 64
_FIELDS = ("Package", "Version", "Architecture", "Depends")
_NEED = re.compile(r"([a-z0-9][a-z0-9.+-]+)(?: \((<<|<=|=|>=|>>) ([^ )]+)\))?")
_ASK_S = 60.0


class BadPackage(Exception):
    """It cannot be installed here; the text is a sentence."""


@dataclass(frozen=True, slots=True)
class Package:
    """What a package is, by itself; `signer` is the name of the key that it is signed with."""

    name: str
    version: str
    architecture: str
    needs: str  # as Debian writes it: names, some with a relation to a version
    signer: str


def new_key() -> tuple[Ed25519PrivateKey, bytes]:
    """Return a key of a maker, and the PEM to keep it as; it has no password."""
    key = Ed25519PrivateKey.generate()
    return key, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def public_pem(key: Ed25519PrivateKey) -> bytes:
    """Return what stations need of a maker's key."""
    public = key.public_key()
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def sign(file: Path, key: Ed25519PrivateKey) -> None:
    """Append the signature to a package that has none."""
    signature = key.sign(_message(file, file.stat().st_size))
    with file.open("ab") as package:
        package.write(_head() + signature)


def looked_at(file: Path, keys: Sequence[Path]) -> Package:
    """Return what a package is; raise `BadPackage` unless one of the keys has signed it."""
    size = file.stat().st_size
    if size > PACKAGE_MAX_BYTES:
        raise BadPackage(f"the file has {size} bytes, {PACKAGE_MAX_BYTES} are allowed")
    signer = _signer(file, size, keys)
    told = _asked("dpkg-deb", "--field", str(file), *_FIELDS)
    read = HeaderParser().parsestr(told)
    fields = {field: " ".join(read.get(field, "").split()) for field in _FIELDS}
    lacks = [field for field in _FIELDS if not fields[field] and field != "Depends"]
    if lacks:
        raise BadPackage(f"the package does not say its {lacks[0]}")
    name, version, architecture, needs = fields.values()
    return Package(name, version, architecture, needs, signer)


def demand_fitting(package: Package, root: Path, installed: str) -> None:
    """Raise `BadPackage` unless it is ours, for this machine, newer, and all it needs is there."""
    if package.name != NAME:
        raise BadPackage(f"this is the package {package.name[:40]}, not {NAME}")
    machine = _asked("dpkg", "--print-architecture").strip()
    if package.architecture not in ("all", machine):
        raise BadPackage(f"the package is for {package.architecture[:20]}, this is {machine}")
    if not _holds(package.version, "gt", installed):
        raise BadPackage(
            f"version {package.version[:40]} is not newer than {installed}, which is installed: "
            "a station is never brought back to an older firmware"
        )
    for need in filter(None, package.needs.split(", ")):
        _demand(need, root)


def installed_version(root: Path = Path("/"), name: str = NAME) -> str | None:
    """Return the installed version of a package; `None` where there is none."""
    try:
        told = _asked(
            "dpkg-query", f"--root={root}", "--show", "--showformat=${db:Status-Status} ${Version}",
            name,
        )  # fmt: skip
    except BadPackage:
        return None
    state, _, version = told.partition(" ")
    return version if state == "installed" else None


def _demand(need: str, root: Path) -> None:
    """Raise where something is not installed: dpkg looks when it has unpacked already."""
    found = _NEED.fullmatch(need)
    if found is None:
        raise BadPackage(f"what it needs cannot be read: {need[:60]}")
    name, relation, version = found.groups()
    there = installed_version(root, name)
    if there is None or (relation and not _holds(there, relation, version)):
        raise BadPackage(f"it needs {need}; here is {there or 'none'}")


def _signer(file: Path, size: int, keys: Sequence[Path]) -> str:
    with file.open("rb") as package:
        if package.read(len(_MAGIC)) != _MAGIC:
            raise BadPackage("this is no Debian package (.deb)")
        package.seek(max(size - _HEAD_BYTES - _SIGNATURE_BYTES, 0))
        head, signature = package.read(_HEAD_BYTES), package.read()
    if head != _head():
        raise BadPackage("the package is not signed")
    trusted = dict(_public(keys))
    if not trusted:
        places = " or ".join(str(folder) for folder in keys)
        raise BadPackage(f"no key of a maker is on this station; there has to be one in {places}")
    message = _message(file, size - _HEAD_BYTES - _SIGNATURE_BYTES)
    for name, key in trusted.items():
        try:
            key.verify(signature, message)
        except InvalidSignature:
            continue
        return name
    raise BadPackage(
        "the package was changed, or signed by somebody whom this station does not trust; it "
        f"trusts: {', '.join(trusted)}"
    )


def _public(folders: Iterable[Path]) -> Iterator[tuple[str, Ed25519PublicKey]]:
    for file in (file for folder in folders for file in sorted(folder.glob("*.pem"))):
        try:
            key = load_pem_public_key(file.read_bytes())
        except (OSError, ValueError) as problem:
            raise BadPackage(f"the key {file} cannot be read: {problem}") from None
        if isinstance(key, Ed25519PublicKey):
            yield file.stem, key


def _message(file: Path, size: int) -> bytes:
    digest, left = hashlib.sha512(), size
    with file.open("rb") as package:
        while left and (block := package.read(min(left, 1 << 20))):
            digest.update(block)
            left -= len(block)
    return _PURPOSE + digest.digest()


def _head() -> bytes:
    """Return the header of the member with the signature. [ar(5)]"""
    head = f"{MEMBER:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{_SIGNATURE_BYTES:<10}`\n".encode()
    assert len(head) == _HEAD_BYTES
    return head


def _holds(one: str, relation: str, other: str) -> bool:
    words = ("dpkg", "--compare-versions", one, relation, other)
    return _run(words).returncode == 0


def _asked(*words: str) -> str:
    ran = _run(words)
    if ran.returncode:
        said = ran.stderr.strip().splitlines()
        raise BadPackage(f"{words[0]}: {said[-1][:200] if said else 'it failed'}")
    return ran.stdout


def _run(words: Sequence[str]) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(words, capture_output=True, text=True, timeout=_ASK_S, check=False)
    except FileNotFoundError:
        raise BadPackage(
            f"this machine has no {words[0]}: it takes no Debian packages, so update it in the "
            "way that it was installed"
        ) from None
    except subprocess.TimeoutExpired:
        raise BadPackage(f"{words[0]} did not answer within {_ASK_S:g} s") from None
