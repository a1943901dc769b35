"""What a safety process must not forget when it dies: one small record that outlives it.

Two places in one file, written in turn and each with a checksum: a torn write leaves the other.
Writing is one call into the page cache; a thread brings it to the disk, so that the loop never
waits for a memory card. A file in which neither place can be read is told, never guessed at.
"""

from __future__ import annotations

import json
import os
import threading
import zlib
from pathlib import Path

_STACK_BYTES = 256 * 1024
_PLACE_BYTES = 512  # a sector: written whole or not at all


class LatchDamaged(ValueError):
    """There is a file, and nothing in it can be trusted."""


class Latch:
    """The writing end, and what an earlier run left."""

    def __init__(self, path: Path) -> None:
        """Open or make the file; raise `OSError` if that cannot be done."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        self._raw = os.read(self._fd, 2 * _PLACE_BYTES + 1)
        self._number = max((number for number, _ in self._good()), default=0)
        self._wake = threading.Event()
        usual = threading.stack_size(_STACK_BYTES)  # all of it is locked into memory
        threading.Thread(target=self._sync, name="latch", daemon=True).start()
        threading.stack_size(usual)

    def left(self) -> dict[str, list[str]]:
        """Return what was kept last, empty for a new file; raise `LatchDamaged`."""
        if not self._raw:
            return {}
        good = self._good()
        if not good:
            raise LatchDamaged(f"{len(self._raw)} bytes, and no place with a right checksum")
        return max(good)[1]

    def keep(self, words: dict[str, list[str]]) -> None:
        """Keep this from now on; what was kept before is gone."""
        self._number += 1
        body = json.dumps([self._number, words], separators=(",", ":")).encode()
        record = f"{zlib.crc32(body):08x}".encode() + body
        assert len(record) <= _PLACE_BYTES, words
        place = (self._number % 2) * _PLACE_BYTES
        os.pwrite(self._fd, record.ljust(_PLACE_BYTES), place)
        self._wake.set()

    def _good(self) -> list[tuple[int, dict[str, list[str]]]]:
        found = []
        for at in (0, _PLACE_BYTES):
            record = self._raw[at : at + _PLACE_BYTES].rstrip()
            body = record[8:]
            if body and record[:8] == f"{zlib.crc32(body):08x}".encode():
                number, words = json.loads(body)
                found.append((number, words))
        return found

    def _sync(self) -> None:
        while True:
            self._wake.wait()
            self._wake.clear()
            os.fdatasync(self._fd)
