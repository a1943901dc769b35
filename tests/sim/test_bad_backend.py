"""A back end that misbehaves while a car charges: charging goes on, good frames are answered."""

import pytest

from firmware.sim.story import parse
from firmware.sim.story_player import NAME, SimPlayer
from hal.board import load_board

CHARGING = """
set ocpp:MeterValueSampleInterval 10 ; set backend_connection_timeout 5
00:00  swipe 0a0e9b83
00:02  plug 32 A cable with car battery_wh=60000 soc_percent=10 phases=3
       expect contactor closed within 5 s
00:10  expect no contactor open within 200 s
03:40  swipe 0a0e9b83
       expect ocpp StopTransaction 0a0e9b83 within 60 s
"""


def _player(repository):
    return SimPlayer(parse("bad", CHARGING), load_board(repository / "boards/mock.toml"))


@pytest.mark.covers("OCPP16-PITFALL-5", "OCPP16-PITFALL-68")
@pytest.mark.covers("B-OCP-09")
@pytest.mark.parametrize("kind", ["late", "never", "twice", "garbage", "error", "huge", "close"])
def test_charging_goes_on_and_the_books_are_right(kind, repository):
    player = _player(repository)
    player.backend.misbehave("MeterValues", kind, delay_s=20, times=3)
    judgements = player.play()
    assert [j.text for j in judgements if not j.held] == []
    ledger = player.backend.ledger(NAME)
    (booked,) = ledger.transactions
    meter_wh = player.station.world.read_meter(1, player.station.world.now_ms).energy_wh
    assert booked.meter_stop_wh == meter_wh > 0
    assert ledger.duplicates == 0


@pytest.mark.parametrize("kind", ["late", "never", "twice", "garbage", "error", "huge", "close"])
def test_the_next_good_request_is_answered(kind, repository):
    player = _player(repository)
    player.backend.misbehave("MeterValues", kind, delay_s=20, times=2)
    asked = []

    def ask():
        asking = player.backend.get_configuration(NAME, "HeartbeatInterval")
        asked.append(player.loop.create_task(asking))

    player.loop.call_at(210, ask)
    player.play()
    (answer,) = (task.result() for task in asked)
    assert list(answer["values"]) == ["HeartbeatInterval"]
