"""The database: all migrations or none, newer schemas refused, damage put aside, cuts survived."""

import os
import signal
import sqlite3
import subprocess
import sys

import pytest

from firmware.io.sqlite import Database
from firmware.storage.rows import NEW_BOOT, memory
from firmware.storage.schema import MIGRATIONS

ONE, TWO = "CREATE TABLE a (x); INSERT INTO a VALUES (1);", "CREATE TABLE b (y);"
BAD = "CREATE TABLE c (z); INSERT INTO nowhere VALUES (1);"


def state(path):
    """Return version and tables of a file, seen by nobody of ours."""
    connection = sqlite3.connect(path)
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    names = connection.execute("SELECT name FROM sqlite_master ORDER BY name").fetchall()
    connection.close()
    return version, [name for (name,) in names]


def test_a_new_file_is_brought_to_the_newest(tmp_path):
    database = Database(tmp_path / "state" / "x.db", [ONE, TWO])
    assert list(database.query("SELECT x FROM a")) == [(1,)]
    database.close()
    assert state(tmp_path / "state" / "x.db") == (2, ["a", "b"])


def test_an_old_file_gets_only_what_it_lacks(tmp_path):
    Database(tmp_path / "x.db", [ONE]).close()
    Database(tmp_path / "x.db", [ONE, TWO]).close()
    database = Database(tmp_path / "x.db", [ONE, TWO])
    assert list(database.query("SELECT x FROM a")) == [(1,)]


@pytest.mark.parametrize("before, version, names", [([], 0, []), ([ONE], 1, ["a"])])
def test_if_one_migration_fails_the_file_is_as_it_was(tmp_path, before, version, names):
    path = tmp_path / "x.db"
    if before:
        Database(path, before).close()
    with pytest.raises(sqlite3.OperationalError, match="nowhere"):
        Database(path, [ONE, TWO, BAD])
    assert state(path) == (version, names)


def test_a_newer_schema_is_refused_with_a_sentence_and_not_touched(tmp_path):
    path = tmp_path / "x.db"
    Database(path, [ONE, TWO]).close()
    with pytest.raises(RuntimeError, match=r"newer firmware \(schema 2, this one knows 1\)"):
        Database(path, [ONE])
    assert state(path) == (2, ["a", "b"])
    assert [one.name for one in tmp_path.glob("*.bad*")] == []


@pytest.mark.parametrize("number", [1, 2])
def test_a_damaged_file_is_put_aside_and_a_new_one_begun(tmp_path, number):
    path = tmp_path / "x.db"
    for _ in range(number):
        path.write_bytes(b"no database at all" * 100)
        database = Database(path, [ONE])
        database.close()
    assert database.put_aside == tmp_path / f"x.db.bad-{number}"
    assert database.put_aside.read_bytes() == b"no database at all" * 100
    assert state(path) == (1, ["a"])


def test_a_file_that_another_process_holds_is_no_damage(tmp_path):
    path = tmp_path / "x.db"
    first = Database(path, [ONE])
    first.apply([("INSERT INTO a VALUES (2)", ())])
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        Database(path, [ONE])
    assert not list(tmp_path.glob("*.bad*"))


def test_statements_are_durable_together_or_not_at_all():
    database = Database(None, [ONE])
    with pytest.raises(sqlite3.OperationalError):
        database.apply([("INSERT INTO a VALUES (2)", ()), ("INSERT INTO nowhere VALUES (1)", ())])
    assert list(database.query("SELECT x FROM a")) == [(1,)]
    database.apply([("INSERT INTO a VALUES (3)", ())])
    assert list(database.query("SELECT x FROM a")) == [(1,), (3,)]


def test_the_schema_of_the_firmware_can_be_read_at_once():
    database = Database(None, MIGRATIONS)
    database.apply([NEW_BOOT])
    assert memory(database.query).boot == 1


WRITER = """
import sys
from pathlib import Path
from firmware.io.sqlite import Database
database = Database(Path(sys.argv[1]), ["CREATE TABLE a (x)"])
number = 0
while True:
    number += 1
    rows = [("INSERT INTO a VALUES (?)", (x,)) for x in (number, -number)]
    database.apply(rows)
    print(number, flush=True)
"""


def test_after_kill_9_everything_told_is_there_in_whole_steps(tmp_path, repository):
    path = tmp_path / "x.db"
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)], cwd=repository, stdout=subprocess.PIPE, text=True
    )
    told = [int(writer.stdout.readline()) for _ in range(20)]
    os.kill(writer.pid, signal.SIGKILL)
    writer.wait()
    writer.stdout.close()
    database = Database(path, ["CREATE TABLE a (x)"])
    numbers = [x for (x,) in database.query("SELECT x FROM a ORDER BY rowid")]
    assert database.put_aside is None
    assert numbers[: 2 * len(told)] == [sign * n for n in told for sign in (1, -1)]
    assert sum(numbers) == 0
