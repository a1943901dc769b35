"""The station as one machine: parts joined by the wiring table, with output commit.

All durable writes of one step become one `Store`; whatever else that step wants to do in the
world waits until it is `Stored`. So the power may fail after any wish: nobody outside has
seen anything that the disk does not know.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import cast

from firmware.auth.core import AuthCore
from firmware.auth.learn import LearnCore
from firmware.auth.ocpp_list import restored
from firmware.diag.absences import Absences
from firmware.diag.board_link import BoardLink
from firmware.diag.book import FaultBook
from firmware.diag.commissioning import Commissioning
from firmware.diag.inputs import InputWatch
from firmware.diag.recent import Recent
from firmware.diag.wear import Wear
from firmware.dlm.core import LoadManagement
from firmware.dlm.supply import SupplyLine
from firmware.led.core import LedCore
from firmware.limits.core import LimitBook
from firmware.limits.dimming import INPUTS, Dimming
from firmware.limits.scheduler import Scheduler
from firmware.limits.site_inputs import SiteInputs
from firmware.metering.core import POLL_MS, MeteringCore
from firmware.metering.external import ExternalMeters
from firmware.metering.watch import IDLE_POLLS, MeterWatch
from firmware.model.machine import NEVER_MS, Machine
from firmware.model.outlet import EndPermit, GivePermit
from firmware.model.session import Transaction
from firmware.model.settings import Settings
from firmware.model.storage import Memory, PutNote, PutRegister, Store, Stored, Write
from firmware.model.values import StopReason
from firmware.ocpp.charging import ChargingCore
from firmware.ocpp.core import OcppCore
from firmware.ocpp.payloads import StationInfo
from firmware.ocpp.security import SecurityCore
from firmware.ocpp.transfers import TransferCore
from firmware.ocpp.watchdog import BackendWatchdog
from firmware.session.core import SessionCore
from firmware.session.desk import Desk
from firmware.station.configuration import ConfigurationDesk
from firmware.station.wiring import AT_ONCE, LAST, ROUTES, Part

KEEP_REGISTERS_MS = 60_000  # registers of running transactions are at most so old on disk
MAX_STEPS = 10_000  # messages in one step; more is a loop among parts


@dataclass(frozen=True, slots=True)
class Options:
    """What is not a parameter of the catalogue."""

    info: StationInfo
    meter_poll_ms: int = POLL_MS
    other_meters: tuple[str, ...] = ()
    tethered: tuple[int, ...] = ()  # outlets with a fixed cable
    readers: int = 1  # as many as outlets: one each; else one serves all
    inputs: tuple[str, ...] = INPUTS  # digital ones that the board has
    unit: str = "unit"  # the station's name in load management


@dataclass(slots=True)
class _Batch:
    """Wishes that wait for a ticket."""

    ticket: int
    wishes: list[object]


class StationCore:
    """The machine of the whole station, without its pilots."""

    def __init__(self, settings: Settings, memory: Memory, options: Options) -> None:
        outlets = range(1, options.info.outlets + 1)
        running = tuple(t for t in memory.transactions if t.ended is None)
        closed = tuple(n for n in outlets if memory.notes.get(f"inoperative:{n}"))
        reason = _resume_reason(settings, memory)
        self.sessions = {
            n: SessionCore(
                n,
                settings,
                memory.boot,
                resumed=next((t for t in running if t.outlet == n), None),
                resume_reason=reason,
                operative=n not in closed,
            )
            for n in outlets
        }
        own = options.readers == len(outlets) > 1 and settings.flag("rfid_slave")
        desk = Desk(settings, outlets, running, closed, fixed=options.tethered, own_readers=own)
        desk.remember(memory.reservations)
        self.charging = ChargingCore(settings, memory, outlets)
        self.supply = SupplyLine(settings, outlets)
        self.dlm = LoadManagement(settings, memory, options.unit, outlets)
        self.dimming = Dimming(settings, outlets, options.inputs)
        self.site_inputs = SiteInputs(settings, options.inputs)
        self.scheduler = Scheduler(settings)
        first = (
            *self.charging.first(), *self.supply.first(), *self.dlm.first(), *self.dimming.first(),
        )  # fmt: skip
        self.limits = LimitBook(settings, outlets, first)
        self.ocpp = OcppCore(settings, memory, options.info)
        self.auth = _auth(settings, memory, running)
        self.configuration = ConfigurationDesk(
            settings, memory.boot, memory.changes, cached=partial(tuple, self.auth.cache)
        )
        self.metering = MeteringCore(
            settings, memory.boot, outlets, running, poll_ms=options.meter_poll_ms
        )
        self.learn = LearnCore(settings)
        self.transfers = TransferCore(settings, memory, options.info.firmware)
        self.recent = Recent(memory.boot, settings)
        self.commissioning = Commissioning(outlets)
        self.book = FaultBook(memory.boot, outlets, memory.faults)
        self.wear = Wear(outlets, memory.notes)
        # the reason of the last restart was taken: it must not end a transaction twice
        self._first_writes: tuple[Write, ...] = ()
        if "restart" in memory.notes:
            self._first_writes = (PutNote("restart", None),)
        self._registers: dict[str, PutRegister] = {}
        self._registers_ms = NEVER_MS
        self._ticket = 0
        self._waiting: deque[_Batch] = deque()
        self.parts = self._joined(desk, settings, memory, options, running)

    def _joined(
        self,
        desk: Desk,
        settings: Settings,
        memory: Memory,
        options: Options,
        running: tuple[Transaction, ...],
    ) -> dict[Part, Machine[object, object]]:
        """Return every part that is no session, by its name in the wiring."""
        outlets = tuple(self.sessions)
        return {
            Part.DESK: desk,
            Part.AUTH: self.auth,
            Part.LIMITS: self.limits,
            Part.SUPPLY: self.supply,
            Part.DLM: self.dlm,
            Part.DIMMING: self.dimming,
            Part.SITE_INPUTS: self.site_inputs,
            Part.SCHEDULER: self.scheduler,
            Part.METERING: self.metering,
            Part.WATCH: MeterWatch(outlets, running, idle_ms=IDLE_POLLS * options.meter_poll_ms),
            Part.EXTERNAL: ExternalMeters(options.other_meters, settings),
            Part.BOOK: self.book,
            Part.INPUTS: InputWatch(outlets),
            Part.ABSENCES: Absences(),
            Part.WEAR: self.wear,
            Part.LED: LedCore(settings),
            Part.OCPP: self.ocpp,
            Part.CHARGING: self.charging,
            Part.WATCHDOG: BackendWatchdog(settings, running),
            Part.BOARD_LINK: BoardLink(settings),
            Part.SECURITY: SecurityCore(settings, memory, options.info.serial),
            Part.TRANSFERS: self.transfers,
            Part.SETTINGS: self.configuration,
            Part.LEARN: self.learn,
            Part.RECENT: self.recent,
            Part.COMMISSIONING: self.commissioning,
        }

    def handle(self, fact: object, now_ms: int) -> Iterable[object]:
        """Take one fact, let the parts talk it over, return what goes out now."""
        if isinstance(fact, Stored):
            return self._release(fact.ticket)
        writes, wishes = self._talk(fact, now_ms)
        writes = [*self._first_writes, *writes]
        self._first_writes = ()
        return self._commit(writes, wishes, now_ms)

    def deadline_ms(self) -> int:
        """The earliest deadline of all parts."""
        parts = min(m.deadline_ms() for m in self.parts.values())
        sessions = min(m.deadline_ms() for m in self.sessions.values())
        return min(parts, sessions, self._registers_ms)

    # -- inside -----------------------------------------------------------------------------

    def _talk(self, fact: object, now_ms: int) -> tuple[list[Write], list[object]]:
        writes: list[Write] = []
        wishes: list[object] = []
        queue = deque((fact,))
        steps = 0
        while queue:
            steps += 1
            assert steps < MAX_STEPS, f"parts talk in a circle, last of {queue[0]!r}"
            message = queue.popleft()
            for part in ROUTES[type(message)]:
                if part is Part.OUT:
                    wishes.append(message)
                elif part is Part.KEEP:
                    writes.append(cast(Write, message))
                else:
                    for machine in self._machines(part, message):
                        queue.extend(machine.handle(message, now_ms))
        return writes, wishes

    def _machines(self, part: Part, message: object) -> Iterable[Machine[object, object]]:
        if part is not Part.SESSION:
            return (self.parts[part],)
        outlet = getattr(message, "outlet", None)
        if outlet is None or (outlet == 0):
            return self.sessions.values()
        return (self.sessions[outlet],) if outlet in self.sessions else ()

    # -- output commit ----------------------------------------------------------------------

    def _commit(self, writes: list[Write], wishes: list[object], now_ms: int) -> list[object]:
        durable: list[Write] = []
        for write in writes:
            if isinstance(write, PutRegister):
                self._registers[write.transaction_key] = write
                self._registers_ms = min(self._registers_ms, now_ms + KEEP_REGISTERS_MS)
            else:
                durable.append(write)
        if durable or now_ms >= self._registers_ms:
            durable += self._registers.values()
            self._registers.clear()
            self._registers_ms = NEVER_MS
        out: list[object] = []
        held: list[object] = []
        for wish in sorted(wishes, key=lambda wish: isinstance(wish, LAST)):
            (out if isinstance(wish, AT_ONCE) else held).append(wish)
            if isinstance(wish, EndPermit):  # it overtakes; what it ends must not come after it
                for waiting in (held, *(batch.wishes for batch in self._waiting)):
                    waiting[:] = [w for w in waiting if not _gives(w, wish.outlet)]
        if durable:
            self._ticket += 1
            out.append(Store(self._ticket, tuple(durable)))
            self._waiting.append(_Batch(self._ticket, held))
        elif self._waiting:
            self._waiting[-1].wishes += held  # order among what goes out is kept
        else:
            out += held
        return out

    def _release(self, ticket: int) -> list[object]:
        """Everything up to this ticket may go out."""
        out: list[object] = []
        while self._waiting and self._waiting[0].ticket <= ticket:
            out += self._waiting.popleft().wishes
        return out


def _auth(settings: Settings, memory: Memory, running: tuple[Transaction, ...]) -> AuthCore:
    listed = restored(memory.local_list, memory.local_list_version)
    return AuthCore(settings, memory.boot, memory.cache, running, listed=listed)


def _gives(wish: object, outlet: int) -> bool:
    return isinstance(wish, GivePermit) and wish.outlet == outlet


def _resume_reason(settings: Settings, memory: Memory) -> StopReason | None:
    """Return why interrupted transactions must end; `None`: they go on. [B-OCP-31, 32]"""
    noted = memory.notes.get("restart")
    if noted:
        return StopReason(noted)
    if settings.flag("restart_transaction_after_power_loss"):
        return None
    return StopReason.POWER_LOSS
