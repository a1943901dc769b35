"""One story against the processes that ship: the same text as in virtual time."""

import pytest

from firmware.apps.rigs import RigOptions
from firmware.apps.stories import played
from firmware.sim.outcome import HELD, from_plain


@pytest.mark.xdist_group("processes")
def test_a_short_session_holds_on_real_processes(repository):
    options = RigOptions(repository / "boards/mock.toml")
    file = repository / "tests/stories/short_session.story"
    ((_, outcome),) = played([file], "wire", options)
    assert [j.text for j in outcome.judgements if not j.held] == []
    assert (outcome.verdict, outcome.reason) == (HELD, "")
    assert any(closed for *_, closed in outcome.traces[1])
    assert from_plain(outcome.plain()) == outcome
