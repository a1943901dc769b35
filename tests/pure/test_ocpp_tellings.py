"""What feature profiles tell the back end: each telling has one end, whatever the line does."""

import pytest

from firmware.model.backend import BackendLost, Tell, Told
from firmware.model.machine import TICK
from tests.pure.ocpp_rig import boot, frames, hear, others, station

EVENT = Tell("event-1", "SecurityEventNotification", {"type": "SettingSystemTime"})


@pytest.fixture
def core():
    core = station(outlets=1)
    boot(core)
    return core


def tell(core, now_ms=1_000):
    ((_, message_id, action, payload),) = frames(core.handle(EVENT, now_ms))
    assert (action, payload) == (EVENT.action, EVENT.payload)
    return message_id


def test_the_answer_comes_back_to_who_told(core):
    message_id = tell(core)
    assert others(hear(core, [3, message_id, {"a": 1}], 1_100)) == [Told("event-1", {"a": 1})]


def test_a_refusal_a_silence_and_a_lost_line_are_an_answer_of_nothing(core):
    nothing, unknown = Told("event-1", None), Told("event-1", None, "NotImplemented")
    refused = hear(core, [4, tell(core), "NotImplemented", "", {}], 1_100)
    assert others(refused) == [unknown]
    tell(core)
    silent = core.handle(TICK, core.deadline_ms())
    tell(core)
    lost = core.handle(BackendLost(90_000, "gone"), 90_000)
    assert [nothing in others(wishes) for wishes in (silent, lost)] == [True] * 2
    assert others(core.handle(EVENT, 91_000)) == [nothing]


def test_no_more_tellings_wait_than_can_be_kept(core):
    wishes = [wish for _ in range(60) for wish in core.handle(EVENT, 1_000)]
    assert others(wishes) == [Told("event-1", None)] * 10
    lost = others(core.handle(BackendLost(2_000, "gone"), 2_000))
    assert lost == [Told("event-1", None)] * 50
