"""A black box: a ring of records in a mapped file, which the death of its writer does not harm.

Writing is a copy into memory that the kernel owns: no system call, no wait, no disk in the loop.
Space is reserved when the box is opened, so that a full disk cannot end the writer later.
Readers put the records in order, leave out what was torn, and say how many those were.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import mmap
import os
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from operator import attrgetter
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

SLOT_BYTES = 128
BOX_BYTES = 4 * 1024 * 1024
_MAGIC = b"PSBLACK1"
_TITLE = struct.Struct("<8sII16s")  # magic, bytes a slot, slots, digest of the words
_HEAD = struct.Struct("<QqBBBB")  # number, at_ms, word, outlet, part, parts
_CRC = struct.Struct("<I")
_ROOM_BYTES = SLOT_BYTES - _CRC.size - _HEAD.size
_NONE = -(1 << 63)
_TEXT_BYTES = 64
_TRIPLE = struct.Struct("<3q")


class NoBox(OSError):
    """The file is no black box, or was written with other words; says which."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One record: what was noted of which outlet, and when (monotonic)."""

    number: int
    then: int  # the number of the record that was noted next; another one: a gap
    at_ms: int
    outlet: int
    value: Any


@dataclass(frozen=True, slots=True)
class Reading:
    """What a box holds, oldest first."""

    entries: tuple[Entry, ...]
    torn: int  # records that were begun or harmed, and cannot be trusted


class Words:
    """Packs the values of some types: flat ones by `struct`, all others as JSON."""

    def __init__(self, *types: type) -> None:
        self.numbers = {kind: number for number, kind in enumerate(types, start=1)}
        self.packers = {kind: _packer(kind) for kind in types}
        self.types = types
        told = [f"{t.__name__} {_shape(t)}" for t in types]
        self.digest = hashlib.sha256("\n".join(told).encode()).digest()[:16]

    def pack(self, value: object) -> tuple[int, bytes]:
        """Return the number of the word and its bytes."""
        kind = type(value)
        return self.numbers[kind], self.packers[kind][0](value)

    def unpack(self, number: int, data: bytes) -> Any:
        """Return the value; raise `ValueError` or the like if these are not its bytes."""
        return self.packers[self.types[number - 1]][1](data)


class BlackBox:
    """The writing end: one process, one thread."""

    def __init__(self, path: Path, words: Words, size_bytes: int = BOX_BYTES) -> None:
        """Open or make the box; what an earlier run noted stays. Raise `OSError`."""
        self.words = words
        self.slots = size_bytes // SLOT_BYTES - 1  # the first place is the title's
        path.parent.mkdir(parents=True, exist_ok=True)
        title = _TITLE.pack(_MAGIC, SLOT_BYTES, self.slots, words.digest)
        if path.exists() and not _titled(path, title):
            path.replace(path.with_name(path.name + ".previous"))
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            os.posix_fallocate(descriptor, 0, (self.slots + 1) * SLOT_BYTES)
            flags = mmap.MAP_SHARED | mmap.MAP_POPULATE
            self._map = mmap.mmap(descriptor, (self.slots + 1) * SLOT_BYTES, flags)
        finally:
            os.close(descriptor)
        self._map[: len(title)] = title
        self.number = max((number for number, *_ in _slots(self._map)), default=0) + 1

    def note(self, outlet: int, at_ms: int, value: object) -> None:
        """Keep a value; the oldest gives its place."""
        word, data = self.words.pack(value)
        parts = max(-(-len(data) // _ROOM_BYTES), 1)
        assert parts <= 255, (type(value).__name__, len(data))
        for part in range(parts):
            head = _HEAD.pack(self.number, at_ms, word, outlet, part, parts)
            body = head + data[part * _ROOM_BYTES : (part + 1) * _ROOM_BYTES]
            body = body.ljust(SLOT_BYTES - _CRC.size, b"\0")
            place = (1 + self.number % self.slots) * SLOT_BYTES
            self._map[place : place + SLOT_BYTES] = _CRC.pack(zlib.crc32(body)) + body
            self.number += 1

    def close(self) -> None:
        """Unmap; the kernel keeps what was written."""
        with contextlib.suppress(BufferError):
            self._map.close()


def read_box(path: Path, words: Words) -> Reading:
    """Return everything that can be trusted, in order; raise `NoBox` or `OSError`."""
    data = path.read_bytes()
    if len(data) < SLOT_BYTES:
        raise NoBox(f"{path}: too short for a black box")
    magic, slot_bytes, slots, digest = _TITLE.unpack_from(data)
    if magic != _MAGIC or slot_bytes != SLOT_BYTES or len(data) != (slots + 1) * SLOT_BYTES:
        raise NoBox(f"{path}: is not a black box")
    if digest != words.digest:
        raise NoBox(f"{path}: written by another version of the firmware; replay it with that one")
    found = sorted(_slots(data))
    written = sum(any(data[p : p + SLOT_BYTES]) for p in range(SLOT_BYTES, len(data), SLOT_BYTES))
    torn, entries, index = written - len(found), list[Entry](), 0
    while index < len(found) and found[index][4] > 0:
        index += 1  # the rest of a record whose beginning gave its place
    while index < len(found):
        number, at_ms, word, outlet, part, parts, piece = found[index]
        pieces = found[index : index + parts]
        whole = [(number + n, n, parts) for n in range(parts)]
        if part != 0 or [(p[0], p[4], p[5]) for p in pieces] != whole:
            torn, index = torn + 1, index + 1
            continue
        index += parts
        try:
            value = words.unpack(word, b"".join(p[6] for p in pieces))
        except (ValueError, KeyError, TypeError, IndexError, struct.error):
            torn += 1
            continue
        entries.append(Entry(number, number + parts, at_ms, outlet, value))
    return Reading(tuple(entries), torn)


Slot = tuple[int, int, int, int, int, int, bytes]


def _slots(data: bytes | mmap.mmap) -> Iterator[Slot]:
    """Yield every slot whose check sum holds."""
    for place in range(SLOT_BYTES, len(data), SLOT_BYTES):
        body = data[place + _CRC.size : place + SLOT_BYTES]
        (crc,) = _CRC.unpack_from(data, place)
        if crc and crc == zlib.crc32(body):
            yield (*_HEAD.unpack_from(body), body[_HEAD.size :])


def _titled(path: Path, title: bytes) -> bool:
    with path.open("rb") as file:
        same = file.read(len(title)) == title
    slots = _TITLE.unpack(title)[2]
    return same and path.stat().st_size == (slots + 1) * SLOT_BYTES


# -- one value ------------------------------------------------------------------------------

Pack = Callable[[Any], bytes]
Unpack = Callable[[bytes], Any]
Fix = Callable[[Any], Any]


def _packer(kind: type) -> tuple[Pack, Unpack]:
    """Return how a type is packed: flat if all its fields are, else as JSON."""
    if not is_dataclass(kind):
        return lambda _value: b"", lambda _data: kind()
    leaves = list(_leaves(kind, ""))
    codes = [_code(hint) for _, hint in leaves]
    if None in codes or not leaves:
        return _json_packer(kind)
    known = [code for code in codes if code is not None]
    layout = struct.Struct("<" + "".join(code for code, _, _ in known))
    names = [name for name, _ in leaves]
    getter = attrgetter(*names) if len(names) > 1 else _one(attrgetter(names[0]))
    fixes = [(n, fix) for n, (_, fix, _) in enumerate(known) if fix is not None]
    back = [undo for _, _, undo in known]

    def pack(value: Any) -> bytes:
        values = list(getter(value))
        for n, fix in fixes:
            values[n] = fix(values[n])
        return layout.pack(*values)

    def unpack(data: bytes) -> Any:
        plain = layout.unpack_from(data)
        values = iter([v if f is None else f(v) for v, f in zip(plain, back, strict=True)])
        return _filled(kind, values)

    return pack, unpack


def _one(getter: Callable[[Any], Any]) -> Callable[[Any], tuple[Any]]:
    return lambda value: (getter(value),)


def _leaves(kind: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    hints = get_type_hints(kind)
    for field in fields(kind):
        hint = hints[field.name]
        if is_dataclass(hint):
            yield from _leaves(hint, f"{prefix}{field.name}.")
        else:
            yield prefix + field.name, hint


def _filled(kind: Any, values: Iterator[Any]) -> Any:
    hints = get_type_hints(kind)
    given = [
        _filled(hints[f.name], values) if is_dataclass(hints[f.name]) else next(values)
        for f in fields(kind)
    ]
    return kind(*given)


def _code(hint: Any) -> tuple[str, Fix | None, Fix | None] | None:
    """Return the struct code of a field, and what is done before packing and after unpacking."""
    arm, optional = _arm(hint)
    if arm is int:
        return ("q", _from_none, _to_none) if optional else ("q", None, None)
    if arm is bool:
        return ("b", _flag, [False, True, None].__getitem__) if optional else ("?", None, None)
    if isinstance(arm, type) and issubclass(arm, Enum) and len(arm) < 128:
        members = [*arm, None]
        return "b", {m: n for n, m in enumerate(members)}.__getitem__, members.__getitem__
    if arm == tuple[int, int, int]:
        return "25s", _triple_bytes, _triple_of
    if arm is str and not optional:
        return f"{_TEXT_BYTES + 1}p", _text_bytes, lambda raw: raw.decode(errors="replace")
    return None


def _arm(hint: Any) -> tuple[Any, bool]:
    """Return a hint without its None, and whether it had one."""
    if get_origin(hint) in (Union, UnionType):
        arms = [arm for arm in get_args(hint) if arm is not NoneType]
        if len(arms) == 1:
            return arms[0], True
    return hint, False


def _from_none(value: int | None) -> int:
    return _NONE if value is None else value


def _to_none(value: int) -> int | None:
    return None if value == _NONE else value


def _flag(value: bool | None) -> int:
    return 2 if value is None else value


def _triple_bytes(value: tuple[int, int, int] | None) -> bytes:
    return b"" if value is None else b"\1" + _TRIPLE.pack(*value)


def _triple_of(raw: bytes) -> tuple[int, ...] | None:
    return _TRIPLE.unpack_from(raw, 1) if raw[0] else None


def _text_bytes(value: str) -> bytes:
    return value.encode()[:_TEXT_BYTES]


# -- plain data ------------------------------------------------------------------------------


def _json_packer(kind: Any) -> tuple[Pack, Unpack]:
    def pack(value: Any) -> bytes:
        return json.dumps(_plain(value), separators=(",", ":")).encode()

    def unpack(data: bytes) -> Any:
        return _built(kind, json.loads(data.rstrip(b"\0")))

    return pack, unpack


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.name
    if is_dataclass(value):
        return [_plain(getattr(value, field.name)) for field in fields(value)]
    if isinstance(value, Mapping):
        return [[_plain(k), _plain(v)] for k, v in value.items()]
    if isinstance(value, set | frozenset):
        return sorted(map(_plain, value))
    return [_plain(v) for v in value] if isinstance(value, list | tuple) else value


def _built(hint: Any, plain: Any) -> Any:
    hint, _ = _arm(hint)
    if plain is None:
        return None
    if is_dataclass(hint):
        hints: dict[str, Any] = get_type_hints(hint)
        made: Any = hint
        return made(*(_built(hints[f.name], p) for f, p in zip(fields(hint), plain, strict=True)))
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint[plain]
    origin, arms = get_origin(hint), get_args(hint)
    if origin is dict:
        return {_built(arms[0], k): _built(arms[1], v) for k, v in plain}
    if origin is tuple and arms[-1:] != (...,):
        return tuple(_built(arm, p) for arm, p in zip(arms, plain, strict=True))
    if origin in (set, frozenset, list, tuple):
        return origin(_built(arms[0], p) for p in plain)
    return plain


def _shape(kind: Any) -> str:
    """Tell a type as text: two builds with the same text read each other's boxes."""
    if not is_dataclass(kind):
        members = (
            [m.name for m in kind] if isinstance(kind, type) and issubclass(kind, Enum) else ""
        )
        return f"{kind}{members}"
    hints = get_type_hints(kind)
    return ", ".join(f"{f.name}: {_inside(hints[f.name])}" for f in fields(kind))


def _inside(hint: Any) -> str:
    arms = get_args(hint)
    if arms:
        return f"{get_origin(hint)}[{', '.join(_inside(arm) for arm in arms)}]"
    return f"({_shape(hint)})" if isinstance(hint, type) else str(hint)
