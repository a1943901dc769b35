"""Passwords of people: scrypt hashes, and the first ones that no two stations share.

A hash takes some 60 ms and 32 MiB: call from a thread, one at a time. [E5 2, 6, 7, 9]
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Iterable
from pathlib import Path

from firmware.io.unique import put

LOG_N, R, P = 15, 8, 1
_MAXMEM = 128 * R * (1 << LOG_N) * 2
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that are taken for another
FIRST = "first-passwords"


def hashed(text: str) -> str:
    """Return what may be kept of a password."""
    salt = os.urandom(16)
    digest = _scrypt(text, salt, LOG_N)
    parts = (base64.b64encode(part).decode() for part in (salt, digest))
    return f"$scrypt${LOG_N}$" + "$".join(parts)


def matches(text: str, kept: str) -> bool:
    """Return whether a password is the one of a hash; takes its time for whatever is given."""
    _, _, log_n, salt, digest = kept.split("$")
    made = _scrypt(text, base64.b64decode(salt), int(log_n))
    return hmac.compare_digest(made, base64.b64decode(digest))


def same(one: str, other: str) -> bool:
    """Compare two texts without telling by time where they differ."""
    return hmac.compare_digest(one.encode(), other.encode())


def first_passwords(folders: Iterable[Path], users: Iterable[str]) -> dict[str, str]:
    """Return the first passwords: of the first folder that has them, else made in the last."""
    paths = [folder / FIRST for folder in folders]
    for path in paths:
        if path.exists():
            return read_first(path)
    make_first(paths[-1], users)
    return read_first(paths[-1])


def read_first(path: Path) -> dict[str, str]:
    """Return the first passwords of a file by user; raise `OSError`."""
    kept: dict[str, str] = json.loads(path.read_text())
    return kept


def make_first(path: Path, users: Iterable[str], mode: int = 0o600, group: int = -1) -> None:
    """Make a first password for each user, into a file for those who may read it."""
    made = {user: _random() for user in users}
    put(path, json.dumps(made, indent=1) + "\n", mode, group)


def _random() -> str:
    """Return 15 letters in three groups, 74 bits."""
    groups = ("".join(secrets.choice(_LETTERS) for _ in range(5)) for _ in range(3))
    return "-".join(groups)


def _scrypt(text: str, salt: bytes, log_n: int) -> bytes:
    secret = text.encode()
    return hashlib.scrypt(secret, salt=salt, n=1 << log_n, r=R, p=P, maxmem=_MAXMEM, dklen=32)
