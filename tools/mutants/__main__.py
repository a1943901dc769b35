"""Plants one fault after the other in the pilot room and runs its tests until one fails.

A line for each mutant where there is no terminal, a table of all at the end, every survivor in
red; 1 if one survived, 2 if a mutant no longer fits the code or the tests fail without any.
"""

from __future__ import annotations

import argparse
import json
import os
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
from tools.mutants.table import ROOT, TABLE, Mutant, astray, mutants

HANGS_S = 1_800  # without using the processor; one that works for ever ends by itself
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
    console.print(f"{len(verdicts)} mutants, {len(verdicts) - len(survivors)} killed, "
                  f"{len(survivors)} survived")  # fmt: skip


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


def run(tasks: list[Task], jobs: int, console: Console) -> list[Verdict]:
    """Judge all, with a bar on a terminal and with lines elsewhere."""
    columns = (TextColumn("mutants"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    verdicts: list[Verdict] = []
    began_s = time.monotonic()
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        bar = progress.add_task("mutants", total=len(tasks))
        for verdict in judge(tasks, jobs):
            verdicts.append(verdict)
            progress.advance(bar)
            if not console.is_terminal:
                passed_s = time.monotonic() - began_s
                print(line(verdict, len(verdicts), len(tasks), passed_s), flush=True)
    return verdicts


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
    parser.add_argument("--table", type=Path, default=TABLE, help="another table of mutants")
    parser.add_argument("--tests", action="append", default=[], metavar="FILE",
                        help="only the tests of this file")  # fmt: skip
    parser.add_argument("--no-control", action="store_true", help="do not run the tests without")
    args = parser.parse_args()
    console = out()
    if problems := astray(ROOT, args.table):
        console.print("\n".join(problems), style="red", markup=False)
        return 2
    killers = remembered()
    files = test_files(args.tests)
    chosen = [m for m in mutants(args.table) if args.only is None or m.number in args.only]
    warm_up()
    if not args.no_control:
        (control,) = judge([Task(None, files=files)], 1)
        console.print(f"without any mutant: {control.tests} tests in {control.seconds:.1f} s")
        if control.killer:
            console.print(f"a test fails without any mutant: {control.killer}", style="red")
            return 2
    verdicts = run([Task(m, killers.get(key(m), ""), files) for m in chosen], args.jobs, console)
    killers |= {key(v.mutant): v.killer for v in verdicts if v.mutant is not None and v.tests}
    KILLERS.parent.mkdir(exist_ok=True)
    KILLERS.write_text(json.dumps(killers, indent=1) + "\n")
    show(verdicts, console)
    if any(v.killer.startswith(BROKEN) for v in verdicts):
        return 2
    return 1 if any(not v.killer for v in verdicts) else 0


if __name__ == "__main__":
    sys.exit(main())
