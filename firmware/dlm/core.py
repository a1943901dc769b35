"""Load management in one station: its outlets as points, the unit that asks, the master that gives.

    off                    nothing; no limit of load management
    master_internal_slave  a master, and its own outlets under it
    master_standalone      a master; its own outlets are nobody's [B-DLM-22]
    slave_...              outlets under a master elsewhere

A master lives under an epoch that is on the disk before anybody hears of it; whatever changes
the shape of what it shares out begins a new one, and what is in force anywhere is heard anew.
With `dlm_standby` a master has a second one, a slave that leads while the first is silent.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from firmware.dlm.claims import Policy
from firmware.dlm.headroom import triple
from firmware.dlm.master import Master, Site, lease_of, record_of
from firmware.dlm.phases import on_grid
from firmware.dlm.points import OwnPoints
from firmware.dlm.rivals import Rivals
from firmware.dlm.site_room import SiteRoom, Stations
from firmware.dlm.slave import Slave
from firmware.dlm.standby import Watch
from firmware.dlm.tree import Fuse, tree_of
from firmware.model.dlm import (
    MAX_LABEL,
    SOURCE,
    AnnounceMaster,
    BusTold,
    ForgetSilentUnits,
    ForgetUnit,
    FoundMaster,
    KeepUnit,
    MasterSeen,
    MastersFound,
    PairingOpened,
    PairingTold,
    PointLimited,
    Say,
    SiteLimitLifted,
    SiteLimitSet,
    SiteRoomChanged,
    UnitAnswered,
    UnitAsked,
)
from firmware.model.fuses import SITE, read_fuse, read_place
from firmware.model.load import ExternalLoad, ExternalLoadLost
from firmware.model.machine import NEVER_MS, TICK
from firmware.model.outlet import OfferChanged
from firmware.model.session import EnergyWanted, MeterRead
from firmware.model.settings import Settings, SettingsChanged
from firmware.model.storage import Memory, PutNote
from firmware.model.values import Limit, LimitSet, OwnLimitChanged, PhasesMa

EPOCH = "dlm_epoch"  # the note of the last master's life here
BEACON_MS = 1_000
HISTORY_KEPT = 480  # four hours at the usual sample rate
OFF, INTERNAL, STANDALONE = "off", "master_internal_slave", "master_standalone"
MASTERS = (INTERNAL, STANDALONE)
OF_POINTS = (EnergyWanted, OwnLimitChanged, OfferChanged, MeterRead)
OF_ROOM = (SiteLimitSet, SiteLimitLifted, ExternalLoad, ExternalLoadLost)


@dataclass(frozen=True, slots=True)
class Pairing:
    """A code that is open here, or what has come of the last one; `told` counts the news."""

    told: int = 0
    code: str = ""
    until_ms: int = 0
    text: str = ""
    paired: bool = False

    def after(self, fact: PairingTold) -> Pairing:
        """Return it with the news; a code that is still good stays."""
        code, until_ms = (self.code, self.until_ms) if fact.open else ("", 0)
        return Pairing(self.told + 1, code, until_ms, fact.text, fact.paired)


@dataclass(frozen=True, slots=True)
class Moment:
    """A site at one instant: what may be given, what may be in force, what is drawn; who waits."""

    at_ms: int
    given_ma: PhasesMa
    in_force_ma: PhasesMa
    drawn_ma: PhasesMa
    waiting: int


class LoadManagement:
    """The machine of load management in one station."""

    def __init__(
        self, settings: Settings, memory: Memory, unit: str, outlets: Sequence[int]
    ) -> None:
        """`unit` is this station's name on the site, in its certificate too."""
        self.settings, self.unit = settings, unit
        self.mode = settings.text("dlm_mode")  # a change of it restarts the station
        self.network = settings.number("dlm_network_id")
        self.points = OwnPoints(unit, settings)
        self.slave: Slave | None = None
        if self.mode not in (OFF, STANDALONE):
            self.points.add(outlets)
            self.slave = Slave(unit, memory.boot, self.network, self._disconnected_ma)
            self.slave.label = settings.text("ocpp_chargebox_identity")[:MAX_LABEL]
        self.room = SiteRoom(settings)
        self.rivals = Rivals(unit, self.network)
        self.watch: Watch | None = None  # of a master that is one of two
        if self.mode != OFF and settings.flag("dlm_standby"):
            self.watch = Watch(second=self.mode not in MASTERS)
        self.epoch = int(memory.notes.get(EPOCH, "0"))
        self.records = {record.unit: record for record in memory.units}
        self.master: Master | None = None
        self.found: tuple[FoundMaster, ...] = ()
        self.links: dict[str, str] = {}  # what is wrong with the parts of the link
        self.pairing = Pairing()
        self.history: deque[Moment] = deque(maxlen=HISTORY_KEPT)
        self.beacon_ms = self.cycle_ms = NEVER_MS
        self.woke = False

    def first(self) -> list[LimitSet]:
        """Return what is in force from the first moment: nothing, before a master gave some."""
        return [
            LimitSet(n, Limit(SOURCE, 0, "load management: this station wakes up", NEVER_MS))
            for n in self.points.outlets
        ]

    def handle(self, fact: object, now_ms: int) -> Iterable[object]:
        """Take one fact; limits are told before anything is said to others."""
        if self.mode == OFF:
            return []
        out: list[object] = []
        if not self.woke:
            self.woke, self.cycle_ms = True, now_ms + self._period_ms
            self._listen(now_ms, out)
        match fact:
            case SettingsChanged(settings):
                self._configure(settings, now_ms, out)
            case MastersFound(masters):
                self.found = masters
                self.rivals.seen(masters)
            case BusTold(part, problem):
                self.links[part] = problem
            case PairingOpened(code, until_ms):
                self.pairing = Pairing(self.pairing.told + 1, code, until_ms)
            case PairingTold():
                self.pairing = self.pairing.after(fact)
            case ForgetSilentUnits():
                self._forget(now_ms, out)
            case MasterSeen(name, self.network, epoch) if self.watch and name != self.unit:
                self.watch.seen(epoch, now_ms)
            case UnitAsked() if self.watch is not None and self.master is None:
                self._remember(fact, out)
            case _ if isinstance(fact, OF_POINTS):
                self.points.take(fact, now_ms)
            case _ if isinstance(fact, OF_ROOM):
                self.room.take(fact, self._stations(now_ms))
        self._rule(now_ms, out)
        if now_ms >= self.cycle_ms:
            self.cycle_ms = now_ms + self._period_ms
            self.points.cycle()
            self.room.cycle()
            self._note(now_ms)
        if self.master is not None:
            room = SiteRoomChanged(((SITE, self.room.given_ma()),))
            self._tell(self.master, room, now_ms, out)
        heard: object = fact if isinstance(fact, (MasterSeen, UnitAsked, UnitAnswered)) else TICK
        self._show(now_ms, out)
        for told in (*self.points.told(), heard):
            self._tell(self.slave, told, now_ms, out)
        self._tell(self.master, heard, now_ms, out)
        return sorted(out, key=_order)

    def deadline_ms(self) -> int:
        """The next beacon, cycle, question, or look."""
        if self.mode == OFF:
            return NEVER_MS
        if not self.woke:
            return 0
        machines = [m.deadline_ms() for m in (self.slave, self.master) if m is not None]
        due_ms = [self.beacon_ms, self.cycle_ms, self.rivals.deadline_ms, *machines, NEVER_MS]
        if self.watch is not None and self.master is None:
            due_ms.append(self.watch.due_ms)
        return min(due_ms)

    def drawn_ma(self, now_ms: int) -> PhasesMa:
        """Return what the stations that are heard draw, on the grid's phases; of others, 0."""
        sums = [0, 0, 0]
        for unit in self.master.book.units.values() if self.master is not None else ():
            if self.master is not None and self.master.book.talking(unit, now_ms):
                for point in unit.points.values():
                    drawn = on_grid(point.rotation, point.drawn_ma, it_network=point.it_network)
                    sums = [a + b for a, b in zip(sums, drawn, strict=True)]
        return sums[0], sums[1], sums[2]

    def problem(self) -> str:
        """Say what keeps this station from its role; empty while all is well."""
        if self.mode == OFF:
            return ""
        wrong = [self.rivals.problem() if self.mode in MASTERS else "", *self.links.values()]
        listens = self.mode in MASTERS and not self.rivals.listened
        if self.slave is not None and not self.slave.state.epoch and not listens:
            wrong.append(f"no master of load management is heard in network {self.network} yet")
        return next(filter(None, wrong), "")

    def silent(self, now_ms: int) -> list[str]:
        """Return the units that the master knows and does not hear."""
        if self.master is None:
            return []
        book = self.master.book
        return [name for name, unit in book.units.items() if not book.talking(unit, now_ms)]

    def _stations(self, now_ms: int) -> Stations:
        allowed_ma = self.master.book.used_ma[:3] if self.master is not None else (0, 0, 0)
        return Stations(self.drawn_ma(now_ms), triple(allowed_ma))

    @property
    def leading(self) -> bool:
        """It is a master, or one of two, whether or not it leads now."""
        return self.mode in MASTERS or self.watch is not None

    # -- inside -----------------------------------------------------------------------------

    @property
    def _period_ms(self) -> int:
        return 1_000 * self.settings.number("dlm_sample_rate")

    @property
    def _disconnected_ma(self) -> int:
        return 1_000 * self.settings.number("dlm_disconnected_limit")

    def _configure(self, settings: Settings, now_ms: int, out: list[object]) -> None:
        self.settings = self.points.settings = self.room.settings = settings
        if self.slave is not None:
            self.slave.disconnected_ma = self._disconnected_ma
        if self.master is not None and self.master.site != self._site():
            self._begin(now_ms, out)

    def _site(self) -> Site:
        settings, period_ms = self.settings, self._period_ms
        fuses = map(read_fuse, settings.texts("dlm_fuses"))
        imbalance_ma = 1_000 * settings.number("dlm_imbalance_limit")
        slot_ms = 60_000 * settings.number("dlm_rotation_minutes")
        return Site(
            tree_of(
                [
                    Fuse(SITE, settings.triple_ma("dlm_evse_subdistribution_limit")),
                    *(Fuse(one.name, one.limit_ma, one.behind) for one in fuses),
                ]
            ),
            SITE,
            Policy(
                imbalance_ma=imbalance_ma if settings.flag("dlm_imbalance_prevention") else None,
                slot_ms=slot_ms,
            ),
            1_000 * settings.number("dlm_minimum_current_limit"),
            lease_of(period_ms),
            period_ms,
            self.network,
            quorum=self.watch is not None,
            it_network=settings.flag("dlm_it_network"),
            places=dict(map(read_place, settings.texts("dlm_places"))),
        )

    def _listen(self, now_ms: int, out: list[object]) -> None:
        if self.leading:
            out.append(AnnounceMaster(0))
        if self.mode in MASTERS:
            self.rivals.listen(now_ms)
        if self.watch is not None:
            self.watch.begin(now_ms)

    def _rule(self, now_ms: int, out: list[object]) -> None:
        """Be the master while no other one is. [B-DLM-05]"""
        rules = self.leading
        if self.mode in MASTERS:
            rules = self.rivals.may_rule(self.epoch, now_ms)
        if self.watch is not None:
            own = self.epoch if self.master is not None else None
            rules = rules and self.watch.leads(own, now_ms)
        if rules and self.master is None:
            self._begin(now_ms, out)
        elif not rules and self.master is not None:
            self.master, self.beacon_ms = None, NEVER_MS
            out.append(AnnounceMaster(0))

    def _begin(self, now_ms: int, out: list[object]) -> None:
        turns = self.master.state.turns if self.master is not None else {}
        before = max(self.epoch, self.rivals.highest)
        self.epoch = before + 1 if self.watch is None else self.watch.next_epoch(before)
        out.append(PutNote(EPOCH, str(self.epoch)))
        self.master = Master(self.unit, self.epoch, self._site(), self.records.values(), now_ms)
        self.master.state.turns = turns
        self.beacon_ms = now_ms
        out.append(AnnounceMaster(self.epoch))

    def _show(self, now_ms: int, out: list[object]) -> None:
        """Show the master to others, and to the outlets of its own station. [B-DLM-02]"""
        if now_ms < self.beacon_ms:
            return
        self.beacon_ms = now_ms + BEACON_MS
        seen = MasterSeen(self.unit, self.network, self.epoch)
        out.append(Say(seen))
        self._tell(self.slave, seen, now_ms, out)

    def _note(self, now_ms: int) -> None:
        """Keep what a page draws of the site: one moment each period."""
        if self.master is None:
            return
        places = self.master.book.used_ma[:3]
        waiting = sum(not grant.limit_ma for grant in self.master.state.grants.values())
        self.history.append(
            Moment(now_ms, self.room.given_ma(), triple(places), self.drawn_ma(now_ms), waiting)
        )

    def _remember(self, asked: UnitAsked, out: list[object]) -> None:
        """Know the units of the other master, to count them once this one leads."""
        known = self.records.get(asked.unit)
        record = record_of(asked, SITE, known)
        if record != known:
            self.records[asked.unit] = record
            out.append(KeepUnit(record))

    def _forget(self, now_ms: int, out: list[object]) -> None:
        """Forget whom nobody hears; who asks again is known again. [B-DLM-21]"""
        if self.master is None:
            return
        silent = self.silent(now_ms)
        for name in silent:
            del self.records[name]
            out.append(ForgetUnit(name))
        if silent:
            self._begin(now_ms, out)

    def _tell(
        self, machine: Slave | Master | None, fact: object, now_ms: int, out: list[object]
    ) -> None:
        """Give one of the two machines a fact; what they say to each other needs no network."""
        if machine is None:
            return
        for wish in machine.handle(fact, now_ms):
            match wish:
                case PointLimited(point, limit_ma, reason):
                    limit = Limit(SOURCE, limit_ma, reason, NEVER_MS)
                    out.append(LimitSet(self.points.number(point), limit))
                case KeepUnit(record):
                    self.records[record.unit] = record
                    out.append(wish)
                case UnitAsked():
                    self._ask(wish, now_ms, out)
                case UnitAnswered(self.unit) if self.slave is not None:
                    self._tell(self.slave, wish, now_ms, out)
                case UnitAnswered():
                    out.append(Say(wish))

    def _ask(self, asked: UnitAsked, now_ms: int, out: list[object]) -> None:
        """Ask the master that this station follows; of two, both have to know who there is."""
        own = self.master is not None and asked.epoch == self.epoch
        if self.watch is not None or not own:
            out.append(Say(asked))
        if own:
            self._tell(self.master, asked, now_ms, out)
        elif self.watch is not None:
            self._remember(asked, out)


def _order(wish: object) -> int:
    """Limits first, the lowest of them before others."""
    return wish.limit.limit_ma if isinstance(wish, LimitSet) else NEVER_MS
