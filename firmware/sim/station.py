"""A whole station in virtual time: the machines that ship, the mock world, the real WebSocket.

One event loop carries any number of stations. The link between station and pilots is a call
here: permits are not renewed every 250 ms but held until the station loses its power, which
is what all those renewals would have amounted to.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from firmware.config.registry import changed, restored
from firmware.io.certificates import not_done
from firmware.io.loop import Runner, loop_ms
from firmware.io.sqlite import Database
from firmware.io.ws import BackendLink, LinkConfig
from firmware.model.backend import ClockSynced, DropConnection, Restart, SendFrame
from firmware.model.devices import InputChanged
from firmware.model.dlm import LOAD_WISHES
from firmware.model.fault import Fault
from firmware.model.machine import NEVER_MS, TICK
from firmware.model.outlet import EndPermit, GivePermit, HoldLock, PilotFound
from firmware.model.security import CERTIFICATE_WISHES
from firmware.model.session import (
    CardSeen,
    MeterRead,
    MeterSilent,
    ReadMeter,
    ShowPattern,
    Transaction,
)
from firmware.model.settings import SettingsChanged
from firmware.model.storage import Store, Stored
from firmware.model.transfers import TRANSFER_WISHES
from firmware.model.values import Reading
from firmware.ocpp.payloads import StationInfo
from firmware.pilot.core import PilotCore
from firmware.pilot.facts import (
    Drive,
    LockAsked,
    PermitGiven,
    PermitTaken,
    PilotIn,
    Sampled,
    StationHeard,
    Traits,
)
from firmware.pilot.faults import LATCHED
from firmware.sim.files import FileServer, SimTransfers
from firmware.sim.loop import VirtualLoop
from firmware.station.core import Options, StationCore
from firmware.storage import rows, schema
from hal.mock.world import World
from hal.ports import HardwareSilent

RESTART_MS = 2_000
_STEPS_MAX = 1_000  # of pilots and world at one instant; more is an oscillation


@dataclass(slots=True)
class SimPlan:
    """One station of a simulated world."""

    name: str
    profile: Any  # hal.board.BoardProfile
    seed: int = 0
    host: str = "backend"
    port: int = 9_000
    settings: dict[str, str] = field(default_factory=dict)
    utc_at_zero_ms: int | None = 0
    meter_poll_ms: int = 10_000
    crash_at_wish: int | None = None  # lose the power instead of this wish, counted from 1
    crash_off_ms: int = 5_000


class SimStation:
    """The station; what lasts is its world and its database."""

    def __init__(self, loop: VirtualLoop, plan: SimPlan) -> None:
        self.loop = loop
        self.plan = plan
        self.world = World(plan.profile, plan.seed, loop_ms(loop))
        self.world.on_power = self.power_cut
        self.database = Database(None, schema.MIGRATIONS)
        self.random = Random(f"{plan.seed}/{plan.name}")
        self.wishes = 0
        self.on_change: Callable[[Mapping[str, object]], None] | None = None
        self.on_wake: Callable[[], None] | None = None  # before anything is read or counted
        self.on_pattern: Callable[[ShowPattern], None] | None = None
        self.on_wish: Callable[[object], None] | None = None  # of the station, as it is performed
        self.on_fact: Callable[[object], None] | None = None  # of a pilot
        self.core: StationCore | None = None
        self._runner: Runner | None = None
        self._pilots: dict[int, PilotCore] = {}
        self.latched: dict[int, frozenset[Fault]] = {}  # what lasts of the pilots
        self._inputs: dict[str, bool] = {}  # as the station was told
        self.certificates: Callable[[Any], list[object]] = not_done  # the work of a store
        self.files = FileServer()  # all that it can reach
        self.firmware = "0"
        self._transfers = SimTransfers(self)
        self._task: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._back: asyncio.TimerHandle | None = None  # the power, after a cut
        self._busy = False

    # -- power ------------------------------------------------------------------------------

    def power_on(self) -> None:
        """Wake up as the processes do: count the boot, read what is kept, look at the pins."""
        plan, self._back = self.plan, None
        if self.on_wake is not None:
            self.on_wake()
        self.database.apply([rows.NEW_BOOT])
        memory = rows.memory(self.database.query)
        settings, _ = restored(memory.settings)
        settings = changed(settings, plan.settings | {"ocpp_chargebox_identity": plan.name})
        info = StationInfo(
            "Powerstation", "sim", plan.name, self.firmware, len(plan.profile.outlets)
        )
        fixed = tuple(o.number for o in plan.profile.outlets if o.tethered)
        readers = len(plan.profile.readers)
        options = Options(
            info, plan.meter_poll_ms, tethered=fixed, readers=readers, inputs=plan.profile.inputs
        )
        self.core = StationCore(settings, memory, options)
        self._runner = Runner(self.core, self._perform, self.loop)
        self.backend = BackendLink(
            LinkConfig(
                f"ws://{plan.host}:{plan.port}/ocpp",
                plan.name,
                ping_interval_s=settings.number("ocpp_ws_keepalive_interval"),
                open_timeout_s=settings.number("backend_connection_timeout"),
                connect={"compression": None},
            ),
            self._runner.post,
            jitter=self.random.random,
            now_ms=self._runner.now_ms,
        )
        self._task = self.loop.create_task(self.backend.run())
        self._pilots = {
            o.number: PilotCore(Traits.of(o), self.latched.get(o.number, frozenset()))
            for o in plan.profile.outlets
        }
        self._inputs = {}
        self._post(PilotFound(self._now()))
        if plan.utc_at_zero_ms is not None:
            self._post(ClockSynced(plan.utc_at_zero_ms, "system clock"))
        for number in list(self._pilots):
            self._pilot(number, StationHeard())
            self._pilot(number, Sampled(self.world.sample(number)))
            if number not in self._pilots:
                return  # the power was lost again at what this one said
            for fact in self._pilots[number].report(self._now()):  # what an earlier run left
                if not isinstance(fact, Drive):
                    self._post(fact)
        self._pump()

    def power_cut(self, off_ms: int) -> None:
        """Lose the power at once; everything that is not on the disk is gone."""
        self.power_off()
        if self._back is not None:  # it was dark already, and stays so until the last of them
            self._back.cancel()
        self._back = self.loop.call_later(off_ms / 1_000, self.power_on)

    def power_off(self) -> None:
        """Lose the power for good."""
        if self._runner is None:
            return
        self._runner.stop()
        self._runner = self.core = None
        self.latched = {n: frozenset(p.state.faults & LATCHED) for n, p in self._pilots.items()}
        self._pilots = {}
        self.loop.network.vanish(self.plan.host)
        if self._task is not None:
            self._task.cancel()
        self.world.unpowered(self._now())
        self._arm()

    @property
    def powered(self) -> bool:
        """The controller runs."""
        return self._runner is not None

    def running(self, outlet: int) -> Transaction | None:
        """Return the transaction of an outlet."""
        return None if self.core is None else self.core.sessions[outlet].state.transaction

    # -- the world --------------------------------------------------------------------------

    def act(self, verb: str, **arguments: object) -> dict[str, object]:
        """Do in the world what the bench protocol's verb says; raise `BenchError`."""
        answer = self.world.act(verb, arguments, self._now())
        self._pump()
        return answer

    def _pump(self) -> None:
        """Let world and pilots answer each other until nothing changes at this instant."""
        if self._busy:
            return
        self._busy = True
        try:
            for _ in range(_STEPS_MAX):
                if not self._step():
                    break
            else:
                raise AssertionError(f"{self.plan.name}: pilots and world do not come to rest")
        finally:
            self._busy = False
        self._tell_changes()
        self._arm()

    def _step(self) -> bool:
        now_ms = self._now()
        self.world.advance(now_ms)
        moved = self.world.take_changed()
        for number, pilot in list(self._pilots.items()):
            if number in moved:
                self._pilot(number, Sampled(self.world.sample(number)))
            elif pilot.deadline_ms() <= now_ms:
                self._pilot(number, TICK)
                moved.add(number)
        readers = () if self.world.readers_silent else self.plan.profile.readers
        for reader in (r.number for r in readers):
            while self._runner is not None and (card := self.world.take_card(reader)):
                seen = CardSeen(card.uid, reader, card.at_ms, card.kind, card.secure)
                self._runner.post(seen)
                moved.add(0)
        self._tell_inputs(now_ms)
        return bool(moved)

    def _tell_inputs(self, now_ms: int) -> None:
        for name, active in self.world.inputs().items():
            if active != self._inputs.get(name, False):
                self._inputs[name] = active
                self._post(InputChanged(name, active, now_ms))

    def _pilot(self, number: int, fact: PilotIn) -> None:
        pilot = self._pilots.get(number)
        for wish in () if pilot is None else pilot.handle(fact, self._now()):
            if self._pilots.get(number) is not pilot:
                return  # the power was lost at what it said before
            if isinstance(wish, Drive):
                self.world.drive(number, wish.drive, self._now())
            else:
                if self.on_fact is not None:
                    self.on_fact(wish)
                self._post(wish)

    def _post(self, fact: object) -> None:
        if self._runner is not None:
            self._runner.post(fact)

    def _tell_changes(self) -> None:
        for change in self.world.changes():
            if self.on_change is not None:
                self.on_change(change)

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due_ms = min([self.world.deadline_ms(), *(p.deadline_ms() for p in self._pilots.values())])
        if due_ms < NEVER_MS:
            self._timer = self.loop.call_at(due_ms / 1_000, self._pump)

    # -- wishes -----------------------------------------------------------------------------

    def _perform(self, wish: object) -> None:
        self.wishes += 1
        if self.wishes == self.plan.crash_at_wish:
            self.power_cut(self.plan.crash_off_ms)
            return
        runner = self._runner
        assert runner is not None
        if self.on_wish is not None:
            self.on_wish(wish)
        match wish:
            case GivePermit(outlet, limit_ma, phases, wake):
                self._tell(outlet, PermitGiven(limit_ma, NEVER_MS - 1, phases, wake))
            case EndPermit(outlet, reason):
                self._tell(outlet, PermitTaken(reason))
            case HoldLock(outlet, locked):
                self._tell(outlet, LockAsked(locked))
            case Store(ticket, writes):
                self.database.apply([s for write in writes for s in rows.statements(write)])
                runner.post(Stored(ticket))
            case SendFrame(text):
                self.backend.send(text)
            case DropConnection(reason):
                self.backend.drop(reason)
            case ReadMeter(outlet):
                runner.post(self._read_meter(outlet))
            case ShowPattern():
                if self.on_pattern is not None:
                    self.on_pattern(wish)
            case Restart():
                self.loop.call_later(RESTART_MS / 1_000, self._restart, runner)
            case SettingsChanged():
                pass
            case _ if isinstance(wish, CERTIFICATE_WISHES):
                for fact in self.certificates(wish):
                    runner.post(fact)
            case _ if isinstance(wish, LOAD_WISHES):
                pass  # there is no other station in this world
            case _ if isinstance(wish, TRANSFER_WISHES):
                self._transfers.perform(wish, runner.post)
            case _:
                raise AssertionError(f"nobody performs {wish!r}")

    def _restart(self, runner: Runner) -> None:
        if runner is self._runner:  # else the power has gone meanwhile, and the wish with it
            self.power_cut(RESTART_MS)

    def _tell(self, outlet: int, fact: PilotIn) -> None:
        if outlet in self._pilots:
            self._pilot(outlet, fact)
            self.loop.call_soon(self._pump)

    def _read_meter(self, outlet: int) -> MeterRead | MeterSilent:
        try:
            r = self.world.read_meter(outlet, self._now())
        except HardwareSilent:
            return MeterSilent(outlet, self._now())
        return MeterRead(
            outlet,
            Reading(r.energy_wh, r.power_w, r.currents_ma, r.at_ms, r.voltages_mv, r.powers_w),
        )

    def _now(self) -> int:
        return loop_ms(self.loop)
