"""Seeded sessions with power cuts at any wish: a slice here, two hundred in `make soak`."""

from pathlib import Path

import pytest

from firmware.sim.powercuts import drawn, drawn_cuts, play
from hal.board import load_board

ROOT = Path(__file__).parents[2]
BOARD = load_board(ROOT / "boards" / "mock.toml")
ONCE_FAILED = [
    int(line.split()[0])
    for line in (ROOT / "tests" / "sim" / "seeds.txt").read_text().splitlines()
    if not line.startswith("#")
]


@pytest.mark.parametrize("seed", range(20))
def test_a_session_with_power_cuts_is_neither_lost_nor_duplicated(seed):
    assert play(seed, BOARD).problems == []


@pytest.mark.parametrize("seed", ONCE_FAILED)
def test_a_seed_that_once_failed_does_not_fail_again(seed):
    assert play(seed, BOARD).problems == []


def test_the_same_seed_tells_the_same_story():
    assert play(8, BOARD) == play(8, BOARD)


def test_the_slice_cuts_resumes_ends_and_repeats():
    played = [play(seed, BOARD) for seed in range(20)]
    assert sum(one.cuts for one in played) >= 20
    assert all(sum(getattr(one, what) for one in played) for what in (
        "resumed", "power_loss_stops", "retransmissions", "unbilled_wh"
    ))  # fmt: skip


def test_seeds_differ_in_what_they_try():
    plans = [drawn(seed, 2) for seed in range(200)]
    assert {plan.trouble for plan in plans} == {"none", "away", "slow", "misdeed"}
    assert {plan.settings["restart_transaction_after_power_loss"] for plan in plans} == {
        "on", "off"
    }  # fmt: skip
    assert {len(drawn_cuts(seed, 100)) for seed in range(200)} == {1, 2, 3, 5}
