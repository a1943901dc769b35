"""The frames of OCPP-J 1.6 (section 4): text in, one of five shapes out, and back again.

Nothing a back end sends may raise here or cost more than its size: depth, digits and length are
checked before the JSON parser sees the text. What is wrong with an identifiable CALL is answered
(`Refusal`), the rest is `Junk`. Descriptions name fields, never their contents.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MAX_TEXT = 128 * 1024
MAX_DEPTH = 32
MAX_DIGITS = 20
MAX_ID = 36  # [OCPP-J 4.1.4]
CALL, CALL_RESULT, CALL_ERROR = 2, 3, 4

Payload = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """A request of the back end."""

    id: str
    action: str
    payload: Payload


@dataclass(frozen=True, slots=True)
class Result:
    """An answer to one of our requests; `payload` is `None` when it cannot be understood."""

    id: str
    payload: Payload | None


@dataclass(frozen=True, slots=True)
class Failure:
    """A CALLERROR to one of our requests."""

    id: str
    code: str
    description: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """A request that is broken, with the CALLERROR it deserves."""

    id: str
    code: str
    description: str


@dataclass(frozen=True, slots=True)
class Junk:
    """Text to which no answer is possible, and why."""

    why: str


Frame = Call | Result | Failure | Refusal | Junk

# A string is taken whole (and possessively: no backtracking), so that only what stands outside
# strings is counted.
_TOKEN = re.compile(
    r'"(?:[^"\\]++|\\.)*+"?|[\[{]|[\]}]|-?\d++(?:\.\d++)?(?:[eE][+-]?\d++)?', re.DOTALL
)


def parse(text: str) -> Frame:
    """Return what a text frame is; total over all strings."""
    if len(text) > MAX_TEXT:
        return Junk(f"a frame of {len(text)} characters, {MAX_TEXT} is the limit")
    if excess := _excess(text):
        return Junk(excess)
    try:
        message = json.loads(text, parse_constant=_refuse_constant, parse_float=_finite)
        json.dumps(message, ensure_ascii=False).encode()  # half surrogates can be kept nowhere
    except (ValueError, RecursionError):  # JSONDecodeError and UnicodeEncodeError are ValueErrors
        return Junk("a frame that is not JSON")
    if not isinstance(message, list) or not message:
        return Junk("a frame that is no JSON list")
    return _shape(message)


def pack_call(message_id: str, action: str, payload: Mapping[str, Any]) -> str:
    """Return the text of a CALL."""
    return _text([CALL, message_id, action, payload])


def pack_result(message_id: str, payload: Mapping[str, Any]) -> str:
    """Return the text of a CALLRESULT."""
    return _text([CALL_RESULT, message_id, payload])


def pack_error(refusal: Refusal) -> str:
    """Return the text of a CALLERROR."""
    return _text([CALL_ERROR, refusal.id, refusal.code, refusal.description[:255], {}])


def _text(message: list[Any]) -> str:
    return json.dumps(message, separators=(",", ":"), allow_nan=False)


def _excess(text: str) -> str | None:
    depth = 0
    for match in _TOKEN.finditer(text):
        token = match.group()
        match token[0]:
            case '"':
                continue
            case "[" | "{":
                depth += 1
                if depth > MAX_DEPTH:
                    return f"a frame nested deeper than {MAX_DEPTH}"
            case "]" | "}":
                depth -= 1
            case _ if sum(map(str.isdigit, token)) > MAX_DIGITS:
                return f"a number of more than {MAX_DIGITS} digits"
    return None


def _refuse_constant(name: str) -> float:
    raise ValueError(name)


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value


def _shape(message: list[Any]) -> Frame:
    match message:
        case [int(kind), str(message_id), *rest] if type(kind) is int and _good_id(message_id):
            return _of_kind(kind, message_id, rest)
        case [int(kind), *_] if type(kind) is int and kind in (CALL, CALL_RESULT, CALL_ERROR):
            return Junk("a frame without a usable message id")
    return Junk("a frame of an unknown message type")


def _good_id(message_id: str) -> bool:
    return 0 < len(message_id) <= MAX_ID


def _of_kind(kind: int, message_id: str, rest: list[Any]) -> Frame:
    match kind, rest:
        case (2, [str(action), None]):  # [OCPP-J 4.2.1] null may stand for {}
            return Call(message_id, action, {})
        case (2, [str(action), dict(payload)]):
            return Call(message_id, action, payload)
        case (2, _):
            why = "a CALL is [2, id, action, object]"
            return Refusal(message_id, "FormationViolation", why)
        case (3, [None, *_]):
            return Result(message_id, {})
        case (3, [dict(payload), *_]):
            return Result(message_id, payload)
        case (3, _):
            return Result(message_id, None)
        case (4, _):
            return _failure(message_id, rest)
    return Junk("a frame of an unknown message type")


def _failure(message_id: str, rest: list[Any]) -> Failure:
    texts = [item if isinstance(item, str) else "" for item in [*rest, "", ""][:2]]
    return Failure(message_id, texts[0][:50] or "GenericError", texts[1][:255])
