"""What no two stations may share, made once: identity and secret.

A file is there whole or not at all, so power may fail anywhere and the next boot goes on. Nothing
of it is ever printed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

Random = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class Item:
    """One random number in hexadecimal letters, and who may read it."""

    name: str
    size_bytes: int
    mode: int


IDENTITY = Item("identity", 16, 0o644)  # public: hostname, later certificates
SECRET = Item("device.key", 32, 0o640)  # what later secrets are derived from; never leaves the box
ITEMS = (IDENTITY, SECRET)
LEFT_OVER = ".new"


def missing(found: Mapping[str, str]) -> tuple[Item, ...]:
    """Return what has to be made: what is not there, or is not what it must be."""
    return tuple(i for i in ITEMS if not _whole(i, found.get(i.name, "")))


def hostname(identity: str, *, simulated: bool) -> str:
    """Return the name of this station in its network; a simulated one says so."""
    return f"powerstation-{'sim-' if simulated else ''}{identity[:6]}"


def make_unique(folder: Path, group: int, random: Random = os.urandom) -> list[str]:
    """Make what is missing in `folder`; return the names of what was made."""
    found = {item.name: _text(folder / item.name) for item in ITEMS}
    made = missing(found)
    for item in made:
        put(folder / item.name, random(item.size_bytes).hex() + "\n", item.mode, group)
    return [item.name for item in made]


def put(path: Path, text: str, mode: int, group: int = -1) -> None:
    """Write a file that is there whole or not at all, even if power fails; raise `OSError`."""
    fresh = path.with_name(path.name + LEFT_OVER)
    fresh.unlink(missing_ok=True)  # of a boot that was cut short
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        if group != -1:  # services may not even try
            os.fchown(file.fileno(), -1, group)
        os.fchmod(file.fileno(), mode)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _whole(item: Item, text: str) -> bool:
    return re.fullmatch(rf"[0-9a-f]{{{2 * item.size_bytes}}}\n", text) is not None


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError):
        return ""
