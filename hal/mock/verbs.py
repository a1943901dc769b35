"""The verbs of the bench protocol with their arguments, and the one place that checks them.

A verb is checked by this table before the world sees it; what it refuses is a sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hal.board import BoardProfile
from hal.mock.car import MANNERS
from hal.mock.outlet import BenchError

Check = Callable[[object], str | None]  # what is wrong with a value; None: nothing

CABLES_MA = (13_000, 20_000, 32_000, 63_000)
LINKS = ("backend", "dlm", "lan")
LONGEST_OFF_MS = 86_400_000
MOST_FILES = 16


@dataclass(frozen=True, slots=True)
class Arg:
    """One argument: its check, and whether the verb cannot do without it."""

    check: Check
    needed: bool = False


def whole(low: int, high: int) -> Check:
    """Accept a whole number from low to high."""

    def check(value: object) -> str | None:
        fine = type(value) is int and low <= value <= high
        return None if fine else f"must be a whole number from {low} to {high}"

    return check


def one_of(*choices: object) -> Check:
    """Accept one of these values."""
    listed = ", ".join(str(choice) for choice in choices)

    def check(value: object) -> str | None:
        fine = any(type(value) is type(choice) and value == choice for choice in choices)
        return None if fine else f"must be one of {listed}"

    return check


def flag(value: object) -> str | None:
    """Accept true or false."""
    return None if isinstance(value, bool) else "must be true or false"


def text(value: object) -> str | None:
    """Accept a word of 1 to 64 characters."""
    fine = isinstance(value, str) and 1 <= len(value) <= 64
    return None if fine else "must be a text of 1 to 64 characters"


def uid(value: object) -> str | None:
    """Accept the UID of a card: 4 to 10 bytes in hex."""
    fine = isinstance(value, str) and 8 <= len(value) <= 20 and len(value) % 2 == 0
    fine = fine and all(digit in "0123456789abcdefABCDEF" for digit in str(value))
    return None if fine else "must be 4 to 10 bytes in hex"


def triple(low: int, high: int) -> Check:
    """Accept three whole numbers, L1 to L3."""
    number = whole(low, high)

    def check(value: object) -> str | None:
        fine = isinstance(value, list) and len(value) == 3 and not any(map(number, value))
        return None if fine else f"must be a list of three whole numbers from {low} to {high}"

    return check


def files(value: object) -> str | None:
    """Accept an object of file names and their contents."""
    fine = isinstance(value, dict) and 1 <= len(value) <= MOST_FILES
    if not fine or not isinstance(value, dict):
        return f"must be an object of 1 to {MOST_FILES} files"
    for name, content in value.items():
        if text(name) or "/" in name or not isinstance(content, str):
            return "must map plain file names to texts"
    return None


def owns(value: object) -> str | None:
    """Accept the list of verbs that a client carries out for the rig."""
    fine = isinstance(value, list) and all(verb in OWNABLE for verb in value)
    return None if fine else f"must be a list of {', '.join(OWNABLE)}"


def car(value: object) -> str | None:
    """Accept `true` for a car as it comes, or an object with arguments of the verb `car`."""
    if isinstance(value, bool):
        return None
    if not isinstance(value, dict):
        return "must be true or an object with the arguments of car"
    for name, given in value.items():
        if name not in _CAR:
            return f"knows no {name!r} (known: {', '.join(_CAR)})"
        wrong = _CAR[name].check(given)
        if wrong:
            return f"argument {name} {wrong}"
    return None


_CAR: Mapping[str, Arg] = {
    "phases": Arg(whole(1, 3)),
    "max_ma": Arg(whole(0, 80_000)),
    "battery_wh": Arg(whole(1, 1_000_000)),
    "soc_percent": Arg(whole(0, 100)),
    "manner": Arg(one_of(*MANNERS)),
    "connected": Arg(flag),
    "asks": Arg(one_of("B", "C", "D", "E", "F", "auto")),
}
_OUTLET = Arg(whole(1, 1_000_000), needed=True)
_MV = Arg(whole(-15_000, 15_000))
_TIME = Arg(whole(0, 1 << 53))
OWNABLE = ("power", "link", "usb_stick")

VERBS: Mapping[str, Mapping[str, Arg]] = {
    "plug": {
        "outlet": _OUTLET,
        "cable_ma": Arg(one_of(*CABLES_MA)),
        "pp_ohm": Arg(whole(0, 1_000_000)),
        "car": Arg(car),
    },
    "unplug": {"outlet": _OUTLET, "force": Arg(flag)},
    "car": {"outlet": _OUTLET, **_CAR},
    "cp": {"outlet": _OUTLET, "high_mv": _MV, "low_mv": _MV, "release": Arg(one_of(True))},
    "pp": {"outlet": _OUTLET, "ohm": Arg(whole(0, 1_000_000)), "open": Arg(one_of(True))},
    "swipe": {
        "uid": Arg(uid, needed=True),
        "hold_ms": Arg(whole(1, 3_600_000)),
        "reader": Arg(whole(1, 16)),
        "kind": Arg(text),
    },
    "residual": {
        "outlet": _OUTLET,
        "dc_ma": Arg(whole(-1_000, 1_000)),
        "ac_ma": Arg(whole(-1_000, 1_000)),
    },
    "contactor": {"outlet": _OUTLET, "weld": Arg(flag), "stuck_open": Arg(flag)},
    "lock": {"outlet": _OUTLET, "jam": Arg(flag), "missing": Arg(flag)},
    "input": {"name": Arg(text, needed=True), "active": Arg(flag, needed=True)},
    "mains": {"volts": Arg(triple(0, 500), needed=True)},
    "power": {"off_ms": Arg(whole(0, LONGEST_OFF_MS), needed=True)},
    "meter": {
        "name": Arg(text, needed=True),
        "silent": Arg(flag),
        "currents_ma": Arg(triple(-1_000_000, 1_000_000)),
    },
    "temperature": {
        "name": Arg(one_of("controller")),
        "deci_celsius": Arg(whole(-500, 1_500), needed=True),
    },
    "reader": {"silent": Arg(flag, needed=True)},
    "link": {
        "name": Arg(one_of(*LINKS), needed=True),
        "up": Arg(flag, needed=True),
        "loss_percent": Arg(whole(0, 100)),
        "delay_ms": Arg(whole(0, 600_000)),
    },
    "usb_stick": {"files": Arg(files), "remove": Arg(one_of(True))},
    "look": {},
    "watch": {"own": Arg(owns)},
    "trace": {"outlet": _OUTLET, "from_ms": _TIME, "to_ms": _TIME},
    "rig": {},
}

# groups of arguments of which a call must bring one, or exactly one
_EXACTLY_ONE: Mapping[str, tuple[str, ...]] = {
    "contactor": ("weld", "stuck_open"),
    "lock": ("jam", "missing"),
    "pp": ("ohm", "open"),
    "usb_stick": ("files", "remove"),
}
_AT_LEAST_ONE: Mapping[str, tuple[str, ...]] = {
    "residual": ("dc_ma", "ac_ma"),
    "meter": ("silent", "currents_ma"),
}


def check(verb: str, args: Mapping[str, object], profile: BoardProfile) -> None:
    """Refuse a call that the table does not allow by raising `BenchError` with a sentence."""
    table = VERBS.get(verb)
    if table is None:
        raise BenchError(f"no verb {verb[:40]!r} (known: {', '.join(VERBS)})")
    for name in args:
        if name not in table:
            known = ", ".join(table) or "none"
            raise BenchError(f"{verb}: no argument {name[:40]!r} (known: {known})")
    for name, arg in table.items():
        if name in args:
            wrong = arg.check(args[name])
            if wrong:
                raise BenchError(f"{verb}: argument {name} {wrong}")
        elif arg.needed:
            raise BenchError(f"{verb}: argument {name} is missing")
    _check_together(verb, args)
    _check_names(verb, args, profile)


def _check_together(verb: str, args: Mapping[str, object]) -> None:
    one = _EXACTLY_ONE.get(verb)
    if one and sum(name in args for name in one) != 1:
        raise BenchError(f"{verb}: give either {' or '.join(one)}")
    some = _AT_LEAST_ONE.get(verb)
    if some and not any(name in args for name in some):
        raise BenchError(f"{verb}: give {' or '.join(some)}, or both")
    if verb == "plug" and "cable_ma" in args and "pp_ohm" in args:
        raise BenchError("plug: give either cable_ma or pp_ohm")
    if verb == "cp":
        both = "high_mv" in args and "low_mv" in args
        neither = "high_mv" not in args and "low_mv" not in args
        if not (both if "release" not in args else neither):
            raise BenchError("cp: give high_mv and low_mv, or release: true")


def _check_names(verb: str, args: Mapping[str, object], profile: BoardProfile) -> None:
    here: tuple[tuple[str, str, tuple[object, ...]], ...] = (
        ("outlet", "outlet", tuple(o.number for o in profile.outlets)),
        ("reader", "reader", tuple(r.number for r in profile.readers)),
        ("input", "name", profile.inputs),
        ("meter", "name", tuple(m.name for m in profile.meters)),
    )
    for noun, name, known in here:
        speaks_of_it = verb == noun if name == "name" else noun in args
        if speaks_of_it and name in args and args[name] not in known:
            listed = ", ".join(str(value) for value in known) or "none"
            raise BenchError(f"{verb}: no {noun} {args[name]!r} on this rig (has: {listed})")
