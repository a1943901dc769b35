"""The campaign: record a workload, cut its log at many points, judge what each cut left.

With synchronous=OFF the same campaign has to show losses, or it proves nothing.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from firmware.io.sqlite import Database
from firmware.model.session import Transaction
from firmware.model.storage import Memory
from firmware.storage import rows, schema
from tools.powercut.cut import Disk, Operation, operations
from tools.powercut.workload import BOOTS, boots

ROOT = Path(__file__).parents[2]
SOURCE = Path(__file__).with_name("oplog.c")
IN_FLIGHT_MAX = 2  # steps that a cut may have kept beyond the acknowledged ones
Kept = tuple[Memory, tuple[Transaction, ...]]


@dataclass(slots=True)
class Verdict:
    """What the cuts of one campaign left."""

    synchronous: str
    seed: int
    cuts: int = 0
    operations: int = 0
    steps: int = 0
    whole: int = 0  # everything acknowledged is there
    lost: int = 0  # an earlier state: acknowledged steps are gone
    lost_steps_max: int = 0
    unreadable: int = 0  # could not be opened, or was put aside
    damaged: int = 0  # opens, but is no state that ever was
    first_bad: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Nothing lost, unreadable or damaged."""
        return self.cuts > 0 and self.whole == self.cuts


def campaign(
    seed: int,
    cuts: int,
    synchronous: str = "FULL",
    *,
    stores: int = 400,
    progress: Callable[[], None] = lambda: None,
) -> Verdict:
    """Record one workload and judge so many cuts of it."""
    with _scratch() as scratch:
        log = record(scratch, seed, stores, synchronous)
        every = list(operations(log))
        kept = states(seed, stores)
        verdict = Verdict(synchronous, seed, operations=len(every), steps=len(kept) - 1)
        for point, acknowledged, files in _cut(every, seed, cuts):
            _judge(scratch / "cut", files, (point, acknowledged), kept, verdict)
            progress()
    return verdict


def build(directory: Path) -> Path:
    """Compile the recorder; return the library."""
    library = directory / "oplog.so"
    command = ["cc", "-O2", "-fPIC", "-shared", "-o", str(library), str(SOURCE), "-lpthread"]
    subprocess.run(command, check=True, capture_output=True, text=True)
    return library


def record(scratch: Path, seed: int, stores: int, synchronous: str) -> Path:
    """Run the boots of a workload, each in a process of its own; return the log."""
    state, log, marks = scratch / "state", scratch / "log", scratch / "marks"
    state.mkdir()
    recorder = {
        "LD_PRELOAD": str(build(scratch)),
        "OPLOG_DIR": str(state),
        "OPLOG_LOG": str(log),
        "OPLOG_MARKS": str(marks),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    words = [str(state), str(marks), synchronous, str(seed), str(stores)]
    for boot in range(BOOTS):
        command = [sys.executable, "-m", "tools.powercut.workload", *words, str(boot)]
        subprocess.run(command, check=True, cwd=ROOT, env=os.environ | recorder)
    return log


def states(seed: int, stores: int) -> list[Kept]:
    """Return what must be there after each number of steps, from a database in memory."""
    database = Database(None, schema.MIGRATIONS)
    kept = [_kept(database)]
    for steps in boots(seed, stores):
        for step in steps:
            database.apply(step)
            kept.append(_kept(database))
    return kept


def _kept(database: Database) -> Kept:
    return rows.memory(database.query), rows.history(database.query)


def _cut(
    every: list[Operation], seed: int, cuts: int
) -> Iterator[tuple[int, int, dict[str, bytes]]]:
    """Yield cut point, acknowledged steps and files, in the order of the log."""
    random = Random(f"cuts {seed}")
    points = sorted(random.choices(range(1, len(every) + 1), k=cuts))
    disk, done = Disk(), 0
    for point in points:
        for operation in every[done:point]:
            disk.take(operation)
        done = point
        yield point, disk.marks, disk.after_cut(random)


def _judge(
    directory: Path,
    files: dict[str, bytes],
    where: tuple[int, int],
    kept: list[Kept],
    verdict: Verdict,
) -> None:
    point, acknowledged = where
    directory.mkdir(exist_ok=True)
    for old in directory.iterdir():
        old.unlink()
    for name, data in files.items():
        if Path(name).name.startswith("station.db"):
            (directory / Path(name).name).write_bytes(data)
    verdict.cuts += 1
    found = _found(directory / "station.db")
    if found in kept[acknowledged : acknowledged + 1 + IN_FLIGHT_MAX]:
        verdict.whole += 1
        return
    if found is None:
        verdict.unreadable += 1
        what = "unreadable"
    elif found in kept[:acknowledged]:
        verdict.lost += 1
        missing = acknowledged - kept.index(found)
        verdict.lost_steps_max = max(verdict.lost_steps_max, missing)
        what = f"{missing} acknowledged steps lost"
    else:
        verdict.damaged += 1
        what = "a state that never was"
    if len(verdict.first_bad) < 3:
        text = f"seed {verdict.seed}, operation {point}, {acknowledged} acknowledged: {what}"
        verdict.first_bad.append(text)


def _found(path: Path) -> Kept | None:
    """Return what the shipped code reads from a file after a cut; `None` if it could not."""
    try:
        database = Database(path, schema.MIGRATIONS)
    except (sqlite3.Error, OSError, RuntimeError):
        return None
    try:
        if database.put_aside is not None:
            return None
        found = _kept(database)
        database.apply([rows.NEW_BOOT])  # and it can be written again
        return found
    except (sqlite3.Error, ValueError):
        return None
    finally:
        database.close()


@contextmanager
def _scratch() -> Iterator[Path]:
    """A directory in memory where there is one: cuts need no real disk."""
    memory = Path("/dev/shm")
    place = memory if os.access(memory, os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=place, prefix="powercut-") as name:
        yield Path(name)
