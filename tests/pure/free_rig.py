"""A whole station for the modes of charging and stopping: what it sends, and who may charge."""

import json

from firmware.model.backend import FrameReceived
from firmware.model.outlet import (
    CableChanged,
    ContactorMoved,
    CpChanged,
    EndPermit,
    GivePermit,
    HoldLock,
    LockMoved,
)
from firmware.model.values import CpState
from tests.pure.station_rig import Station


class Free(Station):
    """A station in a mode of free charging, or in none."""

    def __init__(self, mode=None, verdict="Accepted", **texts):
        self.sent, self.payloads, self.verdict = [], {}, verdict
        free = {} if mode is None else {"free_charging": "on", "free_charging_mode": mode}
        settings = {"local_whitelist_entries": "", "ocpp__MeterValueSampleInterval": "60"}
        super().__init__(**{**settings, **free, **texts})
        self._asked = 0

    def _serve(self, frame):
        if frame[0] == 2:
            self.sent.append(frame[2])
            self.payloads[frame[2]] = frame[3]
        if frame[0] == 2 and frame[2] == "StartTransaction":
            conf = {"idTagInfo": {"status": self.verdict}, "transactionId": 5}
            return [FrameReceived(json.dumps([3, frame[1], conf]))]
        return super()._serve(frame)

    def request(self, action, payload):
        """The back end asks; return the answer, `None` while it is still to come."""
        self._asked += 1
        number = f"asked-{self._asked}"
        self.tell(FrameReceived(json.dumps([2, number, action, payload])))
        return self.answers.get(number)

    def plug(self, outlet, *, car=True):
        """A cable comes, with a car at its end."""
        self.tell(CableChanged(outlet, 32_000, self.now_ms))
        self.tell(LockMoved(outlet, True, self.now_ms))
        self.tell(CpChanged(outlet, CpState.B2 if car else CpState.A, self.now_ms))

    def leave(self, outlet=1):
        """The car is unplugged at its side; the cable stays in the socket."""
        self.tell(CpChanged(outlet, CpState.A, self.now_ms))
        self.shut(outlet)

    def unplug(self, outlet=1):
        """Everything leaves the socket."""
        self.leave(outlet)
        self.tell(LockMoved(outlet, False, self.now_ms))
        self.tell(CableChanged(outlet, None, self.now_ms))
        self.wait(30_000)

    def draw(self, outlet=1):
        """The car closes S2, and the contactor follows."""
        self.tell(CpChanged(outlet, CpState.C2, self.now_ms))
        self.tell(ContactorMoved(outlet, True, "car_asks", self.now_ms))
        self.energy_wh += 100

    def shut(self, outlet=1):
        """The contactor opens."""
        self.tell(ContactorMoved(outlet, False, "cp_b", self.now_ms))

    def open(self, outlet=1):
        """The car opens S2, and the contactor follows."""
        self.tell(CpChanged(outlet, CpState.B2, self.now_ms))
        self.shut(outlet)

    def running(self, outlet=1):
        """Return the transaction that runs."""
        state = self.core.sessions[outlet].state
        return state.transaction if state.phase.value in ("running", "ending") else None

    def permit(self, outlet=1):
        """Return whether the pilot was last told to give power."""
        told = [w for w in self.wishes if isinstance(w, GivePermit | EndPermit)]
        mine = [w for w in told if w.outlet == outlet]
        return bool(mine) and isinstance(mine[-1], GivePermit)

    def held(self, outlet=1):
        """Return whether the pilot was last told to hold the plug."""
        told = [w for w in self.wishes if isinstance(w, HoldLock) and w.outlet == outlet]
        return told[-1].locked
