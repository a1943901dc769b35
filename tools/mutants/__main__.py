"""Makes one fault after the other in a copy of the tree and runs the fast tests of the pilot.

Prints a table and every survivor; 1 if one survived, 2 if a mutant no longer fits the code.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import Queue

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from tools.mutants.table import ROOM, ROOT, Astray, Mutant, astray, mutants

TAKEN = ("firmware", "hal", "boards", "tests", "tools", "docs", "spec", "pyproject.toml")
HANGS_S = 120  # a mutant that never ends is found as well
PURE = ("test_pilot_*.py", "test_contactor*.py", "test_mutant_*.py", "test_annex*.py")
SURVIVED = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one mutant."""

    mutant: Mutant
    killer: str  # the test that found it; empty: it survived
    seconds: float


def copied(folder: Path) -> Path:
    """Copy what the tests need of the tree."""
    for name in TAKEN:
        source = ROOT / name
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "data", "node_modules")
            shutil.copytree(source, folder / name, ignore=ignored)
        elif source.exists():
            shutil.copy(source, folder / name)
    return folder


def tested(tree: Path) -> str:
    """Run the fast tests in a tree; return the first that fails, or nothing."""
    found = [sorted((tree / "tests" / "pure").glob(pattern)) for pattern in PURE]
    files = [str(path.relative_to(tree)) for paths in found for path in paths]
    searches = [name for name in files if "search" in name]  # slow ones come last
    files = [name for name in files if name not in searches]
    # a room's own tests, then the laws of its machine
    for names, more in ((files, ()), (["tests/laws"], ("-k", "Pilot or pilot")), (searches, ())):
        command = [sys.executable, "-B", "-m", "pytest", "-x", "-q", "--tb=no", "-rfE",
                   "-p", "no:cacheprovider", "-p", "no:xdist", *more, *names]  # fmt: skip
        try:
            done = subprocess.run(
                command, cwd=tree, capture_output=True, text=True, timeout=HANGS_S,
                env={"PYTHONPATH": str(tree), "PATH": "/usr/bin:/bin"},
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return f"never ended within {HANGS_S} s"
        if done.returncode != SURVIVED:
            told = [line for line in done.stdout.splitlines() if line.startswith(("FAI", "ERR"))]
            return told[0].split(" - ")[0].split("::")[-1] if told else done.stdout[-300:]
    return ""


def judge(chosen: Iterable[Mutant], jobs: int, advance: Callable[[], None]) -> list[Verdict]:
    """Make and test each mutant, so many at a time."""
    with tempfile.TemporaryDirectory(prefix="powerstation-mutants-") as folder:
        trees: Queue[Path] = Queue()
        for number in range(jobs):
            trees.put(copied(Path(folder) / str(number)))
        if killer := tested(Path(folder) / "0"):
            raise Astray(f"without any mutant a test fails: {killer}")

        def one(mutant: Mutant) -> Verdict:
            tree = trees.get()
            path = tree / ROOM / mutant.file
            good = path.read_text()
            began_s = time.monotonic()
            try:
                path.write_text(mutant.applied(good))
                return Verdict(mutant, tested(tree), time.monotonic() - began_s)
            finally:
                path.write_text(good)
                trees.put(tree)
                advance()

        with ThreadPoolExecutor(jobs) as pool:
            return list(pool.map(one, chosen))


def show(verdicts: list[Verdict], console: Console) -> None:
    """Print the table and the sum."""
    table = Table("", "file", "what it means", "found by", "s")
    for v in verdicts:
        killer = v.killer or "[red]SURVIVED"
        m = v.mutant
        table.add_row(str(m.number), m.file, m.means, killer, f"{v.seconds:.1f}")
    console.print(table)
    survivors = [v for v in verdicts if not v.killer]
    console.print(f"{len(verdicts)} mutants, {len(verdicts) - len(survivors)} killed, "
                  f"{len(survivors)} survived")  # fmt: skip


def main() -> int:
    """Judge all mutants, or one."""
    parser = argparse.ArgumentParser(prog="python -m tools.mutants", description=__doc__)
    parser.add_argument("--only", type=int, action="append", metavar="N", help="this number only")
    parser.add_argument("--jobs", type=int, default=2, help="so many at a time")
    args = parser.parse_args()
    console = Console()
    if problems := astray():
        console.print("\n".join(problems), style="red", markup=False)
        return 2
    chosen = [m for m in mutants() if args.only is None or m.number in args.only]
    columns = (TextColumn("mutants"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        bar = progress.add_task("mutants", total=len(chosen))
        try:
            verdicts = judge(chosen, args.jobs, lambda: progress.advance(bar))
        except Astray as problem:
            console.print(str(problem), style="red", markup=False)
            return 2
    show(verdicts, console)
    return 1 if any(not v.killer for v in verdicts) else 0


if __name__ == "__main__":
    sys.exit(main())
