"""Cuts a recorded log of file operations and opens what the disk may hold.

Model, as ext4 with data=ordered keeps its promises: names, sizes cut and files removed are one
journal, so that any beginning of them may have lasted; a sync makes its file's data last and
the whole journal up to it. Data without a sync lasts or not in any order, write by write, and
each write sector by sector (512 B); what was appended and did not last reads as zeros if
something behind it did.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

OPEN, WRITE, TRUNCATE, SYNC, UNLINK, RENAME, CLOSE, MARK = range(1, 9)
SECTOR_BYTES = 512
_HEAD = struct.Struct("=BBHiQQ")


@dataclass(frozen=True, slots=True)
class Operation:
    """One record: `number` is the flags of an open, an offset, or a size."""

    kind: int
    fd: int
    number: int
    path: str
    data: bytes


@dataclass(slots=True)
class _Pending:
    """What has not lasted yet: data of a file, or a step of the journal."""

    kind: int
    file: int
    number: int = 0
    data: bytes = b""
    names: tuple[str, ...] = ()


@dataclass(slots=True)
class Disk:
    """Files by number and names that point to them; what lasts, and what may."""

    files: dict[int, bytearray] = field(default_factory=dict)
    names: dict[str, int] = field(default_factory=dict)  # as they last
    seen: dict[str, int] = field(default_factory=dict)  # as the process sees them
    fds: dict[int, int] = field(default_factory=dict)
    pending: list[_Pending] = field(default_factory=list)
    marks: int = 0
    made: int = 0

    def take(self, operation: Operation) -> None:
        """Do the next operation."""
        match operation.kind:
            case 1:
                self._open(operation)
            case 2:
                file = self.fds[operation.fd]
                self.pending.append(_Pending(WRITE, file, operation.number, operation.data))
            case 3:
                self._journal(_Pending(TRUNCATE, self.fds[operation.fd], operation.number))
            case 4:
                self._sync(self.fds[operation.fd])
            case 5:
                self.seen.pop(operation.path, None)
                self._journal(_Pending(UNLINK, -1, names=(operation.path,)))
            case 6:
                target = operation.data.decode()
                self.seen[target] = self.seen.pop(operation.path)
                self._journal(_Pending(RENAME, -1, names=(operation.path, target)))
            case 7:
                self.fds.pop(operation.fd, None)
            case 8:
                self.marks += operation.data.count(b"\n")

    def after_cut(self, random: Random) -> dict[str, bytes]:
        """Return one of the many things that the disk may hold if the power failed now."""
        files = {number: bytearray(data) for number, data in self.files.items()}
        names = dict(self.names)
        journal = sum(p.kind != WRITE for p in self.pending)
        lasting = random.randint(0, journal)
        kept_share = random.choice((0.0, 0.3, 0.7, 1.0))
        for pending in self.pending:
            if pending.kind == WRITE:
                if random.random() < kept_share:
                    _write(files, pending, _torn(pending, random))
            elif lasting:
                lasting -= 1
                _apply(files, names, pending)
        return {name: bytes(files.get(number, b"")) for name, number in names.items()}

    def _open(self, operation: Operation) -> None:
        file = self.seen.get(operation.path)
        if file is None:
            self.made += 1
            file = self.seen[operation.path] = self.made
            self._journal(_Pending(OPEN, file, names=(operation.path,)))
        elif operation.number & os.O_TRUNC:
            self._journal(_Pending(TRUNCATE, file, 0))
        self.fds[operation.fd] = file

    def _journal(self, pending: _Pending) -> None:
        self.pending.append(pending)

    def _sync(self, file: int) -> None:
        rest: list[_Pending] = []
        for pending in self.pending:
            if pending.kind == WRITE and pending.file != file:
                rest.append(pending)
            elif pending.kind == WRITE:
                _write(self.files, pending, ((0, len(pending.data)),))
            else:
                _apply(self.files, self.names, pending)
                if pending.kind == TRUNCATE:  # what was cut off cannot come back
                    rest = [p for p in rest if p.file != pending.file or p.number < pending.number]
        self.pending = rest


def _apply(files: dict[int, bytearray], names: dict[str, int], pending: _Pending) -> None:
    match pending.kind:
        case 1:
            names[pending.names[0]] = pending.file
            files.setdefault(pending.file, bytearray())
        case 3:
            data = files.setdefault(pending.file, bytearray())
            del data[pending.number :]
            data.extend(bytes(pending.number - len(data)))
        case 5:
            names.pop(pending.names[0], None)
        case 6:
            names[pending.names[1]] = names.pop(pending.names[0])


def _torn(pending: _Pending, random: Random) -> Sequence[tuple[int, int]]:
    """Return the pieces of a write that lasted: all of it, or some of its sectors."""
    size = len(pending.data)
    if random.random() < 0.5:
        return ((0, size),)
    edges = [0, *range(SECTOR_BYTES - pending.number % SECTOR_BYTES, size, SECTOR_BYTES), size]
    pieces = zip(edges, edges[1:], strict=False)
    return [piece for piece in pieces if random.random() < 0.5]


def _write(
    files: dict[int, bytearray], pending: _Pending, pieces: Sequence[tuple[int, int]]
) -> None:
    data = files.setdefault(pending.file, bytearray())
    for begin, end in pieces:
        at = pending.number + begin
        if len(data) < at:
            data.extend(bytes(at - len(data)))
        data[at : pending.number + end] = pending.data[begin:end]


def operations(log: Path) -> Iterator[Operation]:
    """Read a log; a record that is not whole ends it."""
    data = memoryview(log.read_bytes())
    at = 0
    while at + _HEAD.size <= len(data):
        kind, _, path_bytes, fd, number, data_bytes = _HEAD.unpack_from(data, at)
        path_at = at + _HEAD.size
        data_at = path_at + path_bytes
        at = data_at + data_bytes
        if at <= len(data):
            path = bytes(data[path_at:data_at]).decode()
            yield Operation(kind, fd, number, path, bytes(data[data_at:at]))
