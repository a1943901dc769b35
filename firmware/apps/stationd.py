"""The station process: sessions, authorisation, OCPP, meters, cards, ring, storage.

One asyncio loop for the machine, one thread per blocking bus, one thread that writes. It never
touches a safety pin.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import structlog

from firmware import VERSION
from firmware.apps.backend_link import backend_link, link_config
from firmware.apps.devices import Ring, card_key, inputs, meter_ask, other_meter_ask, reader
from firmware.apps.files import Files, Sources
from firmware.apps.incoming import Incoming
from firmware.apps.load_link import LoadLink, Place
from firmware.apps.settings_args import parse_sets
from firmware.apps.waking import UNIT, Wake, wake
from firmware.apps.web_desk import SOCKET_NAME as WEB_NAME
from firmware.apps.web_desk import Around, WebDesk
from firmware.io import sdnotify
from firmware.io.certificates import CertificateStore, CertificateWorker
from firmware.io.clock import utc_at_zero_ms
from firmware.io.control import SOCKET_NAME as CONTROL_NAME
from firmware.io.control import serve_control
from firmware.io.interfaces import own_networks
from firmware.io.loop import Runner, loop_ms
from firmware.io.packages import KEYS
from firmware.io.pilot_link import PilotLink
from firmware.io.sqlite import Writer
from firmware.io.threads import Asker, Watcher
from firmware.io.tls import Shown
from firmware.model.backend import ClockSynced, DropConnection, Restart, SendFrame
from firmware.model.devices import ReadOtherMeter
from firmware.model.dlm import LOAD_WISHES, Say
from firmware.model.errors import SettingErrors
from firmware.model.fault import Fault
from firmware.model.outlet import EndPermit, FaultCleared, FaultRaised, GivePermit, HoldLock
from firmware.model.security import CERTIFICATE_WISHES
from firmware.model.session import MeterSilent, ReadMeter, ShowPattern
from firmware.model.settings import HashPassword, PasswordHashed, Settings, SettingsChanged
from firmware.model.storage import Store, Stored
from firmware.model.transfers import TRANSFER_WISHES
from firmware.ocpp.payloads import StationInfo
from firmware.station.commands import Commands
from firmware.station.core import Options, StationCore
from firmware.storage import rows
from hal.board import BoardErrors
from hal.opening import NoDriver, StationPorts, open_station

log = structlog.get_logger()

VENDOR, MODEL = "Powerstation", "Powerstation TWO"
SIMULATED_MODEL = "Powerstation SIM"  # a back end must not take it for one that gives power
METER_POLL_MS = 1_000
CLOSE_S = 0.5
RESTART_WAIT_S = 2.0  # for the messages that a reset still owes the back end
_UNLOGGED = ("settings", "text", "pem", "url", "signature", "code")  # secrets, and what is too long
EXIT_RESTART = 75  # systemd and `powerstation run` start the station anew


class Station:
    """The machine and its adapters, wired."""

    def __init__(
        self, wake: Wake, ports: StationPorts, state: Path, web_socket: Path | None = None
    ) -> None:
        self.loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[int] = self.loop.create_future()
        self.board, self.simulated = wake.profile.name, wake.profile.simulated
        self.web_socket = web_socket or state / WEB_NAME
        info = StationInfo(
            vendor=VENDOR,
            model=SIMULATED_MODEL if self.simulated else MODEL,
            serial=wake.settings.text("ocpp_chargebox_identity")[:25],
            firmware=VERSION,
            outlets=len(wake.profile.outlets),
        )
        fixed = tuple(o.number for o in wake.profile.outlets if o.tethered)
        readers = len(ports.readers)
        others, read = tuple(ports.other_meters), ports.inputs is not None
        names, unit = wake.profile.inputs if read else (), wake.memory.notes[UNIT]
        options = Options(info, METER_POLL_MS, others, fixed, readers, names, unit)
        self.core = StationCore(wake.settings, wake.memory, options)
        self.runner = Runner(self.core, self._perform, self.loop)
        self.commands = Commands(self.core, own_networks)
        self.pilots = PilotLink(state / "pilot.sock", self.runner.post, self.loop)
        store = CertificateStore(state / "certificates")
        self.shown = store.shown()
        self.certificates = CertificateWorker(store, self._certificates_told)
        self.backend = backend_link(
            wake.settings, self.runner.post, self.shown, simulated=self.simulated
        )
        self.load = LoadLink(wake.settings, Place(unit, state), self.runner.post)
        self.writer = Writer(wake.database, self._storage_failed, self._storage_troubled)
        self.files = Files(state, self._told, self._sources, loopback=self.simulated)
        lights = wake.profile.led.count if wake.profile.led else 0
        self.ring = Ring(ports, lights, self.runner.post, self.loop)
        self.ring.show(_booting(wake.settings, loop_ms(self.loop)))
        self.readers = ports.readers
        self._demand_proof(wake.settings)
        self.meters = {
            number: Asker(f"meter-{number}", meter_ask(number, port), self.runner.post, self.loop)
            for number, port in ports.meters.items()
        }
        places = [wake.board.parent, state] if not self.simulated else [state]
        keys = [KEYS, *(place / "keys" for place in places[:1])]
        self.incoming = Incoming(self.files.folder, keys, self.core, self.runner.post)
        about: dict[str, object] = {"board": self.board, "simulated": self.simulated}
        around = Around(places, about, self.incoming)
        self.web = WebDesk(self.commands, self.runner.post, self.writer, around)
        self.watchers = [
            reader(number, port, self.runner.post, self.loop)
            for number, port in ports.readers.items()
        ]
        self.others = {
            name: Asker(f"meter-{name}", other_meter_ask(name, port), self.runner.post, self.loop)
            for name, port in ports.other_meters.items()
        }
        if ports.inputs is not None:
            self.watchers.append(inputs(ports.inputs, self.runner.post, self.loop))
        self._do = self._performers()

    def _performers(self) -> dict[type, Callable[[Any], None]]:
        """Return who does which wish."""
        return {
            GivePermit: self.pilots.give,
            EndPermit: self.pilots.end,
            HoldLock: self.pilots.hold,
            Store: self._store,
            SendFrame: lambda wish: self.backend.send(wish.text) if self.backend else None,
            DropConnection: self._drop,
            ReadMeter: self._read_meter,
            ReadOtherMeter: lambda wish: self.others[wish.name].ask(),
            ShowPattern: self.ring.show,
            SettingsChanged: self._settings_changed,
            Restart: self._restart,
            HashPassword: self._hash,
            **dict.fromkeys(LOAD_WISHES, self.load.perform),
            **dict.fromkeys(CERTIFICATE_WISHES, self.certificates.ask),
            **dict.fromkeys(TRANSFER_WISHES, self.files.perform),
        }

    async def run(self, state: Path, ready: Callable[[], None]) -> int:
        """Work until a signal or a restart; return the exit code."""
        self.writer.start()
        self.certificates.start()
        self.files.start()
        for thread in self._devices():
            thread.start()
        control = await serve_control(state / CONTROL_NAME, self._command)
        pages = await self._serve_pages()
        tasks = [asyncio.create_task(self.pilots.run(), name="pilot link")]
        if self.backend is not None:
            tasks.append(asyncio.create_task(self.backend.run(), name="back end"))
        tasks += [asyncio.create_task(run, name="load management") for run in self.load.tasks()]
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
        self.load.close()
        control.close()
        if pages is not None:
            pages.close()
        self.web.close()
        self.incoming.close()
        for task in tasks:
            task.remove_done_callback(self._task_ended)
        if self.backend is not None:
            self.backend.close()
        await asyncio.wait(tasks[1:] or tasks, timeout=CLOSE_S)
        for task in tasks:
            task.cancel()
        for thread in self._devices():
            thread.finish()
        self.files.finish()
        self.certificates.finish()
        self.writer.finish()
        return code

    async def _serve_pages(self) -> asyncio.Server | None:
        """Let the pages ask; where they cannot, charging goes on without them."""
        try:
            return await serve_control(self.web_socket, self.web.take)
        except OSError as problem:
            log.error("pages_cannot_ask", problem=str(problem))
            return None

    def stop(self, code: int = 0) -> None:
        """End the process."""
        if not self.ended.done():
            self.ended.set_result(code)

    # -- wishes -----------------------------------------------------------------------------

    def _perform(self, wish: object) -> None:
        if not isinstance(wish, (SendFrame, Store, ReadMeter, ReadOtherMeter, Say)):
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
            self.backend.configure(link_config(wish.settings, self.shown, simulated=self.simulated))
        self._demand_proof(wish.settings)

    def _demand_proof(self, settings: Settings) -> None:
        for port in self.readers.values():
            port.demand(card_key(settings))

    def _certificates_told(self, facts: list[object], shown: Shown) -> None:
        """Take facts of the store and what connections use from now on; from its thread."""

        def tell() -> None:
            if shown != self.shown:
                self.shown = shown
                self._settings_changed(SettingsChanged(self.core.configuration.settings))
            for fact in facts:
                self.runner.post(fact)

        self.loop.call_soon_threadsafe(tell)

    def _told(self, fact: object) -> None:
        """Take a fact of another thread."""
        log.info(type(fact).__name__, **_words(fact))
        self.loop.call_soon_threadsafe(self.runner.post, fact)

    def _sources(self) -> Sources:
        """Return what uploads are made of, as it is now."""
        settings = self.core.configuration.settings
        return Sources(
            self.core, self.writer, link_config(settings, self.shown, simulated=self.simulated).tls
        )

    def _hash(self, wish: HashPassword) -> None:
        def done(key: str, kept: str) -> None:
            self.runner.post(PasswordHashed(key, kept))

        self.web.hash_password(wish.key, wish.text, done)

    def _restart(self, wish: Restart) -> None:
        log.warning("restart", reason=wish.reason.value)
        self.loop.call_later(RESTART_WAIT_S, self.stop, EXIT_RESTART)

    # -- the rest of the world --------------------------------------------------------------

    def _command(
        self, asked: Mapping[str, Any]
    ) -> Mapping[str, Any] | Awaitable[Mapping[str, Any]]:
        update = self.incoming.commands.get(str(asked.get("do")))
        if update is not None:
            return update(asked)
        answer, facts = self.commands.take(asked, loop_ms(self.loop))
        for fact in facts:
            self.runner.post(fact)
        return {**answer, "board": self.board, "simulated": self.simulated}

    def _devices(self) -> tuple[Asker | Watcher, ...]:
        return (self.ring.thread, *self.meters.values(), *self.others.values(), *self.watchers)

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

    def _storage_troubled(self, problem: BaseException | None) -> None:
        """Tell of a failing write, or that it succeeded at last; from the writer's thread."""
        log.error("storage_troubled", problem=str(problem))
        told = FaultCleared if problem is None else FaultRaised
        fact = told(0, Fault.STORAGE, loop_ms(self.loop))
        self.loop.call_soon_threadsafe(self.runner.post, fact)

    def _storage_failed(self, problem: BaseException) -> None:
        log.error("storage_failed", problem=str(problem))
        self.loop.call_soon_threadsafe(self.stop, 1)


def _booting(settings: Settings, now_ms: int) -> ShowPattern:
    """Return what the ring shows until something is known."""
    profile, percent = settings.text("led_profile"), settings.number("ocpp:LightIntensity")
    return ShowPattern("booting", now_ms, profile, percent)


def _words(wish: object) -> dict[str, object]:
    names = getattr(type(wish), "__slots__", ())
    return {n: getattr(wish, n) for n in names if n not in _UNLOGGED}


async def _serve(wake_up: Wake, ports: StationPorts, state: Path, web_socket: Path | None) -> int:
    station = Station(wake_up, ports, state, web_socket)
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
    parser.add_argument("--web-socket", type=Path, help="where the pages ask; in --state if not")
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
        return asyncio.run(_serve(wake_up, ports, args.state, args.web_socket))
    finally:
        ports.close()


if __name__ == "__main__":
    sys.exit(main())
