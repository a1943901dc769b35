"""Real kills of real processes: one session by the bench protocol, SIGKILL at a seeded moment.

World, pilot and station are the processes that ship, the back end listens on the loopback.
Afterwards the station's database, the back end's books and the world's meter must agree.
"""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

from firmware.apps.bench_client import BenchClient, Refused
from firmware.apps.run import Family, Plan
from firmware.io.control import ask_station
from firmware.io.sqlite import Database
from firmware.model.session import Transaction
from firmware.model.values import StopReason
from firmware.sim.backend import Backend
from firmware.sim.books import Outcome, compare_books
from firmware.sim.powercuts import UNBILLED_WH_MAX
from firmware.sim.recorder import WireRecorder
from firmware.storage import rows, schema

ROOT = Path(__file__).parents[2]
BOARD = ROOT / "boards" / "mock.toml"
IDENTITY = "KILL1"
TRIAL_S = 90
SESSION_S = 45
CALL_TIMEOUT_S = 5
VICTIMS = ("stationd", "pilotd", "both", "power")
MOMENT_S_MAX = 5.0
CARD = "0a0e9b83"


@dataclass(slots=True)
class Trial:
    """One session, one kill."""

    seed: int
    random: Random
    family: Family
    bench: BenchClient
    backend: Backend
    outcome: Outcome
    news: asyncio.Event = field(default_factory=asyncio.Event)
    closed: dict[int, bool] = field(default_factory=dict)
    killed: asyncio.Event = field(default_factory=asyncio.Event)

    async def until_closed(self) -> None:
        """Wait until the contactor of outlet 1 is closed."""
        while not self.closed.get(1):
            self.news.clear()
            await self.news.wait()

    async def act(self, verb: str, **arguments: Any) -> None:
        """Do a verb; the world may refuse it, as it would the driver."""
        with contextlib.suppress(Refused):
            await self.bench.do(verb, **arguments)


def drawn_victim(seed: int) -> str:
    """Return who dies in a trial."""
    return Random(f"victim {seed}").choice(VICTIMS)


def trial(seed: int) -> Outcome:
    """Play one session with a kill; return what became of it."""
    with tempfile.TemporaryDirectory(prefix="powerstation-kill-") as state:
        return asyncio.run(asyncio.wait_for(_trial(seed, Path(state)), TRIAL_S))


async def _trial(seed: int, state: Path) -> Outcome:
    random = Random(f"kill {seed}")
    outcome = Outcome(seed)
    recorder = WireRecorder(call_timeout_ms=CALL_TIMEOUT_S * 1_000)

    def frame(station: str, direction: str, text: str, at: datetime) -> None:
        outcome.frames += direction in ("up", "down")
        recorder.frame(station, direction, text, int(at.timestamp() * 1_000))

    backend = Backend(lambda: datetime.now(UTC), on_frame=frame)
    backend.interval_s = 1
    port = await backend.start("127.0.0.1", 0)
    plan = Plan(BOARD, state, log=state / "log", sets=_settings(random, port))
    family = Family(plan)
    one = Trial(seed, random, family, BenchClient(lambda event: _saw(one, event)), backend, outcome)
    try:
        await family.start()
        await one.bench.connect(family.bench)
        await one.bench.do("watch")
        # accepted: before it has told its outlets, a card may still be refused
        await backend.until(lambda: backend.ledger(IDENTITY).statuses.keys() >= {1, 2})
        try:
            await asyncio.wait_for(_session(one, state), SESSION_S)
        except TimeoutError:
            outcome.wrong(True, f"not at its end after {SESSION_S} s: {_status(state)}")
        look = await one.bench.do("look")
    finally:
        await one.bench.close()
        await family.end()
        await backend.stop()
    outcome.problems += [f"on the wire: {p}" for p in recorder.problems() if " down: " not in p]
    registers_wh = {o["outlet"]: o["energy_wh"] for o in look["outlets"]}
    _compare(state / "station.db", backend, registers_wh, outcome)
    if outcome.problems:
        outcome.problems.append("log: " + (state / "log").read_text(errors="replace")[-2_000:])
    return outcome


def _settings(random: Random, port: int) -> list[str]:
    resume = random.choice(("on", "off"))
    return [
        f"ocpp_ws_url=ws://127.0.0.1:{port}/ocpp",
        f"ocpp_chargebox_identity={IDENTITY}",
        f"restart_transaction_after_power_loss={resume}",
        "operator_current_limit_1=32",
        f"backend_connection_timeout={CALL_TIMEOUT_S}",
        "ocpp:MeterValueSampleInterval=1",
        "ocpp:TransactionMessageRetryInterval=1",
    ]


def _saw(one: Trial, event: dict[str, Any]) -> None:
    if event.get("event") == "contactor":
        one.closed[event["outlet"]] = event["closed"]
    one.news.set()


# -- the session ----------------------------------------------------------------------------


async def _session(one: Trial, state: Path) -> None:
    """A driver comes; something dies at any moment; he leaves; all is told."""
    random = one.random
    victim = drawn_victim(one.seed)
    moment_s, off_ms = random.uniform(0.0, MOMENT_S_MAX), random.choice((100, 500, 1_500))
    if random.random() < 0.4:
        action = random.choice(("StartTransaction", "MeterValues", "StopTransaction"))
        one.backend.misbehave(action, random.choice(("close", "twice", "never")))
    asyncio.get_running_loop().call_later(moment_s, _strike, one, victim, off_ms)
    boots = len(one.backend.ledger(IDENTITY).boots)
    car = {"battery_wh": 60_000, "soc_percent": 0, "phases": 3}
    acts = [
        one.act("plug", outlet=1, cable_ma=32_000, car=car),
        one.act("swipe", uid=CARD),
    ]
    random.shuffle(acts)
    for act in acts:
        await act
    if random.random() < 0.5:  # he stops it himself, perhaps while everything is down
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(one.until_closed(), random.uniform(2.0, 4.5))
        await one.act("swipe", uid=CARD)
    await one.killed.wait()
    await one.act("unplug", outlet=1) if random.random() < 0.3 else None
    died = victim != "pilotd"
    await one.backend.until(lambda: len(one.backend.ledger(IDENTITY).boots) >= boots + died)
    if not one.closed.get(1) and random.random() < 0.5:
        await one.act("swipe", uid=CARD)
    beats = one.backend.ledger(IDENTITY).heartbeats
    await one.backend.until(lambda: one.backend.ledger(IDENTITY).heartbeats >= beats + 2)
    await one.act("unplug", outlet=1, force=True)
    await one.backend.until(lambda: _settled(state))


def _strike(one: Trial, victim: str, off_ms: int) -> None:
    one.outcome.cuts += 1
    for name in {"both": ("stationd", "pilotd"), "power": ()}.get(victim, (victim,)):
        one.family.kill(name)
    if victim == "power":
        asyncio.ensure_future(one.act("power", off_ms=off_ms))
    one.killed.set()


def _settled(state: Path) -> bool:
    """Nothing runs, nothing waits, nothing is plugged in; asked at every heartbeat."""
    told = _status(state)
    if "outlets" not in told:
        return False
    idle = all(outlet["phase"] in ("idle", "authorised") for outlet in told["outlets"])
    return idle and told["backend"]["queued"] == 0


def _status(state: Path) -> dict[str, Any]:
    try:
        return ask_station(state, {"do": "status"})
    except (OSError, ValueError) as problem:
        return {"problem": str(problem)}


# -- the books ------------------------------------------------------------------------------


def _compare(path: Path, backend: Backend, registers_wh: dict[int, int], outcome: Outcome) -> None:
    database = Database(path, schema.MIGRATIONS)
    history = rows.history(database.query)
    left = rows.memory(database.query)
    database.close()
    outcome.wrong(database.put_aside is not None, "the database was put aside")
    outcome.wrong(bool(left.outbox), f"{len(left.outbox)} messages are left")
    outcome.transactions = len(history)
    ledger = backend.ledger(IDENTITY)
    outcome.retransmissions = ledger.retransmissions
    compare_books(history, ledger, outcome)
    for outlet, register_wh in registers_wh.items():
        _energy([t for t in history if t.outlet == outlet], register_wh, outcome)


def _energy(history: list[Transaction], register_wh: int, outcome: Outcome) -> None:
    """All energy is in transactions; only a PowerLoss stop may have missed some."""
    after_wh = [t.meter_start_wh for t in history] + [register_wh]
    outcome.wrong(after_wh[0] != 0, f"{after_wh[0]} Wh before the first transaction")
    for transaction, then_wh in zip(history, after_wh[1:], strict=True):
        gap_wh = then_wh - transaction.last_wh
        lost_power = transaction.stop_reason is StopReason.POWER_LOSS
        outcome.power_loss_stops += lost_power
        outcome.unbilled_wh += gap_wh
        outcome.wrong(
            not 0 <= gap_wh <= (UNBILLED_WH_MAX if lost_power else 0),
            f"{transaction.key}: {gap_wh} Wh after its end ({transaction.stop_reason})",
        )
