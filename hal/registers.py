"""Register maps of meters as data: loads and checks them, and turns registers into a reading.

A map is a TOML file in `hal/meters`, with its source. Values leave here as whole mV, mA, W and
Wh; what no meter can mean is refused, because a wrong word order reads as zero current and would
free a fuse. A meter of one phase measures L1; the others read 0 there.
"""

from __future__ import annotations

import math
import struct
import tomllib
from collections.abc import Mapping, Set
from dataclasses import dataclass, replace
from pathlib import Path

from hal.ports import MeterReading

FOLDER = Path(__file__).parent / "meters"
LONGEST_BLOCK = 125  # [Modbus application protocol 1.1b3, 6.3] registers in one request
PHASES = ("l1", "l2", "l3")

_WORDS = {"u16": 1, "s16": 1, "u32": 2, "s32": 2, "f32": 2, "u64": 4, "s64": 4, "f64": 4}
_FORMATS = {
    "u16": ">H", "s16": ">h", "u32": ">I", "s32": ">i", "f32": ">f",
    "u64": ">Q", "s64": ">q", "f64": ">d",
}  # fmt: skip
_PER_UNIT = {  # kind of quantity -> unit -> how many of ours
    "voltage": {"mV": 1, "V": 1_000},
    "current": {"mA": 1, "A": 1_000},
    "power": {"W": 1, "kW": 1_000},
    "energy": {"Wh": 1, "kWh": 1_000},
}
_BOUNDS = {  # what even a meter of a large site cannot exceed, in mV, mA, W and Wh
    "voltage": (0, 1_000_000),
    "current": (-10_000_000, 10_000_000),
    "power": (-10_000_000, 10_000_000),
    "energy": (0, 1_000_000_000_000),
}
_SMALLEST = 1e-9  # a float between 0 and this is two words in the wrong order
_NO_VALUE = {  # the largest number of an integer: what meters send for what they do not measure
    "u16": 2**16 - 1, "s16": 2**15 - 1, "u32": 2**32 - 1, "s32": 2**31 - 1,
    "u64": 2**64 - 1, "s64": 2**63 - 1,
}  # fmt: skip
_VOLTAGES = tuple(f"voltage_{phase}" for phase in PHASES)
_CURRENTS = tuple(f"current_{phase}" for phase in PHASES)
_POWERS = tuple(f"power_{phase}" for phase in PHASES)
_NEEDED = {  # by phases: what a map must have, and what it has wholly or not at all
    1: (frozenset(("energy", "power", "current_l1")), ()),
    3: (frozenset(("energy", "power", *_CURRENTS)), (frozenset(_VOLTAGES), frozenset(_POWERS))),
}
_KEYS = ("name", "source", "function", "word_order", "blocks", "values")
_MORE_KEYS = ("phases", "unverified", "digital_input")


class MapError(ValueError):
    """A register map is not usable; names the file, the place and what is wrong."""


class Implausible(ValueError):
    """A meter told what cannot be; names the quantity and the value."""


@dataclass(frozen=True, slots=True)
class Value:
    """One quantity: where it begins, how it is coded, and how many of our units one is."""

    register: int
    coding: str
    factor: float


@dataclass(frozen=True, slots=True)
class RegisterMap:
    """One kind of meter; `blocks` are first register and count of each request."""

    name: str
    function: int
    low_word_first: bool
    blocks: tuple[tuple[int, int], ...]
    values: Mapping[str, Value]
    phases: int = 3
    source: str = ""
    unverified: str = ""  # what of it nobody has seen confirmed
    digital_input: Value | None = None  # a word of bits, asked for only by `with_input`


def known_maps() -> tuple[str, ...]:
    """Return the names of all maps that ship."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


def load_map(name: str) -> RegisterMap:
    """Return the map of this name; raise `MapError` if there is none or it is wrong."""
    if name not in known_maps():
        raise MapError(f"{name[:40]!r} is no known meter; known: {', '.join(known_maps())}")
    return parse_map(name, (FOLDER / f"{name}.toml").read_text())


def parse_map(name: str, text: str) -> RegisterMap:
    """Return the map in a TOML text; raise `MapError` with the first thing that is wrong."""
    try:
        table = tomllib.loads(text)
        return _checked(name, table)
    except MapError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise MapError(f"{name}: {error!r}") from error


def with_input(registers: RegisterMap) -> RegisterMap:
    """Return the map with one more request, for the meter's digital input; it has one."""
    value = registers.digital_input
    assert value is not None, registers.name
    block = value.register, _WORDS[value.coding]
    return replace(registers, blocks=(*registers.blocks, block))


def reading(registers: RegisterMap, words: Mapping[int, int], at_ms: int) -> MeterReading:
    """Return what the registers (by address) say; raise `Implausible` where that cannot be."""
    told = {name: _told(registers, words, name) for name in registers.values}
    powers_w = _three(told, _POWERS)
    if registers.phases == 1:
        told |= {"current_l2": 0, "current_l3": 0}
        powers_w = (told["power"], 0, 0)
    currents_ma = _three(told, _CURRENTS)
    assert currents_ma is not None, registers.name
    voltages_mv = _three(told, _VOLTAGES)
    energy_wh, power_w, signal = told["energy"], told["power"], _signal(registers, words)
    return MeterReading(at_ms, energy_wh, power_w, currents_ma, voltages_mv, powers_w, signal)


def _signal(registers: RegisterMap, words: Mapping[int, int]) -> bool | None:
    """Return whether any bit of the digital inputs is set; these meters have one input."""
    value = registers.digital_input
    if value is None or value.register not in words:
        return None
    raw = decoded(_words(value, words), value.coding, low_word_first=registers.low_word_first)
    return None if raw == _NO_VALUE[value.coding] else raw != 0


def _three(told: Mapping[str, int], names: tuple[str, ...]) -> tuple[int, int, int] | None:
    if not told.keys() >= set(names):
        return None
    first, second, third = (told[name] for name in names)
    return first, second, third


def _told(registers: RegisterMap, words: Mapping[int, int], name: str) -> int:
    value = registers.values[name]
    raw = decoded(_words(value, words), value.coding, low_word_first=registers.low_word_first)
    if not math.isfinite(raw) or 0 < abs(raw) < _SMALLEST:
        raise Implausible(f"{name} = {raw!r}")
    if raw == _NO_VALUE.get(value.coding):
        raise Implausible(f"{name} = {raw!r}: the meter has no value of it")
    low, high = _BOUNDS[name.split("_")[0]]
    number = nearest(raw * value.factor)
    if not low <= number <= high:
        raise Implausible(f"{name} = {raw!r} (x{value.factor:g}); allowed: {low} to {high}")
    return number


def _words(value: Value, words: Mapping[int, int]) -> list[int]:
    return [words[value.register + i] for i in range(_WORDS[value.coding])]


def decoded(words: list[int], coding: str, *, low_word_first: bool) -> float:
    """Return the number in so many registers; within one the high byte always comes first."""
    ordered = list(reversed(words)) if low_word_first else words
    number: float = struct.unpack(_FORMATS[coding], struct.pack(f">{len(ordered)}H", *ordered))[0]
    return number


def nearest(number: float) -> int:
    """Round to the nearest whole number; a meter's own error is larger than what this moves."""
    return round(number)


def _checked(name: str, table: dict[str, object]) -> RegisterMap:
    _known(name, table)
    if table["function"] not in (3, 4) or table["word_order"] not in ("high_first", "low_first"):
        raise MapError(f"{name}: function is 3 or 4, word_order is high_first or low_first")
    phases = table.get("phases", 3)
    if phases not in (1, 3):
        raise MapError(f"{name}: phases is {phases!r}; a meter has 1 or 3")
    blocks = _blocks(name, table["blocks"])  # type: ignore[arg-type]
    rows: dict[str, dict[str, object]] = table["values"]  # type: ignore[assignment]
    values = {quantity: _value(name, quantity, row) for quantity, row in rows.items()}
    _complete(name, int(str(phases)), values.keys())
    for quantity, value in values.items():
        last = value.register + _WORDS[value.coding]
        if not any(first <= value.register and last <= first + count for first, count in blocks):
            raise MapError(f"{name}: no block holds {quantity}")
    return RegisterMap(
        str(table["name"]),
        int(str(table["function"])),
        table["word_order"] == "low_first",
        blocks,
        values,
        int(str(phases)),
        str(table["source"]),
        str(table.get("unverified", "")),
        _input(name, table.get("digital_input")),
    )


def _input(name: str, row: object) -> Value | None:
    match row:
        case None:
            return None
        case {"register": int(register), "type": "u16" | "u32" as coding, **more} if not more:
            return Value(register, coding, 1)
    raise MapError(f"{name}: digital_input is a register and a type, u16 or u32")


def _known(name: str, table: Mapping[str, object]) -> None:
    strange = table.keys() - {*_KEYS, *_MORE_KEYS}
    if strange:
        raise MapError(f"{name}: {', '.join(sorted(strange))}: not a known key")
    missing = [key for key in _KEYS if not table.get(key)]
    if missing:
        raise MapError(f"{name}: {', '.join(missing)}: missing or empty")


def _blocks(name: str, pairs: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    blocks = tuple((int(first), int(count)) for first, count in pairs)
    for first, count in blocks:
        if not (1 <= count <= LONGEST_BLOCK and 0 <= first <= 65_536 - count):
            raise MapError(f"{name}: no block of {count} registers from {first} can be asked")
    return blocks


def _complete(name: str, phases: int, quantities: Set[str]) -> None:
    needed, whole = _NEEDED[phases]
    missing = needed - quantities
    if missing:
        raise MapError(f"{name}: values lack {', '.join(sorted(missing))}")
    for group in whole:
        if 0 < len(group & quantities) < len(group):
            raise MapError(f"{name}: values lack {', '.join(sorted(group - quantities))}")
    strange = quantities - needed.union(*whole)
    if strange:
        raise MapError(f"{name}: {', '.join(sorted(strange))}: nothing that is read of a meter")


def _value(name: str, quantity: str, row: dict[str, object]) -> Value:
    strange = row.keys() - {"register", "type", "unit", "scale"}
    if strange:
        raise MapError(f"{name}: {quantity}: {', '.join(sorted(strange))}: not a known key")
    coding, unit, scale = str(row["type"]), str(row["unit"]), row.get("scale", 1)
    units = _PER_UNIT.get(quantity.split("_")[0], {})
    if coding not in _WORDS or unit not in units:
        raise MapError(f"{name}: {quantity}: no {coding} in {unit} can be read")
    if not isinstance(scale, int | float) or scale == 0:
        raise MapError(f"{name}: {quantity}: scale {scale!r} is no factor")
    return Value(int(str(row["register"])), coding, units[unit] * scale)
