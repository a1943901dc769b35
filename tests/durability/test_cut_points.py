"""What the disk may hold after a cut: a slice here, two thousand points in `make soak`."""

import os
from random import Random

import pytest

from tools.powercut.campaign import campaign
from tools.powercut.cut import OPEN, RENAME, SYNC, TRUNCATE, UNLINK, WRITE, Disk, Operation

pytestmark = [pytest.mark.needs_compiler, pytest.mark.xdist_group("durability")]


def disk(*operations):
    one = Disk()
    for operation in operations:
        one.take(Operation(*operation))
    return one


def left(one):
    """Return every content that may be left of each file, over many cuts."""
    cuts = [one.after_cut(Random(seed)) for seed in range(300)]
    return {name: {cut.get(name) for cut in cuts} for name in set().union(*cuts)}


def opened(fd, path):
    return (OPEN, fd, os.O_CREAT, path, b"")


def written(fd, at, data):
    return (WRITE, fd, at, "", data)


def test_no_acknowledged_step_is_lost_at_any_cut_with_the_storage_as_shipped():
    verdict = campaign(seed=1, cuts=100)
    assert verdict.first_bad == []
    assert (verdict.cuts, verdict.whole) == (100, 100)


def test_the_same_cuts_find_losses_where_nothing_is_synced():
    verdict = campaign(seed=1, cuts=100, synchronous="OFF")
    assert verdict.lost > 10
    assert verdict.unreadable > 0


def test_what_was_synced_lasts_and_what_was_not_may_or_may_not():
    one = disk(
        opened(3, "a"), written(3, 0, b"old "), (SYNC, 3, 0, "", b""), written(3, 0, b"new!")
    )
    assert left(one) == {"a": {b"old ", b"new!"}}


def test_writes_that_were_not_synced_may_last_in_any_order():
    one = disk(
        opened(3, "a"),
        (SYNC, 3, 0, "", b""),
        written(3, 0, b"1"),
        written(3, 1, b"2"),
    )
    assert left(one) == {"a": {b"", b"1", b"\0002", b"12"}}


def test_a_long_write_may_be_torn_at_its_sectors():
    one = disk(opened(3, "a"), (SYNC, 3, 0, "", b""), written(3, 0, b"x" * 1_024))
    halves = {b"", b"x" * 512, b"\0" * 512 + b"x" * 512, b"x" * 1_024}
    assert left(one) == {"a": halves}


def test_names_last_in_the_order_in_which_they_were_given():
    one = disk(
        opened(3, "new"),
        written(3, 0, b"n"),
        (SYNC, 3, 0, "", b""),
        (RENAME, -1, 0, "new", b"a"),
        opened(4, "later"),
    )
    names = {tuple(sorted(one.after_cut(Random(seed)))) for seed in range(100)}
    assert names == {("new",), ("a",), ("a", "later")}


def test_a_removed_file_and_a_cut_size_come_back_only_without_a_sync():
    one = disk(opened(3, "a"), written(3, 0, b"abc"), (SYNC, 3, 0, "", b""))
    one.take(Operation(TRUNCATE, 3, 1, "", b""))
    one.take(Operation(UNLINK, -1, 0, "a", b""))
    assert left(one) == {"a": {b"abc", b"a", None}}
    one.take(Operation(SYNC, 3, 0, "", b""))
    assert one.after_cut(Random(1)) == {}
