"""Frames of load management: one JSON object each, bounded, of known kinds and one version.

`unpack` raises `BadFrame` for whatever is not exactly such a frame, and nothing else: bytes come
from other stations. Who may send which frame is decided by certificates, not here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import fields
from typing import Any

from firmware.dlm.phases import ROTATIONS
from firmware.dlm.slave import LEASE_MAX_MS
from firmware.model.dlm import (
    MAX_FRAME_BYTES,
    MAX_LABEL,
    MAX_REASON,
    UNIT_NAME,
    MasterSeen,
    PointState,
    UnitAnswered,
    UnitAsked,
)
from firmware.model.errors import RemoteError

VERSION = 1
MAX_POINTS = 32  # of a unit
MAX_MA = 9_999_000  # what a parameter of a fuse may say
MAX_COUNT = (1 << 53) - 1  # what every reader of JSON keeps exactly
MAX_PRIORITY = 255
POINT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,63}")

Frame = UnitAsked | UnitAnswered | MasterSeen
_KINDS: dict[str, type[Frame]] = {
    "asked": UnitAsked,
    "answered": UnitAnswered,
    "master": MasterSeen,
}
_NAMES = {kind: name for name, kind in _KINDS.items()}


class BadFrame(RemoteError):
    """Bytes that are no frame of load management; the text says what is wrong with them."""


def pack(frame: Frame) -> bytes:
    """Return the bytes of a frame; a frame that could not be read is a bug."""
    content = {"v": VERSION, "t": _NAMES[type(frame)], **_plain(frame)}
    data = json.dumps(content, separators=(",", ":")).encode()
    assert len(data) <= MAX_FRAME_BYTES, f"{len(data)} bytes of {frame!r}"
    return data


def unpack(data: bytes) -> Frame:
    """Return the frame, or raise `BadFrame`."""
    if len(data) > MAX_FRAME_BYTES:
        raise BadFrame(f"a frame of {len(data)} bytes; at most {MAX_FRAME_BYTES} are read")
    try:
        content = json.loads(data, object_pairs_hook=_object)
        return _frame(content)
    except (ValueError, RecursionError) as why:
        raise BadFrame(f"no frame of load management: {str(why)[:200]}") from None


def _frame(content: Any) -> Frame:
    if type(content) is not dict:
        raise ValueError(f"{_short(content)} instead of an object")
    version, kind = content.pop("v", None), content.pop("t", None)
    if type(version) is not int or version != VERSION:
        raise ValueError(f"version {_short(version)}; this station speaks {VERSION}")
    if type(kind) is not str or kind not in _KINDS:
        raise ValueError(f"a frame of kind {_short(kind)}; known are {', '.join(_KINDS)}")
    made: Frame = _read(_KINDS[kind], content)
    return made


def _plain(made: Frame | PointState) -> dict[str, Any]:
    values = {field.name: getattr(made, field.name) for field in fields(made)}
    if "points" in values:
        values["points"] = [_plain(point) for point in values["points"]]
    return values


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ValueError("a name stands twice in an object")
    return made


def _read(kind: type[Any], content: Any) -> Any:
    """Build a value of `kind`: all of its fields and no others."""
    names = [field.name for field in fields(kind)]
    if type(content) is not dict or content.keys() != set(names):
        raise ValueError(f"{kind.__name__} is an object of {', '.join(names)}")
    values = {}
    for name in names:
        try:
            values[name] = _READERS[name](content[name])
        except ValueError as why:
            raise ValueError(f"{name}: {why}") from None
    return kind(**values)


# -- one reader for each name ------------------------------------------------------------------


def _whole(low: int, high: int) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        if type(value) is not int or not low <= value <= high:
            raise ValueError(f"{_short(value)} is not a whole number from {low} to {high}")
        return value

    return read


def _name(pattern: re.Pattern[str]) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if type(value) is not str or not pattern.fullmatch(value):
            raise ValueError(f"{_short(value)} is no name")
        return value

    return read


def _rotation(value: Any) -> str:
    if type(value) is not str or value not in ROTATIONS:
        raise ValueError(f"{_short(value)} is none of {', '.join(ROTATIONS)}")
    return value


def _truth(value: Any) -> bool:
    if type(value) is not bool:
        raise ValueError(f"{_short(value)} is neither true nor false")
    return value


def _list(value: Any, most: int) -> list[Any]:
    if type(value) is not list or len(value) > most:
        raise ValueError(f"{_short(value)} is not a list of at most {most}")
    return value


def _uses(value: Any) -> tuple[int, ...]:
    phases = tuple(_whole(0, 2)(phase) for phase in _list(value, 3))
    if len(set(phases)) < len(phases):
        raise ValueError("a phase is named twice")
    return phases


def _currents(value: Any) -> tuple[int, ...]:
    currents = tuple(_amount_ma(current) for current in _list(value, 3))
    if len(currents) < 3:
        raise ValueError(f"{_short(value)} are not the currents of three phases")
    return currents


def _points(value: Any) -> tuple[PointState, ...]:
    points = tuple(_read(PointState, each) for each in _list(value, MAX_POINTS))
    _once([point.point for point in points])
    return points


def _limits(value: Any) -> tuple[tuple[str, int], ...]:
    limits = []
    for pair in _list(value, MAX_POINTS):
        if len(_list(pair, 2)) < 2:
            raise ValueError(f"{_short(pair)} is not a point and its limit")
        limits.append((_name(POINT)(pair[0]), _amount_ma(pair[1])))
    _once([point for point, _ in limits])
    return tuple(limits)


def _words(most: int) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if type(value) is not str or len(value) > most or not value.isprintable():
            raise ValueError(f"{_short(value)} are not words of at most {most} letters")
        return value

    return read


def _reasons(value: Any) -> tuple[str, ...]:
    return tuple(_words(MAX_REASON)(reason) for reason in _list(value, MAX_POINTS))


def _once(points: list[str]) -> None:
    if len(set(points)) < len(points):
        raise ValueError("a point is named twice")


def _short(value: Any) -> str:
    return repr(value)[:60] if type(value) is str else json.dumps(value)[:60]


_amount_ma = _whole(0, MAX_MA)
_READERS: dict[str, Callable[[Any], Any]] = {
    "unit": _name(UNIT_NAME),
    "master": _name(UNIT_NAME),
    "point": _name(POINT),
    "life": _whole(0, MAX_COUNT),
    "number": _whole(0, MAX_COUNT),
    "epoch": _whole(0, MAX_COUNT),
    "accepted": _whole(-1, MAX_COUNT),
    "network": _whole(0, 255),
    "lease_ms": _whole(1, LEASE_MAX_MS),
    "disconnected_ma": _amount_ma,
    "most_ma": _amount_ma,
    "in_force_ma": _amount_ma,
    "drawn_ma": _currents,
    "rotation": _rotation,
    "uses": _uses,
    "priority": _whole(0, MAX_PRIORITY),
    "it_network": _truth,
    "expects_ma": lambda value: None if value is None else _amount_ma(value),
    "points": _points,
    "limits_ma": _limits,
    "reasons": _reasons,
    "label": _words(MAX_LABEL),
}
