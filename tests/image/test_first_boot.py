"""What a station makes of itself at its first start, however often power fails on the way."""

import io
import itertools
import stat
from contextlib import redirect_stderr, redirect_stdout

import pytest

from firmware.apps import first_boot
from firmware.io.unique import ITEMS, LEFT_OVER, hostname, make_unique, missing
from hal.board import BoardErrors
from tools.image.pi import CARD_TEXT

LETTERS = {item.name: "ab" * item.size_bytes + "\n" for item in ITEMS}
STATES = ("absent", "left over", "cut", "whole")  # what a power cut may leave of one file


@pytest.fixture
def etc(tmp_path):
    folder = tmp_path / "etc"
    folder.mkdir()
    return folder


@pytest.fixture
def card(tmp_path):
    folder = tmp_path / "card"
    folder.mkdir()
    return folder


def leave(etc, item, state):
    if state == "left over":
        (etc / (item.name + LEFT_OVER)).write_text("a")
    if state == "cut":
        (etc / item.name).write_text("")
    if state == "whole":
        (etc / item.name).write_text(LETTERS[item.name])


@pytest.mark.parametrize("states", list(itertools.product(STATES, repeat=len(ITEMS))))
def test_whatever_a_power_cut_has_left_the_next_boot_makes_whole(etc, states):
    for item, state in zip(ITEMS, states, strict=True):
        leave(etc, item, state)
    make_unique(etc, -1)
    texts = {item.name: (etc / item.name).read_text() for item in ITEMS}
    assert missing(texts) == ()
    for item, state in zip(ITEMS, states, strict=True):
        assert (texts[item.name] == LETTERS[item.name]) == (state == "whole")
    assert {path.name for path in etc.iterdir()} <= {*texts, *(n + LEFT_OVER for n in texts)}


def test_a_second_boot_makes_nothing(etc):
    assert make_unique(etc, -1) == [item.name for item in ITEMS]
    before = {path.name: path.read_text() for path in etc.iterdir()}
    assert make_unique(etc, -1) == []
    assert {path.name: path.read_text() for path in etc.iterdir()} == before


def test_when_random_numbers_fail_what_was_made_stays_and_nothing_half_is_there(etc):
    numbers = iter([b"\x01" * ITEMS[0].size_bytes])
    with pytest.raises(StopIteration):
        make_unique(etc, -1, lambda _size_bytes: next(numbers))
    assert [path.name for path in etc.iterdir()] == [ITEMS[0].name]
    assert make_unique(etc, -1) == [ITEMS[1].name]


def test_secrets_have_128_bits_or_more_and_no_two_stations_share_them(tmp_path):
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()
        make_unique(folder, -1)
    for item in ITEMS:
        texts = {(folder / item.name).read_text() for folder in folders}
        assert len(texts) == 2
        assert all(len(bytes.fromhex(text.strip())) * 8 >= 128 for text in texts)


def test_the_secret_is_for_its_group_only(etc):
    make_unique(etc, -1)
    modes = {i.name: stat.S_IMODE((etc / i.name).stat().st_mode) for i in ITEMS}
    assert modes == {"identity": 0o644, "device.key": 0o640}


def test_nothing_secret_is_printed(etc, card):
    printed = io.StringIO()
    with redirect_stdout(printed), redirect_stderr(printed):
        assert first_boot.main(["--etc", str(etc), "--card", str(card)]) == 0
    assert "made device.key" in printed.getvalue()
    for item in ITEMS:
        assert (etc / item.name).read_text().strip() not in printed.getvalue()


def test_a_station_that_plays_says_so_in_its_name():
    assert hostname("0123456789", simulated=False) == "powerstation-012345"
    assert hostname("0123456789", simulated=True) == "powerstation-sim-012345"


def test_the_card_as_it_is_flashed_names_no_board_and_nothing_starts(etc, card):
    (card / first_boot.CARD_FILE).write_text(CARD_TEXT)
    assert first_boot.settle(etc, card)[-1] == first_boot.UNNAMED
    assert not (etc / first_boot.BOARD).exists()


@pytest.mark.parametrize("line", ["board = mock", "board=mock", "  board =\tmock \r"])
def test_the_board_is_the_one_that_a_person_names_on_the_card(etc, card, line):
    (card / first_boot.CARD_FILE).write_text(CARD_TEXT.replace("board =\n", f"{line}\n"))
    assert first_boot.settle(etc, card)[-1] == "the board is mock"
    assert 'name = "mock"' in (etc / first_boot.BOARD).read_text()


def test_every_board_that_the_card_offers_ships():
    offered = CARD_TEXT.split("One of: ")[1].splitlines()[0].split()
    assert set(offered) <= set(first_boot.boards())


def test_a_board_that_is_chosen_is_never_replaced(etc, card):
    (etc / first_boot.BOARD).write_text("mine")
    (card / first_boot.CARD_FILE).write_text("board = mock\n")
    first_boot.settle(etc, card)
    assert (etc / first_boot.BOARD).read_text() == "mine"


def test_a_board_file_on_the_card_is_checked_before_it_is_taken(etc, card, repository):
    (card / first_boot.BOARD).write_text("name = 'half a boa")
    with pytest.raises(BoardErrors):
        first_boot.settle(etc, card)
    assert not (etc / first_boot.BOARD).exists()
    text = (repository / "boards/pi4_single.toml").read_text()
    (card / first_boot.BOARD).write_text(text)
    first_boot.settle(etc, card)
    assert (etc / first_boot.BOARD).read_text() == text


def test_a_board_that_does_not_ship_is_refused_with_those_that_do(etc):
    with pytest.raises(BoardErrors, match="known: .*pi4_single"):
        first_boot.choose("pi5", etc)


def test_keys_of_the_card_are_taken_once(etc, card):
    (card / first_boot.KEYS).write_text("ssh-ed25519 AAAA one\n")
    assert f"took {first_boot.KEYS} from the card" in first_boot.settle(etc, card)
    (card / first_boot.KEYS).write_text("ssh-ed25519 AAAA two\n")
    first_boot.settle(etc, card)
    assert (etc / first_boot.KEYS).read_text() == "ssh-ed25519 AAAA one\n"
