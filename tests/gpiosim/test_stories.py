"""Stories over the shipped drivers where time travels; the other ones by `make soak`."""

import pytest

from tools.uml.kernel import ROOT
from tools.uml.stories import play

STORIES = ROOT / "tests" / "stories"
SAFETY = ("short_session", "unplugged_at_the_car", "lock_jams", "plug_without_card")

pytestmark = [pytest.mark.needs_uml, pytest.mark.xdist_group("uml")]


@pytest.mark.parametrize("name", SAFETY)
def test_a_story_holds_on_the_virtual_station(name):
    outcome = play(STORIES / f"{name}.story")
    assert outcome["verdict"] == "held", outcome["reason"]
    assert outcome["judgements"]


def test_what_a_rig_cannot_do_is_said_and_skipped():
    outcome = play(STORIES / "backend_away.story")
    assert (outcome["verdict"], outcome["judgements"]) == ("skipped", [])
    assert "this rig cannot do link" in outcome["reason"]
