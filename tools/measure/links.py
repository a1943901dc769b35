"""What a master costs with many units: on paper, and over the real broker with mutual TLS.

On paper the shipped machines talk in virtual time and only the master's CPU is counted. Over the
broker the master is a process, the broker its child, and all units are in a third process, whose
cost is not counted. In both a meter's step lowers what the house has for cars, and the time is
taken until the last unit has lowered itself.
"""

from __future__ import annotations

import asyncio
import heapq
import json
import random
import shutil
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from firmware.dlm.master import Master
from firmware.dlm.slave import LEASE_MAX_MS, Slave
from firmware.io.dlm_keys import SiteAuthority, keep_unit, signing_request, unit_key
from firmware.model.dlm import MasterSeen, PointLimited, UnitAnswered, UnitAsked
from firmware.model.machine import TICK
from tools.measure.links_side import (
    CYCLE_MS,
    EACH_MA,
    LEAST_MA,
    MASTER,
    car,
    name,
    records,
    room_of,
    site,
)
from tools.measure.processes import TOP, cpu_s, resident_mb

LESS_MA = EACH_MA // 2  # what the house has for each unit after the step
SIMULATED, STEPPED = (250, 1_000), 250
SIMULATED_S, SIMULATED_STEPS = 30, 100
REAL = {20: 20, 250: 8}  # units over the broker, and how many steps
REAL_S, WAIT_S, SEED = 30, 180, 8
Say = Callable[[str], None]
Row = dict[str, float]


class NoLinks(Exception):
    """This machine cannot play them; the text says why."""


# -- on paper ------------------------------------------------------------------------------------


@dataclass(slots=True)
class Paper:
    """A master and its units in virtual time; frames take none."""

    count: int
    now_ms: int = 0
    cpu_ns: int = 0  # of the master
    questions: int = 0
    master: Master = field(init=False)
    slaves: list[Slave] = field(init=False)
    limits_ma: dict[str, int] = field(default_factory=dict)
    due: list[tuple[int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        dice = random.Random(SEED)
        self.master = Master(MASTER, 1, site(self.count), records(self.count), 0)
        self.slaves = [Slave(name(n), 1, 0, LEAST_MA) for n in range(self.count)]
        for number, slave in enumerate(self.slaves):
            self._tell(number, slave.handle(car(slave.unit), 0))
            self.due.append((dice.randrange(1_000), number))
        heapq.heapify(self.due)
        self.wait(1_000, MasterSeen(MASTER, 0, 1))
        self.wait(LEASE_MAX_MS + 2 * CYCLE_MS)

    def wait(self, span_ms: int, fact: object = TICK) -> None:
        """Let time pass; every unit takes the fact at its next turn."""
        until_ms = self.now_ms + span_ms
        while self.due[0][0] < until_ms or self.master.deadline_ms() < until_ms:
            if self.master.deadline_ms() <= self.due[0][0]:
                self.now_ms = max(self.now_ms, self.master.deadline_ms())
                self.to_master(TICK)
                continue
            due_ms, number = heapq.heappop(self.due)
            self.now_ms = max(self.now_ms, due_ms)
            slave = self.slaves[number]
            self._tell(number, slave.handle(fact, self.now_ms))
            next_ms = until_ms if fact is not TICK else slave.deadline_ms()
            heapq.heappush(self.due, (next_ms, number))
        self.now_ms = until_ms

    def to_master(self, fact: object) -> list[object]:
        """Give the master a fact, and count what that costs."""
        begun_ns = time.thread_time_ns()
        wishes = list(self.master.handle(fact, self.now_ms))
        self.cpu_ns += time.thread_time_ns() - begun_ns
        return wishes

    def _tell(self, number: int, wishes: Any) -> None:
        for wish in wishes:
            match wish:
                case PointLimited(point, limit_ma):
                    self.limits_ma[point] = limit_ma
                case UnitAsked():
                    self.questions += 1
                    for answer in self.to_master(wish):
                        if isinstance(answer, UnitAnswered):
                            slave = self.slaves[number]
                            self._tell(number, slave.handle(answer, self.now_ms))

    def lowered_ms(self, to_ma: int) -> int:
        """Return how long it takes until nobody is above this; give up after 10 s."""
        begun_ms = self.now_ms
        while max(self.limits_ma.values()) > to_ma:
            assert self.now_ms < begun_ms + 10_000, "nobody lowers himself"
            self.wait(1)
        return self.now_ms - begun_ms


def on_paper(say: Say) -> dict[str, Row]:
    """Return what the master costs, by the number of units and what changes."""
    figures = {}
    for count in SIMULATED:
        say(f"{count:,} units on paper")
        paper = Paper(count)
        assert min(paper.limits_ma.values()) == EACH_MA, "each has its share"
        figures[f"{count:,} units, nothing changes"] = _cost(paper, 0)
        figures[f"{count:,} units, a meter reading a second"] = _cost(paper, 100)
    return figures


def _cost(paper: Paper, by_ma: int) -> Row:
    paper.cpu_ns = paper.questions = 0
    for second in range(SIMULATED_S):
        if by_ma:
            paper.to_master(room_of(EACH_MA + by_ma * (second % 2), paper.count))
        paper.wait(1_000)
    return {
        "questions a second": round(paper.questions / SIMULATED_S),
        "CPU ms a second": round(paper.cpu_ns / 1e6 / SIMULATED_S, 1),
        "CPU us a question": round(paper.cpu_ns / 1e3 / paper.questions, 1),
    }


def steps_on_paper(say: Say) -> Row:
    """Return how long after a meter's step the last unit is lower, ms of virtual time."""
    say(f"{SIMULATED_STEPS} steps of the meter with {STEPPED} units on paper")
    paper, dice, took_ms = Paper(STEPPED), random.Random(SEED), []
    for _ in range(SIMULATED_STEPS):
        paper.to_master(room_of(LESS_MA, STEPPED))
        took_ms.append(paper.lowered_ms(LESS_MA))
        paper.to_master(room_of(EACH_MA, STEPPED))
        paper.wait(3_000 + dice.randrange(1_000))
        assert min(paper.limits_ma.values()) == EACH_MA, "each has its share again"
    return quantiles(took_ms)


def quantiles(took_ms: list[Any]) -> Row:
    """Return n, p50, p99 and max."""
    took_ms.sort()
    return {
        "n": len(took_ms),
        "p50": round(took_ms[len(took_ms) // 2], 1),
        "p99": round(took_ms[min(len(took_ms) - 1, len(took_ms) * 99 // 100)], 1),
        "max": round(took_ms[-1], 1),
    }


# -- over the broker -----------------------------------------------------------------------------


class Side:
    """A process of `links_side`, which answers each line with a line of JSON."""

    def __init__(self, process: Process) -> None:
        self.process = process

    async def told(self) -> Any:
        """Return what it says next; raise `NoLinks` where it has ended or is silent."""
        assert self.process.stdout is not None
        try:
            line = await asyncio.wait_for(self.process.stdout.readline(), WAIT_S)
        except TimeoutError:
            raise NoLinks(f"no word from a side for {WAIT_S} s") from None
        if not line:
            raise NoLinks("a side of the links has ended")
        return json.loads(line)

    async def asked(self, *words: object) -> Any:
        """Say something; return the answer."""
        assert self.process.stdin is not None
        self.process.stdin.write(" ".join(map(str, words)).encode() + b"\n")
        return await self.told()


@asynccontextmanager
async def side(*words: object):  # type: ignore[no-untyped-def]
    """A side of the links, up; it ends with the block."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tools.measure.links_side", *map(str, words), cwd=TOP,
        stdin=PIPE, stdout=PIPE, stderr=DEVNULL, limit=64 << 20,
    )  # fmt: skip
    try:
        yield Side(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()


async def over_the_broker(say: Say) -> dict[str, dict[str, Row]]:
    """Return costs, answer times and times of steps by the number of units; raise `NoLinks`."""
    if shutil.which("mosquitto") is None:
        raise NoLinks("mosquitto not found; `apt-get install mosquitto` mends that")
    figures = {}
    for count, steps in REAL.items():
        say(f"{count} units over the broker, about {REAL_S + 6 * steps} s")
        with TemporaryDirectory(prefix="powerstation-") as folder:
            _pair(Path(folder), count)
            async with AsyncExitStack() as stack:
                master = await stack.enter_async_context(side("master", folder, count))
                port = (await master.told())["port"]
                units = await stack.enter_async_context(side("units", folder, count, port))
                figures[f"{count} units"] = await _linked(master, units, steps)
    return figures


def _pair(folder: Path, count: int) -> None:
    authority = SiteAuthority(folder / MASTER, MASTER)
    for number in range(count):
        key, unit = unit_key(), name(number)
        issued = authority.signed(unit, signing_request(key, unit))
        keep_unit(folder / unit, key, unit, issued, authority.pem)


async def _linked(master: Side, units: Side, steps: int) -> dict[str, Row]:
    await units.asked("until", EACH_MA)
    pids = await master.asked("pids")
    await units.asked("answers")  # those of the start do not count
    before = {what: cpu_s(pid) for what, pid in pids.items()}
    await asyncio.sleep(REAL_S)
    figures = {"answer, ms": quantiles(await units.asked("answers"))}
    for what, pid in pids.items():
        figures[what] = {
            "CPU %": round((cpu_s(pid) - before[what]) / REAL_S * 100, 1),
            "resident MB": round(resident_mb(pid), 1),
        }
    took_ms, dice = [], random.Random(SEED)
    for _ in range(steps):
        begun_ms = await master.asked("each", LESS_MA)
        took_ms.append(await units.asked("until", LESS_MA) - begun_ms)
        await master.asked("each", EACH_MA)
        await units.asked("until", EACH_MA)
        await asyncio.sleep(1 + dice.random())
    return figures | {"step to the last unit lower, ms": quantiles(took_ms)}
