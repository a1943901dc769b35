"""Frames as an erratic back end would write them: nearly right, by the schemas, then spoiled."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any

from tools.fuzz.choices import Choices, often, one_of

OPEN = "<open>"  # stands for the id of what the station has just asked
STRANGE: tuple[Any, ...] = (
    None, True, "", " ", -1, 0, 1, 2, 3, 99, 2**31, 2**63, -(2**63) - 1, 0.1, 21.33, 1e308,
    "x" * 600,
    "\u0000", "\U0001f50c", "1", "-5", "2026-11-23T00:00:00Z", "2026-02-30T25:61:61+99:99",
    "9999999999",
    "NaN", [], {}, [[]], {"a": 1},
)  # fmt: skip
TEXTS = (
    "0a0e9b83", "CARD", "", "x", "HeartbeatInterval", "LocalAuthListMaxLength", "AuthorizationKey",
    "operator_current_limit_1", "OperatorCurrentLimit1", "MeterValuesSampledData",
    "SecurityProfile",
    "Energy.Active.Import.Register", "Power.Active.Import,Voltage", "true", "0", "16", "-1", "32.5",
    "2026-11-23T00:00:00Z", "2030-01-01T00:00:00.000+02:00", "1970-01-01T00:00:00Z", "ftp://h/f",
    "https://host/file?x=1", "é" * 40,
    "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----",
)  # fmt: skip
NUMBERS = (0, 1, 2, 3, -1, 5, 10, 60, 86_400, 10**9, 2**31 - 1, -(2**31), 2**53)
FRACTIONS = (0.0, 6.0, 16.0, 31.9, 5.9, 0.1, 21.33, 11_000.0, -1.0, 1e6)
INSERTS = ('"', "[", "{", "\\u0000", ",,", "1e999")
SPOILS = ("cut", "double", "swap", "insert", "depth", "digits", "nothing", "nothing", "nothing")


@cache
def schemas() -> dict[str, dict[str, Any]]:
    """Return the schemas of all requests and answers of OCPP 1.6 by name."""
    folder = resources.files("ocpp.v16").joinpath("schemas")
    return {
        file.name.removesuffix(".json"): json.loads(file.read_text(encoding="utf-8-sig"))
        for file in sorted(folder.iterdir(), key=lambda file: file.name)
        if file.name.endswith(".json")
    }


def frame(choices: Choices) -> str:
    """Return one frame."""
    match choices.below(8):
        case 0:
            message = [3, _number(choices), _payload(choices, answer=True)]
        case 1:
            code = one_of(choices, ("InternalError", "NotImplemented", "?", 5, None))
            message = [4, _number(choices), code, one_of(choices, STRANGE), {}]
        case 2:
            message = [one_of(choices, STRANGE) for _ in range(choices.below(6))]
        case _:
            action = one_of(choices, [name for name in schemas() if not name.endswith("Response")])
            message = [2, _number(choices), action, value(choices, schemas()[action])]
    return _spoiled(choices, json.dumps(message))


def value(choices: Choices, schema: dict[str, Any], depth: int = 0) -> Any:
    """Return a value that this schema allows; now and then one that it does not."""
    if not often(choices, 24):
        return one_of(choices, STRANGE)
    if "enum" in schema:
        return one_of(choices, schema["enum"])
    match schema.get("type"):
        case "object":
            required = set(schema.get("required", ()))
            return {
                name: value(choices, inner, depth + 1)
                for name, inner in schema.get("properties", {}).items()
                if (often(choices, 24) if name in required else choices.below(2))
            }
        case "array":
            return [value(choices, schema["items"], depth + 1) for _ in range(choices.below(4))]
        case "integer":
            return one_of(choices, NUMBERS)
        case "number":
            return one_of(choices, FRACTIONS)
        case "boolean":
            return bool(choices.below(2))
    return one_of(choices, TEXTS)


def _payload(choices: Choices, *, answer: bool) -> Any:
    names = [name for name in schemas() if name.endswith("Response") is answer]
    return value(choices, schemas()[one_of(choices, names)])


def _number(choices: Choices) -> Any:
    return OPEN if often(choices, 4) else one_of(choices, ("a", "b", "", "x" * 40, 7, None))


def _spoiled(choices: Choices, text: str) -> str:
    at = choices.below(len(text) + 1)
    match one_of(choices, SPOILS):
        case "cut":
            return text[:at]
        case "double":
            return text[:at] + text
        case "swap":
            return text[:at] + chr(choices.below(0x11_0000)) + text[at + 1 :]
        case "insert":
            return (
                text[:at] + one_of(choices, ('"', "[", "{", "\\u0000", ",,", "1e999")) + text[at:]
            )
        case "depth":
            return "[" * (40 + choices.below(2_000)) + text
        case "digits":
            return text.replace("1", "1" * (1 + choices.below(200)), 1)
    return text
