"""The wiring of an outlet with real pins: which line is what, and what a count of the ADC means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hal.section import Pin, Section

NEEDED = ("pwm", "cp", "contactor")
NEEDED_FOR = {  # key of the outlet: the lines that it asks for
    "lock": ("lock_forward", "lock_backward", "lock_locked"),
    "mirror_contact": ("mirror",),
    "residual": ("residual_fault", "residual_test"),
    "phase_switch": ("one_phase",),
    "ventilation": ("ventilation",),
}
FURTHER = ("deadman", "cp_connect", "lock_unlocked", "mcb", "rcd", "pp")
RESOURCES = ("pwm", "cp", "pp")  # named, not numbered


@dataclass(frozen=True, slots=True)
class Wiring:
    """What a board file says beside the lines; defaults are those of the parts in the drawing."""

    adc: str
    cp_uv_per_count: int
    cp_offset_mv: int
    pp_pullup_ohm: int
    lock_pulse_ms: int
    test_pulse_ms: int
    test_trip_ms: int
    test_clear_ms: int
    active_low: frozenset[str]
    slowest_us: int = 80  # between two conversions; slower, and short phases are missed


def wiring(outlet: Section, pins: Mapping[str, Pin]) -> Wiring | None:
    """Read `[outlet.wiring]` and compare the lines with what the outlet has."""
    _lines(outlet, pins)
    table = outlet.section("wiring")
    if table is None:
        outlet.tell("wiring", "is missing", "add [outlet.wiring] with adc and its scale")
        return None
    adc = table.optional_text("adc")
    if adc not in ("mcp3208", "mcp3008"):
        table.tell("adc", f'"{adc}" is not known', "known: mcp3208, mcp3008")
    low = table.names("active_low") if table.has("active_low") else ()
    for name in low:
        if name not in pins or name in RESOURCES:
            table.tell("active_low", f"{name} is no line of this outlet", "name a line in [pins]")
    read = Wiring(
        adc,
        table.number("cp_uv_per_count", 1, 100_000),
        table.number("cp_offset_mv", -20_000, 0),
        table.number("pp_pullup_ohm", 100, 10_000),
        table.number("lock_pulse_ms", 10, 4_000) if table.has("lock_pulse_ms") else 600,
        table.number("test_pulse_ms", 1, 1_200) if table.has("test_pulse_ms") else 250,
        table.number("test_trip_ms", 1, 7_000) if table.has("test_trip_ms") else 1_000,
        table.number("test_clear_ms", 1, 7_000) if table.has("test_clear_ms") else 2_000,
        frozenset(low),
        table.number("slowest_us", 10, 500) if table.has("slowest_us") else 80,
    )
    table.close()
    return read


def _lines(outlet: Section, pins: Mapping[str, Pin]) -> None:
    known = {*NEEDED, *FURTHER, *(line for lines in NEEDED_FOR.values() for line in lines)}
    for name, pin in pins.items():
        if name not in known:
            outlet.tell(f"pins.{name}", "is no line of an outlet", f"known: {sorted(known)}")
        elif isinstance(pin, str) is not (name in RESOURCES):
            kind = "a resource like spi0.0/3" if name in RESOURCES else "a GPIO number"
            outlet.tell(f"pins.{name}", f"{pin!r} is not {kind}", f"write {kind}")
    wanted = [*NEEDED, *([] if outlet.true("tethered") else ["pp"])]
    for key, lines in NEEDED_FOR.items():
        wanted += lines if outlet.true(key) else ()
    for name in wanted:
        if name not in pins:
            outlet.tell(f"pins.{name}", "is missing", "name the line, or say that it has none")
