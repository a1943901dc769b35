"""Runs the long campaigns and prints their figures; 1 if anything was wrong.

All sequences of six events to an outlet, all orders of five events to a session, worlds of a day
full of trouble, faults made on purpose in the pilot room, sessions with power cuts in virtual
time, kills of real processes, cut points of the storage with their control, the recorded
sessions, charging profiles against an oracle, allocations against the optimum, load
management on bad networks, faults of a card reader, and hours on virtual hardware.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

from firmware.apps.commands import REPLAY_SETTINGS
from firmware.sim.books import Outcome
from firmware.sim.powercuts import play
from firmware.sim.replay import Replay, read_csv
from firmware.sim.search import STARTS, sequences_of
from hal.board import load_board
from tools.fuzz.campaign import campaign as campaign_of_frames
from tools.mutants.table import mutants
from tools.powercut.campaign import campaign
from tools.soak import allocation, erratic, faults_on_purpose, reader, sites
from tools.soak.crowd import Advance
from tools.soak.kills import trial
from tools.soak.orders import orders, orders_of
from tools.soak.profiles import profiles
from tools.soak.sequences import sequences
from tools.soak.worlds import worlds
from tools.uml import hours
from tools.uml.stories import play as play_inside

ROOT = Path(__file__).parents[2]
STORIES = sorted((ROOT / "tests" / "stories").glob("*.story"))
PINS_SEED = 9
RECORDED = ROOT / "tests" / "data" / "caltech_sessions_2019-03a.csv"


@dataclass(slots=True)
class Result:
    """The figures of one campaign."""

    name: str
    seeds: str
    figures: dict[str, object]
    problems: list[str] = field(default_factory=list)
    wall_s: float = 0.0
    cpu_s: float = 0.0


def every_sequence(count: int, advance: Advance) -> Result:
    """Every sequence of up to so many events, each distinct step executed."""
    return Result("sequences", "none is drawn", *sequences(count, advance))


def every_order(count: int, advance: Advance) -> Result:
    """Every order of so many cards, plugs, requests and troubles, under every policy."""
    return Result("orders", "none is drawn", *orders(count, advance))


def days(count: int, advance: Advance) -> Result:
    """Worlds of 24 hours with misbehaving cars and hardware."""
    return Result("worlds", f"0–{count - 1}", *worlds(count, advance))


def erratic_days(count: int, advance: Advance) -> Result:
    """Days with an erratic back end and power cuts: its ledger is the meter, Wh for Wh."""
    return erratic_part(range(count), advance)


def erratic_part(seeds: range, advance: Advance) -> Result:
    """Some of these days: all of them take longer than some evenings."""
    return Result("erratic", f"{seeds[0]}–{seeds[-1]}", *erratic.days(seeds, advance))


def fuzzed(count: int, advance: Advance) -> Result:
    """Frames that a back end should not send: nothing raises, hangs or silences the station."""
    return Result("fuzz", "0", *campaign_of_frames(count, advance))


def planted(_count: int, advance: Advance) -> Result:
    """Faults made on purpose in the pilot room: a test must find each."""
    return Result("mutants", "none is drawn", *faults_on_purpose.judged(advance))


def charging(count: int, advance: Advance) -> Result:
    """Random sets of charging profiles against the oracle, second by second."""
    return Result("profiles", f"0–{count - 1}", *profiles(count, advance))


def allocations(count: int, advance: Advance) -> Result:
    """Random trees of fuses and cars: bounds, certificate, optimum, the order of sending."""
    return Result("allocation", f"0–{count - 1}", *allocation.allocations(count, advance))


def site_hours(count: int, advance: Advance) -> Result:
    """Load management on networks that lose, delay and part: never over a fuse."""
    return Result("sites", f"0–{count - 1}", *sites.hours(count, advance))


def reader_faults(count: int, advance: Advance) -> Result:
    """A card reader with faults in its answers and its port: each time it is back."""
    return Result("reader", f"0–{count - 1}", *reader.faults(count, advance))


def powercuts(count: int, advance: Advance) -> Result:
    """Sessions in virtual time, the power cut at any wish or instant."""
    board = load_board(ROOT / "boards" / "mock.toml")
    return _outcomes("power cuts", [_stepped(play(n, board), advance) for n in range(count)])


def kills(count: int, advance: Advance) -> Result:
    """Real processes, really killed."""
    result = _outcomes("kills", [_stepped(trial(seed), advance) for seed in range(count)])
    del result.figures["resumed"]  # nobody counts these here
    return result


def durability(count: int, advance: Advance) -> Result:
    """Cut points of the storage as shipped; a tenth as many without any sync as the control."""
    seeds = range(1, 5)
    shipped = [campaign(seed, count // len(seeds), progress=advance) for seed in seeds]
    control = campaign(1, count // 10, "OFF", progress=advance)
    problems = [bad for verdict in shipped for bad in verdict.first_bad]
    if not control.lost or not control.unreadable:
        problems.append("the control without syncs lost nothing: these cuts prove nothing")
    figures: dict[str, object] = {
        "cut points": sum(v.cuts for v in shipped),
        "acknowledged steps lost": sum(v.lost for v in shipped),
        "unreadable": sum(v.unreadable for v in shipped),
        "damaged": sum(v.damaged for v in shipped),
        "file operations": sum(v.operations for v in shipped),
        "commits": sum(v.steps for v in shipped),
        "control OFF": f"{control.cuts} cuts: {control.lost} lost (up to "
        f"{control.lost_steps_max} commits), {control.unreadable} unreadable, "
        f"{control.damaged} damaged",
    }
    return Result("durability", f"{seeds[0]}–{seeds[-1]}", figures, problems)


def replay(count: int, advance: Advance) -> Result:
    """The recorded sessions through whole stations."""
    sessions, midnight = read_csv(RECORDED)
    told = 0

    def progress(passed_ms: int, all_ms: int) -> None:
        nonlocal told
        for _ in range(told, count * passed_ms // all_ms):
            told += 1
            advance()

    board = load_board(ROOT / "boards" / "mock.toml")
    ledger = Replay(sessions[:count], midnight, board, settings=REPLAY_SETTINGS).run(progress)
    problems = [*ledger.lost, *ledger.duplicated, *ledger.different, *ledger.wire_problems]
    figures: dict[str, object] = {
        "sessions": len(ledger.played),
        "lost": len(ledger.lost),
        "duplicated": len(ledger.duplicated),
        "different": len(ledger.different),
        "meter Wh": ledger.meter_wh,
        "back end Wh": ledger.backend_wh,
        "frames": ledger.frames,
    }
    return Result("replay", "0", figures, problems)


def pins(count: int, advance: Advance) -> Result:
    """Hours over the shipped drivers, in the virtual station where time travels."""
    told = hours.play(count, PINS_SEED, advance)
    problems = told.pop("problems")
    del told["story"]
    return Result("pins", str(told.pop("seed")), told, problems)


def twice(count: int, advance: Advance) -> Result:
    """The same hour on two virtual stations at once: not a line may differ."""
    with ThreadPoolExecutor(count) as pool:
        runs = list(pool.map(lambda _: hours.play(1, PINS_SEED, advance), range(count)))
    digests = [run["digest"] for run in runs]
    problems = [problem for run in runs for problem in run["problems"]]
    if len(set(digests)) > 1:
        problems.append(f"the same hour told different stories: {digests}")
        problems.append(hours.difference([run["story"] for run in runs]) or "the lines are equal")
    left_out = ("problems", "seed", "story")
    first = {key: value for key, value in runs[0].items() if key not in left_out}
    return Result("twice", str(PINS_SEED), {"runs": count, **first}, problems)


def stories(count: int, advance: Advance) -> Result:
    """Every story over the shipped drivers, on a virtual station each."""
    verdicts: Counter[str] = Counter()
    problems = []
    for file in STORIES[:count]:
        outcome = play_inside(file)
        verdicts[outcome["verdict"]] += 1
        if outcome["verdict"] not in ("held", "skipped"):
            problems.append(f"{file.name}: {outcome['verdict']}: {outcome['reason']}")
        advance()
    return Result("stories", "none is drawn", dict(verdicts), problems)


# name: campaign, how many, how many in a quick look
CAMPAIGNS: dict[str, tuple[Callable[[int, Advance], Result], int, int]] = {
    "sequences": (every_sequence, 6, 4),
    "orders": (every_order, 5, 2),
    "worlds": (days, 1_000, 10),
    "erratic": (erratic_days, 500, 6),
    "fuzz": (fuzzed, 1_000_000, 10_000),
    "profiles": (charging, 2_000, 60),
    "allocation": (allocations, 20_000, 200),
    "sites": (site_hours, 500, 4),
    "reader": (reader_faults, 1_000, 20),
    "mutants": (planted, len(mutants()), len(mutants())),
    "powercuts": (powercuts, 200, 20),
    "kills": (kills, 50, 3),
    "durability": (durability, 2_000, 100),
    "replay": (replay, 475, 40),
    "stories": (stories, len(STORIES), 1),
    "twice": (twice, 2, 2),
    "pins": (pins, 24, 1),
}


def _stepped(outcome: Outcome, advance: Advance) -> Outcome:
    advance()
    return outcome


def _outcomes(name: str, outcomes: list[Outcome]) -> Result:
    """Add up what became of all seeds."""
    words = {
        "cuts": "cuts",
        "transactions": "transactions",
        "lost": "lost",
        "duplicated": "duplicated",
        "resumed": "resumed",
        "power_loss_stops": "PowerLoss stops",
        "unbilled_wh": "Wh after the last durable register",
        "retransmissions": "retransmissions",
        "frames": "frames",
    }
    figures: dict[str, object] = {"sessions": len(outcomes)}
    for attribute, text in words.items():
        figures[text] = sum(getattr(outcome, attribute) for outcome in outcomes)
    problems = [f"seed {o.seed}: {problem}" for o in outcomes for problem in o.problems]
    figures["failing seeds"] = [o.seed for o in outcomes if o.problems] or "none"
    return Result(name, f"0–{len(outcomes) - 1}", figures, problems)


def run(names: Iterable[str], quick: bool, console: Console) -> list[Result]:
    """Run campaigns one after the other, with a bar for each."""
    results: list[Result] = []
    columns = (
        TextColumn("{task.description:12}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress:
        for name in names:
            work, full, few = CAMPAIGNS[name]
            count = few if quick else full
            total = _total(name, count)
            steps = Steps(name, total, console, progress, progress.add_task(name, total=total))
            began_s, cpu_s = time.monotonic(), _cpu_s()
            result = work(count, steps)
            result.wall_s, result.cpu_s = time.monotonic() - began_s, _cpu_s() - cpu_s
            results.append(result)
    return results


@dataclass(slots=True)
class Steps:
    """Moves a bar; without a terminal it tells every tenth in a line."""

    name: str
    total: int
    console: Console
    progress: Progress
    bar: TaskID
    done: int = 0
    began_s: float = field(default_factory=time.monotonic)

    def __call__(self, steps: int = 1) -> None:
        """So many steps are done."""
        before, self.done = self.done, self.done + steps
        self.progress.advance(self.bar, steps)
        tenth = self.done * 10 // self.total
        if tenth > before * 10 // self.total and not self.console.is_terminal:
            passed_s = time.monotonic() - self.began_s
            print(f"{self.name}: {tenth * 10} %, {self.done:,} in {passed_s:.0f} s", flush=True)


def _total(name: str, count: int) -> int:
    """Return how many steps the bar of a campaign has."""
    if name == "orders":
        return orders_of(count)
    if name == "sequences":
        return len(STARTS) * sequences_of(count)
    return count + count // 10 if name == "durability" else count


def _cpu_s() -> float:
    return sum(
        use.ru_utime + use.ru_stime for use in map(getrusage, (RUSAGE_SELF, RUSAGE_CHILDREN))
    )


def show(results: list[Result], console: Console) -> None:
    """Print the figures and every problem."""
    for result in results:
        verdict = f"[red]{len(result.problems)} problems" if result.problems else "[green]clean"
        table = Table(title=f"{result.name}: {verdict}", show_header=False, title_justify="left")
        for name, value in {"seeds": result.seeds, **result.figures}.items():
            table.add_row(name, str(value))
        table.add_row("wall, CPU", f"{result.wall_s:.1f} s, {result.cpu_s:.1f} s")
        console.print(table)
        for problem in result.problems:
            console.print(problem, style="red", highlight=False, markup=False)


def _seeds(text: str) -> range:
    """Return the seeds of `FIRST-LAST`; raise `ValueError`."""
    first, _, last = text.partition("-")
    seeds = range(int(first), int(last) + 1)
    if not seeds:
        raise ValueError(text)
    return seeds


def main() -> int:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m tools.soak", description=__doc__)
    parser.add_argument("--only", choices=CAMPAIGNS, action="append", help="this one only")
    parser.add_argument("--quick", action="store_true", help="the slice that the tests run")
    parser.add_argument(
        "--seeds",
        type=_seeds,
        metavar="FIRST-LAST",
        help="a part of the erratic days, e.g. 125-249",
    )
    args = parser.parse_args()
    console = Console()
    if args.seeds is not None:
        if args.only != ["erratic"]:
            parser.error("--seeds goes with --only erratic")
        CAMPAIGNS["erratic"] = (
            lambda _count, advance: erratic_part(args.seeds, advance),
            len(args.seeds),
            len(args.seeds),
        )
    results = run(args.only or CAMPAIGNS, args.quick, console)
    show(results, console)
    return 1 if any(result.problems for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())
