"""A car in virtual time follows the back end's profiles, over the WebSocket and the pilot's PWM."""

import pytest
from ocpp.v16 import call

from firmware.sim.story import parse
from firmware.sim.story_player import LEAD_MS, NAME, SimPlayer
from hal.board import load_board

STORY = """
00:00  swipe 0a0e9b83
00:02  plug 32 A cable with car battery_wh=60000 soc_percent=10 phases=3
       expect contactor closed within 5 s
00:03  expect duty 53.3 % within 3 s
00:19  expect duty 26.6 % within 2 s
00:39  expect ocpp StatusNotification 1 SuspendedEVSE within 2 s
00:39  expect duty 100 % within 2 s
00:59  expect duty 16.6 % within 2 s
01:01  expect current 9.96 A within 10 s
01:19  expect duty 53.3 % within 2 s
01:21  expect no contactor open within 30 s
"""


def profile(limit, number):
    """Return a Relative TxProfile without an end."""
    return {
        "charging_profile_id": number,
        "stack_level": number,
        "charging_profile_purpose": "TxProfile",
        "charging_profile_kind": "Relative",
        "charging_schedule": {
            "charging_rate_unit": "A",
            "charging_schedule_period": [{"start_period": 0, "limit": limit}],
        },
    }


@pytest.mark.covers("B-OCP-40", "TC_057_CS", "TC_067_CS", "OCPP16-PITFALL-58")
def test_the_offered_current_follows_a_profile_and_is_freed_when_it_is_cleared(repository):
    player = SimPlayer(parse("profiles", STORY), load_board(repository / "boards/mock.toml"))
    answers = []

    def ask(request):
        async def asked():
            answers.append((await player.backend.command(NAME, request)).status)

        return lambda: player.loop.create_task(asked())

    def at(seconds, request):
        player.loop.call_at(LEAD_MS / 1_000 + seconds, ask(request))

    at(20, call.SetChargingProfile(connector_id=1, cs_charging_profiles=profile(16.0, 1)))
    at(40, call.SetChargingProfile(connector_id=1, cs_charging_profiles=profile(5.9, 2)))
    at(60, call.SetChargingProfile(connector_id=1, cs_charging_profiles=profile(10.0, 3)))
    at(80, call.ClearChargingProfile())
    judgements = player.play()
    assert answers == ["Accepted"] * 4
    assert [j.text for j in judgements if not j.held] == []
    assert player.recorder.problems() == []
