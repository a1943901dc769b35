"""A slice of the hours on simulated pins; an hour twice and a day by `make soak`."""

import pytest

from tools.uml import hours

SEED = 9


@pytest.mark.needs_uml
@pytest.mark.xdist_group("uml")
def test_what_was_healed_charges_and_the_same_seed_tells_the_same_minutes():
    first, second = (hours.play(0, SEED) for _ in range(2))
    assert first["problems"] == []
    assert first["closings"] == 1
    assert first["lines"] > 20
    assert first["story"] == second["story"]
    assert first["digest"] == second["digest"]


@pytest.mark.parametrize(
    "stories, told",
    [
        ((["a", "b"], ["a", "b"]), None),
        ((["a", "b", "c"], ["a", "x", "c"]), "line 2: b | x"),
        ((["a", "b"], ["a"]), "line 2: b | (over)"),
    ],
)
def test_where_two_stories_part_is_told(stories, told):
    assert hours.difference(stories) == told
