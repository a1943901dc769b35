"""What a safety process keeps over its death: torn, damaged and missing files."""

import pytest

from firmware.io.latch import Latch, LatchDamaged

TRIP = {"1": ["F01"], "2": []}
NONE = {"1": [], "2": []}


def test_a_new_file_holds_nothing(tmp_path):
    assert Latch(tmp_path / "new" / "latch").left() == {}


def test_what_was_kept_last_is_there_for_the_next_run(tmp_path):
    latch = Latch(tmp_path / "latch")
    for words in (TRIP, NONE, TRIP):
        latch.keep(words)
    assert Latch(tmp_path / "latch").left() == TRIP


def test_runs_follow_each_other(tmp_path):
    for number in range(5):
        latch = Latch(tmp_path / "latch")
        assert latch.left() == ({} if number == 0 else {"1": [str(number - 1)]})
        latch.keep({"1": [str(number)]})


@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("torn", [slice(0, 1), slice(8, 9), slice(20, 21), slice(0, 512)])
def test_a_torn_place_leaves_what_was_kept_before(tmp_path, place, torn):
    path = tmp_path / "latch"
    latch = Latch(path)
    latch.keep(NONE)  # in the second place
    latch.keep(TRIP)  # in the first
    raw = bytearray(path.read_bytes())
    part = slice(place * 512 + torn.start, place * 512 + torn.stop)
    raw[part] = b"\xff" * (torn.stop - torn.start)
    path.write_bytes(raw)
    assert Latch(path).left() == (NONE if place == 0 else TRIP)


@pytest.mark.parametrize("content", [b"x", b"\0" * 1_024, b" " * 512, b"00000000[1,{}]"])
def test_a_file_without_one_good_place_is_told_and_not_guessed_at(tmp_path, content):
    path = tmp_path / "latch"
    path.write_bytes(content)
    with pytest.raises(LatchDamaged, match="no place with a right checksum"):
        Latch(path).left()
    latch = Latch(path)
    latch.keep(TRIP)
    assert Latch(path).left() == TRIP
