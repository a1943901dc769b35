"""A story through the player, pyserial and the box's program, to a station of two rules."""

import asyncio
from datetime import UTC, datetime

import pytest

from firmware.apps.bench_station import NEAR
from firmware.apps.real_player import RealPlayer
from firmware.sim.backend import Backend
from firmware.sim.outcome import HELD, SKIPPED
from firmware.sim.story import parse
from tests.bench.test_box_on_a_line import served

pytestmark = pytest.mark.xdist_group("processes")
CHARGE = """
00:00  plug 32 A cable with car
       expect duty 53.3 % within 1 s
       expect contactor closed within 2 s
00:04  car asks B
       expect contactor open within 1 s
00:05  unplug
"""


class Station:
    """Offers 32 A to any car, closes in C; it has no back end."""

    identity = "x"
    near = NEAR
    same_clock = False

    def __init__(self, near):
        self.line = near

    async def bench(self, story, backend):
        return self.line

    async def ready(self, story, backend, bench):
        pass

    async def end(self, story, backend, bench):
        pass


def _played(bench, text):
    network = bench.network

    def station():
        closed = network.closed(1)
        network.duty_permille[1] = 533 if "car" in closed else 1_000
        network.mains(1, "c" in closed)

    async def play():
        network.station = station
        async with served(bench) as (near, _):
            backend = Backend(lambda: datetime.now(UTC))
            return await RealPlayer("bench", parse("x", text), Station(near), backend).play()

    return asyncio.run(play())


def test_a_story_holds_on_the_box_and_its_picture_is_what_the_box_measured(bench):
    outcome = _played(bench, CHARGE)
    assert [one.text for one in outcome.judgements if not one.held] == []
    assert (outcome.verdict, outcome.rig) == (HELD, "bench")
    duties = {duty for _, _, _, duty, _ in outcome.traces[1] if duty is not None}
    assert any(abs(duty - 533) <= 10 for duty in duties)
    assert any(closed for *_, closed in outcome.traces[1])
    assert all(0 <= one.after_ms < 2_000 for one in outcome.judgements if one.after_ms is not None)
    assert bench.network.closed(1) == set()


@pytest.mark.parametrize("act, reason", [
    ("residual 7 mA dc", "line 1: residual 7 mA dc: outlet 1: this rig cannot give 7 mA dc"),
    ("swipe 0a0e9b83", "line 1: this rig cannot do swipe"),
    ("plug 32 A cable with car manner=rude", "this rig cannot play a rude car"),
])  # fmt: skip
def test_a_story_that_the_box_cannot_play_is_skipped_with_the_reason(bench, act, reason):
    outcome = _played(bench, f"00:00  {act}\n       expect lock locked within 1 s\n")
    assert outcome.verdict == SKIPPED
    assert reason in outcome.reason
