"""The reader and the meters of a virtual station, on pseudo terminals at their paths in /dev."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs

from hal.board import BoardProfile
from hal.mock.world import SECURE_KIND, World
from hal.ports import CardRead, HardwareSilent, MeterReading
from hal.registers import PHASES, load_map
from tools.played.desfire import DesfireCard
from tools.played.meter import SerialMeter
from tools.played.pn532 import Card, EmulatedPn532

METER_MS = 250  # how often the registers are renewed
# [NXP AN10833] select acknowledge of the kinds of cards
SAK = {"mifare_classic": 0x08, "mifare_ultralight": 0x00}


class Chips:
    """The played devices of one board; they show what the world has."""

    def __init__(self, world: World, profile: BoardProfile) -> None:
        """Prepare; the terminals are there from `open` on."""
        self._world = world
        self._profile = profile
        self._buses: dict[str, SerialMeter] = {}
        self._meters: dict[str, tuple[SerialMeter, int]] = {}
        self._readers: dict[int, EmulatedPn532] = {}
        self._held: dict[int, CardRead | None] = {}
        self._renew_ms = 0

    def open(self) -> None:
        """Put every chip at its path."""
        for meter in self._profile.meters:
            path, _, query = str(meter.device).partition("?")
            unit = int(parse_qs(query).get("unit", ["1"])[0])
            if path not in self._buses:
                self._buses[path] = SerialMeter(Path(path), load_map(str(meter.map)), unit)
            self._meters[meter.name] = self._buses[path], unit
        for reader in self._profile.readers:
            self._readers[reader.number] = EmulatedPn532(Path(str(reader.device)))

    def close(self) -> None:
        """Take every chip away."""
        for chip in (*self._buses.values(), *self._readers.values()):
            chip.unplug()

    def step(self, now_ms: int) -> None:
        """Show the world as it is at `now_ms`."""
        for number, reader in self._readers.items():
            reader.silent = self._world.readers_silent
            held = self._world.card_at(number)
            if held != self._held.get(number):  # a card keeps its session while it is held
                self._held[number] = held
                reader.card = None if held is None else played(held)
        if now_ms >= self._renew_ms:
            self._renew_ms = now_ms + METER_MS
            for name, (bus, unit) in self._meters.items():
                self._renew(name, bus, unit, now_ms)

    def _renew(self, name: str, bus: SerialMeter, unit: int, now_ms: int) -> None:
        try:
            reading = self._world.read_meter_named(name, now_ms)
        except HardwareSilent:
            bus.mute_units.add(unit)
            return
        bus.mute_units.discard(unit)
        for quantity, number in quantities(reading).items():
            value = bus.map.values.get(quantity)
            if value is not None:
                bus.put(quantity, number / value.factor, unit)


def played(card: CardRead) -> Card | DesfireCard:
    """Return the card that a reader meets; one that can prove itself keeps its UID as number."""
    if card.kind == SECURE_KIND:
        return DesfireCard(card.uid, number=bytes.fromhex(card.uid))
    return Card(card.uid, SAK.get(card.kind, 0x08))


def quantities(reading: MeterReading) -> dict[str, int]:
    """Return a reading as a register map names its values, in mV, mA, W and Wh."""
    told = {"energy": reading.energy_wh, "power": reading.power_w}
    told |= {f"current_{p}": ma for p, ma in zip(PHASES, reading.currents_ma, strict=True)}
    volts = reading.voltages_mv or (0, 0, 0)
    return told | {f"voltage_{p}": mv for p, mv in zip(PHASES, volts, strict=True)}
