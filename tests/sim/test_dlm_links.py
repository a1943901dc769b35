"""A master with many units on paper: a slice of `make bench BENCH_ARGS="--only paper"`."""

import pytest

from tools.measure.links import LESS_MA, Paper
from tools.measure.links_side import EACH_MA, room_of

UNITS = 60


@pytest.fixture
def paper():
    """A site on which each unit has its share."""
    made = Paper(UNITS)
    assert set(made.limits_ma.values()) == {EACH_MA}
    return made


def test_a_step_of_the_meter_has_lowered_every_unit_within_one_second(paper):
    paper.to_master(room_of(LESS_MA, UNITS))
    assert paper.lowered_ms(LESS_MA) <= 1_000
    assert set(paper.limits_ma.values()) == {LESS_MA}


def test_while_nothing_changes_every_unit_asks_once_a_second(paper):
    paper.questions = 0
    paper.wait(30_000)
    assert paper.questions == 30 * UNITS
