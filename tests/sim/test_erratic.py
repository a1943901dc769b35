"""Days with an erratic back end: a slice here, five hundred in `make soak`."""

from functools import cache
from pathlib import Path

import pytest

from firmware.sim.erratic import play
from hal.board import load_board

pytestmark = pytest.mark.xdist_group("erratic days")  # a day is played once for all of them
BOARD = load_board(Path(__file__).parents[2] / "boards" / "mock.toml")
SLICE = (0, 62)


@cache
def day_of(seed):
    """Play a day once."""
    return play(seed, BOARD)


@pytest.mark.covers("B-OCP-34", "B-OCP-09")
@pytest.mark.parametrize("seed", SLICE)
def test_after_an_erratic_day_the_ledger_is_the_meter(seed):
    day = day_of(seed)
    assert day.outcome.problems == []
    assert day.meter_wh == day.booked_wh > 0
    assert day.misdeeds.total() > 0


def test_a_station_that_gives_up_at_once_is_found_out():
    day = play(1, BOARD, ocpp__TransactionMessageAttempts="1")
    assert any("not at the back end" in problem for problem in day.outcome.problems)


def test_the_same_seed_tells_the_same_day():
    assert day_of(0) == play(0, BOARD)
