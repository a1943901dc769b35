"""Every board file that ships is loaded, and its page says what stands in it."""

from pathlib import Path

import pytest

from hal.board import BoardErrors, load_board

BOARDS = sorted((Path(__file__).parents[2] / "boards").glob("*.toml"))


@pytest.mark.parametrize("path", BOARDS, ids=lambda path: path.stem)
def test_a_board_that_ships_has_no_mistake(path):
    profile = load_board(path)
    assert profile.name == path.stem.lstrip("_")
    assert not profile.bench


def test_the_boards_of_the_house_are_there():
    assert [path.stem for path in BOARDS] == [
        "_blueprint", "cm4_dual", "gpiosim", "mock", "pi4_single",
    ]  # fmt: skip


WRONG = (
    ('contactor = 17', 'contactor = "gpio17"', "pins.contactor: 'gpio17' is not a GPIO number"),
    ('cp = "spi0.0/0"', "cp = 9", "pins.cp: 9 is not a resource like spi0.0/3"),
    ("mirror = 28", "mirror = 17", "gpio17 is already held by outlet 1 contactor"),
    ("mirror = 28", "mirrow = 28", "pins.mirrow: is no line of an outlet"),
    ("residual_test = 25", "", "pins.residual_test: is missing"),
    ('adc = "mcp3208"', 'adc = "ads1115"', 'adc: "ads1115" is not known; known: mcp3208, mcp3008'),
    ('"lock_locked", ', '"lock_looked", ', "active_low: lock_looked is no line of this outlet"),
    ('factory = "gpiod"', 'factory = "wiringpi"', 'factory: "wiringpi" is not known'),
    ('map = "sdm630"', "", "or map is missing"),
)  # fmt: skip


@pytest.mark.parametrize("right, wrong, told", WRONG)
def test_a_mistake_in_the_wiring_is_told_in_a_sentence(tmp_path, right, wrong, told):
    path = tmp_path / "board.toml"
    path.write_text(BOARDS[0].read_text().replace(right, wrong, 1))
    with pytest.raises(BoardErrors) as caught:
        load_board(path)
    assert told in str(caught.value)
