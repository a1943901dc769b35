"""Opens the drivers that a board file names, for the safety side and for the rest.

A driver that does not open raises; there is no second choice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from hal.board import BoardProfile
from hal.drivers.world import WorldInputs, WorldLed, WorldMeter, WorldOutlets, WorldReader
from hal.frames import SOCKET_NAME
from hal.ports import (
    EdgePort,
    InputPort,
    LedPort,
    MeterPort,
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
    path = state_dir / SOCKET_NAME
    closers: list[Close] = []
    try:
        readers: dict[int, RfidPort] = {}
        for reader in profile.readers:
            _only_world(f"reader {reader.number}", reader.driver)
            world_reader = WorldReader(path, reader.number)
            closers.append(world_reader.close)
            readers[reader.number] = world_reader
        named: dict[str, MeterPort] = {}
        for meter in profile.meters:
            _only_world(f"meter {meter.name}", meter.driver)
            world_meter = WorldMeter(path, meter.name)
            closers.append(world_meter.close)
            named[meter.name] = world_meter
        led = _open_led(profile, path, closers)
        inputs = _open_inputs(profile, path, closers)
    except OSError:
        for close in closers:
            close()
        raise
    meters = {o.number: named[o.meter] for o in profile.outlets if o.meter is not None}
    others = {n: m for n, m in named.items() if n not in {o.meter for o in profile.outlets}}
    return StationPorts(readers, led, meters, others, inputs, tuple(closers))


def _open_led(profile: BoardProfile, path: Path, closers: list[Close]) -> LedPort | None:
    if profile.led is None:
        return None
    _only_world("led", profile.led.driver)
    led = WorldLed(path)
    closers.append(led.close)
    return led


def _open_inputs(profile: BoardProfile, path: Path, closers: list[Close]) -> InputPort | None:
    if profile.input_driver is None:
        return None
    _only_world("inputs", profile.input_driver)
    inputs = WorldInputs(path)
    closers.append(inputs.close)
    return inputs


def _only_world(where: str, driver: str) -> None:
    if driver != "world":
        raise NoDriver(f'{where}: driver "{driver}" cannot be opened by this build')
