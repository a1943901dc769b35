"""Frames of the link: one JSON object a frame, at most `MAX_FRAME_BYTES`, known types only.

`decode` raises `RemoteError` for anything that is not exactly a known frame; nothing of a
peer's making is ever executed or believed beyond its declared type and range.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

from firmware.model.errors import RemoteError
from firmware.model.fault import Fault
from firmware.model.outlet import (
    CableChanged,
    ContactorMoved,
    CpChanged,
    CpToggled,
    EndPermit,
    FaultCleared,
    FaultRaised,
    HoldLock,
    LockMoved,
    OfferChanged,
    PermitEnded,
)
from firmware.model.values import MAX_CURRENT_MA, CpState

MAX_FRAME_BYTES = 512
LEASE_MS = 2_000
RENEW_MS = 250
MAX_OUTLETS = 2
_MAX_TEXT = 64


@dataclass(frozen=True, slots=True)
class PermitRenewed:
    """Down: up to `limit_ma` is allowed on so many phases for `lease_ms` from now.

    `wake`: a car that sleeps through the offer may be woken.
    """

    outlet: int
    limit_ma: int
    lease_ms: int
    phases: int = 3
    wake: bool = True


@dataclass(frozen=True, slots=True)
class ReportAsked:
    """Down: tell the present state of every outlet."""


Frame = (
    CableChanged | ContactorMoved | CpChanged | CpToggled | EndPermit | FaultCleared | FaultRaised
    | HoldLock | LockMoved | OfferChanged | PermitEnded | PermitRenewed | ReportAsked
)  # fmt: skip
_TYPES: dict[str, type[Frame]] = {
    cls.__name__: cls
    for cls in (
        CableChanged, ContactorMoved, CpChanged, CpToggled, EndPermit, FaultCleared, FaultRaised,
        HoldLock, LockMoved, OfferChanged, PermitEnded, PermitRenewed, ReportAsked,
    )
}  # fmt: skip


def _whole(low: int, high: int) -> Callable[[Any], int]:
    def check(value: Any) -> int:
        if type(value) is not int or not low <= value <= high:
            raise ValueError(f"{value!r} is not a whole number from {low} to {high}")
        return value

    return check


def _truth(value: Any) -> bool:
    if type(value) is not bool:
        raise ValueError(f"{value!r} is neither true nor false")
    return value


def _text(value: Any) -> str:
    if type(value) is not str or len(value) > _MAX_TEXT:
        raise ValueError(f"{value!r} is not a text of at most {_MAX_TEXT} characters")
    return value


def _phases(value: Any) -> int:
    if type(value) is not int or value not in (1, 3):
        raise ValueError(f"{value!r} is neither 1 nor 3 phases")
    return value


def _rating(value: Any) -> int | None:
    return None if value is None else _whole(0, MAX_CURRENT_MA)(value)


_READERS: dict[str, Callable[[Any], Any]] = {
    "outlet": _whole(1, MAX_OUTLETS),
    "at_ms": _whole(0, 1 << 60),
    "cable_ma": _rating,
    "limit_ma": _whole(0, MAX_CURRENT_MA),
    "lease_ms": _whole(0, LEASE_MS),
    "offered_ma": _whole(0, MAX_CURRENT_MA),
    "width_ms": _whole(0, 1 << 60),
    "phases": _phases,
    "closed": _truth,
    "locked": _truth,
    "wake": _truth,
    "reason": _text,
    "cp": CpState,
    "fault": Fault.by_id,
}


def encode(frame: Frame) -> bytes:
    """Return the bytes of a frame."""
    body: dict[str, object] = {"t": type(frame).__name__}
    for field in fields(frame):
        value = getattr(frame, field.name)
        body[field.name] = value.row.id if isinstance(value, Fault) else value
    data = json.dumps(body, separators=(",", ":")).encode()
    assert len(data) <= MAX_FRAME_BYTES, body
    return data


def decode(data: bytes) -> Frame:
    """Return the frame; raise `RemoteError` with a sentence when it is none."""
    if len(data) > MAX_FRAME_BYTES:
        raise RemoteError(f"link frame of {len(data)} bytes, {MAX_FRAME_BYTES} are allowed")
    try:
        body = json.loads(data)
        kind = _TYPES[body.pop("t")]
        names = {field.name for field in fields(kind)}
        if set(body) != names:
            raise ValueError(f"fields {sorted(body)}, expected {sorted(names)}")
        return kind(**{name: _READERS[name](value) for name, value in body.items()})
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as problem:
        raise RemoteError(f"link frame {data[:80]!r}: {problem}") from problem
