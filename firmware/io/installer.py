"""Handing a firmware over to what installs it: a folder under STATE/updates, by renames only.

The station process may not write a slot. It offers `ready`; who installs renames it to `taken`,
and from then on it is theirs. What nobody takes in time is withdrawn by a rename as well: so
exactly one of both has it. It writes `failed` there when it could not be installed, and starts
the station anew when it was. Where nothing takes it, the installation fails, and says so.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from firmware.model.transfers import InstallFailed, InstallTaken, InstallWanted

TAKEN_S = 120
INSTALLED_S = 1_200
READY, TAKEN, FIRMWARE = "ready", "taken", "firmware.bin"
FAILED = "failed"  # in `taken`: a sentence
FAILED_MAX_BYTES = 500
LOOK_S = 1.0


class Installer(Protocol):
    """Whatever can bring a firmware into the station."""

    def install(
        self, file: Path, wish: InstallWanted, pause: Callable[[float], bool]
    ) -> InstallTaken | InstallFailed:
        """Begin with it; `pause` waits so many seconds, and tells whether all is to end."""

    def outcome(self, job: int, pause: Callable[[float], bool]) -> InstallFailed | None:
        """Wait for what becomes of it: a restart, which `pause` tells, or a failure."""


class HandOver:
    """The installer of a real station: offer, wait, withdraw."""

    def __init__(self, folder: Path, taken_s: float = TAKEN_S) -> None:
        self._folder, self._taken_s = folder, taken_s
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for left in ("ready.new", READY, "withdrawn"):  # of a loss of power
            shutil.rmtree(folder / left, ignore_errors=True)

    def install(
        self, file: Path, wish: InstallWanted, pause: Callable[[float], bool]
    ) -> InstallTaken | InstallFailed:
        """Offer the file, and see whether it is taken."""
        shutil.rmtree(self._folder / TAKEN, ignore_errors=True)
        new, ready = self._folder / "ready.new", self._folder / READY
        new.mkdir(mode=0o700)
        told = {"sha256": wish.digest, "bytes": file.stat().st_size, "signed": wish.signed}
        file.rename(new / FIRMWARE)
        write_synced(new / "update.json", json.dumps(told).encode())
        new.rename(ready)
        sync_folder(self._folder)
        waited_s = 0.0
        while ready.exists() and waited_s < self._taken_s and not pause(LOOK_S):
            waited_s += LOOK_S
        return self._outcome(ready, wish.job)

    def outcome(self, job: int, pause: Callable[[float], bool]) -> InstallFailed | None:
        """Wait for the end of the process, or for the sentence of who has taken it."""
        told, waited_s = self._folder / TAKEN / FAILED, 0.0
        while waited_s < INSTALLED_S and not pause(LOOK_S):
            waited_s += LOOK_S
            said = told.read_bytes()[:FAILED_MAX_BYTES] if told.exists() else b""
            if said:
                return InstallFailed(job, said.decode(errors="replace").strip())
        return None

    def _outcome(self, ready: Path, job: int) -> InstallTaken | InstallFailed:
        withdrawn = self._folder / "withdrawn"
        try:
            ready.rename(withdrawn)
        except FileNotFoundError:
            return InstallTaken(job)
        shutil.rmtree(withdrawn, ignore_errors=True)
        return InstallFailed(
            job,
            f"nothing on this station installs firmware: {ready} was offered for "
            f"{self._taken_s:g} s and not taken. Install the package or flash the image by hand.",
        )


def write_synced(path: Path, content: bytes) -> None:
    """Write a file so that it is on the disk, under its name or not at all."""
    new = path.with_name(f"{path.name}.new")
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    new.rename(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Have the names of a folder on the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
