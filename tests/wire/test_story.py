"""One story against the processes that ship: the same text as in virtual time."""

import asyncio

import pytest

from firmware.apps.stories import WirePlayer
from firmware.sim.story import parse


@pytest.mark.xdist_group("processes")
def test_a_short_session_holds_on_real_processes(repository, tmp_path):
    text = (repository / "tests/stories/short_session.story").read_text()
    player = WirePlayer(parse("short", text), repository / "boards/mock.toml", tmp_path)
    judgements = asyncio.run(player.play())
    assert [j.text for j in judgements if not j.held] == []
