"""Recorded sessions played through whole stations against a back end, and the ledger of it.

A row is arrival, departure, station, energy. Two recorded stations become the two outlets of
one of ours. Each driver plugs and presents a card; at the departure half of them present it
again and half pull the plug at the car, as the seed says. The books that are compared are the
meter (the world's register) and the back end's transactions.
"""

from __future__ import annotations

import asyncio
import csv
import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from firmware.io.loop import loop_ms
from firmware.sim.backend import Backend
from firmware.sim.loop import VirtualLoop
from firmware.sim.recorder import WireRecorder
from firmware.sim.station import SimPlan, SimStation

PORT = 9_000
LEAD_MS = 600_000  # the stations are up ten minutes before the first car
TAIL_MS = 3_600_000  # and an hour after the last
COLUMNS = ("arrival_local", "departure_local", "station", "energy_wh")


class BadCsv(ValueError):
    """A file that cannot be replayed; says which line and what is expected."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """One row of the file; times are ms after the first arrival's midnight."""

    number: int
    arrival_ms: int
    departure_ms: int
    station: str
    energy_wh: int

    @property
    def uid(self) -> str:
        """The card of this driver."""
        return f"{0xCA000000 + self.number:08x}"


@dataclass(slots=True)
class Played:
    """What became of a row: registers in Wh of the outlet's meter."""

    recorded: Recorded
    identity: str
    outlet: int
    before_wh: int = 0
    after_wh: int = 0
    refused: str = ""  # what the world would not let the driver do

    @property
    def meter_wh(self) -> int:
        """What the car took by the meter."""
        return self.after_wh - self.before_wh


@dataclass(slots=True)
class LedgerOf:
    """The result of a replay."""

    played: list[Played]
    stations: int
    station_hours: int
    backend_wh: int = 0
    lost: list[str] = field(default_factory=list)
    duplicated: list[str] = field(default_factory=list)
    different: list[str] = field(default_factory=list)  # meter and back end disagree
    wire_problems: list[str] = field(default_factory=list)
    frames: int = 0
    retransmissions: int = 0
    history: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def meter_wh(self) -> int:
        """The sum over all sessions by the meters."""
        return sum(p.meter_wh for p in self.played)

    @property
    def clean(self) -> bool:
        """Nothing lost, doubled or different, nothing wrong on the wire."""
        return not (self.lost or self.duplicated or self.different or self.wire_problems)


def read_csv(path: Path) -> tuple[tuple[Recorded, ...], datetime]:
    """Return the sessions and the midnight from which they are counted; raise `BadCsv`."""
    with path.open(newline="", encoding="utf-8") as lines:
        reader = csv.DictReader(lines)
        missing = [c for c in COLUMNS if c not in (reader.fieldnames or ())]
        if missing:
            raise BadCsv(f"{path}: no column {', '.join(missing)}; needed: {', '.join(COLUMNS)}")
        rows = [_row(path, number, row) for number, row in enumerate(reader, start=2)]
    if not rows:
        raise BadCsv(f"{path}: no sessions in it")
    first = min(arrival for arrival, _, _, _ in rows)
    midnight = first.replace(hour=0, minute=0)
    sessions = tuple(
        Recorded(i, _ms(a - midnight), _ms(d - midnight), s, e)
        for i, (a, d, s, e) in enumerate(sorted(rows, key=lambda r: (r[0], r[2])))
    )
    return sessions, midnight


def _row(path: Path, line: int, row: Mapping[str, str]) -> tuple[datetime, datetime, str, int]:
    try:
        arrival = datetime.fromisoformat(row["arrival_local"]).replace(tzinfo=UTC)
        departure = datetime.fromisoformat(row["departure_local"]).replace(tzinfo=UTC)
        energy_wh = int(row["energy_wh"])
    except (ValueError, TypeError) as problem:
        raise BadCsv(
            f"{path}, line {line}: {problem}; times are like 2019-03-01T06:20"
        ) from problem
    if departure <= arrival or energy_wh < 0 or not row["station"]:
        raise BadCsv(f"{path}, line {line}: departure after arrival, energy and a station needed")
    return arrival, departure, row["station"], energy_wh


def _ms(span: timedelta) -> int:
    return int(span.total_seconds()) * 1_000


class Replay:
    """One run; `run` plays it to its end."""

    def __init__(
        self,
        sessions: tuple[Recorded, ...],
        midnight: datetime,
        profile: Any,
        *,
        seed: int = 0,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.sessions = sessions
        self.midnight = midnight
        self.loop = VirtualLoop()
        self.loop.set_exception_handler(self._failed)
        self.failures: list[str] = []
        self.recorder = WireRecorder()
        self.backend = Backend(self._utc_now, on_frame=self._frame)
        self.random = Random(f"replay {seed}")
        self.hash = hashlib.sha256()
        self.frames = 0
        self.settings = dict(settings or {})
        self.places = self._places(profile, seed)
        self.played: list[Played] = []

    def run(self, progress: Callable[[int, int], None] | None = None) -> LedgerOf:
        """Play everything; `progress` is told virtual ms passed and in all."""
        loop = self.loop
        start_ms = min(s.arrival_ms for s in self.sessions) - LEAD_MS
        end_ms = max(s.departure_ms for s in self.sessions) + TAIL_MS
        loop._now_s = start_ms / 1_000
        loop.run_until_complete(self._begin())
        for session in self.sessions:
            self._plan(session)
        step_ms = max((end_ms - start_ms) // 400, 1)
        for at_ms in range(start_ms, end_ms + step_ms, step_ms):
            loop.run_until_complete(self._until(min(at_ms, end_ms)))
            if self.failures:
                raise AssertionError(self.failures[0])
            if progress is not None:
                progress(min(at_ms, end_ms) - start_ms, end_ms - start_ms)
        loop.run_until_complete(self._end())
        return self._ledger((end_ms - start_ms) // 3_600_000)

    # -- setting up -------------------------------------------------------------------------

    def _places(self, profile: Any, seed: int) -> dict[str, tuple[SimStation, int]]:
        names = sorted({s.station for s in self.sessions})
        outlets = len(profile.outlets)
        places: dict[str, tuple[SimStation, int]] = {}
        for first in range(0, len(names), outlets):
            number = first // outlets + 1
            plan = SimPlan(
                name=f"CP{number:02d}",
                profile=profile,
                seed=seed * 1_000 + number,
                host=f"cp{number:02d}.lan",
                port=PORT,
                settings=self.settings,
                utc_at_zero_ms=int(self.midnight.timestamp() * 1_000),
                meter_poll_ms=60_000,
            )
            station = SimStation(self.loop, plan)
            station.on_change = self._change(plan.name)
            for outlet, name in enumerate(names[first : first + outlets], start=1):
                places[name] = (station, outlet)
        return places

    @property
    def stations(self) -> tuple[SimStation, ...]:
        """Every station once."""
        return tuple(dict.fromkeys(station for station, _ in self.places.values()))

    async def _begin(self) -> None:
        await self.backend.start("", PORT)
        for station in self.stations:
            station.power_on()

    async def _end(self) -> None:
        for station in self.stations:
            station.power_off()
        await self.backend.stop()
        await asyncio.sleep(5)  # what is under way ends before the loop does

    async def _until(self, at_ms: int) -> None:
        done = self.loop.create_future()
        self.loop.call_at(at_ms / 1_000, done.set_result, None)
        await done

    # -- drivers ----------------------------------------------------------------------------

    def _plan(self, session: Recorded) -> None:
        station, outlet = self.places[session.station]
        played = Played(session, station.plan.name, outlet)
        self.played.append(played)
        card_first = self.random.random() < 0.5
        at_car = self.random.random() < 0.5
        # two drivers at one station do not use its reader within the same minute
        arrive_ms = session.arrival_ms + 60_000 * outlet + self.random.randrange(20_000)
        leave_ms = session.departure_ms - 60_000 * outlet - self.random.randrange(20_000)
        card_ms, plug_ms = (0, 5_000) if card_first else (10_000, 0)
        when = self.loop.call_at
        when((arrive_ms + plug_ms) / 1_000, self._plug, station, played)
        when((arrive_ms + card_ms) / 1_000, self._act, played, station, "swipe", session.uid)
        if at_car:
            when(leave_ms / 1_000, self._act, played, station, "leave", "")
        else:
            when(leave_ms / 1_000, self._act, played, station, "swipe", session.uid)
        when((leave_ms + 30_000) / 1_000, self._unplug, station, played)

    def _plug(self, station: SimStation, played: Played) -> None:
        now_ms = loop_ms(self.loop)
        played.before_wh = station.world.read_meter(played.outlet, now_ms).energy_wh
        car = {"battery_wh": max(played.recorded.energy_wh, 1), "soc_percent": 0, "phases": 1}
        self._try(played, station, "plug", outlet=played.outlet, cable_ma=32_000, car=car)

    def _unplug(self, station: SimStation, played: Played) -> None:
        self._try(played, station, "unplug", outlet=played.outlet)
        now_ms = loop_ms(self.loop)
        played.after_wh = station.world.read_meter(played.outlet, now_ms).energy_wh

    def _act(self, played: Played, station: SimStation, what: str, uid: str) -> None:
        if what == "leave":
            self._try(played, station, "car", outlet=played.outlet, connected=False)
        else:
            self._try(played, station, what, uid=uid)

    def _try(self, played: Played, station: SimStation, verb: str, **arguments: object) -> None:
        try:
            station.act(verb, **arguments)
        except ValueError as problem:  # BenchError: the world does not allow it
            played.refused = f"{verb}: {problem}"

    # -- what is recorded -------------------------------------------------------------------

    def _utc_now(self) -> datetime:
        return self.midnight + timedelta(milliseconds=loop_ms(self.loop))

    def _frame(self, station: str, direction: str, text: str, _at: datetime) -> None:
        now_ms = loop_ms(self.loop)
        self.frames += 1
        self.recorder.frame(station, direction, text, now_ms)
        self.hash.update(f"{now_ms} {station} {direction} {text}\n".encode())

    def _change(self, name: str) -> Callable[[Mapping[str, object]], None]:
        def keep(change: Mapping[str, object]) -> None:
            self.hash.update(f"{name} {sorted(change.items())}\n".encode())

        return keep

    def _failed(self, _loop: Any, context: Mapping[str, Any]) -> None:
        self.failures.append(f"{context.get('message')}: {context.get('exception')!r}")

    # -- the books --------------------------------------------------------------------------

    def _ledger(self, hours: int) -> LedgerOf:
        result = LedgerOf(self.played, len(self.stations), hours * len(self.stations))
        result.frames, result.history = self.frames, self.hash.hexdigest()
        result.settings = self.settings
        result.wire_problems = self.recorder.problems()
        for played in self.played:
            self._compare(played, result)
        for identity, ledger in self.backend.ledgers.items():
            result.retransmissions += ledger.retransmissions
            if ledger.duplicates:
                result.duplicated.append(f"{identity}: {ledger.duplicates} at the back end")
            for booked in ledger.transactions:
                if booked.meter_stop_wh is not None:
                    result.backend_wh += booked.meter_stop_wh - booked.meter_start_wh
        return result

    def _compare(self, played: Played, result: LedgerOf) -> None:
        name = f"{played.recorded.station} #{played.recorded.number}"
        booked = list(self._booked(played))
        if played.refused:
            result.different.append(f"{name}: {played.refused}")
        if len(booked) > 1:
            result.duplicated.append(f"{name}: {len(booked)} transactions")
        elif not booked or booked[0].meter_stop_wh is None:
            result.lost.append(f"{name}: {'never stopped' if booked else 'no transaction'}")
        elif booked[0].meter_stop_wh - booked[0].meter_start_wh != played.meter_wh:
            backend_wh = booked[0].meter_stop_wh - booked[0].meter_start_wh
            result.different.append(f"{name}: back end {backend_wh}, meter {played.meter_wh} Wh")

    def _booked(self, played: Played) -> Iterator[Any]:
        for booked in self.backend.ledger(played.identity).transactions:
            if booked.token == played.recorded.uid:
                yield booked
