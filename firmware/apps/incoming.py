"""A firmware on its way from a person to the disk: parts in their order, a look, the order.

What is looked at here is looked at again by root before it is installed: a station process that
was taken over can offer what it likes.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import shutil
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from firmware import VERSION
from firmware.io.installer import sync_folder
from firmware.io.packages import (
    BadPackage,
    Package,
    demand_needs,
    demand_newer,
    installed_version,
    looked_at,
)
from firmware.io.transfers import WHOLE
from firmware.model.transfers import PACKAGE_MAX_BYTES, PART_MAX_BYTES, PackageBrought
from firmware.station.command import no
from firmware.station.core import StationCore

PART = "brought.part"
SPACE_BYTES = 32 << 20  # of the disk stay free
Words = Mapping[str, Any]
Told = dict[str, object]


class Incoming:
    """The one firmware that people bring at a time."""

    def __init__(
        self,
        folder: Path,
        keys: Sequence[Path],
        station: StationCore,
        post: Callable[[object], None],
    ) -> None:
        self._folder, self._keys, self._station, self._post = folder, keys, station, post
        self._thread = ThreadPoolExecutor(1, "package")
        self._file = folder / PART
        self._name, self._problem, self._digest = "", "", ""
        self._size, self._at = 0, 0
        self._package: Package | None = None
        self._drop()
        self.commands = {
            "update": self._look, "update_begin": self._begin, "update_part": self._part,
            "update_install": self._install, "update_drop": self._forget,
        }  # fmt: skip

    def close(self) -> None:
        """Let go of the thread."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _told(self) -> Told:
        shown = self._station.transfers.update()
        active = shown is not None and self._station.transfers.updating
        told: Told = {
            "running": VERSION, "stage": "none", "name": self._name, "received": self._at,
            "bytes": self._size, "version": "", "signer": "", "problem": self._problem,
            "by": "person",
        }  # fmt: skip
        if shown is not None and (active or not self._name):
            told |= {
                "stage": shown.stage, "version": shown.brought, "problem": shown.problem,
                "by": "person" if shown.brought else "backend",
            }  # fmt: skip
        elif self._package is not None:
            told |= {
                "stage": "ready", "version": self._package.version, "signer": self._package.signer
            }  # fmt: skip
        elif self._problem:
            told["stage"] = "refused"
        elif self._name:
            told["stage"] = "receiving" if self._at < self._size else "checking"
        return {"ok": True, "update": told}

    async def _look(self, _words: Words) -> Told:
        return self._told()

    async def _begin(self, words: Words) -> Told:
        name, size = words.get("name"), words.get("bytes")
        if not isinstance(name, str) or type(size) is not int or size < 1:
            return no("a name and a number of bytes are needed")[0]
        if self._station.transfers.updating:
            return no("an update is under way", code="conflict")[0]
        if not name.lower().endswith(".deb"):
            return no(f"{name[:60]!r} is no package (*.deb)")[0]
        free = shutil.disk_usage(self._folder).free - SPACE_BYTES
        most = min(PACKAGE_MAX_BYTES, free)
        if size > most:
            said = f"the file has {size} bytes, there is room for {max(most, 0)}"
            return no(said, code="conflict")[0]
        self._drop()
        self._name, self._size = name[:100], size
        self._file.touch(mode=0o600)
        return self._told()

    async def _part(self, words: Words) -> Told:
        """Take the next part; the same one again is no harm, for an answer may get lost."""
        at, data = words.get("at"), words.get("data")
        try:
            block = base64.b64decode(str(data), validate=True)
        except binascii.Error:
            return no("this part is no base64")[0]
        whole = self._at == self._size
        if not self._name or type(at) is not int or at > self._at or (whole and at != self._at):
            said = f"the next part begins at {self._at}" if self._name else "begin anew"
            return no(said, code="conflict")[0]
        if len(block) > PART_MAX_BYTES or at + len(block) > self._size:
            return no("this part is longer than the rest of the file", code="conflict")[0]
        if whole:
            return self._told()
        name = self._name
        await self._run(self._write, at, block)
        self._at = max(self._at, at + len(block))
        if self._at == self._size and name == self._name:
            await self._check()
        return self._told()

    def _write(self, at: int, block: bytes) -> None:
        with self._file.open("r+b") as file:
            file.seek(at)
            file.write(block)

    async def _check(self) -> None:
        try:
            self._package, self._digest = await self._run(self._checked)
        except (BadPackage, OSError) as problem:
            self._problem = str(problem)
            self._file.unlink(missing_ok=True)

    def _checked(self) -> tuple[Package, str]:
        package = looked_at(self._file, self._keys)
        installed = installed_version()
        demand_newer(package, installed or VERSION)
        if installed is not None:
            demand_needs(package, Path("/"))
        with self._file.open("rb") as file:
            return package, hashlib.file_digest(file, "sha256").hexdigest()

    async def _install(self, _words: Words) -> Told:
        package = self._package
        if package is None:
            return no("bring a package first", code="conflict")[0]
        if self._station.transfers.updating:
            return no("an update is under way", code="conflict")[0]
        await self._run(self._move)
        digest = self._digest
        self._drop()
        self._post(PackageBrought(package.version, digest))
        return self._told()

    def _move(self) -> None:
        self._file.rename(self._folder / WHOLE)
        sync_folder(self._folder)

    async def _forget(self, _words: Words) -> Told:
        self._drop()
        return self._told()

    def _drop(self) -> None:
        self._file.unlink(missing_ok=True)
        self._name, self._problem, self._digest = "", "", ""
        self._size, self._at, self._package = 0, 0, None

    async def _run(self, work: Callable[..., Any], *words: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *words)
