"""The box file: which line of the second Pi is which relay, and which input senses what.

Every mistake is collected and told at once; a key that is not known is one, and so is a line with
two holders. All lines switch at high: what is not driven is off.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hal.board import GPIO_FACTORIES
from hal.drivers.cp_sense import Scale
from hal.drivers.mcp3xxx import BITS
from hal.section import Mistakes, Section
from tools.bench.relays import ORDER

SENSES = ("l1", "l2", "l3", "locked")
PHASES = ("l1", "l2", "l3")
_LONGEST_FILE_BYTES = 64 * 1024
_LAST_GPIO = 53


class BoxErrors(ValueError):
    """All mistakes of one box file, a line each."""


@dataclass(frozen=True, slots=True)
class BoxOutlet:
    """One outlet's relays by name, windings by their current, inputs by what they sense."""

    number: int
    relays: Mapping[str, int]
    dc: Mapping[int, int]
    ac: Mapping[int, int]
    sense: Mapping[str, int]
    cp: str = ""  # "spi0.0/0"; empty: the pilot is not measured


@dataclass(frozen=True, slots=True)
class BoxFile:
    """A checked box file; the last three are what the bench's table of verbs asks for."""

    name: str
    chip: int
    factory: str
    silent_off_s: int
    settle_ms: int
    adc: str
    scale: Scale
    outlets: tuple[BoxOutlet, ...]
    input_lines: Mapping[str, int]
    mains: Mapping[str, int]
    cards: Mapping[str, int]
    power: int | None
    inputs: tuple[str, ...] = ()
    meters: tuple[object, ...] = ()
    readers: tuple[object, ...] = ()


@dataclass(frozen=True, slots=True)
class Reader:
    """The reader that the cards of a box lie on."""

    number: int = 1


def load_box(path: Path) -> BoxFile:
    """Read and check a box file; raise `BoxErrors`."""
    try:
        raw = path.read_bytes()
    except OSError as problem:
        raise BoxErrors(f"{path}: cannot be read ({problem.strerror}); check --box") from problem
    if len(raw) > _LONGEST_FILE_BYTES:
        raise BoxErrors(f"{path}: {len(raw)} bytes; a box file has at most 65536")
    try:
        table = tomllib.loads(raw.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        raise BoxErrors(f"{path}: not valid TOML: {problem}; mend the syntax") from problem
    check = Mistakes(path.name)
    box = _box(check, table)
    if check.messages:
        raise BoxErrors("\n".join(check.messages))
    return box


def _box(check: Mistakes, table: Mapping[str, object]) -> BoxFile:
    top = Section(check, "box", table)
    name = top.text("name")
    silent_off_s = top.number("silent_off_s", 0, 3_600) if top.has("silent_off_s") else 30
    settle_ms = top.number("settle_ms", 1, 100) if top.has("settle_ms") else 15
    chip, factory = _gpio(top.section("gpio"))
    adc, scale = _adc(top.section("adc"))
    outlets = tuple(_outlet(check, s, n) for n, s in enumerate(top.sections("outlet", "outlet"), 1))
    inputs = _lines(check, top, "inputs", None)
    mains = _lines(check, top, "mains", PHASES)
    cards = _lines(check, top, "cards", None)
    power = _lines(check, top, "station", ("power",))
    top.close()
    if not outlets:
        check.tell("outlet", "there is none", "describe one or more [[outlet]]")
    if any(outlet.cp for outlet in outlets) and not adc:
        check.tell("adc", "is missing, and an outlet has a channel", "add [adc]")
    return BoxFile(
        name, chip, factory, silent_off_s, settle_ms, adc, scale, outlets, inputs, mains, cards,
        power.get("power"), tuple(inputs), (), (Reader(),) if cards else (),
    )  # fmt: skip


def _gpio(section: Section | None) -> tuple[int, str]:
    if section is None:
        return 0, "lgpio"
    chip = section.number("chip", 0, 9) if section.has("chip") else 0
    factory = section.optional_text("factory") or "lgpio"
    if factory not in GPIO_FACTORIES:
        section.tell("factory", f'"{factory}" is not known', f"known: {', '.join(GPIO_FACTORIES)}")
    section.close()
    return chip, factory


def _adc(section: Section | None) -> tuple[str, Scale]:
    if section is None:
        return "", Scale(1, 0)
    chip = section.optional_text("chip")
    if chip not in BITS:
        section.tell("chip", f'"{chip}" is not known', f"known: {', '.join(BITS)}")
    scale = Scale(
        section.number("cp_uv_per_count", 1, 100_000), section.number("cp_offset_mv", -20_000, 0)
    )
    section.close()
    return chip, scale


def _outlet(check: Mistakes, section: Section, number: int) -> BoxOutlet:
    where = f"outlet {number}"
    cp = section.optional_text("cp")
    device, _, channel = cp.partition("/")
    if cp and not (device.startswith("spi") and channel.isdecimal() and int(channel) < 8):
        section.tell("cp", f'"{cp}" is no channel', 'write cp = "spi0.0/0"')
    relays = _lines(check, section, "relays", ORDER, where)
    dc = _windings(check, section, "residual_dc_ma", where)
    ac = _windings(check, section, "residual_ac_ma", where)
    sense = _lines(check, section, "sense", SENSES, where)
    section.close()
    if "car" not in relays:
        check.tell(f"{where} relays.car", "is missing", "the relay that puts the car on the line")
    return BoxOutlet(number, relays, dc, ac, sense, cp)


def _windings(check: Mistakes, section: Section, key: str, where: str) -> dict[int, int]:
    found = {}
    for size, line in _lines(check, section, key, None, where).items():
        if size.isdecimal() and int(size) > 0:
            found[int(size)] = line
        else:
            section.tell(f"{key}.{size}", "is no current", "write its mA, as in 30 = 12")
    return found


def _lines(
    check: Mistakes, section: Section, key: str, known: tuple[str, ...] | None, where: str = "box"
) -> dict[str, int]:
    """Read a table of names and GPIO lines."""
    inner = section.section(key)
    table = inner.items() if inner is not None else {}
    lines: dict[str, int] = {}
    for name, line in table.items():
        if known is not None and name not in known:
            section.tell(f"{key}.{name}", "is not a known key", f"known here: {', '.join(known)}")
        elif type(line) is not int or not 0 <= line <= _LAST_GPIO:
            section.tell(f"{key}.{name}", f"{line!r} is no line", f"write 0 to {_LAST_GPIO}")
        else:
            lines[name] = line
            check.hold(line, f"{where} {key}.{name}")
    return lines
