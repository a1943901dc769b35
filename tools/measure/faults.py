"""From an input to open contacts, fault by fault: the processes that ship, cars that charge, load.

Several stations side by side, each with its own world; every trial makes a car charge, injects
one fault by the bench protocol and takes the world's own stamps, from the event that the fault
made (where it makes none: from before the verb was sent) to the contacts. The sensor's short cut
into the coil is off, so that it is the pilot that opens; what is left to it is in every figure:
the world's scheduling, its 5 ms samples, edges, 15 ms of the contacts.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from firmware.apps.bench_client import BenchClient, Refused
from firmware.apps.run import Family, Plan
from firmware.io.clock import now_ms
from firmware.model.annex import BY_ID, DIODE_MS, ours_ms

TOP = Path(__file__).parent.parent.parent
TRIALS, STATIONS, LOADERS = 12, 3, 2
CHARGE_S, OPEN_S, TRIES = 9.0, 12.0, 4
SETTLED_S = 0.4  # so long a car has charged at least
SETS = [
    "if_in_doubt_allow_charging=on",
    "operator_current_limit_1=32",
    "operator_current_limit_2=32",
]
CAR = {"battery_wh": 80_000, "soc_percent": 0, "phases": 3}
_LEFT_C = BY_ID["8.1"].limit_ms


@dataclass(frozen=True, slots=True)
class Case:
    """One fault: the verb that makes it, the event that dates it, the verb that undoes it."""

    verb: str
    arguments: dict[str, object]
    event: str | None
    limit_ms: int | None
    undo: tuple[str, dict[str, object]] | None
    rule: str
    anew: bool = True  # the next car has to come before power flows again


_AUTO: tuple[str, dict[str, object]] = ("car", {"asks": "auto"})
# rules without a number of the standard at hand carry our own
CASES: dict[str, Case] = {
    "car opens S2 (C to B)": Case("car", {"asks": "B"}, "cp", _LEFT_C, _AUTO, "A.6 8.1", False),
    "car torn off (C to A)": Case("car", {"connected": False}, "cp", BY_ID["2.2"].limit_ms, None,
                                  "A.6 2.2"),
    "error E": Case("car", {"asks": "E"}, "cp", BY_ID["12"].limit_ms, _AUTO, "A.6 12", False),
    "error F": Case("car", {"asks": "F"}, "cp", BY_ID["12 F"].limit_ms, _AUTO, "A.6 12", False),
    "ventilation D": Case("car", {"asks": "D"}, "cp", BY_ID["D"].limit_ms, _AUTO, "A.4", False),
    "no state (-5 V)": Case("cp", {"high_mv": -5_000, "low_mv": -5_000}, "cp",
                            BY_ID["CP short"].limit_ms, ("cp", {"release": True}), "A.3"),
    "no diode": Case("car", {"manner": "no_diode"}, "cp", DIODE_MS + 100, None,
                     f"own: {ours_ms('diode')} ms, then at once"),
    "proximity lost": Case("pp", {"open": True}, "pp", BY_ID["PP lost"].limit_ms,
                           ("pp", {"ohm": 220}), "B.2, as A.6 2.2"),
    "plug torn out": Case("unplug", {"force": True}, "cp", BY_ID["2.2"].limit_ms, None,
                          "A.6 2.2"),
    "residual DC 200 mA": Case("residual", {"dc_ma": 200}, None, 100,
                               ("residual", {"dc_ma": 0}), "IEC 62955 *"),
    "residual AC 30 mA": Case("residual", {"ac_ma": 30}, None, 300,
                              ("residual", {"ac_ma": 0}), "IEC 61008 *"),
    "MCB": Case("input", {"name": "mcb_{}", "active": True}, "input", 100,
                ("input", {"name": "mcb_{}", "active": False}), "own"),
    "RCD": Case("input", {"name": "rcd_{}", "active": True}, "input", 100,
                ("input", {"name": "rcd_{}", "active": False}), "own"),
    "pin not seen": Case("lock", {"missing": True}, "lock", 100, ("lock", {"missing": False}),
                         "own"),
}  # fmt: skip


@dataclass(slots=True)
class Outlet:
    """One outlet of one station, and what its world has said of it."""

    bench: BenchClient
    number: int
    cards: Iterator[int]
    events: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=200))
    news: asyncio.Event = field(default_factory=asyncio.Event)
    closed: bool = False
    forced_pp: bool = False  # a resistance that was forced once stays forced

    def saw(self, event: dict[str, Any]) -> None:
        """Take an event of this outlet, or of an input that is named after it."""
        self.events.append(event)
        if event["event"] == "contactor":
            self.closed = event["closed"]
        self.news.set()

    async def do(self, verb: str, arguments: dict[str, object]) -> None:
        """Do a verb here; raise `Refused`."""
        named = {k: v.format(self.number) if isinstance(v, str) else v
                 for k, v in arguments.items()}  # fmt: skip
        where = {} if verb in ("input", "swipe") else {"outlet": self.number}
        self.forced_pp = self.forced_pp or verb == "pp"
        await self.bench.do(verb, **where, **named)

    async def until(self, true: Callable[[], bool], wait_s: float) -> bool:
        """Wait until this holds; looked at after every event."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                while not true():
                    self.news.clear()
                    await self.news.wait()
        return true()


async def _charging(outlet: Outlet, *, anew: bool) -> None:
    """Let the car charge again, or the next one; raise `TimeoutError` if none does."""
    for _ in range(TRIES + 1):
        if not anew and await outlet.until(lambda: outlet.closed, CHARGE_S):
            await asyncio.sleep(SETTLED_S)
            if outlet.closed:
                return
        anew = False
        with contextlib.suppress(Refused):
            await outlet.do("unplug", {"force": True})
        if outlet.forced_pp:
            await outlet.do("pp", {"open": True})
        await asyncio.sleep(1.0)  # the transaction ends with its last register
        with contextlib.suppress(Refused):
            await outlet.do("plug", {"cable_ma": 32_000, "car": CAR})
        if outlet.forced_pp:
            await outlet.do("pp", {"ohm": 220})
        await asyncio.sleep(0.5)
        await outlet.do("swipe", {"uid": f"{next(outlet.cards):08x}", "hold_ms": 300})
    raise TimeoutError(f"outlet {outlet.number}: no car charged")


async def _trial(outlet: Outlet, case: Case) -> int | None:
    """Inject a fault under power; return ms until the contacts were open."""
    outlet.events.clear()
    sent_ms = now_ms()
    await outlet.do(case.verb, case.arguments)
    await outlet.until(lambda: not outlet.closed, OPEN_S)
    opened_ms = _first(outlet, "contactor")
    began_ms = sent_ms if case.event is None else _first(outlet, case.event)
    if case.undo is not None:
        await outlet.do(*case.undo)
    if opened_ms is None or began_ms is None:
        return None
    return opened_ms - began_ms


def _first(outlet: Outlet, name: str) -> int | None:
    return next((int(e["at_ms"]) for e in outlet.events if e["event"] == name), None)


async def _lane(outlet: Outlet, to_come: deque[str], taken: dict[str, list[int | None]]) -> None:
    """One outlet takes one case after the other until none is left."""
    anew = True
    while to_come:
        await _charging(outlet, anew=anew)
        if not to_come:
            return
        name = to_come.popleft()
        taken[name].append(await _trial(outlet, CASES[name]))
        anew = CASES[name].anew


async def _station(board: Path, state: Path, cards: Iterator[int]) -> tuple[Family, list[Outlet]]:
    """Start one station; its world goes first, its station process is an ordinary one."""
    family = Family(Plan(board, state, log=state / "log", sets=SETS))
    outlets: dict[int, Outlet] = {}

    def saw(event: dict[str, Any]) -> None:
        told = str(event.get("outlet") or event.get("name", "").rpartition("_")[2])
        if told.isdigit() and int(told) in outlets:
            outlets[int(told)].saw(event)

    await family.start()
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, family.pids()["stationd"], 0)
    bench = BenchClient(saw)
    outlets |= {n: Outlet(bench, n, cards) for n in (1, 2)}
    await bench.connect(family.bench)
    await bench.do("watch")
    return family, list(outlets.values())


async def measure(
    board: Path, say: Callable[[str], None], trials: int = TRIALS, stations: int = STATIONS
) -> dict[str, dict[str, object]]:
    """Return n, p50, p99 and max in ms of every fault, under load."""
    to_come = deque(name for _ in range(trials) for name in CASES)
    taken: dict[str, list[int | None]] = {name: [] for name in CASES}
    families: list[Family] = []
    outlets: list[Outlet] = []
    before = os.getpriority(os.PRIO_PROCESS, 0)
    with tempfile.TemporaryDirectory(prefix="powerstation-faults-") as folder:
        mine = Path(folder) / "board.toml"
        on, off = "rcmb_in_coil_path = true", "rcmb_in_coil_path = false"
        mine.write_text(board.read_text().replace(on, off))
        loaders: list[subprocess.Popen[bytes]] = []
        try:
            with contextlib.suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, 0, -20)  # the worlds stand for nature
            cards = count(0xA000_0000)
            for number in range(stations):
                state = Path(folder) / str(number)
                state.mkdir()
                family, two = await _station(mine, state, cards)
                families.append(family)
                outlets += two
            loaders += _loaders()
            say(f"{len(to_come)} faults on {len(outlets)} outlets under load")
            async with asyncio.TaskGroup() as lanes:
                for outlet in outlets:
                    lanes.create_task(_lane(outlet, to_come, taken))
        finally:
            for load in loaders:
                load.kill()
                load.wait()
            for outlet in outlets[::2]:
                await outlet.bench.close()
            for family in families:
                await family.end()
            with contextlib.suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, 0, before)
    return {name: _row(CASES[name], took) for name, took in taken.items()}


def _loaders() -> list[subprocess.Popen[bytes]]:
    loaders = [
        subprocess.Popen([sys.executable, "-m", "tools.measure.loader"], cwd=TOP)
        for _ in range(LOADERS)
    ]
    for load in loaders:
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, load.pid, 0)
    return loaders


def _row(case: Case, trials: list[int | None]) -> dict[str, object]:
    took = sorted(ms for ms in trials if ms is not None)
    at = {"p50_ms": 0.5, "p99_ms": 0.99}
    picked = {k: took[min(int(len(took) * q), len(took) - 1)] if took else None
              for k, q in at.items()}  # fmt: skip
    return {
        "limit_ms": case.limit_ms,
        "rule": case.rule,
        "n": len(took),
        "not_opened": len(trials) - len(took),
        **picked,
        "max_ms": took[-1] if took else None,
        "late": sum(ms > case.limit_ms for ms in took) if case.limit_ms is not None else 0,
    }
