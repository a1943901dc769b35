"""The safety process: samples, decides, drives. No network, no asyncio, no configuration.

It knows the board, one machine per outlet, and one link to the station. The station's end
of file ends every permit. Run as `python -m firmware.apps.pilotd`.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import select
import signal
import socket
import sys
from collections.abc import Iterable
from dataclasses import fields
from operator import attrgetter
from pathlib import Path

from firmware.apps.recorder import Recorder
from firmware.io import realtime, sdnotify
from firmware.io.blackbox import BlackBox
from firmware.io.clock import now_ms
from firmware.io.latch import Latch, LatchDamaged
from firmware.io.unix import listen_seqpacket
from firmware.link.frames import MAX_FRAME_BYTES, Frame, PermitRenewed, ReportAsked, decode, encode
from firmware.model.errors import RemoteError
from firmware.model.fault import Fault
from firmware.model.machine import TICK
from firmware.model.outlet import EndPermit, HoldLock
from firmware.pilot.core import PilotCore
from firmware.pilot.facts import (
    Drive,
    LockAsked,
    LoopLate,
    PermitGiven,
    PermitTaken,
    PilotIn,
    Sampled,
    SampleLost,
    StationHeard,
    Traits,
)
from firmware.pilot.faults import LATCHED
from hal.board import BoardErrors, BoardProfile, load_board
from hal.opening import SafetyPorts, open_safety
from hal.ports import HardwareSilent, OutletSample

SOCKET_NAME = "pilot.sock"
BOX_NAME = "pilot.blackbox"
LATCH_NAME = "pilot.latch"
LATE_MS = 250  # without a deadman the contactor stayed on so long with nobody looking
LOOKS = attrgetter(*(f.name for f in fields(OutletSample) if f.name != "at_ms"))
NOTHING = object()
KICK_MS = 1_000  # the board's watchdog waits for ten of these
STOP_GRACE_MS = 6_000  # a planned stop gives the car what seq 10.2 gives it


class PilotLoop:
    """One thread, one poll: edges, link frames and the sampling period."""

    def __init__(
        self,
        profile: BoardProfile,
        ports: SafetyPorts,
        listener: socket.socket,
        box: BlackBox | None = None,
        latch: Latch | None = None,
    ) -> None:
        self.ports = ports
        self.latch = latch
        self.listener = listener
        self.station: socket.socket | None = None
        self.period_ms = profile.sampling_period_ms
        self.late_ms = (profile.deadman_acts_ms or LATE_MS) * 4 // 5  # it counts from the last kick
        self.looked_ms = now_ms()
        left = _left(latch, [o.number for o in profile.outlets])
        self.cores = {o.number: PilotCore(Traits.of(o), left[o.number]) for o in profile.outlets}
        self.latched = left
        self.served: dict[int, object] = {}  # what each machine decided on last; None: nothing
        self.recorder = Recorder(box, self.cores) if box is not None else None
        self.report_due = False
        self.poll = select.poll()
        self.poll.register(listener, select.POLLIN)
        if ports.edges is not None:
            self.poll.register(ports.edges.fileno(), select.POLLIN)

    def run(self, stop_fd: int, stop_grace_ms: int) -> None:
        """Work until `stop_fd` is readable, then stop the cars and open."""
        self.poll.register(stop_fd, select.POLLIN)
        period_ms = sdnotify.watchdog_period_ms()
        next_sample_ms = next_kick_ms = now_ms()
        stop_at_ms: int | None = None
        while stop_at_ms is None or (now_ms() < stop_at_ms and self.closed()):
            wait_ms = max(next_sample_ms - now_ms(), 0)
            ready = {fd for fd, _ in self.poll.poll(wait_ms)}
            if stop_fd in ready and stop_at_ms is None:
                os.read(stop_fd, 64)
                self.poll.unregister(self.listener)  # nobody gives permits any more
                self._drop_station()
                stop_at_ms = now_ms() + stop_grace_ms
            self.step(ready)
            now = now_ms()
            if now >= next_sample_ms:
                next_sample_ms = max(next_sample_ms + self.period_ms, now)
            if now >= next_kick_ms:
                next_kick_ms = now + min(period_ms or KICK_MS, KICK_MS)
                self._kick(systemd=period_ms is not None)

    def _kick(self, *, systemd: bool) -> None:
        """Both watchdogs live on what this loop does, and on nothing else."""
        if systemd:
            sdnotify.notify("WATCHDOG=1")
        if self.ports.watchdog is not None:
            with contextlib.suppress(HardwareSilent):
                self.ports.watchdog.kick()

    def step(self, ready: set[int]) -> None:
        """Sample and decide first; the link comes after the pins."""
        self._doubt_ourselves()
        edges = self.ports.edges
        if edges is not None and edges.fileno() in ready:
            edges.drain()
        for number, core in self.cores.items():
            self._decide(number, core)
        self._latch()
        if self.listener.fileno() in ready:
            self._accept()
        if self.station is not None and self.station.fileno() in ready:
            self._receive(self.station)
        if self.report_due:
            self._report()

    def _doubt_ourselves(self) -> None:
        """A loop that was away so long does not know what its deadman did meanwhile."""
        now = now_ms()
        late_ms, self.looked_ms = now - self.looked_ms, now
        if late_ms >= self.late_ms:
            _say("loop_late", after_ms=late_ms)
            for number in self.cores:
                self._tell(self._handle(number, LoopLate(late_ms)))

    def _latch(self) -> None:
        """Keep what a restart must not forget."""
        held = {n: frozenset(core.state.faults & LATCHED) for n, core in self.cores.items()}
        if held != self.latched and self.latch is not None:
            self.latch.keep({str(n): sorted(f.row.id for f in held[n]) for n in held})
        self.latched = held

    def _decide(self, number: int, core: PilotCore) -> None:
        """Let a machine decide if its sample looks new or its time has come.

        The machine is restful: a sample that differs in its time only, before the deadline,
        changes nothing, so it is not shown one.
        """
        now = now_ms()
        sample: OutletSample | None = None
        with contextlib.suppress(HardwareSilent):
            sample = self.ports.outlets[number].sample()
        looks = None if sample is None else LOOKS(sample)
        if looks != self.served.get(number, NOTHING) or now >= core.deadline_ms():
            self.served[number] = looks
            self._tell(self._handle(number, SampleLost() if sample is None else Sampled(sample)))
        self._drive(number)

    def closed(self) -> bool:
        """Tell whether any contactor is still closed."""
        return any(core.state.contacts_closed for core in self.cores.values())

    def release(self) -> None:
        """Open everything, whatever the machines think."""
        for number in self.cores:
            self._handle(number, PermitTaken("stop"))
            self._handle(number, SampleLost())
            self._drive(number)

    # -- pins -------------------------------------------------------------------------------

    def _drive(self, number: int) -> None:
        """Repeat the whole order: it is also the kick of the deadman."""
        with contextlib.suppress(HardwareSilent):
            self.ports.outlets[number].drive(self.cores[number].state.drive)

    def _handle(self, number: int, fact: PilotIn) -> list[Frame]:
        """Let a machine take a fact; its orders are on the pins before its reports leave."""
        core, now = self.cores[number], now_ms()
        if self.recorder is not None:
            self.recorder.fact(number, fact, now)
        told: list[Frame] = []
        for wish in core.handle(fact, now):
            if not isinstance(wish, Drive):
                told.append(wish)
                continue
            self._drive(number)
            if self.recorder is not None:
                self.recorder.drive(number, wish, now)
        return told

    # -- link -------------------------------------------------------------------------------

    def _tell(self, frames: Iterable[Frame]) -> None:
        for frame in frames:
            self._send(frame)

    def _send(self, frame: Frame) -> None:
        """Never wait for the station: what does not fit is told as a whole later."""
        if self.station is None:
            return
        try:
            self.station.send(encode(frame))
        except BlockingIOError:
            self.report_due = True
        except OSError:
            self._drop_station()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            sock, _ = self.listener.accept()
            self._drop_station()
            sock.setblocking(False)
            self.station = sock
            self.poll.register(sock, select.POLLIN)
            for number in self.cores:
                self._handle(number, StationHeard())

    def _drop_station(self) -> None:
        """The end of the link is the end of every permit."""
        if self.station is not None:
            self.poll.unregister(self.station)
            self.station.close()
            self.station = None
        for number in self.cores:
            self._tell(self._handle(number, PermitTaken("link_lost")))

    def _receive(self, sock: socket.socket) -> None:
        while self.station is sock:
            try:
                data = sock.recv(MAX_FRAME_BYTES + 1)
                if not data:
                    self._drop_station()
                    return
                self._obey(decode(data))
            except BlockingIOError:
                return
            except (OSError, RemoteError) as problem:
                _say("link_dropped", reason=str(problem))
                self._drop_station()

    def _obey(self, frame: Frame) -> None:
        match frame:
            case PermitRenewed(outlet, limit_ma, lease_ms, phases, wake):
                self._fact(outlet, PermitGiven(limit_ma, now_ms() + lease_ms, phases, wake))
            case EndPermit(outlet, reason):
                self._fact(outlet, PermitTaken(reason))
            case HoldLock(outlet, locked):
                self._fact(outlet, LockAsked(locked))
            case ReportAsked():
                self.report_due = True
            case _:
                raise RemoteError(f"a station may not send {type(frame).__name__}")

    def _fact(self, outlet: int, fact: PilotIn) -> None:
        if outlet not in self.cores:
            raise RemoteError(f"there is no outlet {outlet}")
        self._tell(self._handle(outlet, fact))

    def _report(self) -> None:
        self.report_due = False
        for number, core in self.cores.items():
            self._handle(number, TICK)
            for fact in core.report(now_ms()):
                if not isinstance(fact, Drive):
                    self._send(fact)
            self._drive(number)


def main(argv: list[str] | None = None) -> int:
    """Run until SIGTERM or SIGINT; 2 for a board that cannot be used."""
    assert __debug__, "never run with -O: assertions are part of the safety concept"
    parser = argparse.ArgumentParser(prog="powerstation pilotd", description=__doc__)
    parser.add_argument("--board", type=Path, required=True, help="board file (TOML)")
    parser.add_argument("--state", type=Path, required=True, help="directory of sockets")
    parser.add_argument("--stop-grace-ms", type=int, default=STOP_GRACE_MS)
    parser.add_argument("--blackbox", type=Path, help=f"its file; default: STATE/{BOX_NAME}")
    args = parser.parse_args(argv)
    stop_read, stop_write = os.pipe()
    os.set_blocking(stop_write, False)
    signal.set_wakeup_fd(stop_write)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: None)
    try:
        profile = load_board(args.board)
        ports = open_safety(profile, args.state)
    except (BoardErrors, OSError) as problem:
        print(problem, file=sys.stderr)
        return 2
    listener = listen_seqpacket(args.state / SOCKET_NAME)
    box, latch = _box(args.blackbox or args.state / BOX_NAME), _open_latch(args.state)
    loop = PilotLoop(profile, ports, listener, box, latch)
    for sentence in realtime.enter():
        _say("realtime_refused", detail=sentence)
    _say("ready", board=profile.name, interlocks=profile.interlocks.text)
    sdnotify.notify("READY=1")
    try:
        loop.run(stop_read, args.stop_grace_ms)
    finally:
        loop.release()
        ports.close()
        listener.close()
        (args.state / SOCKET_NAME).unlink(missing_ok=True)
    return 0


def _box(path: Path) -> BlackBox | None:
    """Open the black box; a station charges without one too, but says so."""
    try:
        return BlackBox(path, Recorder.WORDS)
    except (OSError, ValueError) as problem:
        _say("no_blackbox", path=str(path), reason=str(problem))
        return None


def _open_latch(state: Path) -> Latch | None:
    """Open the latch; without one a trip is forgotten by a restart, and that is said."""
    try:
        return Latch(state / LATCH_NAME)
    except OSError as problem:
        _say("no_latch", reason=str(problem))
        return None


def _left(latch: Latch | None, numbers: list[int]) -> dict[int, frozenset[Fault]]:
    """Return what an earlier run left on each outlet; what cannot be read counts as a trip."""
    try:
        words = {} if latch is None else latch.left()
        left = {n: frozenset(Fault.by_id(x) for x in words.get(str(n), ())) for n in numbers}
    except (LatchDamaged, KeyError) as problem:
        _say("latch_damaged", reason=str(problem), advice="unplug, then plug in again")
        return {n: frozenset({Fault.GROUND_FAILURE}) for n in numbers}
    for number in numbers:
        if left[number]:
            _say("left_by_an_earlier_run", outlet=number, faults=[f.row.id for f in left[number]])
    return left


def _say(event: str, **values: object) -> None:
    """Log one line to the journal; structlog is not for this process."""
    words = " ".join(f"{key}={value!r}" for key, value in values.items())
    print(f"pilotd {event} {words}".rstrip(), file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
