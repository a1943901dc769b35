"""The one SQLite connection of a process, with what makes it last and what repairs it.

WAL with synchronous=FULL: a commit that returned survives the loss of power. One connection
only: two can corrupt the SQLite of Debian 12. A damaged file is put aside, never deleted.
"""

from __future__ import annotations

import queue
import sqlite3
import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

Statement = tuple[str, Sequence[object]]
QUEUE_MAX = 1_000
RETRIES = 20  # of a commit that fails; half a second each, then nothing is to be expected
RETRY_S = 0.5


class Database:
    """A database brought to the newest migration; every `apply` is one durable transaction."""

    def __init__(
        self, path: Path | None, migrations: Sequence[str], synchronous: str = "FULL"
    ) -> None:
        """`path` None keeps everything in memory; `synchronous` is changed by tests only."""
        self.put_aside: Path | None = None
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self.connection = _open(path, migrations, synchronous)
        except sqlite3.DatabaseError as problem:
            busy = isinstance(problem, sqlite3.OperationalError)  # locked, full, unreadable
            if busy or path is None or not path.exists():
                raise
            self.put_aside = _put_aside(path)
            self.connection = _open(path, migrations, synchronous)

    def apply(self, statements: Iterable[Statement]) -> None:
        """Make all statements durable together, or none."""
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            for sql, values in statements:
                self.connection.execute(sql, values)
            self.connection.execute("COMMIT")
        except BaseException:
            if self.connection.in_transaction:  # some failures roll back by themselves
                self.connection.execute("ROLLBACK")
            raise

    def query(self, sql: str) -> Iterable[Sequence[Any]]:
        """Return the rows of a query."""
        return self.connection.execute(sql).fetchall()

    def close(self) -> None:
        """Close; safe to call twice."""
        self.connection.close()


class Writer(threading.Thread):
    """The writer thread: applies one job after the other and reports each; `None` ends it.

    A commit that fails is tried again for some seconds, while nothing that waits for it leaves
    the station; one that fails for good ends the process by `failed`: what was promised cannot
    be kept.
    """

    def __init__(
        self,
        database: Database,
        failed: Callable[[BaseException], None],
        troubled: Callable[[BaseException | None], None] | None = None,
        pause: Callable[[float], object] | None = None,
    ) -> None:
        """`troubled` hears of a first failure, and of the end of it by `None`."""
        super().__init__(name="storage", daemon=True)
        self.database = database
        self.failed = failed
        self.troubled = troubled or (lambda _problem: None)
        self.pause = pause or threading.Event().wait
        self.jobs: queue.Queue[tuple[list[Statement], Callable[[], None]] | None]
        self.jobs = queue.Queue(QUEUE_MAX)

    def submit(self, statements: list[Statement], done: Callable[[], None]) -> None:
        """Queue one transaction; `done` runs in this thread after the commit."""
        self.jobs.put_nowait((statements, done))

    def run(self) -> None:
        """Work until told to end."""
        while (job := self.jobs.get()) is not None:
            statements, done = job
            problem = self._apply(statements)
            if problem is not None:
                self.failed(problem)
                return
            done()

    def _apply(self, statements: list[Statement]) -> BaseException | None:
        """Return what is wrong for good; `None` when the commit is done."""
        for tried in range(RETRIES + 1):
            try:
                self.database.apply(statements)
            except (sqlite3.Error, OSError) as problem:
                last: BaseException = problem
                if tried == 0:
                    self.troubled(problem)
                self.pause(RETRY_S)
            else:
                if tried:
                    self.troubled(None)
                return None
        return last

    def finish(self) -> None:
        """Apply what is queued, then end and close."""
        self.jobs.put(None)
        self.join()
        self.database.close()


def _open(path: Path | None, migrations: Sequence[str], synchronous: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path or ":memory:", isolation_level=None, check_same_thread=False, timeout=0
    )
    try:
        if path is not None:
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {synchronous}")
        connection.execute("PRAGMA foreign_keys = ON")
        (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise sqlite3.DatabaseError(f"{path}: {verdict}")
        _migrate(connection, path, migrations)
    except BaseException:
        connection.close()
        raise
    return connection


def _migrate(connection: sqlite3.Connection, path: Path | None, migrations: Sequence[str]) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > len(migrations):
        raise RuntimeError(
            f"{path}: written by a newer firmware (schema {version}, this one knows "
            f"{len(migrations)}); install that firmware again or restore a backup"
        )
    if version == len(migrations):
        return
    connection.execute("BEGIN EXCLUSIVE")
    for script in migrations[version:]:
        for statement in script.split(";"):
            if statement.strip():
                connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {len(migrations)}")
    connection.execute("COMMIT")


def _put_aside(path: Path) -> Path:
    """Rename a damaged database and its journal; return where it is now."""
    number = 1
    while (aside := path.with_name(f"{path.name}.bad-{number}")).exists():
        number += 1
    path.rename(aside)
    for suffix in ("-wal", "-shm"):
        journal = path.with_name(path.name + suffix)
        if journal.exists():
            journal.rename(aside.with_name(aside.name + suffix))
    return aside
