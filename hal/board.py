"""Loads and checks a board file, the one place that says what a station is made of.

Every mistake in the file is collected and told at once. A key that is not known is a mistake,
and so is a pin with two holders. Nothing is guessed and nothing falls back.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hal.section import Mistakes, Pin, Section
from hal.wiring import Wiring, wiring

DRIVERS: Mapping[str, tuple[str, ...]] = {
    "outlet": ("world", "pins"),
    "meter": ("world", "modbus"),
    "reader": ("world", "pn532"),
    "led": ("world", "ws2812"),
    "inputs": ("world", "gpio"),
}
GPIO_FACTORIES = ("gpiod", "lgpio", "rpigpio")
SIMULATED_DRIVERS = frozenset({"world"})
ABSENT = "absent"  # of a meter that is chosen but cannot be there; no board file may say so
PLACED_METERS = ("meter1", "meter2")  # by parameters, beside or in place of the board's
SIMULATED_PATIENCE = 5  # deadmen's times, so that a busy laptop is not taken for a dead one

LONGEST_SAMPLING_MS = 50  # [61851-1 A.6 seq 8] 100 ms to open, half of them to notice

_LONGEST_FILE_BYTES = 64 * 1024


class BoardErrors(ValueError):
    """All mistakes of one board file; `messages` holds one sentence each, str() a line each."""

    def __init__(self, messages: tuple[str, ...]) -> None:
        super().__init__("\n".join(messages))
        self.messages = messages


@dataclass(frozen=True, slots=True)
class OutletProfile:
    """What one outlet is made of; `number` counts from 1."""

    number: int
    driver: str
    phases: int
    max_ma: int
    tethered: bool
    lock: bool
    mirror_contact: bool
    residual: bool
    meter: str | None
    residual_trip_ms: int
    contactor_close_ms: int
    contactor_open_ms: int
    lock_travel_ms: int
    pins: Mapping[str, Pin]
    phase_switch: bool = False  # the board can leave out L2 and L3
    ventilation: bool = False  # it can switch a fan for cars that ask for one (state D)
    residual_reset_s: int = 10  # [CC613 9] 900 with an RCMB module D0469 or older
    wiring: Wiring | None = None  # of real pins


@dataclass(frozen=True, slots=True)
class MeterProfile:
    """One meter by name; `device` is its address for the driver, empty where it needs none.

    `map` names its register map. Of an absent meter, `device` says why. With `asks_input` its
    digital input is read as well.
    """

    name: str
    driver: str
    device: str
    map: str = ""
    asks_input: bool = False


@dataclass(frozen=True, slots=True)
class ReaderProfile:
    """One card reader; `number` counts from 1."""

    number: int
    driver: str
    device: str


@dataclass(frozen=True, slots=True)
class LedProfile:
    """The ring of lights."""

    count: int
    driver: str
    device: str


@dataclass(frozen=True, slots=True)
class Interlocks:
    """What opens a contactor without any program."""

    deadman_ms: int | None
    rcmb_in_coil_path: bool

    @property
    def text(self) -> str:
        """Say which interlocks the board has, in one sentence for the log."""
        have = []
        if self.deadman_ms is not None:
            have.append(f"a deadman of {self.deadman_ms} ms")
        if self.rcmb_in_coil_path:
            have.append("the residual current sensor in the coil path")
        if not have:
            return "bench board: no hardware interlock, only programs open the contactors"
        kind = "interlocks" if len(have) == 2 else "bench board, only one interlock"
        return f"{kind}: {' and '.join(have)}"


@dataclass(frozen=True, slots=True)
class BoardProfile:
    """A checked board file."""

    name: str
    simulated: bool
    sampling_period_ms: int
    outlets: tuple[OutletProfile, ...]
    meters: tuple[MeterProfile, ...]
    readers: tuple[ReaderProfile, ...]
    led: LedProfile | None
    inputs: tuple[str, ...]
    input_driver: str | None
    input_pins: Mapping[str, Pin]
    interlocks: Interlocks
    gpio_chip: int = 0
    gpio_factory: str = "gpiod"
    watchdog: str = ""

    @property
    def deadman_acts_ms(self) -> int | None:
        """When an order that is not repeated dies; a simulated board is patient, it has no CPU."""
        deadman_ms = self.interlocks.deadman_ms
        if deadman_ms is None:
            return None
        return deadman_ms * (SIMULATED_PATIENCE if self.simulated else 1)

    @property
    def bench(self) -> bool:
        """True where a hardware interlock is missing; such a board is for the bench only."""
        return self.interlocks.deadman_ms is None or not self.interlocks.rcmb_in_coil_path


def load_board(path: Path) -> BoardProfile:
    """Read and check a board file; raise `BoardErrors` with every mistake that it holds."""
    file = path.name
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise BoardErrors((f"{file}: cannot be read ({error.strerror}); check --board",)) from error
    if len(raw) > _LONGEST_FILE_BYTES:
        raise BoardErrors((f"{file}: {len(raw)} bytes; a board file has at most 65536",))
    try:
        table = tomllib.loads(raw.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BoardErrors((f"{file}: not valid TOML: {error}; mend the syntax",)) from error
    check = Mistakes(file)
    profile = _board(check, table)
    if check.messages:
        raise BoardErrors(tuple(check.messages))
    return profile


def _board(check: Mistakes, table: Mapping[str, object]) -> BoardProfile:
    top = Section(check, "board", table)
    name = top.text("name")
    simulated = top.flag("simulated")
    period_ms = top.number("sampling_period_ms", 1, LONGEST_SAMPLING_MS)
    outlets = tuple(_outlet(s, n) for n, s in enumerate(top.sections("outlet", "outlet"), 1))
    meters = tuple(_meter(s) for s in top.sections("meter", "meter"))
    readers = tuple(
        ReaderProfile(n, s.driver(DRIVERS["reader"]), s.optional_text("device"))
        for n, s in enumerate(top.sections("reader", "reader"), 1)
    )
    gpio = top.section("gpio")
    chip, factory = _gpio(gpio) if gpio else (0, "gpiod")
    watchdog = top.optional_text("watchdog")
    led_section = top.section("led")
    led = _led(led_section) if led_section else None
    inputs, input_driver, input_pins = _inputs(top.section("inputs"))
    interlock_section = top.section("interlocks")
    interlocks = _interlocks(interlock_section)
    if interlock_section is None:
        check.tell("interlocks", "is missing", "add [interlocks] and say what the board has")
    top.close()
    if not 1 <= len(outlets) <= 2:
        check.tell("outlet", f"{len(outlets)} of them", "describe one or two [[outlet]]")
    if len(readers) > 2:
        check.tell("reader", f"{len(readers)} of them", "describe at most two [[reader]]")
    _check_meters(check, outlets, meters)
    drivers = [("outlet", o.driver) for o in outlets] + [("meter", m.driver) for m in meters]
    drivers += [("reader", r.driver) for r in readers]
    drivers += [("led", led.driver)] if led else []
    drivers += [("inputs", input_driver)] if input_driver else []
    _check_reality(check, simulated, drivers)
    return BoardProfile(
        name,
        simulated,
        period_ms,
        outlets,
        meters,
        readers,
        led,
        inputs,
        input_driver,
        input_pins,
        interlocks,
        chip,
        factory,
        watchdog,
    )


def _outlet(section: Section, number: int) -> OutletProfile:
    tethered = section.flag("tethered")
    lock = section.flag("lock")
    if tethered and lock:
        section.tell("lock", "is true on a tethered cable", "set lock = false")
    residual = section.flag("residual")
    old_module = section.has("residual_reset_s")
    driver = section.driver(DRIVERS["outlet"])
    pins = section.pins()
    profile = OutletProfile(
        number=number,
        driver=driver,
        phases=section.number("phases", 1, 3, never=(2,)),
        max_ma=section.number("max_ma", 6_000, 80_000),
        tethered=tethered,
        lock=lock,
        mirror_contact=section.flag("mirror_contact"),
        residual=residual,
        meter=section.optional_text("meter") or None,
        residual_trip_ms=section.number("residual_trip_ms", 1, 300) if residual else 0,
        contactor_close_ms=section.number("contactor_close_ms", 1, 200),
        contactor_open_ms=section.number("contactor_open_ms", 1, 80),
        lock_travel_ms=section.number("lock_travel_ms", 10, 4_000) if lock else 0,
        pins=pins,
        wiring=wiring(section, pins) if driver == "pins" else None,
        phase_switch=section.has("phase_switch") and section.flag("phase_switch"),
        ventilation=section.has("ventilation") and section.flag("ventilation"),
        residual_reset_s=section.number("residual_reset_s", 10, 900) if old_module else 10,
    )
    section.close()
    return profile


def _meter(section: Section) -> MeterProfile:
    meter = MeterProfile(
        section.text("name"),
        section.driver(DRIVERS["meter"]),
        section.optional_text("device"),
        section.optional_text("map"),
    )
    if meter.driver == "modbus" and not (meter.device and meter.map):
        section.tell("device", "or map is missing", 'write device = "…" and map = "sdm630"')
    section.close()
    return meter


def _led(section: Section) -> LedProfile:
    led = LedProfile(
        section.number("count", 1, 256),
        section.driver(DRIVERS["led"]),
        section.optional_text("device"),
    )
    section.close()
    return led


def _gpio(section: Section) -> tuple[int, str]:
    chip = section.number("chip", 0, 9)
    factory = section.optional_text("factory") or "gpiod"
    if factory not in GPIO_FACTORIES:
        section.tell("factory", f'"{factory}" is not known', f"known: {', '.join(GPIO_FACTORIES)}")
    section.close()
    return chip, factory


def _inputs(section: Section | None) -> tuple[tuple[str, ...], str | None, Mapping[str, Pin]]:
    if section is None:
        return (), None, {}
    names = section.names("names")
    driver = section.driver(DRIVERS["inputs"])
    pins = section.pins()
    for name in pins:
        if name not in names:
            section.tell(f"pins.{name}", "is no input", "name it in `names` or remove the pin")
    section.close()
    return names, driver, pins


def _interlocks(section: Section | None) -> Interlocks:
    if section is None:
        return Interlocks(None, False)
    deadman_ms = section.number("deadman_ms", 20, 1_000) if section.has("deadman_ms") else None
    interlocks = Interlocks(deadman_ms, section.flag("rcmb_in_coil_path"))
    section.close()
    return interlocks


def _check_meters(
    check: Mistakes, outlets: tuple[OutletProfile, ...], meters: tuple[MeterProfile, ...]
) -> None:
    names = [meter.name for meter in meters]
    for name in sorted({name for name in names if name and names.count(name) > 1}):
        check.tell(f"meter {name}", "is described twice", "give each meter its own name")
    for name in PLACED_METERS:
        if name in names:
            check.tell(f"meter {name}", "is a name of parameters", f"call it meter_{name[-1]}")
    for outlet in outlets:
        if outlet.meter is not None and outlet.meter not in names:
            where = f"outlet {outlet.number} meter"
            check.tell(where, f"{outlet.meter} is not described", "add a [[meter]] of that name")


def _check_reality(check: Mistakes, simulated: bool, drivers: list[tuple[str, str]]) -> None:
    for where, driver in drivers:
        if driver and (driver in SIMULATED_DRIVERS) != simulated:
            word = "simulated" if simulated else "real"
            check.tell(where, f'driver "{driver}" on a {word} board', "a board is all of one kind")
