"""Real processes, really killed in the middle of a session: three here, fifty in `make soak`."""

import pytest

from tools.soak.kills import VICTIMS, drawn_victim, trial

pytestmark = pytest.mark.xdist_group("real processes")
SEEDS = {0: "stationd", 5: "power", 7: "pilotd"}


@pytest.mark.parametrize("seed", SEEDS)
def test_a_session_survives_the_death_of_a_process(seed):
    outcome = trial(seed)
    assert outcome.problems == []
    assert outcome.cuts == 1
    assert outcome.transactions > 0


def test_the_seeds_kill_whom_they_say_and_the_campaign_kills_everybody():
    assert {seed: drawn_victim(seed) for seed in SEEDS} == SEEDS
    assert {drawn_victim(seed) for seed in range(50)} == set(VICTIMS)
