"""The station process: sessions, authorisation, OCPP, meters, cards, ring, storage.

One asyncio loop for the machine, one thread per blocking bus, one thread that writes. It never
touches a safety pin.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import random
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from firmware import VERSION
from firmware.apps.settings_args import parse_sets, read_settings
from firmware.io import sdnotify
from firmware.io.clock import now_ms, utc_at_zero_ms
from firmware.io.control import SOCKET_NAME as CONTROL_NAME
from firmware.io.control import serve_control
from firmware.io.loop import Runner, loop_ms
from firmware.io.pilot_link import PilotLink
from firmware.io.sqlite import Database, Writer
from firmware.io.threads import Asker, Watcher
from firmware.io.ws import BackendLink, LinkConfig
from firmware.led.patterns import PATTERNS, dimmed, frame
from firmware.model.backend import ClockSynced, DropConnection, Restart, SendFrame
from firmware.model.errors import SettingErrors
from firmware.model.fault import Fault
from firmware.model.outlet import EndPermit, FaultCleared, FaultRaised, GivePermit, HoldLock
from firmware.model.session import CardSeen, MeterRead, MeterSilent, ReadMeter, ShowPattern
from firmware.model.settings import Settings, SettingsChanged
from firmware.model.storage import Memory, Store, Stored
from firmware.model.values import Reading
from firmware.ocpp.payloads import StationInfo
from firmware.station.commands import Commands
from firmware.station.core import Options, StationCore
from firmware.storage import rows, schema
from hal.board import BoardErrors, BoardProfile, load_board
from hal.opening import NoDriver, StationPorts, open_station
from hal.ports import HardwareSilent, MeterPort, RfidPort

log = structlog.get_logger()

VENDOR, MODEL = "Powerstation", "Powerstation TWO"
METER_POLL_MS = 1_000
FRAMES_PER_S = 20
CARD_WAIT_MS = 500
READER_TRIES = 3
CLOSE_S = 0.5
RESTART_WAIT_S = 2.0  # for the messages that a reset still owes the back end
EXIT_RESTART = 75  # systemd and `powerstation run` start the station anew


@dataclass(slots=True)
class Wake:
    """What the process woke up with."""

    profile: BoardProfile
    settings: Settings
    memory: Memory
    database: Database


class Station:
    """The machine and its adapters, wired."""

    def __init__(self, wake: Wake, ports: StationPorts, state: Path) -> None:
        self.loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[int] = self.loop.create_future()
        info = StationInfo(
            vendor=VENDOR,
            model=MODEL,
            serial=wake.settings.text("ocpp_chargebox_identity")[:25],
            firmware=VERSION,
            outlets=len(wake.profile.outlets),
        )
        self.core = StationCore(wake.settings, wake.memory, Options(info, METER_POLL_MS))
        self.runner = Runner(self.core, self._perform, self.loop)
        self.commands = Commands(self.core)
        self.pilots = PilotLink(state / "pilot.sock", self.runner.post, self.loop)
        self.backend = _backend_link(wake.settings, self.runner.post)
        self.writer = Writer(wake.database, self._storage_failed)
        lights = wake.profile.led.count if wake.profile.led else 0
        self.ring = _Ring(ports, lights, self.runner.post, self.loop)
        self.ring.percent = wake.settings.number("ocpp:LightIntensity")
        self.meters = {
            number: Asker(f"meter-{number}", _meter_ask(number, port), self.runner.post, self.loop)
            for number, port in ports.meters.items()
        }
        self.readers = [
            _reader(number, port, self.runner.post, self.loop)
            for number, port in ports.readers.items()
        ]
        self._do: dict[type, Callable[[Any], None]] = {
            GivePermit: self.pilots.give,
            EndPermit: self.pilots.end,
            HoldLock: self.pilots.hold,
            Store: self._store,
            SendFrame: lambda wish: self.backend.send(wish.text) if self.backend else None,
            DropConnection: self._drop,
            ReadMeter: self._read_meter,
            ShowPattern: self.ring.show,
            SettingsChanged: self._settings_changed,
            Restart: self._restart,
        }

    async def run(self, state: Path, ready: Callable[[], None]) -> int:
        """Work until a signal or a restart; return the exit code."""
        self.writer.start()
        for thread in self._devices():
            thread.start()
        control = await serve_control(state / CONTROL_NAME, self._command)
        tasks = [asyncio.create_task(self.pilots.run(), name="pilot link")]
        if self.backend is not None:
            tasks.append(asyncio.create_task(self.backend.run(), name="back end"))
        for task in tasks:
            task.add_done_callback(self._task_ended)
        utc_ms = utc_at_zero_ms()
        if utc_ms is not None:
            self.runner.post(ClockSynced(utc_ms, "system clock"))
        self.loop.call_soon(self._kick_watchdog)
        ready()
        code = await self.ended
        log.info("stopping", code=code)
        self.runner.stop()
        self.pilots.close()
        control.close()
        for task in tasks:
            task.remove_done_callback(self._task_ended)
        if self.backend is not None:
            self.backend.close()
        await asyncio.wait(tasks[1:] or tasks, timeout=CLOSE_S)
        for task in tasks:
            task.cancel()
        for thread in self._devices():
            thread.finish()
        self.writer.finish()
        return code

    def stop(self, code: int = 0) -> None:
        """End the process."""
        if not self.ended.done():
            self.ended.set_result(code)

    # -- wishes -----------------------------------------------------------------------------

    def _perform(self, wish: object) -> None:
        if not isinstance(wish, (SendFrame, Store, ReadMeter)):
            log.info(type(wish).__name__, **_words(wish))
        self._do[type(wish)](wish)

    def _store(self, wish: Store) -> None:
        statements = [s for write in wish.writes for s in rows.statements(write)]

        def done() -> None:
            self.loop.call_soon_threadsafe(self.runner.post, Stored(wish.ticket))

        self.writer.submit(statements, done)

    def _read_meter(self, wish: ReadMeter) -> None:
        asker = self.meters.get(wish.outlet)
        if asker is None:
            self.loop.call_soon(self.runner.post, MeterSilent(wish.outlet, loop_ms(self.loop)))
        else:
            asker.ask()

    def _drop(self, wish: DropConnection) -> None:
        if self.backend is not None:
            self.backend.drop(wish.reason)

    def _settings_changed(self, wish: SettingsChanged) -> None:
        if self.backend is not None:
            self.backend.configure(_link_config(wish.settings))
        self.ring.percent = wish.settings.number("ocpp:LightIntensity")

    def _restart(self, wish: Restart) -> None:
        log.warning("restart", reason=wish.reason.value)
        self.loop.call_later(RESTART_WAIT_S, self.stop, EXIT_RESTART)

    # -- the rest of the world --------------------------------------------------------------

    def _command(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        answer, facts = self.commands.take(asked)
        for fact in facts:
            self.runner.post(fact)
        return answer

    def _devices(self) -> tuple[Asker | Watcher, ...]:
        return (self.ring.thread, *self.meters.values(), *self.readers)

    def _kick_watchdog(self) -> None:
        period_ms = sdnotify.watchdog_period_ms()
        if period_ms is not None:
            sdnotify.notify("WATCHDOG=1")
            self.loop.call_later(period_ms / 1_000, self._kick_watchdog)

    def _task_ended(self, task: asyncio.Task[Any]) -> None:
        """A task that ends is a bug: the process ends with it and permits expire."""
        if task.cancelled():
            return
        log.error("task_ended", task=task.get_name(), problem=repr(task.exception()))
        self.stop(1)

    def _storage_failed(self, problem: BaseException) -> None:
        log.error("storage_failed", problem=str(problem))
        self.loop.call_soon_threadsafe(self.stop, 1)


class _Ring:
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
        self.percent = 100
        self.last: tuple[object, ...] = ()
        self.loop = loop
        self.thread = Watcher("ring", self._look, post, loop)

    def show(self, wish: ShowPattern) -> None:
        """Show a pattern from now on."""
        self.pattern = wish

    def _look(self) -> None:
        wish = self.pattern
        full = frame(PATTERNS[wish.pattern], loop_ms(self.loop) - wish.since_ms, self.lights)
        now = dimmed(full, self.percent)
        if self.port is not None and now != self.last:
            with contextlib.suppress(HardwareSilent):
                self.port.show(now)
                self.last = now
        self.thread.pause(1 / FRAMES_PER_S)


def _meter_ask(outlet: int, port: MeterPort) -> Callable[[], object]:
    def ask() -> object:
        try:
            r = port.read()
        except HardwareSilent as problem:
            log.warning("meter_silent", outlet=outlet, problem=str(problem))
            return MeterSilent(outlet, 0)
        reading = Reading(r.energy_wh, r.power_w, r.currents_ma, r.at_ms, r.voltages_mv)
        return MeterRead(outlet, reading)

    return ask


def _reader(
    number: int, port: RfidPort, post: Callable[[object], None], loop: asyncio.AbstractEventLoop
) -> Watcher:
    silent = 0

    def look() -> object | None:
        nonlocal silent
        try:
            card = port.poll(CARD_WAIT_MS)
        except HardwareSilent:
            silent += 1
            watcher.pause(CARD_WAIT_MS / 1_000)
            raised = FaultRaised(0, Fault.READER, loop_ms(loop))
            return raised if silent == READER_TRIES else None
        if silent >= READER_TRIES:
            loop.call_soon_threadsafe(post, FaultCleared(0, Fault.READER, loop_ms(loop)))
        silent = 0
        return None if card is None else CardSeen(card.uid, number, card.at_ms)

    watcher = Watcher(f"reader-{number}", look, post, loop)
    return watcher


def _backend_link(settings: Settings, post: Callable[[object], None]) -> BackendLink | None:
    url = settings.text("ocpp_ws_url")
    if not url or settings.text("backend_connection_type") == "none":
        return None
    return BackendLink(_link_config(settings), post, jitter=random.random, now_ms=now_ms)


def _link_config(settings: Settings) -> LinkConfig:
    return LinkConfig(
        settings.text("ocpp_ws_url"),
        settings.text("ocpp_chargebox_identity"),
        password=settings.text("ocpp_basic_auth_password"),
        ping_interval_s=settings.number("ocpp_ws_keepalive_interval"),
        open_timeout_s=settings.number("backend_connection_timeout"),
    )


def wake(board: Path, state: Path, overrides: Mapping[str, str]) -> Wake:
    """Count the boot and read what is kept; raise what a bad file or value deserves."""
    profile = load_board(board)
    read_settings({}, overrides)  # before anything is touched: a bad value changes nothing
    database = Database(state / "station.db", schema.MIGRATIONS)
    if database.put_aside is not None:
        log.error("database_damaged", put_aside=str(database.put_aside))
    database.apply([rows.NEW_BOOT])
    memory = rows.memory(database.query)
    settings, problems = read_settings(memory.settings, overrides)
    for problem in problems:
        log.warning("setting_left_out", problem=problem)
    return Wake(profile, settings, memory, database)


def _words(wish: object) -> dict[str, object]:
    names = getattr(type(wish), "__slots__", ())
    return {n: getattr(wish, n) for n in names if n not in ("settings", "text")}


async def _serve(wake_up: Wake, ports: StationPorts, state: Path) -> int:
    station = Station(wake_up, ports, state)
    for number in (signal.SIGTERM, signal.SIGINT):
        station.loop.add_signal_handler(number, station.stop)

    def ready() -> None:
        log.info("ready", boot=wake_up.memory.boot, board=wake_up.profile.name)
        sdnotify.notify("READY=1")

    return await station.run(state, ready)


def main(argv: list[str] | None = None) -> int:
    """Run until SIGTERM; 2 for a board, a state or a setting that cannot be used."""
    assert __debug__, "never run with -O: assertions are part of the safety concept"
    parser = argparse.ArgumentParser(prog="powerstation stationd", description=__doc__)
    parser.add_argument("--board", type=Path, required=True, help="board file (TOML)")
    parser.add_argument("--state", type=Path, required=True, help="directory of what lasts")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    args = parser.parse_args(argv)
    structlog.configure(
        processors=[structlog.processors.add_log_level, structlog.processors.LogfmtRenderer(
            key_order=["event", "level"])],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )  # fmt: skip
    os.environ.setdefault("LG_WD", str(args.state))
    try:
        wake_up = wake(args.board, args.state, parse_sets(args.set))
        ports = open_station(wake_up.profile, args.state)
    except (BoardErrors, SettingErrors, NoDriver, OSError, RuntimeError) as problem:
        print(problem, file=sys.stderr)
        return 2
    try:
        return asyncio.run(_serve(wake_up, ports, args.state))
    finally:
        ports.close()


if __name__ == "__main__":
    sys.exit(main())
