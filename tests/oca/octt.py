"""The station under test and the tool that tests it, in virtual time: acts, requests, expectations.

The station is whole: world, pilots, sessions, disk and a real WebSocket to the back end. Its
requests of a kind are read in order: `expect` looks at those after the last that was expected.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

from ocpp.exceptions import OCPPError
from ocpp.v16 import call

from firmware.sim.backend import Backend
from firmware.sim.loop import VirtualLoop
from firmware.sim.recorder import WireRecorder
from firmware.sim.station import SimPlan, SimStation

NAME, HOST, PORT = "octt", "backend.lan", 9_000
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
CARD = UID = "0a0e9b83"
OTHER = OTHER_UID = "11223344"
CABLE_MA = 32_000
CAR = {"battery_wh": 60_000, "soc_percent": 10, "phases": 3}
PATIENCE_S = 30
# What a certification laboratory sets on the station before the first case.
PREPARED = {
    "ocpp_status_strategy": "occupied_on_authorized_plugged",
    "ocpp:MeterValueSampleInterval": "0",
    "local_whitelist_enabled": "off",
    "operator_current_limit_1": "32",
    "operator_current_limit_2": "32",
}


class Octt:
    """One station, its world and its back end."""

    def __init__(self, profile, **texts):
        self.loop = VirtualLoop()
        self.failures = []
        self.loop.set_exception_handler(lambda _loop, context: self.failures.append(context))
        self.backend = Backend(self._utc_now, on_frame=self._frame)
        self.backend.interval_s = 86_400
        self.recorder = WireRecorder(60_000)
        self.heard = []  # (at_s, action, payload) of what the station asked
        self.answered = []  # frames that answer us
        self.read = Counter()  # by action
        self.changes = []
        self.swiped_s = 0
        settings = PREPARED | {key.replace("ocpp__", "ocpp:"): v for key, v in texts.items()}
        plan = SimPlan(
            NAME, profile, host=HOST, port=PORT, settings=settings, meter_poll_ms=1_000,
            utc_at_zero_ms=int(EPOCH.timestamp() * 1_000),
        )  # fmt: skip
        self.station = SimStation(self.loop, plan)
        self.station.on_change = lambda change: self.changes.append((self.now_s, dict(change)))

    # -- the tool ---------------------------------------------------------------------------

    @property
    def now_s(self):
        return self.loop.time()

    def boot(self):
        """Switch the station on and read what it says at first."""
        self.loop.run_until_complete(self.backend.start("", PORT))
        self.station.power_on()
        self.expect("BootNotification")
        for number in range(len(self.station.plan.profile.outlets) + 1):
            self.expect("StatusNotification", connectorId=number, status="Available")
        return self

    def close(self):
        """Switch everything off; whatever broke a rule of the wire is told here."""
        self.station.power_off()
        self.loop.run_until_complete(self.backend.stop())
        self.wait(5)
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
            with suppress(asyncio.CancelledError):
                self.loop.run_until_complete(task)
        self.loop.close()
        assert self.failures == []
        # what the back end does wrong on purpose is not held against the station
        assert [p for p in self.recorder.problems() if " down: " not in p] == []

    def wait(self, seconds):
        """Let time pass."""
        over = self.loop.create_future()
        self.loop.call_later(seconds, over.set_result, None)
        self.loop.run_until_complete(over)

    def expect(self, action, within_s=PATIENCE_S, **fields):
        """Return the payload of the station's next request of this kind that has these values."""
        until_s = self.now_s + within_s
        while True:
            for index in range(self.read[action], len(self.heard)):
                _, heard, payload = self.heard[index]
                if heard == action and fields.items() <= payload.items():
                    self.read[action] = index + 1
                    return payload
            assert self.now_s < until_s, (
                f"no {action} {fields} within {within_s} s; after the last expectation came "
                f"{self.heard[self.read[action] :]}"
            )
            self.wait(0.1)

    def silence(self, action, for_s, **fields):
        """Wait, and see that the station did not ask this since the last expectation."""
        self.wait(for_s)
        later = self.heard[self.read[action] :]
        assert [p for _, a, p in later if a == action and fields.items() <= p.items()] == []

    def ask(self, action, **payload):
        """Send a request; return the station's answer, or the code of its CALLERROR."""
        fields = {_snake(name): value for name, value in payload.items()}
        request = getattr(call, action)(**fields)
        try:
            answer = self.loop.run_until_complete(self.backend.command(NAME, request))
        except OCPPError as error:
            return {"error": error.code}
        return {_camel(name): v for name, v in asdict(answer).items() if v is not None}

    def set(self, key, value, answer="Accepted"):
        """ChangeConfiguration."""
        assert self.ask("ChangeConfiguration", key=key, value=value) == {"status": answer}

    def face(self, connector=1, *, for_s=1):
        """Return the status that the back end knows of a connector."""
        self.wait(for_s)
        return self.backend.ledger(NAME).statuses[connector]["status"]

    @property
    def bookings(self):
        """The transactions of the back end's books."""
        return self.backend.ledger(NAME).transactions

    # -- the world --------------------------------------------------------------------------

    def act(self, verb, **arguments):
        """Do what the bench protocol's verb says."""
        return self.station.act(verb, **arguments)

    def plug(self, outlet=1, **car):
        """Put a cable into the socket, a car at its other end."""
        self.act("plug", outlet=outlet, cable_ma=CABLE_MA, car=CAR | car)

    def unplug(self, outlet=1):
        """Take the plug out; it must be free once the pin had its time."""
        self.wait(1)
        self.act("unplug", outlet=outlet)

    def swipe(self, uid=UID):
        """Hold a card to the reader, not while the last one is still there."""
        self.wait(max(0, self.swiped_s + 3 - self.now_s))
        self.swiped_s = self.now_s
        self.act("swipe", uid=uid)

    def charge(self, outlet=1):
        """Plug in first, then the card; return the transaction's id."""
        self.plug(outlet)
        self.expect("StatusNotification", connectorId=outlet, status="Preparing")
        self.swipe()
        self.expect("StartTransaction", connectorId=outlet, idTag=CARD)
        self.expect("StatusNotification", connectorId=outlet, status="Charging")
        return self.bookings[-1].id

    def look(self, outlet=1):
        """Return what stands at an outlet."""
        return self.act("look")["outlets"][outlet - 1]

    def cut(self):
        """Let nothing through to the back end any more."""
        self.loop.network.cut(HOST)

    def heal(self):
        """Open the way again, as a router does that has forgotten every connection."""
        self.loop.network.heal(HOST)
        self.loop.network.reset(HOST)

    def _frame(self, identity, direction, text, _at):
        self.recorder.frame(identity, direction, text, round(self.now_s * 1_000))
        if direction == "up":
            message = json.loads(text)
            if message[0] != 2:
                self.answered.append(text)
            else:
                self.heard.append((self.now_s, message[2], message[3]))

    def _utc_now(self):
        return EPOCH + timedelta(seconds=self.now_s)


def _snake(name):
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name)


def _camel(name):
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)
