"""Drives the shipped storage as a station does: stores of seeded writes over several boots.

Each acknowledged step is one line in the marks file, written after the commit has returned.
The steps are a function of the seed, so that a reader knows what each of them must have left.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from random import Random

from firmware.io.sqlite import Database, Writer
from firmware.model import storage as st
from firmware.model.session import Transaction
from firmware.model.values import Stamp, StopReason
from firmware.storage import rows, schema

Step = list[rows.Statement]
BOOTS = 4
QUEUED_MAX = 20


def boots(seed: int, stores: int) -> list[list[Step]]:
    """Return the steps of each boot; the first one counts the boot."""
    random = Random(f"workload {seed}")
    writes = _writes(random)
    numbers = iter(range(1, stores + 1))
    share = -(-stores // BOOTS)
    every: list[list[Step]] = []
    for _ in range(BOOTS):
        steps: list[Step] = [[rows.NEW_BOOT]]
        for _ in range(share):
            note = st.PutNote("step", str(next(numbers, stores)))
            store = [note, *(next(writes) for _ in range(random.choice((1, 1, 2, 3, 8))))]
            steps.append([s for write in store for s in rows.statements(write)])
        every.append(steps)
    return every


def _writes(random: Random) -> Iterator[st.Write]:
    """Sessions one after the other: begun, told, measured, ended, delivered; settings between."""
    seq = 0
    for number in range(1, 1_000_000):
        key, outlet = f"1-{number}", random.choice((1, 2))
        at = Stamp(1, number * 1_000, 1_760_000_000_000 + number)
        begun = Transaction(key, outlet, f"{number:08x}", at, number, number, at)
        queued = []
        for kind in ("start", *["meter"] * random.randrange(4), "stop"):
            seq += 1
            text = '{"sampledValue":"' + "x" * random.randrange(20, 3_000) + '"}'
            queued.append(st.OutboxEntry(seq, kind, key, text, at))
        yield st.PutTransaction(begun)
        for entry in queued[:-1]:
            yield st.PutOutbox(entry)
            yield st.PutRegister(key, number + entry.seq, at)
        yield st.PutTransactionId(key, number + 500)
        yield st.PutSetting(f"setting_{random.randrange(40)}", random.choice((None, "7", "on")))
        ended = Transaction(
            key, outlet, begun.token, at, number, number + seq, at,
            ended=at, stop_reason=StopReason.LOCAL,
        )  # fmt: skip
        yield st.PutTransaction(ended)
        yield st.PutOutbox(queued[-1])
        for entry in queued:
            yield st.DropOutbox(entry.seq)
        if random.random() < 0.9:
            yield st.DropTransaction(key)


def work(directory: Path, marks: Path, synchronous: str, steps: list[Step]) -> Writer:
    """Do the steps of one boot through the writer thread; the file stays open."""
    fd = os.open(marks, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    database = Database(directory / "station.db", schema.MIGRATIONS, synchronous)
    failed: list[BaseException] = []
    writer = Writer(database, failed.append)
    writer.start()
    for step in steps:
        writer.submit(step, lambda: _acknowledge(fd))
        if writer.jobs.qsize() > QUEUED_MAX:
            _drain(writer)
    _drain(writer)
    assert not failed, failed
    return writer


def _acknowledge(fd: int) -> None:
    os.write(fd, b"kept\n")


def _drain(writer: Writer) -> None:
    """Wait until the writer has done what is queued so far."""
    done = threading.Event()
    writer.submit([], done.set)
    assert done.wait(60), "the writer does not write"


def main() -> None:
    """Do one boot; every other one ends as a killed process does, its file never closed."""
    directory, marks, synchronous, seed, stores, boot = sys.argv[1:]
    steps = boots(int(seed), int(stores))[int(boot)]
    writer = work(Path(directory), Path(marks), synchronous, steps)
    if int(boot) % 2 == 0:
        os._exit(0)
    writer.finish()


if __name__ == "__main__":
    main()
