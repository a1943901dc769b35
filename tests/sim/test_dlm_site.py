"""Twenty units on a network that loses, delays, parts: never over a fuse. More in `make soak`."""

import pytest

from firmware.sim.dlm_site import Plan, World


@pytest.mark.parametrize("seed, masters", [(0, 1), (1, 1), (2, 2), (3, 2), (48, 1)])
def test_no_fuse_may_ever_carry_more_than_its_limit(seed, masters):
    run = World(Plan(seed, hours=0.25, masters=masters)).play()
    assert run.over == []
    assert run.given_ma > run.ideal_ma / 2


def test_a_master_that_forgets_what_may_be_in_force_is_found_out():
    assert World(Plan(0, hours=0.25, naive=True)).play().over != []


def test_the_same_seed_is_the_same_hour():
    assert World(Plan(5, hours=0.1)).play() == World(Plan(5, hours=0.1)).play()
