"""Whole stations with load management on a LAN that carries every word at once, or none."""

from collections import deque

from firmware.dlm import wire
from firmware.io.sqlite import Database
from firmware.model import devices as d
from firmware.model import dlm
from firmware.model import outlet as o
from firmware.model import session as s
from firmware.model.machine import TICK
from firmware.model.storage import Store, Stored
from firmware.model.values import CpState, Reading
from firmware.ocpp.payloads import StationInfo
from firmware.station.commands import Commands
from firmware.station.core import Options, StationCore
from firmware.station.snapshot import page_status
from firmware.storage import rows
from firmware.storage.schema import MIGRATIONS
from tests.pure.rigs import settings

STEP_MS, POLL_MS = 100, 1_000
SETTLED_MS = 40_000  # a new master listens, and waits for the leases of an earlier one
FREE = {
    "free_charging": "on",
    "free_charging_mode": "no_ocpp",
    "maximum_current_1": "32",
    "installation_current_limit_1": "32",
    "operator_current_limit_1": "32",
    "dlm_sample_rate": "10",
    "dlm_evse_subdistribution_limit": "50/50/50",
    "dlm_operator_evse_subdistribution_limit": "50/50/50",
}


class Member:
    """A station with one outlet, its disk, and a car that draws what it is offered."""

    def __init__(self, lan, unit, mode, **texts):
        self.lan, self.unit, self.texts = lan, unit, {**FREE, "dlm_mode": mode, **texts}
        self.database = Database(None, MIGRATIONS)
        self.phases, self.most_ma, self.announced = 0, 32_000, []
        self.core, self.permit_ma = None, 0

    def boot(self):
        """Wake up with what the disk knows, and with no car."""
        self.database.apply([rows.NEW_BOOT])
        memory = rows.memory(self.database.query)
        info = StationInfo("Vendor", "Model", self.unit, "1.0", 1)
        others = ("meter2",) if "dlm_external_meter_support" in self.texts else ()
        options = Options(info, POLL_MS, others, unit=self.unit)
        self.core = StationCore(settings(**self.texts), memory, options)
        self.permit_ma, self.phases = 0, 0
        self.tell(TICK, o.PilotFound(self.lan.now_ms))

    def die(self):
        """The station process is gone; its contactor opens."""
        self.core, self.permit_ma, self.phases = None, 0, 0

    def plug(self, phases=3, most_ma=32_000):
        """A car comes and asks for power."""
        now_ms = self.lan.now_ms
        self.phases, self.most_ma = phases, most_ma
        self.tell(
            o.CableChanged(1, 32_000, now_ms), o.CpChanged(1, CpState.B2, now_ms),
            o.CpChanged(1, CpState.C2, now_ms), o.ContactorMoved(1, True, "car_asks", now_ms),
        )  # fmt: skip

    def command(self, name, **words):
        """Give a command as its installer."""
        asked = {"do": name, "role": "installer", **words}
        return Commands(self.core).take(asked, self.lan.now_ms)

    def write(self, **texts):
        """Change parameters."""
        answer, facts = self.command("set", values=texts)
        assert answer["ok"], answer
        self.tell(*facts)

    def status(self):
        """What the dashboard shows."""
        return page_status(self.core, self.lan.now_ms)

    def forget(self):
        """The disk was replaced."""
        self.database = Database(None, MIGRATIONS)

    def unplug(self):
        """The car leaves."""
        now_ms = self.lan.now_ms
        self.phases = 0
        self.tell(
            o.ContactorMoved(1, False, "cp_b", now_ms), o.CpChanged(1, CpState.A, now_ms),
            o.CableChanged(1, None, now_ms),
        )  # fmt: skip

    @property
    def network(self):
        """Its network id."""
        return int(self.texts.get("dlm_network_id", "0"))

    @property
    def drawn_ma(self):
        """What the car draws on the outlet's L1, L2, L3."""
        each_ma = min(self.permit_ma, self.most_ma)
        return tuple(each_ma if phase < self.phases else 0 for phase in range(3))

    @property
    def amps(self):
        """What the station may draw now."""
        return self.permit_ma // 1_000

    def tell(self, *facts):
        """Give facts and do what is wished."""
        queue = list(facts)
        while queue and self.core is not None:
            for wish in self.core.handle(queue.pop(0), self.lan.now_ms):
                queue += self._perform(wish)
        self.lan.carry()

    def _perform(self, wish):
        match wish:
            case Store(ticket, writes):
                self.database.apply([line for w in writes for line in rows.statements(w)])
                return [Stored(ticket)]
            case s.ReadMeter(outlet):
                return [s.MeterRead(outlet, Reading(0, 0, self.drawn_ma, self.lan.now_ms))]
            case d.ReadOtherMeter(name) if self.lan.house_ma is None:
                return [d.OtherMeterSilent(name, self.lan.now_ms)]
            case d.ReadOtherMeter(name):
                return [d.OtherMeterRead(name, self.lan.reading())]
            case o.GivePermit(_, limit_ma):
                self.permit_ma = limit_ma
                self.lan.look()
                return [o.OfferChanged(1, limit_ma, self.lan.now_ms)]
            case o.EndPermit():
                self.permit_ma = 0
                return [o.OfferChanged(1, 0, self.lan.now_ms)]
            case dlm.Say(word):
                self.lan.words.append((self, wire.unpack(wire.pack(word))))
            case dlm.AnnounceMaster(epoch):
                self.announced.append(epoch)
                ours = self.core.dlm.watch is not None  # the two of a site are no rivals
                seen = dlm.FoundMaster(self.unit, self.network, epoch, ours=ours)
                self.lan.show(self.unit, seen)
        return []


class Lan:
    """The stations of a site, and whom the cable reaches."""

    def __init__(self):
        self.now_ms, self.members, self.cut, self.shown, self.most_ma = 0, [], set(), {}, 0
        self.words, self.busy = deque(), False
        self.house_ma, self.including = (0, 0, 0), True  # the house's meter; None: it is silent

    def join(self, unit, mode, **texts):
        """A station is switched on."""
        self.members.append(member := Member(self, unit, mode, **texts))
        member.boot()
        return member

    def carry(self):
        """Carry what was said as a broker does: questions to masters, the rest to units."""
        while self.words and not self.busy:
            self.busy = True
            sender, word = self.words.popleft()
            for member in self.members:
                if sender is member or {sender.unit, member.unit} & self.cut:
                    continue
                if member.core is None or sender.network != member.network:
                    continue
                here, asks = member.core.dlm, isinstance(word, dlm.UnitAsked)
                if here.leading if asks else (here.watch is not None or not here.leading):
                    member.tell(word)
            self.busy = False

    def show(self, unit, found):
        """Show a master to the LAN by multicast DNS, or no longer."""
        self.shown[unit] = found
        for member in self.members:
            apart = {member.unit, *self.cut} if member.unit not in self.cut else set(self.shown)
            others = [one for name, one in self.shown.items() if one and name not in apart]
            member.tell(dlm.MastersFound(tuple(others)))

    def reading(self):
        """What the house's meter says; stations count with it where it sits above them."""
        drawn = [member.drawn_ma for member in self.members] if self.including else []
        currents = tuple(map(sum, zip(self.house_ma, *drawn, strict=True)))
        return Reading(
            1, 0, currents, self.now_ms, powers_w=tuple(230 * c // 1_000 for c in currents)
        )

    def look(self):
        """Note the most that all may draw together at one instant."""
        self.most_ma = max(self.most_ma, sum(one.permit_ma for one in self.members))

    def wait(self, span_ms):
        """Let time pass."""
        then_ms = self.now_ms + span_ms
        while self.now_ms < then_ms:
            self.now_ms += STEP_MS
            for member in self.members:
                if member.core is not None and member.core.deadline_ms() <= self.now_ms:
                    member.tell(TICK)

    @property
    def amps(self):
        """What each may draw now."""
        return [member.amps for member in self.members]


def site(slaves=3, master="master_internal_slave", **texts):
    """Return a site that has settled: a master, then its slaves."""
    lan = Lan()
    lan.join("m", master, **texts)
    for number in range(slaves):
        lan.join(f"s{number + 1}", "slave_auto_discovery", **texts)
    lan.wait(SETTLED_MS)
    return lan


def plugged(cars, slaves=3, **texts):
    """Return a settled site with so many cars, one after the other."""
    lan = site(slaves, **texts)
    for member in lan.members[:cars]:
        member.plug()
        lan.wait(3_000)
    return lan
