"""A whole station in the hand: disk, meters and a back end that answers, each in a few lines.

What the back end and the ring were told is kept as plain words.
"""

from __future__ import annotations

import json

from firmware.io.sqlite import Database
from firmware.model import backend as b
from firmware.model import devices as d
from firmware.model import outlet as o
from firmware.model import session as s
from firmware.model.fault import Fault
from firmware.model.machine import TICK
from firmware.model.storage import Store, Stored
from firmware.model.values import CpState, Reading
from firmware.ocpp import StationInfo
from firmware.station.core import Options, StationCore
from firmware.storage import rows
from firmware.storage.schema import MIGRATIONS
from tests.pure.rigs import settings

NOON = "2026-01-31T12:00:00Z"
NOON_MS = 1_769_860_800_000
POLL_MS = 1_000  # as it ships
CARD = s.CardSeen("0a0e9b83", 1, 0)


class Station:
    """Time, disk and neighbours of one station."""

    def __init__(self, *, connected=True, other_meters=(), readers=1, **texts):
        known = {"local_whitelist_entries": "0a0e9b83", **texts}
        self.readers = readers
        self.settings, self.other_meters = settings(**known), other_meters
        self.database = Database(None, MIGRATIONS)
        self.currents_ma, self.energy_wh, self.well = (0, 0, 0), 1_000, True
        self.others_well = True
        self.boot(connected=connected)

    def boot(self, *, connected=True, pilot=True):
        """Wake up with what the disk knows."""
        self.database.apply([rows.NEW_BOOT])
        memory = rows.memory(self.database.query)
        info = StationInfo("Vendor", "Model", "S1", "1.0", 2)
        options = Options(info, POLL_MS, self.other_meters, readers=self.readers)
        self.core = StationCore(self.settings, memory, options)
        self.now_ms, self.samples = 0, []
        self.answers = {}  # to requests of the back end, by their ids
        self.statuses, self.patterns, self.wishes, self.stopped = [], [], [], []
        self.tell(TICK)
        if connected:
            self.tell(b.BackendConnected(0))
        if pilot:
            self.tell(o.PilotFound(0))
        self.statuses.clear()
        self.wishes.clear()

    def tell(self, *facts):
        """Give facts, and do what is wished until nothing is left to do."""
        queue = list(facts)
        while queue:
            for wish in self.core.handle(queue.pop(0), self.now_ms):
                queue += self._perform(wish)

    def wait(self, span_ms):
        """Let time pass, from deadline to deadline."""
        then_ms = self.now_ms + span_ms
        while (due_ms := max(self.core.deadline_ms(), self.now_ms)) <= then_ms:
            self.now_ms = due_ms
            self.tell(TICK)
        self.now_ms = then_ms

    def charge(self):
        """A car charges on outlet 1."""
        self.tell(o.CableChanged(1, 32_000, self.now_ms), o.CpChanged(1, CpState.B2, self.now_ms))
        self.tell(CARD, o.CpChanged(1, CpState.C2, self.now_ms))
        self.tell(o.OfferChanged(1, 16_000, 0), o.ContactorMoved(1, True, "car_asks", 0))
        self.currents_ma = (15_900, 15_900, 15_900)
        self.wait(5_000)
        self.statuses.clear()
        self.wishes.clear()
        assert self.phase is s.SessionPhase.RUNNING

    def open(self, reason="cp_b"):
        """The contactor opens."""
        self.currents_ma = (0, 0, 0)
        self.tell(o.ContactorMoved(1, False, reason, self.now_ms))

    def unplug(self):
        """The cable leaves the socket."""
        self.tell(o.CpChanged(1, CpState.A, self.now_ms), o.CableChanged(1, None, self.now_ms))

    def fault(self, name, outlet=0, *, there=True):
        """Somebody senses a fault, or its end."""
        told = o.FaultRaised if there else o.FaultCleared
        self.tell(told(outlet, Fault.by_id(name), self.now_ms))

    def input(self, name, active):
        """An input of the board changes."""
        self.tell(d.InputChanged(name, active, self.now_ms))

    def news(self):
        """Return what the back end was told of statuses since it was last looked at."""
        news, self.statuses = self.statuses, []
        return news

    @property
    def phase(self):
        return self.core.sessions[1].state.phase

    @property
    def led(self):
        return self.patterns[-1]

    def there(self):
        """Return the faults of the book that are there now."""
        return [(r.outlet, r.fault.row.id) for r in self.core.book.there()]

    def kept(self):
        """Return the whole book as the disk has it: outlet, id, began and ended, how often."""
        return [
            (r.outlet, r.fault.row.id, r.began.mono_ms, r.ended and r.ended.mono_ms, r.times)
            for r in rows.memory(self.database.query).faults
        ]

    # -- the neighbours -------------------------------------------------------------------------

    def _perform(self, wish):
        match wish:
            case Store(ticket, writes):
                lines = [line for write in writes for line in rows.statements(write)]
                self.database.apply(lines)
                return [Stored(ticket)]
            case s.ReadMeter(outlet):
                self.wishes.append(wish)
                if not self.well:
                    return [s.MeterSilent(outlet, self.now_ms)]
                currents = self.currents_ma if outlet == 1 else (0, 0, 0)
                return [s.MeterRead(outlet, Reading(self.energy_wh, 0, currents, self.now_ms))]
            case d.ReadOtherMeter(name) if self.others_well:
                return [d.OtherMeterRead(name, Reading(1, 0, (0, 0, 0), self.now_ms))]
            case d.ReadOtherMeter(name):
                return [d.OtherMeterSilent(name, self.now_ms)]
            case b.SendFrame(text):
                return self._serve(json.loads(text))
            case s.ShowPattern(pattern, _):
                self.patterns.append(pattern)
            case _:
                self.wishes.append(wish)
        return []

    def _serve(self, frame):
        if frame[0] != 2:
            self.answers[frame[1]] = frame[2]  # a conf, or the code of an error
            return []
        _, number, action, payload = frame
        accepted = {"idTagInfo": {"status": "Accepted"}}
        conf = {}
        match action:
            case "BootNotification":
                conf = {"status": "Accepted", "currentTime": NOON, "interval": 600}
            case "Authorize":
                conf = accepted
            case "StartTransaction":
                conf = {**accepted, "transactionId": 5}
            case "StopTransaction":
                self.stopped.append(payload.get("reason", "Local"))
            case "MeterValues":
                self.samples.append(payload)
            case "StatusNotification":
                self.statuses.append(words(payload))
        return [b.FrameReceived(json.dumps([3, number, conf]))]


def words(payload):
    """Return connector, status, error code, info and vendor code of a StatusNotification."""
    return (
        payload["connectorId"], payload["status"], payload["errorCode"],
        payload.get("info"), payload.get("vendorErrorCode"),
    )  # fmt: skip
