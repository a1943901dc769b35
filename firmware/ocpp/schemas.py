"""The JSON schemas of OCPP 1.6, read once from the `ocpp` package and judged by our own rules.

The schemas use a dozen keywords; this judges exactly those, without decimals and in microseconds,
and names violations as OCPP 1.6 does (table 7 of OCPP-J, names as printed).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

_KEYWORDS = {
    "$schema", "title", "type", "properties", "required", "additionalProperties", "enum",
    "maxLength", "items", "minItems", "multipleOf", "format",
    "$id", "$ref", "definitions", "additionalItems", "javaType",
}  # fmt: skip
_INT64 = 1 << 63  # what a database can keep
_COUNTABLE = 1e12


@dataclass(frozen=True, slots=True)
class Violation:
    """What is wrong with a payload: the OCPP 1.6 code, and a sentence that names the field."""

    code: str
    why: str


def violation(action: str, payload: object, *, answer: bool = False) -> Violation | None:
    """Return the first thing wrong with the payload of a Core request or answer."""
    return _judge(_schema(action + "Response" * answer), payload, action)


@cache
def _schema(name: str) -> dict[str, Any]:
    file = resources.files("ocpp.v16").joinpath("schemas", f"{name}.json")
    schema: dict[str, Any] = json.loads(file.read_text(encoding="utf-8-sig"))
    _check_keywords(schema)
    return _resolved(schema, schema.get("definitions", {}))


def _resolved(schema: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """Put definitions where they are referred to; the whitepaper's schemas have them."""
    if "$ref" in schema:
        return _resolved(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    whole = dict(schema)
    if "items" in schema:
        whole["items"] = _resolved(schema["items"], definitions)
    inner = schema.get("properties", {})
    whole["properties"] = {name: _resolved(one, definitions) for name, one in inner.items()}
    return whole


def _check_keywords(schema: dict[str, Any]) -> None:
    assert _KEYWORDS.issuperset(schema), sorted(schema.keys() - _KEYWORDS)
    items = [schema["items"]] if "items" in schema else []
    for inner in [*schema.get("properties", {}).values(), *items]:
        _check_keywords(inner)


def _judge(schema: dict[str, Any], value: object, where: str) -> Violation | None:
    kind = schema.get("type")
    if kind is not None and not _TYPES[kind](value):
        return Violation("TypeConstraintViolation", f"{where} is no {kind}")
    match value:
        case dict():
            return _judge_object(schema, value, where)
        case list():
            return _judge_list(schema, value, where)
        case str():
            return _judge_text(schema, value, where)
    step = schema.get("multipleOf")
    if isinstance(value, int | float) and step and not _multiple(value, step):
        return Violation("PropertyConstraintViolation", f"{where} is no multiple of {step}")
    return None


def _multiple(value: float, step: float) -> bool:
    """Tell whether steps make up the value; of a huge one nobody can say."""
    return abs(value) < _COUNTABLE and abs(value / step - round(value / step)) <= 1e-6


def _judge_object(schema: dict[str, Any], value: dict[str, Any], where: str) -> Violation | None:
    properties = schema.get("properties", {})
    for name in schema.get("required", ()):
        if name not in value:
            return Violation("OccurenceConstraintViolation", f"{where} lacks {name}")
    for name, inner in value.items():
        if name in properties:
            if found := _judge(properties[name], inner, f"{where}.{name}"):
                return found
        elif schema.get("additionalProperties") is False:
            return Violation("FormationViolation", f"{where} has a field that OCPP does not know")
    return None


def _judge_list(schema: dict[str, Any], value: list[Any], where: str) -> Violation | None:
    least = schema.get("minItems", 0)
    if len(value) < least:
        return Violation("OccurenceConstraintViolation", f"{where} needs {least} or more")
    found = (_judge(schema.get("items", {}), inner, f"{where}[]") for inner in value)
    return next(filter(None, found), None)


def _judge_text(schema: dict[str, Any], value: str, where: str) -> Violation | None:
    limit = schema.get("maxLength")
    if limit is not None and len(value) > limit:
        return Violation("TypeConstraintViolation", f"{where} is longer than {limit}")
    if "enum" in schema and value not in schema["enum"]:
        return Violation("PropertyConstraintViolation", f"{where} has an unknown value")
    return None


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and -_INT64 <= value < _INT64


_TYPES: dict[str, Callable[[object], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer": _is_integer,
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
}
