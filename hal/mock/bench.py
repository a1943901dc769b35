"""The bench protocol as text: lines in, answer lines out. No socket and no clock here.

A line that cannot be done is answered with `ok: false` and a sentence; it never raises.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from hal.mock.outlet import BenchError

LONGEST_LINE_BYTES = 64 * 1024

Act = Callable[[str, Mapping[str, object]], Mapping[str, object]]


@dataclass(slots=True)
class LineSplitter:
    """Cuts a byte stream into lines; a line that is too long comes out once, as `None`."""

    _rest: bytearray = field(default_factory=bytearray)
    _skipping: bool = False

    def feed(self, data: bytes) -> list[bytes | None]:
        """Take what arrived and return the lines that are now complete, without their ends."""
        lines: list[bytes | None] = []
        *complete, rest = data.split(b"\n")
        for piece in complete:
            self._rest += piece
            if not self._skipping:
                fits = len(self._rest) < LONGEST_LINE_BYTES
                lines.append(bytes(self._rest) if fits else None)
            self._rest.clear()
            self._skipping = False
        self._rest += rest
        if len(self._rest) >= LONGEST_LINE_BYTES and not self._skipping:
            lines.append(None)
            self._skipping = True
        if self._skipping:
            self._rest.clear()
        return lines


def answer(line: bytes | None, act: Act) -> bytes | None:
    """Do what a line says and return the answer line; an empty line has none."""
    if line is None:
        text = f"a line is longer than {LONGEST_LINE_BYTES} bytes"
        return encoded({"ok": False, "error": text})
    if not line.strip():
        return None
    call_id: dict[str, object] = {}
    try:
        call = _object(line)
        call_id = _call_id(call)
        verb = call.pop("do", None)
        if not isinstance(verb, str):
            raise BenchError('a line needs a verb: {"do": "look"}')
        return encoded({**call_id, "ok": True, **act(verb, call)})
    except BenchError as refusal:
        return encoded({**call_id, "ok": False, "error": str(refusal)})


def encoded(message: Mapping[str, object]) -> bytes:
    """Return a message as a line with its end."""
    return json.dumps(message, separators=(", ", ": ")).encode() + b"\n"


def _object(line: bytes) -> dict[str, object]:
    try:
        call = json.loads(line.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise BenchError(f"a line is not JSON: {error}"[:200]) from error
    if not isinstance(call, dict):
        raise BenchError("a line is not an object")
    return call


def _call_id(call: dict[str, object]) -> dict[str, object]:
    if "id" not in call:
        return {}
    value = call.pop("id")
    if type(value) is int or (isinstance(value, str) and len(value) <= 64):
        return {"id": value}
    raise BenchError("id must be a whole number or a text of at most 64 characters")
