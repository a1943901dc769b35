"""The writer thread: a commit that fails is tried again, told of, and ends the process at last."""

import sqlite3

import pytest

from firmware.io.sqlite import RETRIES, RETRY_S, Writer


class Disk:
    """A database whose first commits fail."""

    def __init__(self, failing):
        self.failing, self.kept = failing, []

    def apply(self, statements):
        if self.failing:
            self.failing -= 1
            raise sqlite3.OperationalError("disk I/O error")
        self.kept.append(statements)

    def close(self):
        """Nothing to close."""


class Work:
    """A writer with two jobs, run to its end in the calling thread; `log` is what it told."""

    def __init__(self, failing):
        self.disk, self.log, self.pauses = Disk(failing), [], []
        writer = Writer(
            self.disk,
            failed=lambda problem: self.log.append(f"failed: {problem}"),
            troubled=lambda problem: self.log.append(f"troubled: {problem}"),
            pause=self.pauses.append,
        )
        for job in ("first", "second"):
            writer.submit([(job, ())], lambda job=job: self.log.append(f"done: {job}"))
        writer.jobs.put(None)
        writer.run()


def test_a_disk_that_works_is_not_talked_about():
    assert Work(failing=0).log == ["done: first", "done: second"]


@pytest.mark.covers("S09")
@pytest.mark.parametrize("failing", [1, 5, RETRIES])
def test_a_failing_write_is_told_once_tried_again_and_its_success_told(failing):
    work = Work(failing)
    assert work.log == ["troubled: disk I/O error", "troubled: None", "done: first", "done: second"]
    assert work.pauses == [RETRY_S] * failing
    assert work.disk.kept == [[("first", ())], [("second", ())]]


@pytest.mark.covers("S09")
def test_a_disk_that_does_not_recover_ends_the_process_and_nothing_is_promised():
    work = Work(RETRIES + 1)
    assert work.log == ["troubled: disk I/O error", "failed: disk I/O error"]
    assert work.disk.kept == []
