"""Reads the lock of what a station carries, and says what of it comes how for a release.

Most are wheels. A source with no C in it becomes a wheel here; one with C is compiled across.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement

from tools.image.releases import Release
from tools.image.shop import ROOT, Failed

LOCK = ROOT / "requirements-deb.lock"
PURE_SOURCES = frozenset({"pydes"})  # its authors upload no wheel
NO_PI = frozenset({"rpi-gpio", "rpi-lgpio"})  # both install RPi/GPIO: never in a lock together


@dataclass(frozen=True, slots=True)
class Pinned:
    """One entry of a lock: the requirement as it stands there, with its hashes."""

    name: str
    version: str
    text: str  # "name==1.0 --hash=… --hash=…", without a marker


@dataclass(frozen=True, slots=True)
class Plan:
    """How the entries come to a station of one release."""

    wheels: tuple[Pinned, ...]
    pure_sources: tuple[Pinned, ...]
    compiled: tuple[Pinned, ...]


def plan(release: Release, lock: Path = LOCK) -> Plan:
    """Return what is to be got, and how, for arm64 and the release's Python."""
    surroundings = {
        "implementation_name": "cpython",
        "os_name": "posix",
        "platform_machine": "aarch64",
        "platform_python_implementation": "CPython",
        "platform_system": "Linux",
        "python_full_version": f"{release.python}.0",
        "python_version": release.python,
        "sys_platform": "linux",
    }
    compiled = {"spidev"} | ({"lgpio"} if release.number >= 13 else set())
    sorts: dict[str, list[Pinned]] = {"wheel": [], "pure": [], "compiled": []}
    for wanted, hashes in _entries(lock):
        name = re.sub(r"[-_.]+", "-", wanted.name).lower()
        here = wanted.marker is None or wanted.marker.evaluate(surroundings)
        if not here and name not in compiled:  # lgpio: no wheel for this Python, hence its marker
            continue
        sort = "compiled" if name in compiled else "pure" if name in PURE_SOURCES else "wheel"
        version = str(wanted.specifier).removeprefix("==")
        text = " ".join([f"{name}=={version}", *hashes])
        sorts[sort].append(Pinned(name, version, text))
    return Plan(tuple(sorts["wheel"]), tuple(sorts["pure"]), tuple(sorts["compiled"]))


def names(lock: Path) -> set[str]:
    """Return the names that a lock holds."""
    return {re.sub(r"[-_.]+", "-", wanted.name).lower() for wanted, _ in _entries(lock)}


def _entries(lock: Path) -> list[tuple[Requirement, list[str]]]:
    if not lock.exists():
        raise Failed(f"{lock.name} is missing; `make lock` writes it")
    text = lock.read_text().replace("\\\n", " ")
    lines = [line.split(" --hash=") for line in text.splitlines() if line.strip()[:1] not in "#-"]
    return [
        (Requirement(first.strip()), [f"--hash={h.strip()}" for h in hashes])
        for first, *hashes in lines
        if first.strip()
    ]
