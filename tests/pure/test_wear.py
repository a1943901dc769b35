"""Wear counters: what counts as a movement, what is kept and when, and when to say something."""

import json

import pytest

from firmware.diag.wear import ADVICE_PERCENT, RATED_CLOSINGS, Counts, Wear
from firmware.model import outlet as o
from firmware.model.fault import Fault
from firmware.model.session import Transaction, TransactionEnded
from firmware.model.storage import PutNote
from firmware.model.values import Stamp
from firmware.station.commands import Commands
from tests.pure.station_rig import Station

STAMP = Stamp(7, 0, None)
ENDED = TransactionEnded(Transaction("7-1-1", 1, "T", STAMP, 0, 0, STAMP))
CLOSED = o.ContactorMoved(1, True, "car_asks", 0)
TRIP, WELL = (told(1, Fault.GROUND_FAILURE, 0) for told in (o.FaultRaised, o.FaultCleared))


def opened(reason):
    return o.ContactorMoved(1, False, reason, 0)


def after(*facts, **notes):
    wear = Wear((1, 2), notes)
    for fact in facts:
        assert list(wear.handle(fact, 0)) == []
    return wear


@pytest.mark.parametrize(
    "facts, counts",
    [
        ((CLOSED, opened("cp_b")), Counts(closings=1)),
        ((CLOSED, opened("cp_a")), Counts(closings=1, under_load=1)),
        ((CLOSED, opened("residual")), Counts(closings=1, under_load=1)),
        ((CLOSED, CLOSED, opened("cp_b"), opened("x")), Counts(closings=1)),
        ((CLOSED, o.PilotLost(0)), Counts(closings=1, under_load=1)),
        ((o.ContactorMoved(1, True, "report", 0), opened("cp_b")), Counts()),
        ((CLOSED, opened("report")), Counts(closings=1)),
        ((TRIP, TRIP, WELL, TRIP), Counts(trips=2)),
        ([o.LockMoved(1, flag, 0) for flag in (False, True, True, False)], Counts(lock_moves=2)),
        ((o.FaultRaised(1, Fault.RCD, 0), o.ContactorMoved(9, True, "x", 0)), Counts()),
    ],
)
def test_movements_are_counted_and_what_is_told_again_is_none(facts, counts):
    assert after(*facts).counts() == {1: counts, 2: Counts()}


def test_counts_are_kept_once_at_the_end_of_a_transaction_and_only_if_they_moved():
    wear = after(CLOSED, opened("cp_b"))
    (note,) = wear.handle(ENDED, 0)
    kept = {"closings": 1, "under_load": 0, "lock_moves": 0, "trips": 0}
    assert note == PutNote("wear:1", json.dumps(kept))
    assert list(wear.handle(ENDED, 0)) == []


def test_counts_survive_restarts_and_what_cannot_be_read_begins_anew():
    notes = {"wear:1": '{"closings": 7, "trips": 2}', "wear:2": "no json"}
    assert Wear((1, 2), notes).counts() == {1: Counts(closings=7, trips=2), 2: Counts()}
    for text in ("[]", '{"closings": "x"}', '{"closings": null}', "7"):
        assert Wear((1,), {"wear:1": text}).counts() == {1: Counts()}


def test_a_session_of_a_whole_station_is_one_write_and_is_there_after_a_restart():
    station = Station()
    station.charge()
    station.open("cp_b")
    station.unplug()
    station.wait(20_000)
    station.boot()
    answer, _ = Commands(station.core).take({"do": "wear"})
    assert answer["outlets"] == [
        {"outlet": n, "closings": closings, "openings_under_load": 0, "lock_moves": 0,
         "residual_trips": 0, "advice": ""}
        for n, closings in ((1, 1), (2, 0))
    ]  # fmt: skip


@pytest.mark.parametrize("more, said", [(-1, False), (0, True)])
def test_from_eighty_percent_of_its_rated_life_on_a_contactor_asks_for_its_successor(more, said):
    closings = RATED_CLOSINGS * ADVICE_PERCENT // 100 + more
    sentence = Counts(closings=closings).advice
    assert bool(sentence) is said
    assert ("80000 times of 100000" in sentence) is said
