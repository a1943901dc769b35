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
from dataclasses import dataclass, fields
from operator import attrgetter
from pathlib import Path
from typing import get_args

from firmware.io import realtime, sdnotify
from firmware.io.blackbox import BlackBox, Words
from firmware.io.clock import now_ms
from firmware.io.unix import listen_seqpacket
from firmware.link.frames import MAX_FRAME_BYTES, Frame, PermitRenewed, ReportAsked, decode, encode
from firmware.model.errors import RemoteError
from firmware.model.machine import TICK
from firmware.model.outlet import EndPermit, HoldLock
from firmware.pilot.core import PilotCore
from firmware.pilot.facts import (
    Drive,
    LockAsked,
    PermitGiven,
    PermitTaken,
    PilotIn,
    Sampled,
    SampleLost,
    Traits,
)
from firmware.pilot.state import PilotState
from hal.board import BoardErrors, BoardProfile, load_board
from hal.opening import SafetyPorts, open_safety
from hal.ports import HardwareSilent, OutletSample

SOCKET_NAME = "pilot.sock"
BOX_NAME = "pilot.blackbox"
STOP_GRACE_MS = 6_000  # a planned stop gives the car what seq 10.2 gives it


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """In the black box: from here on a machine can be played, whatever came before."""

    first: bool  # of a process; else what was played up to here must have led here
    traits: Traits
    state: PilotState


class Recorder:
    """Notes in the black box what machines are given and what they drive.

    A sample that differs from the last in its time only, before the deadline, changes nothing:
    it is noted only if it is the last before something that does, so that the machine played
    has the same sample in hand.
    """

    WORDS = Words(Checkpoint, Drive, *get_args(PilotIn))
    _looks = attrgetter(*(f.name for f in fields(OutletSample) if f.name != "at_ms"))

    def __init__(self, box: BlackBox, cores: dict[int, PilotCore]) -> None:
        self.box = box
        self.cores = cores
        self.looks: dict[int, object] = {}  # of the last sample noted, while it is trusted
        self.waiting: dict[int, tuple[int, Sampled]] = {}
        self._check(first=True)

    def fact(self, number: int, fact: PilotIn, now: int, *, due: bool) -> None:
        """Note a fact before it is handled: a fact that kills the process must be there."""
        if isinstance(fact, Sampled):
            looks = type(self)._looks(fact.sample)
            if looks == self.looks.get(number) and not due:
                self.waiting[number] = now, fact
                return
            self.looks[number] = looks
        elif isinstance(fact, SampleLost):
            self.looks.pop(number, None)
        if self.box.number >= self.next_check:
            self._check(first=False)
        if number in self.waiting:
            self.box.note(number, *self.waiting.pop(number))
        self.box.note(number, now, fact)

    def drive(self, number: int, drive: Drive, now: int) -> None:
        """Note a new order."""
        self.box.note(number, now, drive)

    def _check(self, *, first: bool) -> None:
        """Let a machine be played from here; eight times in a ring, so most of it can be."""
        for number, waiting in self.waiting.items():
            self.box.note(number, *waiting)
        self.waiting.clear()
        for number, core in self.cores.items():
            self.box.note(number, now_ms(), Checkpoint(first, core.traits, core.state))
        self.next_check = self.box.number + self.box.slots // 8


class PilotLoop:
    """One thread, one poll: edges, link frames and the sampling period."""

    def __init__(
        self,
        profile: BoardProfile,
        ports: SafetyPorts,
        listener: socket.socket,
        box: BlackBox | None = None,
    ) -> None:
        self.ports = ports
        self.listener = listener
        self.station: socket.socket | None = None
        self.period_ms = profile.sampling_period_ms
        self.cores = {
            o.number: PilotCore(
                Traits(o.number, o.max_ma, o.lock, o.mirror_contact, residual=o.residual)
            )
            for o in profile.outlets
        }
        self.served: dict[int, OutletSample | None] = {}  # what each machine decided on last
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
            if period_ms is not None and now >= next_kick_ms:
                sdnotify.notify("WATCHDOG=1")
                next_kick_ms = now + period_ms

    def step(self, ready: set[int]) -> None:
        """Sample and decide first; the link comes after the pins."""
        if self.ports.edges is not None:
            self.ports.edges.drain()
        for number, core in self.cores.items():
            self._decide(number, core)
        if self.listener.fileno() in ready:
            self._accept()
        if self.station is not None and self.station.fileno() in ready:
            self._receive(self.station)
        if self.report_due:
            self._report()

    def _decide(self, number: int, core: PilotCore) -> None:
        """Let a machine decide if its sample is new or its time has come.

        The machine is restful: an unchanged sample before its deadline changes nothing.
        """
        now = now_ms()
        sample: OutletSample | None = None
        with contextlib.suppress(HardwareSilent):
            sample = self.ports.outlets[number].sample()
        new = number not in self.served or sample is not self.served[number]
        if new or now >= core.deadline_ms():
            self.served[number] = sample
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
            self.recorder.fact(number, fact, now, due=now >= core.deadline_ms())
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
            case PermitRenewed(outlet, limit_ma, lease_ms):
                self._fact(outlet, PermitGiven(limit_ma, now_ms() + lease_ms))
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
    try:
        profile = load_board(args.board)
        ports = open_safety(profile, args.state)
    except (BoardErrors, OSError) as problem:
        print(problem, file=sys.stderr)
        return 2
    stop_read, stop_write = os.pipe()
    os.set_blocking(stop_write, False)
    signal.set_wakeup_fd(stop_write)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: None)
    listener = listen_seqpacket(args.state / SOCKET_NAME)
    loop = PilotLoop(profile, ports, listener, _box(args.blackbox or args.state / BOX_NAME))
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


def _say(event: str, **values: object) -> None:
    """Log one line to the journal; structlog is not for this process."""
    words = " ".join(f"{key}={value!r}" for key, value in values.items())
    print(f"pilotd {event} {words}".rstrip(), file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
