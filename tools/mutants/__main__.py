"""Plants one fault after the other in the pilot room, or where a table says, until a test fails.

A line for each mutant where there is no terminal, a table of all at the end, every survivor in
red; 1 if one survived, 2 if a mutant no longer fits the code or the tests fail without any.
`--table drivers`: a call of a library each, with the test that must miss it; those of the virtual
station in one machine.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from tools.mutants.nursery import BROKEN, WORKS_S, Task, judged, test_files, warm_up
from tools.mutants.table import ROOT, TABLE, Mutant, astray, mutants, table_file
from tools.uml.run import inside, python

HANGS_S = 1_800  # without using the processor; one that works for ever ends by itself
INSIDE = "POWERSTATION_INSIDE" in os.environ
TOLD = "verdict: "  # by the virtual station
STATION_S = 1_200
KILLERS = ROOT / "build" / "mutants.json"  # who found which mutant last time


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one mutant, or of the control."""

    mutant: Mutant | None
    killer: str  # the test that found it; empty: it survived
    tests: int  # that ran until then
    seconds: float


def judge(tasks: list[Task], jobs: int) -> Iterator[Verdict]:
    """Test each mutant in a process of its own, so many at a time; yield them as they end."""
    context = get_context("fork")
    to_come = list(reversed(tasks))
    running: dict[Connection, tuple[Task, float]] = {}
    children: dict[Connection, Any] = {}
    while to_come or running:
        while to_come and len(running) < jobs:
            task = to_come.pop()
            ours, theirs = context.Pipe(duplex=False)
            children[ours] = context.Process(target=judged, args=(task, theirs), daemon=True)
            children[ours].start()
            theirs.close()
            running[ours] = (task, time.monotonic())
        ready = wait(list(running), 1.0)
        for ours in list(running):
            task, began_s = running[ours]
            taken_s = time.monotonic() - began_s
            if ours in ready:
                killer, tests = _answer(ours, children[ours])
            elif taken_s > HANGS_S:
                killer, tests = f"never ended within {HANGS_S} s", 0
            else:
                continue
            children[ours].kill()
            children.pop(ours).join()
            del running[ours]
            yield Verdict(task.mutant, killer, tests, taken_s)


def _answer(ours: Connection, child: Any) -> tuple[str, int]:
    try:
        killer, tests = ours.recv()
    except EOFError:
        child.join()
        if child.exitcode == -signal.SIGXCPU:
            return f"never ended within {WORKS_S} s of work", 0
        return f"it brought its process down ({child.exitcode})", 0
    return killer, tests


def key(mutant: Mutant) -> str:
    """Return what tells a mutant from all others when rows were added before it."""
    return f"{mutant.file}: {mutant.was} -> {mutant.now}"


def show(verdicts: list[Verdict], console: Console) -> None:
    """Print the table and the sum."""
    table = Table("", "file", "what it means", "found by", "tests", "s")
    for v in sorted(verdicts, key=lambda v: v.mutant.number if v.mutant else 0):
        m = v.mutant
        assert m is not None
        killer = v.killer.split("::")[-1] or "[red]SURVIVED"
        table.add_row(str(m.number), m.file, m.means, killer, str(v.tests), f"{v.seconds:.1f}")
    console.print(table)
    for v in verdicts:
        if not v.killer and v.mutant is not None:
            told = f"SURVIVED: {v.mutant}: {v.mutant.was!r} became {v.mutant.now!r}"
            console.print(told, style="red", highlight=False, markup=False, soft_wrap=True)
    survivors = [v for v in verdicts if not v.killer]
    broken = [v for v in verdicts if v.killer.startswith(BROKEN)]
    for v in broken[:1]:
        console.print(v.killer, style="red", highlight=False, markup=False, soft_wrap=True)
    killed = len(verdicts) - len(survivors) - len(broken)
    console.print(f"{len(verdicts)} mutants, {killed} killed, {len(survivors)} survived"
                  + f", {len(broken)} not judged" * bool(broken))  # fmt: skip


def line(verdict: Verdict, done: int, total: int, passed_s: float) -> str:
    """Return what is told of one mutant where there is no terminal."""
    m = verdict.mutant
    assert m is not None
    left_s = passed_s / done * (total - done)
    killer = verdict.killer.split("::")[-1] or "SURVIVED"
    return (
        f"[{done}/{total}] {m.number:3} {m.file}: {m.means}: {killer} "
        f"({verdict.tests} tests, {verdict.seconds:.1f} s; {left_s:.0f} s to go)"
    )


def tell(verdict: Verdict) -> None:
    """Tell a verdict to whoever has started this machine."""
    number = verdict.mutant.number if verdict.mutant else 0
    told = [number, verdict.killer, verdict.tests, verdict.seconds]
    print(f"\n{TOLD}{json.dumps(told)}", flush=True)


def run(tasks: list[Task], jobs: int, console: Console) -> list[Verdict]:
    """Judge all, with a bar on a terminal and with lines elsewhere."""
    columns = (TextColumn("mutants"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    quiet = INSIDE or not console.is_terminal
    verdicts: list[Verdict] = []
    began_s = time.monotonic()
    with Progress(*columns, console=console, disable=quiet) as progress:
        bar = progress.add_task("mutants", total=len(tasks))
        for verdict in judge(tasks, jobs):
            verdicts.append(verdict)
            progress.advance(bar)
            if INSIDE:
                tell(verdict)
            elif not console.is_terminal:
                passed_s = time.monotonic() - began_s
                print(line(verdict, len(verdicts), len(tasks), passed_s), flush=True)
    return verdicts


def judge_inside(table: Path, chosen: list[Mutant], control: bool) -> Iterator[Verdict]:
    """Judge mutants in one virtual station; its control, if wanted, comes first."""
    only = [word for m in chosen for word in ("--only", m.number)]
    words = [
        "--table",
        table.absolute(),
        "--jobs",
        1,
        *only,
        *([] if control else ["--no-control"]),
    ]
    command = map(str, [python(), "-m", "tools.mutants", *words])
    result = inside(
        list(command), time_travel=True, limit_s=STATION_S, keep=[table.absolute().parent]
    )
    by_number = {m.number: m for m in chosen}
    told = [json.loads(each) for each in re.findall(rf"^{TOLD}(.*)$", result.output, re.M)]
    for number, *rest in told:
        yield Verdict(by_number.pop(number, None), *rest)
    for mutant in by_number.values():
        yield Verdict(mutant, f"{BROKEN}the station told nothing: {result.told[-2_000:]}", 0, 0.0)


def remembered(path: Path = KILLERS) -> dict[str, str]:
    """Return who found which mutant last time."""
    try:
        return dict(json.loads(path.read_text()))
    except (OSError, ValueError):
        return {}


def main(out: Callable[[], Console] = Console) -> int:
    """Judge all mutants, or some."""
    parser = argparse.ArgumentParser(prog="python -m tools.mutants", description=__doc__)
    parser.add_argument("--only", type=int, action="append", metavar="N", help="this number only")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="so many at a time")
    parser.add_argument("--table", type=table_file, default=TABLE, metavar="TABLE",
                        help="another table of mutants: drivers, or a file")  # fmt: skip
    parser.add_argument("--tests", action="append", default=[], metavar="FILE",
                        help="only the tests of this file")  # fmt: skip
    parser.add_argument("--no-control", action="store_true", help="do not run the tests without")
    args = parser.parse_args()
    console = out()
    if problems := astray(ROOT, args.table):
        console.print("\n".join(problems), style="red", markup=False)
        return 2
    files = test_files(args.tests)
    chosen = [m for m in mutants(args.table) if args.only is None or m.number in args.only]
    here = [m for m in chosen if INSIDE or not m.inside]
    there = [m for m in chosen if m not in here]
    verdicts: list[Verdict] = []
    controls: list[Verdict] = []
    if here:
        warm_up()
        named = tuple(dict.fromkeys(m.test for m in here if m.test))
        if not args.no_control:
            controls += judge([Task(None, files=named or files)], 1)
        if all(not control.killer for control in controls):
            verdicts += judge_here(here, files, args.jobs, console)
    if there:
        told = list(judge_inside(args.table, there, not args.no_control))
        controls += [v for v in told if v.mutant is None]
        verdicts += [v for v in told if v.mutant is not None]
    return end(verdicts, controls, console)


def judge_here(
    chosen: list[Mutant], files: tuple[str, ...], jobs: int, console: Console
) -> list[Verdict]:
    """Judge mutants on this machine, the killers of last time first."""
    killers = remembered()
    tasks = [Task(m, killers.get(key(m), ""), (m.test,) if m.test else files) for m in chosen]
    verdicts = run(tasks, jobs, console)
    killers |= {key(v.mutant): v.killer for v in verdicts if v.mutant is not None and v.tests}
    with contextlib.suppress(OSError):  # the virtual station's disk is read-only
        KILLERS.parent.mkdir(exist_ok=True)
        KILLERS.write_text(json.dumps(killers, indent=1) + "\n")
    return verdicts


def end(verdicts: list[Verdict], controls: list[Verdict], console: Console) -> int:
    """Show everything and return the exit code."""
    for control in controls:
        if INSIDE:
            tell(control)
        console.print(f"without any mutant: {control.tests} tests in {control.seconds:.1f} s")
        if control.killer:
            console.print(f"a test fails without any mutant: {control.killer}", style="red")
    if any(control.killer for control in controls):
        return 2
    if not INSIDE:
        show(verdicts, console)
    if any(v.killer.startswith(BROKEN) for v in verdicts):
        return 2
    return 1 if any(not v.killer for v in verdicts) else 0


if __name__ == "__main__":
    sys.exit(main())
