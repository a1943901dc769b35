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
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from firmware import VERSION
from firmware.io.installer import sync_folder
from firmware.io.packages import (
    BadPackage,
    Package,
    demand_fitting,
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


@dataclass(slots=True)
class _Coming:
    """A package of which a part is here, all, or what was found out of it."""

    name: str
    size_bytes: int
    received_bytes: int = 0
    package: Package | None = None
    digest: str = ""  # SHA-256, hex
    problem: str = ""

    @property
    def stage(self) -> str:
        """How far it is, in the words of the page."""
        if self.problem:
            return "refused"
        if self.package is not None:
            return "ready"
        return "receiving" if self.received_bytes < self.size_bytes else "checking"


class Incoming:
    """The one firmware that people bring at a time; whoever begins another drops it."""

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
        self._coming: _Coming | None = None
        with suppress(OSError):  # of an earlier start
            self._file.unlink()
        self.commands = {
            "update": self._look, "update_begin": self._begin, "update_part": self._part,
            "update_install": self._install, "update_drop": self._drop,
        }  # fmt: skip

    def close(self) -> None:
        """Let go of the thread."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _told(self) -> Told:
        """Return the update that is under way, else what is coming, else how the last ended."""
        transfers, coming = self._station.transfers, self._coming
        told: Told = {
            "running": VERSION, "stage": "none", "by": "person", "name": "", "received": 0,
            "bytes": 0, "version": "", "signer": "", "problem": "",
        }  # fmt: skip
        shown = transfers.update()
        if coming is not None and not transfers.updating:
            told |= {
                "stage": coming.stage, "name": coming.name, "received": coming.received_bytes,
                "bytes": coming.size_bytes, "problem": coming.problem,
            }  # fmt: skip
            if coming.package is not None:
                told |= {"version": coming.package.version, "signer": coming.package.signer}
        elif shown is not None:
            told |= {
                "stage": shown.stage, "version": shown.brought, "problem": shown.problem,
                "by": "person" if shown.brought else "backend",
            }  # fmt: skip
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
        room = min(PACKAGE_MAX_BYTES, shutil.disk_usage(self._folder).free - SPACE_BYTES)
        if size > room:
            said = f"the file has {size} bytes, there is room for {max(room, 0)}"
            return no(said, code="conflict")[0]
        self._coming = coming = _Coming(name[:100], size)
        try:
            await self._run(self._file.write_bytes, b"")
        except OSError as problem:
            coming.problem = str(problem)
        return self._told()

    async def _part(self, words: Words) -> Told:
        """Take the next part; the same one again is no harm, for an answer may get lost."""
        coming, at = self._coming, words.get("at")
        try:
            block = base64.b64decode(str(words.get("data")), validate=True)
        except binascii.Error:
            return no("this part is no base64")[0]
        if coming is None:
            return no("begin anew", code="conflict")[0]
        if coming.stage != "receiving":
            return self._told()
        if type(at) is not int or at > coming.received_bytes:
            return no(f"the next part begins at {coming.received_bytes}", code="conflict")[0]
        if len(block) > PART_MAX_BYTES or at + len(block) > coming.size_bytes:
            return no("this part is longer than the rest of the file", code="conflict")[0]
        try:
            await self._run(self._write, at, block)
            coming.received_bytes = max(coming.received_bytes, at + len(block))
            if coming.stage == "checking" and coming is self._coming:
                coming.package, coming.digest = await self._run(self._checked)
        except (BadPackage, OSError) as problem:
            coming.problem = str(problem)
            if coming is self._coming:
                await self._run(self._unlink)
        return self._told()

    def _write(self, at: int, block: bytes) -> None:
        with self._file.open("r+b") as file:
            file.seek(at)
            file.write(block)

    def _checked(self) -> tuple[Package, str]:
        package, installed = looked_at(self._file, self._keys), installed_version()
        demand_fitting(package, Path("/"), installed or VERSION)
        with self._file.open("rb") as file:
            return package, hashlib.file_digest(file, "sha256").hexdigest()

    async def _install(self, _words: Words) -> Told:
        coming = self._coming
        if coming is None or coming.package is None:
            return no("bring a package first", code="conflict")[0]
        if self._station.transfers.updating:
            return no("an update is under way", code="conflict")[0]
        self._coming = None  # who asks again meanwhile has nothing to install
        try:
            await self._run(self._move)
        except OSError as problem:
            return no(f"the package cannot be kept: {problem}", code="conflict")[0]
        self._post(PackageBrought(coming.package.version, coming.digest))
        return self._told()

    def _move(self) -> None:
        self._file.rename(self._folder / WHOLE)
        sync_folder(self._folder)

    async def _drop(self, _words: Words) -> Told:
        self._coming = None
        await self._run(self._unlink)
        return self._told()

    def _unlink(self) -> None:
        with suppress(OSError):
            self._file.unlink()

    async def _run(self, work: Callable[..., Any], *words: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *words)
