"""Seeded days with an erratic back end: late, silent, garbled, away for days, its clock jumping.

Drivers come and go, the power is cut, and the back end answers as it likes. Afterwards it is
healed, and its ledger is compared with the meters, Wh for Wh; queue and messages have bounds.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from firmware.io.loop import loop_ms
from firmware.ocpp.outbox import METER_BYTES_MAX
from firmware.sim.backend import Backend
from firmware.sim.books import Outcome, compare_books
from firmware.sim.loop import VirtualLoop
from firmware.sim.station import SimPlan, SimStation
from firmware.storage import rows

NAME, HOST, PORT = "ERRATIC1", "erratic.lan", 9_000
UTC_AT_ZERO = datetime(2026, 3, 1, tzinfo=UTC)
MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
LONGEST_MS = 4 * DAY_MS  # an outage of three days, and the day
DELIVER_S = 8 * 3_600
UIDS = {1: "c0ffee01", 2: "beef0002"}
MISDEEDS = ("late", "never", "twice", "garbage", "nonsense", "error", "close", "torn", "huge")
TOLD = ("Authorize", "StartTransaction", "MeterValues", "StopTransaction", "BootNotification",
        "Heartbeat", "StatusNotification")  # fmt: skip
LATE_S = (3.0, 20.0, 70.0, 700.0)
OUTAGES_MS = (5 * MINUTE_MS, HOUR_MS, 3 * HOUR_MS, DAY_MS, 3 * DAY_MS)
STEPS_S = (-86_400, -3_600, -240, -5, 5, 240, 3_600, 86_400)
REQUESTS = (
    '[2,"same","Heartbeat",{}]',
    '[2,"same","GetConfiguration",{}]',
    '[2,"same","TriggerMessage",{"requestedMessage":"StatusNotification"}]',
    '[3,"same",{}]',
    "[]",
    "[2",
)
# No message may be given up: the books have to be complete however long it takes.
PATIENT = {
    "ocpp:TransactionMessageAttempts": "100",
    "ocpp:TransactionMessageRetryInterval": "2",
    "restart_transaction_after_power_loss": "on",
    "if_in_doubt_allow_charging": "on",
    "ocpp:StopTransactionOnInvalidId": "false",
    "backend_connection_timeout": "30",
}


@dataclass(slots=True)
class Erratic:
    """What became of a day."""

    outcome: Outcome
    hours: float = 0
    misdeeds: Counter[str] = field(default_factory=Counter)
    outages: int = 0
    clock_steps: int = 0
    meter_wh: int = 0
    booked_wh: int = 0
    queued_max: int = 0
    queued_bytes_max: int = 0


def play(seed: int, profile: Any, **changes: str) -> Erratic:
    """Play one seed on this board; `changes` are settings, `ocpp__X` is `ocpp:X`."""
    texts = {key.replace("ocpp__", "ocpp:"): text for key, text in changes.items()}
    return _Day(seed, profile, texts).run()


class _Day:
    """One station, its drivers and its back end."""

    def __init__(self, seed: int, profile: Any, changes: Mapping[str, str]) -> None:
        self.random = Random(f"erratic {seed}")
        self.told = Erratic(Outcome(seed))
        self.loop = VirtualLoop()
        self.loop.set_exception_handler(self._failed)
        self.backend = Backend(self._utc_now, on_frame=self._frame)
        self.step_s = 0
        self.outlets = tuple(o.number for o in profile.outlets)
        self.end_ms = DAY_MS
        draw = self.random.choice
        settings = {
            **PATIENT,
            "ocpp:MeterValueSampleInterval": draw(("60", "300", "900")),
            "ocpp:ClockAlignedDataInterval": draw(("0", "900")),
            "ocpp:StopTxnSampledData": draw(("", "Energy.Active.Import.Register")),
            "ocpp_ws_keepalive_interval": draw(("0", "60")),
            "local_whitelist_entries": draw(("", ":".join(UIDS.values()))),
            **changes,
        }
        knows_time = self.random.random() < 0.7
        utc_ms = int(UTC_AT_ZERO.timestamp() * 1_000) if knows_time else None
        plan = SimPlan(NAME, profile, seed, HOST, PORT, settings, utc_ms)
        self.station = SimStation(self.loop, plan)
        self.station.on_wake = self._woke
        self.station.on_wish = self._count

    def run(self) -> Erratic:
        """Play, heal, compare."""
        try:
            self.loop.run_until_complete(self._story())
            self._compare()
        finally:
            self.station.power_off()
            self.loop.run_until_complete(self.backend.stop())
            self.loop.close()
        return self.told

    # -- the story --------------------------------------------------------------------------

    async def _story(self) -> None:
        await self.backend.start("", PORT)
        self._plan_outages()
        for outlet in self.outlets:
            self._plan_drivers(outlet)
        every = self.random.choice((2, 10, 60)) * MINUTE_MS
        self._often(every, self._misbehave)
        self._often(self.random.choice((30, 180)) * MINUTE_MS, self._request)
        for _ in range(self.random.choice((0, 1, 3))):
            self._at(self.random.randrange(self.end_ms), self._step_clock)
        for _ in range(self.random.choice((0, 1, 3, 6))):
            self._at(self.random.randrange(self.end_ms), self._cut_power)
        self.station.power_on()
        await self._until(self.end_ms)
        self._heal()
        await self._until(self.end_ms + 20 * MINUTE_MS)  # the longest power cut is over
        for outlet in self.outlets:
            self._act("unplug", outlet=outlet, force=True)
        try:
            await asyncio.wait_for(self.backend.until(self._settled), DELIVER_S)
        except TimeoutError:
            waiting = Counter(e.kind for e in self._memory().outbox)
            self.told.outcome.wrong(True, f"not settled eight hours after healing: {waiting}")
        self.told.hours = loop_ms(self.loop) / HOUR_MS

    def _plan_outages(self) -> None:
        for _ in range(self.random.choice((0, 1, 1, 2))):
            begin_ms = self.random.randrange(DAY_MS)
            end_ms = begin_ms + self.random.choice(OUTAGES_MS)
            self.end_ms = min(max(self.end_ms, end_ms), LONGEST_MS)
            self._at(begin_ms, self._away, self.random.random() < 0.5)
            self._at(end_ms, self._back)

    def _plan_drivers(self, outlet: int) -> None:
        random = self.random
        at_ms = random.randrange(30 * MINUTE_MS)
        while at_ms < self.end_ms:
            stay_ms = random.randrange(5 * MINUTE_MS, 8 * HOUR_MS)
            car = {"battery_wh": random.choice((300, 5_000, 60_000)), "soc_percent": 0,
                   "phases": random.choice((1, 3))}  # fmt: skip
            plug = {"outlet": outlet, "cable_ma": 32_000, "car": car}
            self._at(at_ms, self._act_of, "plug", plug)
            self._at(at_ms + 5_000, self._act_of, "swipe", {"uid": UIDS[outlet]})
            if random.random() < 0.6:
                self._at(at_ms + stay_ms, self._act_of, "swipe", {"uid": UIDS[outlet]})
            else:
                self._at(at_ms + stay_ms, self._act_of, "car",
                         {"outlet": outlet, "connected": False})  # fmt: skip
            leave_ms = at_ms + stay_ms + 30_000
            self._at(leave_ms, self._act_of, "unplug", {"outlet": outlet, "force": True})
            at_ms = leave_ms + random.randrange(MINUTE_MS, 5 * HOUR_MS)

    def _often(self, mean_ms: int, what: Callable[[], None]) -> None:
        at_ms = 0
        while (at_ms := at_ms + self.random.randrange(1, 2 * mean_ms)) < self.end_ms:
            self._at(at_ms, what)

    # -- what the back end does wrong ---------------------------------------------------------

    def _misbehave(self) -> None:
        kind, action = self.random.choice(MISDEEDS), self.random.choice(TOLD)
        self.told.misdeeds[kind] += 1
        times = self.random.choice((1, 1, 2, 6))
        self.backend.misbehave(action, kind, delay_s=self.random.choice(LATE_S), times=times)

    def _request(self) -> None:
        text = self.random.choice(REQUESTS)
        if self.backend.connected(NAME):
            self.loop.create_task(self.backend.raw(NAME, text)).add_done_callback(_forget)

    def _step_clock(self) -> None:
        self.told.clock_steps += 1
        self.step_s += self.random.choice(STEPS_S)

    def _away(self, silently: bool) -> None:
        self.told.outages += 1
        self.loop.network.cut(HOST)
        if not silently:
            self.loop.network.reset(HOST)

    def _back(self) -> None:
        self.loop.network.heal(HOST)

    def _cut_power(self) -> None:
        off_ms = self.random.choice((1_000, 5_000, MINUTE_MS, 15 * MINUTE_MS))
        self._act("power", off_ms=off_ms)

    def _woke(self) -> None:
        self.told.outcome.cuts += bool(self.station.wishes)  # the first time nothing was cut

    def _heal(self) -> None:
        self.backend.misdeeds.clear()
        self.loop.network.heal(HOST)
        self.loop.network.reset(HOST)

    # -- the books --------------------------------------------------------------------------

    def _count(self, _wish: object) -> None:
        core = self.station.core
        if core is None:
            return
        told, queue = self.told, core.ocpp.queue()
        told.queued_max = max(told.queued_max, queue.messages)
        told.queued_bytes_max = max(told.queued_bytes_max, queue.meter_bytes)

    def _settled(self) -> bool:
        if not self.station.powered or not self.backend.connected(NAME):
            return False
        memory = self._memory()
        return not memory.transactions and not memory.outbox

    def _compare(self) -> None:
        told, outcome, ledger = self.told, self.told.outcome, self.backend.ledger(NAME)
        history = rows.history(self.station.database.query)
        outcome.transactions = len(history)
        outcome.retransmissions = ledger.retransmissions
        compare_books(history, ledger, outcome)
        for outlet in self.outlets:
            meter_wh = self.station.world.read_meter(outlet, loop_ms(self.loop)).energy_wh
            booked_wh = sum(
                (one.meter_stop_wh or 0) - one.meter_start_wh
                for one in ledger.transactions
                if one.connector == outlet
            )
            outcome.wrong(
                meter_wh != booked_wh,
                f"outlet {outlet}: the meter has {meter_wh} Wh, the back end {booked_wh} Wh",
            )
            told.meter_wh += meter_wh
            told.booked_wh += booked_wh
        outcome.wrong(
            told.queued_bytes_max > METER_BYTES_MAX,
            f"{told.queued_bytes_max} bytes of meter values were queued",
        )

    # -- helpers ----------------------------------------------------------------------------

    def _memory(self) -> Any:
        return rows.memory(self.station.database.query)

    def _act_of(self, verb: str, arguments: Mapping[str, object]) -> None:
        self._act(verb, **arguments)

    def _act(self, verb: str, **arguments: object) -> None:
        try:
            self.station.act(verb, **arguments)
        except ValueError:
            """The world does not allow it now; the end of the story tears every plug out."""

    def _at(self, at_ms: int, what: Callable[..., None], *arguments: object) -> None:
        self.loop.call_at(at_ms / 1_000, what, *arguments)

    async def _until(self, at_ms: int) -> None:
        done = self.loop.create_future()
        self._at(at_ms, done.set_result, None)
        await done

    def _utc_now(self) -> datetime:
        return UTC_AT_ZERO + timedelta(milliseconds=loop_ms(self.loop), seconds=self.step_s)

    def _frame(self, _station: str, direction: str, _text: str, _at: datetime) -> None:
        self.told.outcome.frames += direction in ("up", "down")

    def _failed(self, _loop: Any, context: Mapping[str, Any]) -> None:
        problem = context.get("exception")
        self.told.outcome.wrong(True, f"{context.get('message')}: {problem!r}")


def _forget(task: asyncio.Task[None]) -> None:
    """A connection that went meanwhile is no news."""
    if not task.cancelled():
        task.exception()
