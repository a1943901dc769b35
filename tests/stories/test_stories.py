"""Every story in this folder holds in virtual time, and its wire is clean."""

from pathlib import Path

import pytest

from firmware.sim.story import BadStory, parse
from firmware.sim.story_player import SimPlayer
from hal.board import load_board

HERE = Path(__file__).parent
COVERS = {
    "card_then_plug": ("B-AUT-02", "B-RFD-01", "B-OCP-27", "B-ERRB-01"),
    "plug_then_card": ("B-AUT-15", "B-AUT-16", "B-STP-02"),
    "card_expires": ("B-AUT-14",),
    "refused_card": ("B-LEDB-02",),
    "secure_card": ("B-RFD-20",),
    "unplugged_at_the_car": ("B-STP-01",),
    "power_fails": ("B-OCP-31",),
    "plug_without_card": ("B-STP-10",),
    "remote_start_and_stop": ("B-OCP-35", "B-STP-03"),
    "backend_away": ("B-OCP-34",),
    "tilt_while_charging": ("X03", "X07", "B-ERRB-01"),
    "surge_protection": ("F07", "B-ERRB-02", "B-ERRB-03"),
    "dimmed_by_the_grid": ("B-CUR-13",),
    "domestic_breaker": ("F05", "B-ERRB-01", "B-ERRB-03"),
}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(path.stem, marks=pytest.mark.covers(*COVERS.get(path.stem, ())))
        for path in sorted(HERE.glob("*.story"))
    ],
)
def test_the_story_holds(name, repository):
    story = parse(name, (HERE / f"{name}.story").read_text())
    player = SimPlayer(story, load_board(repository / "boards" / f"{story.board}.toml"))
    judgements = player.play()
    assert [j.text for j in judgements if not j.held] == []
    assert judgements
    assert player.recorder.problems() == []


def test_a_story_that_does_not_hold_says_which_line(repository):
    text = "00:00  plug 32 A cable with car\n       expect contactor closed within 3 s\n"
    player = SimPlayer(parse("x", text), load_board(repository / "boards/mock.toml"))
    assert [j.text for j in player.play() if not j.held] == [
        "line 2: contactor closed within 3000 ms: not seen"
    ]


def test_every_mistake_in_a_story_is_told_with_its_line():
    with pytest.raises(BadStory) as caught:
        parse("x", "00:00 swip 12\n  expect moon full\n00:0x swipe 12\n")
    assert [line.split(": ")[0] for line in str(caught.value).splitlines()] == ["x:1", "x:2", "x:3"]
