"""Every order of what card, plug, back end and power can do to a session, up to a length.

A whole station with one car, its disk and a back end, in a few plain values. An outsider who sees
no more than cards, messages, disk and contacts keeps his own book of who has leave to charge,
and judges: no transaction without leave, no power outside a transaction, none left open, and the
back end's ledger is the meter. States that are equal at the same instant are one (see `search`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from ocpp.charge_point import camel_to_snake_case  # type: ignore[import-untyped]

from firmware.io.sqlite import Database
from firmware.model import backend as b
from firmware.model import outlet as o
from firmware.model import session as s
from firmware.model.machine import NEVER_MS, TICK
from firmware.model.settings import Settings
from firmware.model.storage import PutTransaction, Store, Stored
from firmware.model.values import CpState, Reading
from firmware.ocpp.payloads import StationInfo
from firmware.sim.leave import CARD, REMOTE, Leave, Policy, Wrong
from firmware.sim.ledger import Ledger
from firmware.station.core import Options, StationCore
from firmware.station.wiring import Part
from firmware.storage import rows, schema

STEP_MS = 3_000  # an event, and what it leads to
NERVOUS_MS = 300  # between two showings of a card by somebody who is not sure
POLL_MS = 30_000  # registers are read when they are needed besides
WH_PER_S = 3
FIRST_WH = 1_000
LEAVE_MS = 20_000  # for contacts, pin and last register
SETTLE_MS = 60_000  # longer than any token lasts
INFO = StationInfo("Powerstation", "orders", "S1", "1", 1)
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
NO_ID = 999
NOW = "@now"  # stands in an answer until it leaves: a late one tells the time when it does
# What only shows or remembers, and what nothing here concerns: without it, states that differ in
# nothing else are one.
SILENT = (
    Part.LED, Part.RECENT, Part.WEAR, Part.COMMISSIONING, Part.SECURITY, Part.TRANSFERS,
    Part.INPUTS, Part.EXTERNAL, Part.BOARD_LINK, Part.LEARN, Part.DLM, Part.DIMMING,
    Part.SITE_INPUTS, Part.SCHEDULER,
)  # fmt: skip


class Deaf:
    """A machine that takes no notice."""

    def handle(self, _fact: object, _now_ms: int) -> Iterable[object]:
        """Do nothing."""
        return ()

    def deadline_ms(self) -> int:
        """Never."""
        return NEVER_MS


@dataclass(slots=True)
class Around:
    """The world around the station; plain values only."""

    now_ms: int = 0
    before_ms: int = 0  # the age of the world when the station woke up
    cable: bool = False
    car: bool = False
    held: bool = False
    permit: bool = False
    closed_ms: int | None = None  # since when energy flows
    energy_wh: int = FIRST_WH
    online: bool = True
    late: bool = False
    answers: list[str] = field(default_factory=list)  # that a late back end has not sent yet
    ledger: Ledger = field(default_factory=Ledger)  # of the back end
    open: s.Transaction | None = None  # by the disk
    disk: list[str] = field(default_factory=list)  # commits since it was new, as JSON
    boots: int = 0
    cuts: int = 0

    @property
    def clock(self) -> str:
        """The time by the clock of the back end."""
        at = NOON + timedelta(milliseconds=self.before_ms + self.now_ms)
        return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Rig:
    """The station and its world; `event` lets one thing happen."""

    def __init__(self, policy: Policy, settings: Settings | None = None) -> None:
        self.policy = policy
        self.settings = settings or policy.parameters
        self.around = Around()
        self.leave = Leave(policy)
        self.replies: dict[str, str] = {}
        self.boot()

    def boot(self) -> None:
        """Wake up with what the disk knows."""
        a = self.around
        a.disk.append(json.dumps([rows.NEW_BOOT]))
        a.boots += 1
        a.before_ms, a.now_ms = a.before_ms + a.now_ms, 0
        a.permit, a.held, a.closed_ms, a.answers = False, False, None, []
        database = Database(None, schema.MIGRATIONS)
        database.apply(statement for commit in a.disk for statement in json.loads(commit))
        self.core = StationCore(self.settings, rows.memory(database.query), Options(INFO, POLL_MS))
        database.close()
        self.core.parts |= dict.fromkeys(SILENT, Deaf())
        self.leave.woke()
        if a.online:
            self.tell(b.BackendConnected(0))
        if a.cable:
            self.tell(o.CableChanged(1, 32_000, 0))
        if a.car:
            self.leave.plugged()
        self.tell(o.CpChanged(1, CpState.B1 if a.car else CpState.A, 0), o.PilotFound(0))

    # -- what can happen ----------------------------------------------------------------------

    def event(self, name: str) -> None:
        """Let one thing happen, and what it leads to; each takes the same time."""
        a = self.around
        then_ms = a.now_ms + STEP_MS
        EVENTS[name](self)
        self.wait(max(then_ms - a.now_ms, 0) if name != "power cut" else STEP_MS)
        if a.open is not None and a.permit and self.leave.refuses(a.open):
            raise Wrong("power for somebody whom the back end has refused")

    def card(self) -> None:
        """The card is shown."""
        self.leave.card(self.around.open)
        self.tell(s.CardSeen(CARD, 1, self.around.now_ms))

    def card_again(self) -> None:
        """The card is shown twice in a hurry."""
        self.card()
        self.wait(NERVOUS_MS)
        self.card()

    def plug(self) -> None:
        """Cable and car come; a cable that is there gets its car back."""
        a = self.around
        if not a.car:
            self.leave.plugged()
            if not a.cable:
                a.cable = True
                self.tell(o.CableChanged(1, 32_000, a.now_ms))
            a.car = True
            self.tell(o.CpChanged(1, CpState.B1, a.now_ms))

    def unplug(self) -> None:
        """The car is unplugged; the cable comes out too, where the pin lets it."""
        a = self.around
        if a.car:
            a.car = False
            self.leave.left()
            self.tell(o.CpChanged(1, CpState.A, a.now_ms))
        self.wait(STEP_MS // 2)
        if a.cable and not a.held:
            a.cable = False
            self.tell(o.CableChanged(1, None, a.now_ms))

    def remote_start(self) -> None:
        """The back end starts a session."""
        before = set(self.leave.given)
        if self.around.online:
            self.leave.remote_start()
        words = {"connectorId": 1, "idTag": REMOTE}
        if self.request("RemoteStartTransaction", words) != "Accepted":
            self.leave.given &= before

    def remote_stop(self) -> None:
        """The back end stops what it thinks is running."""
        running = [one.id for one in self.around.ledger.transactions if one.stopped is None]
        self.request("RemoteStopTransaction", {"transactionId": max(running, default=NO_ID)})

    def power_cut(self) -> None:
        """The power fails and is back at once: nothing but the disk is left."""
        self.flow()
        self.around.cuts += 1
        self.boot()

    def line(self) -> None:
        """The back end goes away, or comes back."""
        a = self.around
        a.online, a.answers = not a.online, []
        if a.online:
            self.leave.line_back()
            self.tell(b.BackendConnected(a.now_ms))
        else:
            self.leave.line_lost()
            self.tell(b.BackendLost(a.now_ms, "away"))

    def lateness(self) -> None:
        """The back end is in no hurry from now on; or says all that it has not said yet."""
        a = self.around
        a.late = not a.late
        if not a.late:
            held, a.answers = a.answers, []
            for note in held:
                self.tell(*self.heard(note))

    # -- time and neighbours --------------------------------------------------------------------

    def wait(self, span_ms: int) -> None:
        """Let time pass, from deadline to deadline."""
        a = self.around
        then_ms = a.now_ms + span_ms
        while (due_ms := max(self.core.deadline_ms(), a.now_ms)) <= then_ms:
            a.now_ms = due_ms
            self.tell(TICK)
        a.now_ms = then_ms
        self.flow()

    def tell(self, *facts: object) -> None:
        """Give facts, and do what is wished until nothing is left to do."""
        queue = list(facts)
        for _ in range(1_000):
            queue = queue or self.physics()
            if not queue:
                return
            for wish in self.core.handle(queue.pop(0), self.around.now_ms):
                queue += self.perform(wish)
        raise Wrong("station and world do not come to rest")

    def physics(self) -> list[object]:
        """The pin follows, the car draws where it may, the contactor follows the car."""
        a, facts = self.around, list[object]()
        flows = a.permit and a.car
        if flows and a.closed_ms is None:
            self.judge_closing()
            a.closed_ms = a.now_ms
            facts += [o.CpChanged(1, CpState.C2, a.now_ms),
                      o.ContactorMoved(1, True, "car_asks", a.now_ms)]  # fmt: skip
        elif not flows and a.closed_ms is not None:
            self.flow()
            a.closed_ms = None
            if a.car:
                facts.append(o.CpChanged(1, CpState.B1, a.now_ms))
            facts.append(o.ContactorMoved(1, False, "cp_b", a.now_ms))
        return facts

    def flow(self) -> None:
        """Count the energy up to now."""
        a = self.around
        if a.closed_ms is not None and a.now_ms >= a.closed_ms:
            seconds = (a.now_ms - a.closed_ms) // 1_000
            a.energy_wh += seconds * WH_PER_S
            a.closed_ms += seconds * 1_000

    def perform(self, wish: object) -> list[object]:
        """Do what the station wishes."""
        a = self.around
        match wish:
            case Store(ticket, writes):
                statements = [line for write in writes for line in rows.statements(write)]
                a.disk.append(json.dumps(statements))
                for write in writes:
                    if isinstance(write, PutTransaction):
                        self.written(write.transaction)
                return [Stored(ticket)]
            case s.ReadMeter(outlet):
                self.flow()
                currents = (0, 0, 0) if a.closed_ms is None else (16_000, 16_000, 16_000)
                return [s.MeterRead(outlet, Reading(a.energy_wh, 0, currents, a.now_ms))]
            case o.GivePermit():
                a.permit = True
            case o.EndPermit():
                a.permit = False
            case o.HoldLock(_, locked) if locked != a.held:
                a.held = locked
                return [o.LockMoved(1, locked, a.now_ms)]
            case b.SendFrame(text) if a.online:
                return self.serve(json.loads(text))
            case _:
                pass
        return []

    def written(self, transaction: s.Transaction) -> None:
        """The disk has a transaction: a new one, news of it, or its end."""
        known = self.around.open
        if known is None and transaction.ended is None:
            self.leave.begins(transaction)
        self.around.open = None if transaction.ended is not None else transaction

    def judge_closing(self) -> None:
        """Power may flow in a transaction that is on the disk, and that nobody has refused."""
        if self.around.open is None:
            raise Wrong("power outside a transaction")
        if self.around.open.denied:
            raise Wrong("power in a transaction whose energy was ended")

    # -- the back end ---------------------------------------------------------------------------

    def request(self, action: str, payload: dict[str, object]) -> str | None:
        """The back end asks; return the status that the station answers."""
        if not self.around.online:
            return None
        number = f"asked-{self.around.boots}-{self.around.now_ms}"
        self.tell(b.FrameReceived(json.dumps([2, number, action, payload])))
        return self.replies.pop(number, None)

    def serve(self, frame: list[object]) -> list[object]:
        """Take a frame of the station; an answer comes at once, or when lateness ends."""
        number = str(frame[1])
        if frame[0] != 2:
            if isinstance(frame[2], dict):
                self.replies[number] = str(frame[2].get("status"))
            return []
        action, payload = str(frame[2]), frame[3]
        assert isinstance(payload, dict)
        text = json.dumps([3, number, self.conf(action, payload)])
        note = f"{action} {payload.get('idTag', '')} {payload.get('meterStart', '')}\n{text}"
        if self.around.late:
            self.around.answers.append(note)
            return []
        return self.heard(note)

    def heard(self, note: str) -> list[object]:
        """The station gets an answer; the outsider sees it pass."""
        head, text = note.split("\n", 1)
        self.leave.answered(*head.split(" "))
        return [b.FrameReceived(text.replace(NOW, self.around.clock))]

    def conf(self, action: str, payload: dict[str, object]) -> dict[str, object]:
        """Return the answer to a request, and write the ledger."""
        ledger = self.around.ledger
        match action:
            case "BootNotification":
                return {"status": "Accepted", "currentTime": NOW, "interval": 600}
            case "Heartbeat":
                return {"currentTime": NOW}
            case "Authorize":
                return {"idTagInfo": {"status": self.policy.verdict(str(payload["idTag"]))}}
            case "StartTransaction":
                one = ledger.start(
                    camel_to_snake_case(payload), lambda: len(ledger.transactions) + 1
                )
                info = {"status": self.policy.verdict(one.token)}
                return {"transactionId": one.id, "idTagInfo": info}
            case "StopTransaction":
                ledger.stop(camel_to_snake_case(payload))
        return {}

    # -- the end --------------------------------------------------------------------------------

    def heal(self) -> None:
        """All is well again, everybody leaves; raise `Wrong` where anything is left open."""
        a = self.around
        if not a.online:
            self.line()
        if a.late:
            self.lateness()
        self.wait(SETTLE_MS)
        self.leave.given.clear()  # a token lasts 45 s
        for _ in range(3):  # the car, then the cable that a card or the back end sets free
            self.unplug()
            self.wait(LEAVE_MS)
            if a.open is not None:
                self.remote_stop()
                self.wait(LEAVE_MS)
            elif not a.cable:
                break
        self.judge_end()

    def judge_end(self) -> None:
        """Compare the books."""
        a = self.around
        booked = a.ledger.transactions
        if a.open is not None or any(one.stopped is None for one in booked):
            raise Wrong("a transaction is left open")
        if a.car or a.cable or a.held or a.permit:
            raise Wrong("the plug is still held, or there is power to come")
        if a.ledger.duplicates or a.ledger.orphans:
            raise Wrong("a transaction was started or stopped twice")
        billed_wh = sum((one.meter_stop_wh or 0) - one.meter_start_wh for one in booked)
        given_wh = a.energy_wh - FIRST_WH if self.policy.billed else 0
        if billed_wh > given_wh or (billed_wh < given_wh and not a.cuts):
            raise Wrong(f"the ledger has {billed_wh} Wh, the meter {given_wh} Wh")


EVENTS: dict[str, Callable[[Rig], None]] = {
    "card": Rig.card,
    "plug": Rig.plug,
    "remote start": Rig.remote_start,
    "remote stop": Rig.remote_stop,
    "unplug": Rig.unplug,
    "card again": Rig.card_again,
    "power cut": Rig.power_cut,
    "back end away": Rig.line,
    "answers late": Rig.lateness,
}
NAMES = tuple(EVENTS)
