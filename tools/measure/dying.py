"""How a station dies: a process is killed or stopped, or the link is cut, while a car charges.

Real processes on the mock board; the car is rude, so it never ends its draw by itself. Times
are monotonic: from just before the blow to the stamps of the world's own events.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import statistics
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from firmware.apps.bench_client import BenchClient, Refused
from firmware.apps.pilotd import SOCKET_NAME
from firmware.apps.run import Family, Plan
from firmware.io.clock import now_ms
from firmware.io.unix import connect_seqpacket
from hal.mock.packets import HANG_FACTOR

TRIALS = 3
OPEN_S, BACK_S, CHARGE_S = 12.0, 10.0, 40.0
CARD = "0a0e9b83"
SETS = ["if_in_doubt_allow_charging=on", "operator_current_limit_1=32"]
CAR = {"battery_wh": 80_000, "phases": 3, "manner": "rude"}
DEADMAN_MS, MOVE_MS = 100, 15 + 5  # boards/mock.toml: the coil, and the world's period
# case: what ought to act, and the longest it may take until no power flows
CASES = {
    "pilotd killed": ("the deadman", DEADMAN_MS + MOVE_MS),
    "pilotd stopped": ("the deadman", DEADMAN_MS * HANG_FACTOR + MOVE_MS),  # see hal.mock.packets
    "pilotd starved": ("its own doubt, or the deadman", DEADMAN_MS * HANG_FACTOR + MOVE_MS),
    "stationd killed": ("X1 at once, pilotd after 6 s", 6_000 + 100),
    "stationd stopped": ("the lease, X1, pilotd after 6 s", 2_000 + 6_000 + 100),
    "stationd starved": ("the lease: X1 until it is renewed", None),
    "link cut": ("X1 at once, until the link is back", None),
}


STARVED_S = {"pilotd": (0.45, 0.05), "stationd": (2.9, 0.1)}  # away, there


@dataclass(slots=True)
class Scene:
    """A charging station, and what the world says of outlet 1."""

    family: Family
    state: Path
    bench: BenchClient = field(init=False)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    events: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.bench = BenchClient(self._saw)

    def _saw(self, event: dict[str, Any]) -> None:
        if event.get("outlet") == 1 and event["event"] in ("contactor", "cp"):
            self.events.append(event)
            self.news.set()

    async def until(self, wanted: Callable[[dict[str, Any]], bool], wait_s: float) -> int | None:
        """Return when the first such event was; `None` if it does not come."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                while True:
                    for event in self.events:
                        if wanted(event):
                            return int(event["at_ms"])
                    self.news.clear()
                    await self.news.wait()
        return None


def _opened(event: dict[str, Any]) -> bool:
    return event["event"] == "contactor" and event["closed"] is False


def _closed(event: dict[str, Any]) -> bool:
    return event["event"] == "contactor" and event["closed"] is True


def _flat(event: dict[str, Any]) -> bool:
    return event["event"] == "cp" and event["low_mv"] == event["high_mv"]


def _square(event: dict[str, Any]) -> bool:
    return event["event"] == "cp" and event["low_mv"] < 0 < event["high_mv"]


async def _killed(scene: Scene, name: str) -> Callable[[], Awaitable[None]]:
    """Kill a process that nobody starts again before the cure."""
    scene.family.powered.clear()
    scene.family.kill(name)

    async def cure() -> None:
        scene.family.powered.set()

    return cure


async def _stopped(scene: Scene, name: str) -> Callable[[], Awaitable[None]]:
    child = scene.family.children[name]
    child.send_signal(signal.SIGSTOP)

    async def cure() -> None:
        child.send_signal(signal.SIGCONT)

    return cure


async def _starved(scene: Scene, name: str) -> Callable[[], Awaitable[None]]:
    """Let a process run for a moment only, again and again."""
    child = scene.family.children[name]
    away_s, there_s = STARVED_S[name]

    async def hunger() -> None:
        while True:
            child.send_signal(signal.SIGSTOP)
            await asyncio.sleep(away_s)
            child.send_signal(signal.SIGCONT)
            await asyncio.sleep(there_s)

    task = asyncio.create_task(hunger())

    async def cure() -> None:
        task.cancel()
        child.send_signal(signal.SIGCONT)

    return cure


async def _cut(scene: Scene, _name: str) -> Callable[[], Awaitable[None]]:
    """A second caller takes the place of the first, and leaves: the link has ended for both."""
    connect_seqpacket(scene.state / SOCKET_NAME).close()

    async def cure() -> None:
        return None

    return cure


BLOWS = {"killed": _killed, "stopped": _stopped, "starved": _starved, "cut": _cut}


async def _another_car(scene: Scene) -> None:
    """The next car comes and charges; raise `TimeoutError` if it does not."""
    with contextlib.suppress(Refused):
        await scene.bench.do("unplug", outlet=1, force=True)
    await asyncio.sleep(1.0)
    scene.events.clear()
    await scene.bench.do("swipe", uid=CARD)
    await scene.bench.do("plug", outlet=1, cable_ma=32_000, car=CAR)
    if await scene.until(_closed, CHARGE_S) is None:
        raise TimeoutError(f"no car charged within {CHARGE_S:g} s")


async def _trial(scene: Scene, case: str) -> dict[str, int | None]:
    """Strike once; return ms to X1, to the opening and to the next closing."""
    name, _, blow = case.rpartition(" ")
    await asyncio.sleep(1.0)  # a car that has charged for a while
    scene.events.clear()
    struck_ms = now_ms()
    cure = await BLOWS[blow](scene, name)
    if blow == "cut":
        back_ms = await scene.until(_square, OPEN_S)
        opened_ms = next((e["at_ms"] for e in scene.events if _opened(e)), None)
    else:
        opened_ms = await scene.until(_opened, OPEN_S)
        scene.events[:] = [e for e in scene.events if not _closed(e)]
        await cure()
        back_ms = await scene.until(_closed, BACK_S)
    x1_ms = next((e["at_ms"] for e in scene.events if _flat(e)), None)
    if back_ms is None:
        await _another_car(scene)
    stamps = {"x1": x1_ms, "opened": opened_ms, "back": back_ms}
    return {key: None if at_ms is None else at_ms - struck_ms for key, at_ms in stamps.items()}


async def measure(
    board: Path, say: Callable[[str], None], trials: int = TRIALS
) -> dict[str, dict[str, object]]:
    """Return p50 and max in ms of every case, and whether each kept its time."""
    with tempfile.TemporaryDirectory(prefix="powerstation-dying-") as folder:
        state = Path(folder)
        scene = Scene(Family(Plan(board, state, log=state / "log", sets=SETS)), state)
        try:
            await scene.family.start()
            await scene.bench.connect(scene.family.bench)
            await scene.bench.do("watch")
            await _another_car(scene)
            rows: dict[str, dict[str, object]] = {}
            for case in CASES:
                say(f"dying, {trials} times: {case}")
                rows[case] = _row(case, [await _trial(scene, case) for _ in range(trials)])
        finally:
            await scene.bench.close()
            scene.family.powered.set()
            await scene.family.end()
    return rows


def _row(case: str, trials: list[dict[str, int | None]]) -> dict[str, object]:
    acts, limit_ms = CASES[case]
    row: dict[str, object] = {"acts": acts, "n": len(trials), "limit_ms": limit_ms}
    for key in ("x1", "opened", "back"):
        taken = [ms for trial in trials if (ms := trial[key]) is not None]
        row[f"{key}_n"] = len(taken)
        row[f"{key}_p50_ms"] = round(statistics.median(taken)) if taken else None
        row[f"{key}_max_ms"] = max(taken) if taken else None
    return row
