"""The station that is fuzzed: all its parts and its storage, no socket and no process.

No input may raise or keep it from coming to rest; and after every few, its next Heartbeat must go
out and be answered.
"""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass

from firmware.config.registry import changed, defaults
from firmware.io.sqlite import Database
from firmware.model.backend import (
    BackendConnected,
    BackendLost,
    ClockSynced,
    FrameReceived,
    SendFrame,
)
from firmware.model.machine import TICK
from firmware.model.outlet import CableChanged, ContactorMoved, CpChanged, PilotFound
from firmware.model.session import CardSeen, MeterRead, ReadMeter
from firmware.model.storage import Store, Stored
from firmware.model.values import CpState, Reading
from firmware.ocpp.payloads import StationInfo
from firmware.station.core import Options, StationCore
from firmware.storage import rows, schema
from tools.fuzz.frames import OPEN

NOON = "2026-01-31T12:00:00Z"
NOON_MS = 1_769_860_800_000
INPUTS_PER_STATION = 500  # then it is replaced: what one input leaves behind meets the next ones
INPUTS_PER_BEAT = 20
STEPS_MAX = 5_000
PAUSE_MS = 1_000
BEATS_MAX = 10


class Dead(AssertionError):
    """The station does not serve any more."""


@dataclass(slots=True)
class Counts:
    """What was fed, and what came of it."""

    inputs: int = 0
    beats: int = 0  # Heartbeats that went out and were answered
    boots: int = 0
    results: int = 0  # answers to requests
    errors: int = 0


class Target:
    """Feeds frames to a station, and sees that it lives."""

    def __init__(self) -> None:
        self.counts = Counts()
        self._fresh()

    def feed(self, text: str) -> None:
        """Give the station a frame; raise `Dead`, or whatever the station raises."""
        self.counts.inputs += 1
        if self.counts.inputs % INPUTS_PER_STATION == 0:
            self._fresh()
        self.since_fresh.append(text)
        self._now_ms += 1
        self._give(FrameReceived(text.replace(OPEN, self._open)))
        if self.counts.inputs % INPUTS_PER_BEAT == 0:
            self.see_that_it_lives()

    # -- the station ------------------------------------------------------------------------

    def _fresh(self) -> None:
        self._database = Database(None, schema.MIGRATIONS)
        self._now_ms = 0
        self.since_fresh: list[str] = []  # what it takes to see the same again
        self._boot()
        self._give(
            CableChanged(1, 32_000, 0), CpChanged(1, CpState.B2, 0), CardSeen("0a0e9b83", 1, 0)
        )
        self._give(CpChanged(1, CpState.C2, 0), ContactorMoved(1, True, "car_asks", 0))

    def _boot(self) -> None:
        """Wake up with what the disk knows, and connect."""
        self.counts.boots += 1
        self._database.apply([rows.NEW_BOOT])
        settings = changed(defaults(), {"local_whitelist_entries": "0a0e9b83"})
        info = StationInfo("Vendor", "Model", "S1", "1.0", 2)
        self.station = StationCore(settings, rows.memory(self._database.query), Options(info))
        self._open = ""
        self._asked: deque[tuple[str, str]] = deque()
        self._give(
            ClockSynced(NOON_MS, "system clock"), PilotFound(0), BackendConnected(self._now_ms)
        )
        self._answer_all()

    def _give(self, *facts: object) -> None:
        queue = deque(facts)
        for _ in range(STEPS_MAX):
            if not queue:
                return
            for wish in self.station.handle(queue.popleft(), self._now_ms):
                queue += self._perform(wish)
        raise Dead(f"the station does not come to rest: {queue[0]!r}")

    def _perform(self, wish: object) -> list[object]:
        match wish:
            case Store(ticket, writes):
                lines = [line for write in writes for line in rows.statements(write)]
                self._database.apply(lines)
                return [Stored(ticket)]
            case ReadMeter(outlet):
                return [MeterRead(outlet, Reading(1_000, 0, (0, 0, 0), self._now_ms))]
            case SendFrame(text):
                message = json.loads(text)
                self.counts.results += message[0] == 3
                self.counts.errors += message[0] == 4
                if message[0] == 2:
                    self._open = message[1]
                    self._asked.append((message[1], message[2]))
        return []

    # -- its back end -------------------------------------------------------------------------

    def see_that_it_lives(self) -> None:
        """Come back as a good back end on a new connection: the next Heartbeat is answered."""
        self._give(BackendLost(self._now_ms, "fuzzed"))
        self._asked.clear()
        self._now_ms += PAUSE_MS
        self._give(BackendConnected(self._now_ms))
        for _ in range(BEATS_MAX):
            self._answer_all()
            due_ms = self.station.ocpp.status()["heartbeat_due_ms"]
            if not isinstance(due_ms, int):  # a fuzzed answer has put its registration off
                due_ms = self.station.ocpp.deadline_ms()
            self._now_ms = max(self._now_ms, due_ms)
            self._give(TICK)
            if any(action == "Heartbeat" for _, action in self._asked):
                self._answer_all()
                self.counts.beats += 1
                return
        raise Dead(f"no Heartbeat when it was due {BEATS_MAX} times")

    def _answer_all(self) -> None:
        while self._asked:
            message_id, action = self._asked.popleft()
            self._give(FrameReceived(json.dumps([3, message_id, _answer(action)])))


def _answer(action: str) -> dict[str, object]:
    accepted = {"idTagInfo": {"status": "Accepted"}}
    match action:
        case "BootNotification":
            return {"status": "Accepted", "currentTime": NOON, "interval": 600}
        case "Authorize":
            return dict(accepted)
        case "StartTransaction":
            return {**accepted, "transactionId": 5}
        case "Heartbeat":
            return {"currentTime": NOON}
    return {}
