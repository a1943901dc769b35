"""The station's devices: one thread each, whose answers come into the loop as facts.

Nothing is judged here: how many silences are a fault is the machines' business.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

import structlog

from firmware.io.loop import loop_ms
from firmware.io.threads import Watcher
from firmware.led.patterns import shown
from firmware.model.devices import (
    InputChanged,
    InputsAnswered,
    InputsSilent,
    OtherMeterRead,
    OtherMeterSilent,
    ReaderAnswered,
    ReaderSilent,
)
from firmware.model.session import CardSeen, MeterRead, MeterSilent, ShowPattern
from firmware.model.settings import Settings
from firmware.model.values import Reading
from hal.opening import StationPorts
from hal.ports import CardKey, HardwareSilent, InputPort, MeterPort, MeterReading, RfidPort

log = structlog.get_logger()

FRAMES_PER_S = 20
CARD_WAIT_MS = 500
INPUT_PERIOD_S = 0.05


class Ring:
    """Draws the pattern's frame so many times a second and shows it when it differs."""

    def __init__(
        self,
        ports: StationPorts,
        lights: int,
        post: Callable[[object], None],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self.port = ports.led
        self.lights = lights
        self.pattern = ShowPattern("booting", loop_ms(loop))
        self.last: tuple[object, ...] = ()
        self.loop = loop
        self.thread = Watcher("ring", self._look, post, loop)

    def show(self, wish: ShowPattern) -> None:
        """Show a pattern from now on."""
        self.pattern = wish

    def _look(self) -> None:
        now = shown(self.pattern, loop_ms(self.loop), self.lights)
        if self.port is not None and now != self.last:
            with contextlib.suppress(HardwareSilent):
                self.port.show(now)
                self.last = now
        self.thread.pause(1 / FRAMES_PER_S)


def meter_ask(outlet: int, port: MeterPort) -> Callable[[], object]:
    """Return the question to the charging meter of an outlet."""

    def ask() -> object:
        try:
            r = port.read()
        except HardwareSilent as problem:
            log.warning("meter_silent", outlet=outlet, problem=str(problem))
            return MeterSilent(outlet, 0)
        return MeterRead(outlet, _reading(r))

    return ask


def other_meter_ask(name: str, port: MeterPort) -> Callable[[], object]:
    """Return the question to a meter that no outlet owns."""

    def ask() -> object:
        try:
            return OtherMeterRead(name, _reading(port.read()))
        except HardwareSilent as problem:
            log.warning("meter_silent", meter=name, problem=str(problem))
            return OtherMeterSilent(name, 0)

    return ask


def reader(
    number: int, port: RfidPort, post: Callable[[object], None], loop: asyncio.AbstractEventLoop
) -> Watcher:
    """Return the thread of a card reader; every silence is told, and the first answer after."""
    silent = False

    def look() -> object | None:
        nonlocal silent
        try:
            card = port.poll(CARD_WAIT_MS)
        except HardwareSilent:
            silent = True
            watcher.pause(CARD_WAIT_MS / 1_000)
            return ReaderSilent(number, loop_ms(loop))
        if silent:
            loop.call_soon_threadsafe(post, ReaderAnswered(number, loop_ms(loop)))
        silent = False
        if card is None:
            return None
        if card.doubt:
            log.warning("card_unproved", reader=number, card=card.uid, why=card.doubt)
        return CardSeen(card.uid, number, card.at_ms, card.kind, card.secure)

    watcher = Watcher(f"reader-{number}", look, post, loop)
    return watcher


def card_key(settings: Settings) -> CardKey | None:
    """Return what cards have to prove; `None` where a bare number will do. [B-RFD-20]"""
    if not settings.flag("rfid_enforce_secure"):
        return None
    application, key = (settings.text(f"rfid_secure_{name}") for name in ("application", "key"))
    if not application or not key:
        return None  # the parameters refuse it; without a key every card stays unproved
    number, file = (settings.number(f"rfid_secure_{name}") for name in ("key_number", "file"))
    return CardKey(int(application, 16), number, bytes.fromhex(key), file)


def inputs(
    port: InputPort, post: Callable[[object], None], loop: asyncio.AbstractEventLoop
) -> Watcher:
    """Return the thread of the digital inputs; every change is told, and when they are silent."""
    told: dict[str, bool] = {}
    silent = False

    def tell(fact: object) -> None:
        loop.call_soon_threadsafe(post, fact)

    def look() -> None:
        nonlocal silent
        watcher.pause(INPUT_PERIOD_S)
        try:
            levels = port.read()
        except HardwareSilent as problem:
            if not silent:
                log.warning("inputs_silent", problem=str(problem))
                tell(InputsSilent(loop_ms(loop)))
            silent = True
            return
        for name, active in levels.items():
            if active != told.get(name, False):
                told[name] = active
                tell(InputChanged(name, active, loop_ms(loop)))
        if silent:  # only now, when what has changed meanwhile is told
            silent = False
            tell(InputsAnswered(loop_ms(loop)))

    watcher = Watcher("inputs", look, post, loop)
    return watcher


def _reading(r: MeterReading) -> Reading:
    mains = r.voltages_mv, r.powers_w
    return Reading(r.energy_wh, r.power_w, r.currents_ma, r.at_ms, *mains, r.digital_input)
