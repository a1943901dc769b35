"""`python -m tools.uml.day`: hours of drivers and troubles over the shipped drivers.

Runs inside the virtual station. `pilotd` as it ships works on simulated pins; drivers, troubles
and the judge are those of the swarm's days (`firmware.sim.swarm`). In place of `stationd` stands
the smallest thing that gives permits: a card begins and ends a transaction.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import re
import subprocess
import sys
from collections import Counter, deque
from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random

from firmware.io.pilot_link import PilotLink
from firmware.model.fault import Fault
from firmware.model.outlet import (
    CableChanged,
    ContactorMoved,
    EndPermit,
    GivePermit,
    HoldLock,
    PilotLost,
)
from firmware.sim.acts import CARDS, Acts
from firmware.sim.swarm import LIMITS_A, drawn
from firmware.sim.troubles import healing
from firmware.sim.watch import Watcher
from hal.board import BoardProfile, load_board
from hal.mock.server import monotonic_ms
from hal.mock.world import World
from tools.uml.hours import LOG
from tools.uml.kernel import ROOT
from tools.uml.pins_side import PinsSide, seen_from_outside
from tools.uml.run import OUT
from tools.uml.world import CANNOT

STATE = Path("/run/powerstation")
SAMPLING_MS, LOOK_MS = 50, 25
HOUR_MS = 3_600_000
PACE = 12  # visits of minutes, not of hours
CARD_WAIT_MS = 120_000
RELIMIT_MS = 600_000
NUMBER = 1  # the outlet
AGAIN_S = 240.0  # a healed outlet charges within
LAST_FACTS = 12


def soak_board(factory: str = "gpiod") -> Path:
    """Write the board of these days: the first outlet of `gpiosim`, sampled every 50 ms."""
    text = (ROOT / "boards" / "gpiosim.toml").read_text()
    first, second = (found.start() for found in re.finditer(r"^\[\[outlet\]\]", text, re.M))
    rest = text.index("[[meter]]")
    assert first < second < rest
    text = re.sub(r"(?m)^sampling_period_ms = \d+", f"sampling_period_ms = {SAMPLING_MS}", text)
    text = text[:second] + text[text.index("[[meter]]") :]
    text = re.sub(r'(?m)^factory = "\w+"', f'factory = "{factory}"', text)
    file = STATE / "soak.toml"
    file.write_text(text)
    return file


class PinsStation:
    """A world, its pins, `pilotd`, and who gives the permits."""

    def __init__(self, board: Path, seed: int) -> None:
        self.board = board
        self.profile: BoardProfile = load_board(board)
        self.world = World(seen_from_outside(self.profile), seed, monotonic_ms(), "gpiosim", CANNOT)
        self.world.on_power = self._power_cut
        self.side = PinsSide(self.world, self.profile, LOOK_MS)
        self.link = PilotLink(STATE / "pilot.sock", self._told, self.loop)
        self.random = Random(f"permits {seed}")
        self.on_change: Callable[[Mapping[str, object]], None] | None = None
        self.on_wish: Callable[[object], None] | None = None
        self.on_fact: Callable[[object], None] | None = None
        self.on_line: Callable[[str], None] = lambda _line: None
        self.last: deque[str] = deque(maxlen=LAST_FACTS)
        self.pilot: subprocess.Popen[bytes] | None = None
        self.transaction: object | None = None
        self.stopping = self.closed = self.plugged = False
        self.card_ms = -CARD_WAIT_MS
        self._timer: asyncio.TimerHandle | None = None

    # -- what the judge and the acts want to know ---------------------------------------------

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The clock, and who calls back."""
        return asyncio.get_running_loop()

    @property
    def powered(self) -> bool:
        """`pilotd` runs."""
        return self.pilot is not None

    def running(self, _outlet: int) -> object | None:
        """Return the transaction of the outlet."""
        return self.transaction

    def act(self, verb: str, **arguments: object) -> object:
        """Do a verb of the bench protocol; a card begins or ends a transaction."""
        self.on_line(f"act {verb} {json.dumps(arguments)}")
        answer = self.world.act(verb, arguments, self._now())
        if verb == "swipe" and arguments["uid"] == CARDS[NUMBER] and self.powered:
            self._card()
        self.step()
        return answer

    # -- the world ----------------------------------------------------------------------------

    def step(self) -> None:
        """Bring the world to now, and everybody with it."""
        now_ms = self._now()
        self.world.advance(now_ms)
        self.side.step(now_ms)
        for change in self.world.changes():
            self.on_line(json.dumps(change, sort_keys=True))
            if self.on_change is not None:
                self.on_change(change)
        if self._timer is not None:
            self._timer.cancel()
        due_ms = min(self.world.deadline_ms(), self.side.deadline_ms())
        wait_ms = max(due_ms - self._now(), 1)
        self._timer = self.loop.call_later(wait_ms / 1_000, self.step)

    # -- power --------------------------------------------------------------------------------

    def power_on(self) -> None:
        """Start `pilotd` as it ships."""
        command = [sys.executable, "-m", "firmware.apps.pilotd", "--board", str(self.board),
                   "--state", str(STATE), "--stop-grace-ms", "0"]  # fmt: skip
        self.pilot = subprocess.Popen(command, stderr=subprocess.DEVNULL)

    def _power_cut(self, off_ms: int) -> None:
        self.power_off()
        self.loop.call_later(off_ms / 1_000, self.power_on)

    def power_off(self) -> None:
        """Kill `pilotd`; nothing is remembered of permits and cards."""
        if self.pilot is not None:
            self.pilot.kill()
            self.pilot.wait()
        self.pilot = self.transaction = None
        self.stopping = False
        self.card_ms = -CARD_WAIT_MS
        self.link.permits.clear()

    # -- permits ------------------------------------------------------------------------------

    def _card(self) -> None:
        if self.transaction is not None:
            self.stop("card")
            return
        self.card_ms = self._now()
        self._begin()

    def _begin(self) -> None:
        waited_ms = self._now() - self.card_ms
        if not self.plugged or self.transaction is not None or waited_ms >= CARD_WAIT_MS:
            return
        self.card_ms = -CARD_WAIT_MS
        self.transaction = object()
        self.link.hold(HoldLock(NUMBER, True))
        self._limit(self.transaction)

    def _limit(self, transaction: object) -> None:
        """Give a permit, and another limit every ten minutes."""
        if self.transaction is transaction and not self.stopping:
            self._wish(GivePermit(NUMBER, 1_000 * int(self.random.choice(LIMITS_A))))
            self.loop.call_later(RELIMIT_MS / 1_000, self._limit, transaction)

    def stop(self, reason: str) -> None:
        """End the transaction: the permit first, the plug when the contacts are open."""
        self.stopping = True
        self._wish(EndPermit(NUMBER, reason))
        if not self.closed:
            self._over()

    def _over(self) -> None:
        self.transaction, self.stopping = None, False
        self.link.hold(HoldLock(NUMBER, False))

    def _wish(self, wish: GivePermit | EndPermit) -> None:
        if self.on_wish is not None:
            self.on_wish(wish)
        if isinstance(wish, GivePermit):
            self.link.give(wish)
        else:
            self.link.end(wish)

    def _told(self, fact: object) -> None:
        self.last.append(str(fact))
        self.on_line(str(fact))
        if self.on_fact is not None:
            self.on_fact(fact)
        match fact:
            case CableChanged(outlet, cable_ma) if outlet == NUMBER:
                self.plugged = cable_ma is not None
                self._begin()
                if not self.plugged and self.transaction is not None:
                    self.stop("unplugged")
            case ContactorMoved(outlet, closed) if outlet == NUMBER:
                self.closed = closed
                if not closed and self.stopping:
                    self._over()
            case PilotLost():
                self.closed = self.plugged = False
                self.transaction, self.stopping = None, False

    def _now(self) -> int:
        return monotonic_ms()


class Diary:
    """The figures of the day, and a digest of every line of it."""

    def __init__(self) -> None:
        self.zero_ms = monotonic_ms()
        self.lines: list[str] = []
        self.digest = hashlib.sha256()
        self.problems: list[str] = []

    def line(self, text: str) -> None:
        """Take a line; the time goes into the digest with it."""
        self.lines.append(f"{monotonic_ms() - self.zero_ms} {text}\n")
        self.digest.update(self.lines[-1].encode())


async def play(hours: int, seed: int, factory: str) -> dict[str, object]:
    """Return the figures of so many hours, and what was wrong."""
    station, diary = PinsStation(soak_board(factory), seed), Diary()
    station.on_line = diary.line
    watcher = Watcher(station, late_ms=SAMPLING_MS + 2 * LOOK_MS)
    other = dict.fromkeys(("network", "misbehave"), lambda **_arguments: None)
    acts = Acts(station, watcher, {**other, "remote_stop": lambda outlet: _remote_stop(station)})
    _, plan = drawn(seed, (NUMBER,), PACE)
    station.side.open()
    station.step()
    station.power_on()
    link = asyncio.create_task(station.link.run())
    zero_s = station.loop.time()
    for at_ms, (verb, arguments) in plan:
        if at_ms < hours * HOUR_MS:
            station.loop.call_at(zero_s + at_ms / 1_000, acts.do, verb, arguments)

    for hour in range(1, hours + 1):
        await asyncio.sleep(zero_s + hour * HOUR_MS / 1_000 - station.loop.time())
        told = [*watcher.problems, *diary.problems]
        print(f"hour: {hour} {diary.digest.hexdigest()[:16]} {told}", flush=True)
    diary.problems += await _healed(station, acts)
    link.cancel()
    station.power_off()
    (OUT / LOG).write_text("".join(diary.lines))
    return {
        "digest": diary.digest.hexdigest(),
        "lines": len(diary.lines),
        "changes": watcher.events,
        "closings": watcher.closings,
        "visits": acts.visits,
        "power_cuts": acts.cuts,
        "troubles": acts.troubles.total(),
        "faults": dict(sorted(_ids(watcher.faults).items())),
        "problems": [*watcher.problems, *diary.problems],
    }


def _remote_stop(station: PinsStation) -> None:
    if station.transaction is not None and not station.stopping:
        station.stop("remote")


def _ids(faults: Counter[str]) -> Counter[str]:
    return Counter({fault.row.id: faults[fault.row.id] for fault in Fault if faults[fault.row.id]})


async def _healed(station: PinsStation, acts: Acts) -> list[str]:
    """End every trouble, plug a good car in: it must charge."""
    for verb, arguments in healing((NUMBER,)):
        acts.do(verb, arguments)
    if not station.powered:
        await asyncio.sleep(1_300)  # the longest power cut is over
    if station.transaction is not None:
        station.stop("healed")
    acts.do("unplug", {"outlet": NUMBER, "force": True})
    await asyncio.sleep(60)
    car = {"battery_wh": 200_000, "soc_percent": 0}
    acts.do("arrive", {"outlet": NUMBER, "cable_ma": 32_000, "car": car})
    acts.do("swipe", {"uid": CARDS[NUMBER]})
    until_s = station.loop.time() + AGAIN_S
    while station.loop.time() < until_s:
        await asyncio.sleep(1)
        if station.world.sample(NUMBER).contactor_closed:
            return []
    return [f"healed and plugged in anew, it does not charge; last: {list(station.last)}"]


def main() -> None:
    """Play, and print the figures as one line of JSON."""
    parser = argparse.ArgumentParser(prog="python -m tools.uml.day", description=__doc__)
    parser.add_argument("--hours", type=int, default=24)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--factory", default="gpiod", help="of the pins")
    args = parser.parse_args()
    STATE.mkdir(exist_ok=True)
    print(f"day: {json.dumps(asyncio.run(play(args.hours, args.seed, args.factory)))}")


if __name__ == "__main__":
    main()
