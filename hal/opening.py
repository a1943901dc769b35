"""Opens the drivers that a board file names, for the safety side and for the rest.

A driver that does not open raises; there is no second choice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from hal.board import ABSENT, BoardProfile, MeterProfile, ReaderProfile
from hal.drivers.world import WorldInputs, WorldLed, WorldMeter, WorldOutlets, WorldReader
from hal.frames import SOCKET_NAME
from hal.ports import (
    EdgePort,
    HardwareSilent,
    InputPort,
    LedPort,
    MeterPort,
    MeterReading,
    OutletPort,
    RfidPort,
    WatchdogPort,
)

Close = Callable[[], None]


class NoDriver(ValueError):
    """The board names a driver that cannot be opened for this purpose; says which and for what."""


@dataclass(frozen=True, slots=True)
class SafetyPorts:
    """What `pilotd` holds: the safety pins of every outlet by number, and where edges come."""

    outlets: Mapping[int, OutletPort]
    edges: EdgePort | None
    closers: tuple[Close, ...]
    watchdog: WatchdogPort | None = None

    def close(self) -> None:
        """Close every driver."""
        for close in self.closers:
            close()


@dataclass(frozen=True, slots=True)
class StationPorts:
    """What `stationd` holds; `meters` by outlet, `other_meters` by name where no outlet has it."""

    readers: dict[int, RfidPort]
    led: LedPort | None
    meters: dict[int, MeterPort]
    other_meters: dict[str, MeterPort]
    inputs: InputPort | None
    closers: tuple[Close, ...]

    def close(self) -> None:
        """Close every driver."""
        for close in self.closers:
            close()


def open_safety(profile: BoardProfile, state_dir: Path) -> SafetyPorts:
    """Open the safety pins; raise `HardwareSilent` or `NoDriver` if any of them does not open."""
    if profile.outlets[0].driver == "pins":
        return _open_pins(profile)
    for outlet in profile.outlets:
        _only_world(f"outlet {outlet.number}", outlet.driver)
    numbers = tuple(outlet.number for outlet in profile.outlets)
    world = WorldOutlets(state_dir / SOCKET_NAME, numbers)
    return SafetyPorts({n: world.outlet(n) for n in numbers}, world, (world.close,))


def _open_pins(profile: BoardProfile) -> SafetyPorts:
    """Import what only a real board needs, and open it."""
    from hal.drivers.pins_board import PinsBoard
    from hal.drivers.watchdog import Watchdog

    board = PinsBoard(profile)
    try:
        watchdog = Watchdog(Path(profile.watchdog)) if profile.watchdog else None
    except OSError:
        board.close()
        raise
    closers: list[Close] = [board.close, *([watchdog.close] if watchdog else [])]
    return SafetyPorts(board.outlets, board.lines, tuple(closers), watchdog)


def open_station(profile: BoardProfile, state_dir: Path) -> StationPorts:
    """Open everything else; raise `HardwareSilent` or `NoDriver` if anything does not open."""
    closers: list[Close] = []
    try:
        opener = _Opener(profile, state_dir / SOCKET_NAME, closers)
        readers = {reader.number: opener.reader(reader) for reader in profile.readers}
        named = {meter.name: opener.meter(meter) for meter in profile.meters}
        led, inputs = opener.led(), opener.inputs()
    except (OSError, ValueError) as problem:
        for close in closers:
            close()
        if isinstance(problem, ValueError):  # an address or a map that cannot be meant
            raise NoDriver(f"{profile.name}: {problem}") from problem
        raise
    meters = {o.number: named[o.meter] for o in profile.outlets if o.meter is not None}
    others = {n: m for n, m in named.items() if n not in {o.meter for o in profile.outlets}}
    return StationPorts(readers, led, meters, others, inputs, tuple(closers))


@dataclass(frozen=True, slots=True)
class AbsentMeter:
    """A meter that was chosen and cannot be there."""

    name: str
    reason: str

    def read(self) -> MeterReading:
        """Raise `HardwareSilent` with the reason."""
        raise HardwareSilent(f"meter {self.name}: {self.reason}")


class _Opener:
    """Opens one device after the other; libraries of real buses are imported where one is named."""

    def __init__(self, profile: BoardProfile, world: Path, closers: list[Close]) -> None:
        self.profile = profile
        self.world = world
        self.closers = closers
        self.buses: dict[str, Any] = {}

    def reader(self, reader: ReaderProfile) -> RfidPort:
        if reader.driver == "pn532":
            from hal.drivers.pn532 import Pn532Reader

            chip = Pn532Reader(reader.device, reader.number)
            self.closers.append(chip.close)
            return chip
        _only_world(f"reader {reader.number}", reader.driver)
        played = WorldReader(self.world, reader.number)
        self.closers.append(played.close)
        return played

    def meter(self, meter: MeterProfile) -> MeterPort:
        if meter.driver == "modbus":
            from hal.drivers.modbus_meter import open_meter

            known = set(self.buses)
            real = open_meter(
                meter.name, meter.device, meter.map, self.buses, asks_input=meter.asks_input
            )
            self.closers += [bus.close for where, bus in self.buses.items() if where not in known]
            return real
        if meter.driver == ABSENT:
            return AbsentMeter(meter.name, meter.device)
        _only_world(f"meter {meter.name}", meter.driver)
        played = WorldMeter(self.world, meter.name)
        self.closers.append(played.close)
        return played

    def led(self) -> LedPort | None:
        led = self.profile.led
        if led is None:
            return None
        if led.driver == "ws2812":
            from hal.drivers.ws2812 import Ws2812Ring, open_ring_bus

            ring = Ws2812Ring(partial(open_ring_bus, led.device), led.count)
            self.closers.append(ring.close)
            return ring
        _only_world("led", led.driver)
        played = WorldLed(self.world)
        self.closers.append(played.close)
        return played

    def inputs(self) -> InputPort | None:
        driver = self.profile.input_driver
        if driver is None:
            return None
        if driver == "gpio":
            from hal.drivers.gpio_inputs import GpioInputs, InputLine
            from hal.drivers.gpio_lines import FACTORIES

            pins = {name: int(pin) for name, pin in self.profile.input_pins.items()}
            lines = {
                name: InputLine(gpio, active_low=True, pull="up") for name, gpio in pins.items()
            }
            factory = FACTORIES[self.profile.gpio_factory]
            real = GpioInputs(partial(factory, self.profile.gpio_chip), lines)
            self.closers.append(real.close)
            return real
        _only_world("inputs", driver)
        played = WorldInputs(self.world)
        self.closers.append(played.close)
        return played


def _only_world(where: str, driver: str) -> None:
    if driver != "world":
        raise NoDriver(f'{where}: driver "{driver}" cannot be opened by this build')
