"""Board files: what loads, and that every mistake is told at once."""

from pathlib import Path

import pytest

from hal.board import BoardErrors, load_board

BOARDS = Path(__file__).parents[2] / "boards"
REWIRE = "wire it to another pin"
GOOD = (BOARDS / "mock.toml").read_text()


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "board.toml"
    path.write_text(text)
    return path


def mistakes(tmp_path: Path, text: str) -> tuple[str, ...]:
    with pytest.raises(BoardErrors) as caught:
        load_board(written(tmp_path, text))
    assert str(caught.value).splitlines() == list(caught.value.messages)
    return caught.value.messages


@pytest.mark.parametrize("path", sorted(BOARDS.glob("[!_]*.toml")), ids=lambda path: path.name)
def test_every_board_file_that_ships_loads(path):
    assert load_board(path).outlets


def test_the_mock_board_has_two_locked_outlets_and_every_input():
    board = load_board(BOARDS / "mock.toml")
    assert [(o.number, o.max_ma, o.phases, o.lock, o.residual_trip_ms) for o in board.outlets] == [
        (1, 32_000, 3, True, 20),
        (2, 32_000, 3, True, 20),
    ]
    assert board.simulated and board.sampling_period_ms == 5
    assert [meter.name for meter in board.meters] == ["meter_1", "meter_2", "grid"]
    assert board.led is not None and board.led.count == 24
    assert board.inputs[0] == "mcb_1" and "mcb_schuko_1" in board.inputs
    assert not board.bench


def test_three_mistakes_are_three_lines_that_name_file_place_and_remedy(tmp_path):
    text = GOOD.replace("phases = 3", "phases = 4", 1)
    text = text.replace("max_ma = 32_000", 'max_ma = "32 A"', 1)
    text = text.replace("count = 24", "count = 24\ncolour = 3")
    assert mistakes(tmp_path, text) == (
        "board.toml: outlet 1 phases: 4 is out of range; allowed: 1 to 3, not 2",
        "board.toml: outlet 1 max_ma: '32 A' is of the wrong type; write max_ma = 6000",
        "board.toml: led colour: is not a known key; known here: count, device, driver",
    )


def test_a_pin_with_two_holders_names_the_first_one(tmp_path):
    pins = "lock_travel_ms = 300\n[outlet.pins]\ncontactor = 17\nled = {}\n"
    text = GOOD.replace("lock_travel_ms = 300\n", pins.format("17"), 1)
    assert mistakes(tmp_path, text) == (
        "board.toml: outlet 1 led: gpio17 is already held by outlet 1 contactor; " + REWIRE,
    )


def test_a_resource_is_held_like_a_pin(tmp_path):
    first = 'lock_travel_ms = 300\n[outlet.pins]\ncp = "spi0.0/0"\n'
    text = GOOD.replace("lock_travel_ms = 300\n", first)
    assert mistakes(tmp_path, text) == (
        "board.toml: outlet 2 cp: spi0.0/0 is already held by outlet 1 cp; " + REWIRE,
    )


@pytest.mark.parametrize(
    "was, becomes, message",
    [
        ('driver = "world"\nphases', 'driver = "wolrd"\nphases', "known drivers: world"),
        ('name = "mock"', "", "board name: is missing"),
        ("simulated = true", "simulated = false", "on a real board"),
        ("tethered = false", "tethered = true", "set lock = false"),
        ('meter = "meter_1"', 'meter = "meter_9"', "add a [[meter]] of that name"),
        ('"mcb_1", "mcb_2"', '"mcb_1", "mcb_1"', "mcb_1 stands twice"),
        ("deadman_ms = 100", "deadman_ms = true", "wrong type"),
        ("[led]", "[lde]", "lde: is not a known key"),
        ("count = 24", "count = = 24", "not valid TOML"),
    ],
)
def test_a_mistake_is_told_with_its_remedy(tmp_path, was, becomes, message):
    assert was in GOOD
    assert message in "\n".join(mistakes(tmp_path, GOOD.replace(was, becomes, 1)))


def test_a_missing_file_is_told_in_a_sentence(tmp_path):
    with pytest.raises(BoardErrors, match=r"nowhere\.toml: cannot be read .*; check --board"):
        load_board(tmp_path / "nowhere.toml")


@pytest.mark.parametrize(
    "was, becomes, text",
    [
        (
            "",
            "",
            "interlocks: a deadman of 100 ms and the residual current sensor in the coil path",
        ),
        ("deadman_ms = 100\n", "", "bench board, only one interlock: the residual current sensor"),
    ],
)
def test_a_board_says_which_interlocks_it_has(tmp_path, was, becomes, text):
    board = load_board(written(tmp_path, GOOD.replace(was, becomes)))
    assert board.interlocks.text.startswith(text)
    assert board.bench == (was != "")
