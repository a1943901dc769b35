"""A station with everything around it in ten lines each: disk, meter, car, back end.

Each answer of that world can be lost, and the power can fail after any wish.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator

from firmware.io.sqlite import Database
from firmware.model import backend as b
from firmware.model import outlet as o
from firmware.model import session as s
from firmware.model.machine import TICK
from firmware.model.storage import Store, Stored
from firmware.model.values import CpState, Reading
from firmware.station.core import Options, StationCore
from firmware.storage import rows
from firmware.storage.schema import MIGRATIONS
from tests.laws.facts import INFO, QUICK

NOON = "2026-01-31T12:00:00Z"


class PowerCut(Exception):
    """The power failed after a wish."""


class Bench:
    """Time, disk and neighbours of one station; `cut` counts wishes, `lost` tells of answers."""

    def __init__(self, cut: int | None = None, lost: Iterator[bool] | None = None) -> None:
        self.database = Database(None, MIGRATIONS)
        self.cut, self.lost = cut, lost
        self.wishes = 0
        self.energy_wh = 1_000
        self.plugged = False
        self.started: dict[tuple[object, ...], int] = {}  # at the back end
        self.stopped: dict[int, str] = {}
        self.asked: list[str] = []
        self.judged: list[str] = []
        self.boot()

    def boot(self) -> None:
        """Begin anew from what the disk knows."""
        self.database.apply([rows.NEW_BOOT])
        self.now_ms = 0
        self.facts: deque[object] = deque()
        self.core = StationCore(QUICK, rows.memory(self.database.query), Options(INFO))

    def tell(self, *facts: object) -> None:
        """Give facts, and do what is wished until nothing is left to do."""
        self.facts.extend(facts)
        while self.facts:
            for wish in self.core.handle(self.facts.popleft(), self.now_ms):
                self._perform(wish)
                self.wishes += 1
                if self.wishes == self.cut:
                    raise PowerCut

    def wait(self, span_ms: int) -> None:
        """Let time pass, from deadline to deadline."""
        then_ms = self.now_ms + span_ms
        while (due_ms := max(self.core.deadline_ms(), self.now_ms)) <= then_ms:
            self.now_ms = due_ms
            self.tell(TICK)
        self.now_ms = then_ms

    def plug(self) -> None:
        """A car is plugged in."""
        self.plugged = True
        self.tell(o.CableChanged(1, 32_000, self.now_ms), o.CpChanged(1, CpState.B1, self.now_ms))

    def unplug(self) -> None:
        """The cable is pulled."""
        self.plugged = False
        self.tell(
            o.CpChanged(1, CpState.A, self.now_ms),
            o.ContactorMoved(1, False, "cp_a", self.now_ms),
            o.CableChanged(1, None, self.now_ms),
        )

    @property
    def phase(self) -> s.SessionPhase:
        """Of the first outlet."""
        return self.core.sessions[1].state.phase

    @property
    def history(self) -> tuple[s.Transaction, ...]:
        """All transactions on the disk."""
        return rows.history(self.database.query)

    # -- the neighbours ---------------------------------------------------------------------

    def _heard(self, *facts: object) -> None:
        if self.lost is None or not next(self.lost):
            self.facts.extend(facts)

    def _perform(self, wish: object) -> None:
        match wish:
            case Store(ticket, writes):
                self.database.apply([line for write in writes for line in rows.statements(write)])
                self.facts.append(Stored(ticket))
            case s.ReadMeter(outlet):
                self.energy_wh += 10
                reading = Reading(self.energy_wh, 0, (0, 0, 0), self.now_ms)
                self._heard(s.MeterRead(outlet, reading))
            case o.GivePermit(1) if self.plugged:
                self._heard(o.CpChanged(1, CpState.C2, 0), o.ContactorMoved(1, True, "", 0))
            case o.EndPermit(1) if self.plugged:
                self._heard(o.CpChanged(1, CpState.B1, 0), o.ContactorMoved(1, False, "", 0))
            case o.HoldLock(outlet, locked):
                self._heard(o.LockMoved(outlet, locked, 0))
            case b.SendFrame(text):
                self._serve(json.loads(text))

    def _serve(self, frame: list[object]) -> None:
        if frame[0] != 2:
            self.judged.append(str(frame[1]))
            return
        _, number, action, payload = frame
        assert isinstance(payload, dict)
        accepted = {"idTagInfo": {"status": "Accepted"}}
        match action:
            case "BootNotification":
                conf = {"status": "Accepted", "currentTime": NOON, "interval": 600}
                self.facts.append(b.FrameReceived(json.dumps([3, number, conf])))
                return
            case "Authorize":
                self.asked.append(payload["idTag"])
                conf = accepted
            case "StartTransaction":
                key = (payload["connectorId"], payload["meterStart"], payload["timestamp"])
                known = self.started.setdefault(key, len(self.started) + 1)
                conf = {**accepted, "transactionId": known}
            case "StopTransaction":
                self.stopped[payload["transactionId"]] = payload.get("reason", "Local")
                conf = {}
            case _:
                conf = {}
        self._heard(b.FrameReceived(json.dumps([3, number, conf])))
