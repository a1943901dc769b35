"""Laws 6 and 7 for the whole station: power may fail after any wish, and answers may be lost."""

import itertools
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.led.core import ASK_MS, LedCore
from firmware.model import backend as b
from firmware.model import outlet as o
from firmware.model.machine import TICK
from firmware.model.session import CardSeen, MeterSilent, SessionPhase, ShowPattern, TokenAsked
from firmware.model.values import TokenInfo, Verdict
from firmware.session.desk import Desk
from firmware.session.requests import UNLOCK_WAIT_MS
from tests.laws.bench import Bench, PowerCut
from tests.laws.facts import QUICK

P = SessionPhase
CARD = CardSeen("0a0e9b83", 1, 0)


def begin(bench):
    """Two transactions, the second under way."""
    bench.tell(b.BackendConnected(0), o.PilotFound(0), o.CableChanged(1, None, 0))
    for _ in range(2):
        bench.unplug()
        bench.plug()
        bench.tell(CARD)
        bench.wait(12_000)
    bench.unplug()
    bench.wait(5_000)


def wake(bench):
    """After the cut: the car is gone, the back end is there."""
    bench.cut = None
    bench.boot()
    bench.tell(b.BackendConnected(1), o.PilotFound(0))
    bench.unplug()
    bench.wait(120_000)


def wishes_of_the_story():
    bench = Bench()
    begin(bench)
    return bench.wishes


@pytest.mark.covers("B-OCP-33", "B-OCP-34")
def test_6_after_a_power_cut_at_any_wish_both_books_agree():
    wishes = wishes_of_the_story()
    assert wishes > 60
    for cut in range(1, wishes + 1):
        bench = Bench(cut=cut)
        with pytest.raises(PowerCut):
            begin(bench)
        wake(bench)
        booked = [t.transaction_id for t in bench.history]
        assert booked == list(bench.started.values()) == list(bench.stopped), cut
        assert all(t.ended is not None for t in bench.history), cut
        reasons = [t.stop_reason.value for t in bench.history]
        assert reasons == list(bench.stopped.values()), cut
        assert set(reasons) <= {"EVDisconnected", "PowerLoss"}, cut


@settings(max_examples=60, derandomize=True, deadline=None)
@given(pattern=st.lists(st.booleans(), min_size=1, max_size=40))
def test_7_whatever_answers_are_lost_nothing_waits_for_ever(pattern):
    """Each answer of meter, car, lock and back end may be lost, in a pattern, for ever."""
    bench = Bench(lost=itertools.cycle(pattern))
    bench.tell(b.BackendConnected(0), o.PilotFound(0))
    bench.plug()
    bench.tell(CARD)
    bench.wait(120_000)
    bench.unplug()
    bench.wait(20_000)
    assert bench.phase is P.IDLE
    assert [t.ended is None for t in bench.history] in ([], [False])


def test_7_a_meter_that_never_answers_ends_the_start_with_its_fault():
    bench = Bench(lost=itertools.repeat(True))
    bench.tell(o.PilotFound(0), b.BackendLost(0, "gone"))
    bench.plug()
    bench.core.parts["auth"].cache["0a0e9b83"] = TokenInfo(Verdict.ACCEPTED)
    bench.tell(CARD)
    assert bench.phase is P.STARTING
    for _ in range(3):
        bench.tell(MeterSilent(1, bench.now_ms))
    assert [f.row.id for f in bench.core.sessions[1].state.faults] == ["F13"]
    bench.wait(2_000)
    assert bench.phase is P.PLUGGED


@pytest.mark.parametrize("heard", [True, False])
def test_7_an_ending_ends_whether_contactor_and_meter_answer_or_not(heard):
    lost = [False]
    bench = Bench(lost=(lost[0] for _ in itertools.count()))
    bench.tell(b.BackendConnected(0), o.PilotFound(0))
    bench.plug()
    bench.tell(CARD)
    bench.wait(1_000)
    assert bench.phase is P.RUNNING
    lost[0] = not heard
    bench.tell(CARD)
    assert bench.phase is (P.FINISHING if heard else P.ENDING)
    bench.wait(14_999)
    assert bench.phase is (P.FINISHING if heard else P.ENDING)
    bench.wait(1)
    assert bench.phase is P.FINISHING


def test_7_a_question_without_an_answer_is_judged_after_the_call_timeout():
    bench = Bench(lost=itertools.repeat(True))
    bench.tell(b.BackendConnected(0), o.PilotFound(0))
    bench.tell(CARD)
    assert list(bench.core.parts["auth"].open) == ["0a0e9b83"]
    bench.wait(QUICK.number("backend_connection_timeout") * 1_000)
    assert list(bench.core.parts["auth"].open) == []


@pytest.mark.covers("B-STP-12")
def test_7_an_unlock_that_never_moves_the_pin_is_answered():
    desk = Desk(QUICK, (1,))
    list(desk.handle(o.LockMoved(1, True, 0), 0))
    list(desk.handle(b.UnlockRequested("a", 1), 1_000))
    assert desk.deadline_ms() == 1_000 + UNLOCK_WAIT_MS
    assert b.Answer("a", "UnlockFailed") in desk.handle(TICK, desk.deadline_ms())


def test_7_every_request_of_the_back_end_is_answered():
    bench = Bench(lost=itertools.repeat(True))
    bench.tell(b.BackendConnected(0), o.PilotFound(0))
    bench.plug()
    bench.tell(o.LockMoved(1, True, 0))
    requests = ("UnlockConnector", {"connectorId": 1}), ("Reset", {"type": "Soft"})
    for number, (action, payload) in enumerate(requests * 2):
        bench.tell(b.FrameReceived(json.dumps([2, f"r{number}", action, payload])))
    bench.wait(40_000)
    assert sorted(bench.judged) == ["r0", "r1", "r2", "r3"]


def test_7_a_question_that_nobody_answers_does_not_turn_the_ring_for_ever():
    ring = LedCore(QUICK)
    assert list(ring.handle(TokenAsked("T"), 0)) == [ShowPattern("authorizing", 0)]
    assert ring.deadline_ms() == ASK_MS
    list(ring.handle(TICK, ASK_MS))
    assert ring.passing == {}
