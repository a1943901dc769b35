"""The fault book: beginnings and ends that last, over restarts of station and pilot."""

import pytest

from firmware.diag.book import (
    PILOT_BACK_MS,
    PILOT_COMES_MS,
    PILOT_TELLS_MS,
    RETOLD_MS,
    SAME_MS,
    FaultBook,
)
from firmware.model import backend as b
from firmware.model import outlet as o
from firmware.model.fault import Fault
from firmware.model.session import SessionPhase
from firmware.model.storage import FAULTS_KEPT, PutFault
from firmware.station.commands import Commands
from tests.pure.station_rig import NOON_MS, Station


def take(station, **asked):
    answer, messages = Commands(station.core).take(asked)
    station.tell(*messages)
    return answer


def ids(faults):
    return [(row["outlet"], row["id"], row["times"]) for row in faults]


def test_a_fault_is_kept_with_its_beginning_and_its_end():
    station = Station()
    station.wait(1_000)
    station.fault("F07")
    assert station.kept() == [(0, "F07", 1_000, None, 1)]
    station.wait(500)
    station.fault("F07", there=False)
    assert station.kept() == [(0, "F07", 1_000, 1_500, 1)]


def test_a_fault_told_again_is_the_same_and_one_that_is_soon_back_is_counted():
    station = Station()
    station.fault("F07")
    station.fault("F07")
    for _ in range(3):
        station.fault("F07", there=False)
        station.wait(SAME_MS - 1)
        station.fault("F07")
    assert station.kept() == [(0, "F07", 0, None, 4)]
    station.fault("F07", there=False)
    station.wait(SAME_MS)
    station.fault("F07")
    assert [row[4] for row in station.kept()] == [4, 1]


def test_a_fault_of_an_outlet_that_is_not_there_is_not_kept():
    station = Station()
    station.fault("F01", 9)
    assert station.kept() == []


def test_the_book_is_bounded():
    book = FaultBook(1, (1,))
    list(book.handle(o.PilotFound(0), 0))
    for n in range(FAULTS_KEPT + 50):
        list(book.handle(o.FaultRaised(1, Fault.RCD, 0), n * 2 * SAME_MS))
        list(book.handle(o.FaultCleared(1, Fault.RCD, 0), n * 2 * SAME_MS))
    assert len(book.state.records) == FAULTS_KEPT
    assert book.state.records[0].number == 51


@pytest.mark.covers("F13")
def test_a_pilot_that_comes_back_does_not_end_a_fault_that_the_station_senses():
    station = Station()
    station.fault("F13", 1)
    station.fault("F01", 2)
    station.fault("F04", 2)
    station.tell(o.PilotLost(0), o.PilotFound(0))
    station.fault("F04", 2)
    station.wait(PILOT_TELLS_MS - 1)
    assert station.there() == [(2, "F01"), (2, "F04"), (1, "F13")]
    station.wait(1)
    assert station.there() == [(2, "F04"), (1, "F13")]
    assert {n: one.state.faults for n, one in station.core.sessions.items()} == {
        1: {Fault.METER}, 2: {Fault.MCB},
    }  # fmt: skip


@pytest.mark.covers("X08", "B-ERRB-01", "B-ERRB-03")
def test_a_pilot_that_stays_away_is_a_fault_of_every_outlet_until_it_is_back():
    station = Station()
    station.charge()
    station.tell(o.PilotLost(station.now_ms))
    station.wait(PILOT_BACK_MS - 1)
    assert station.there() == []
    station.wait(1)
    silent = ("Faulted", "InternalError", "Pilot process not answering", "X08")
    assert station.there() == [(1, "X08"), (2, "X08")]
    assert {(n, *silent) for n in (1, 2)} < set(station.news())
    assert station.led == "out_of_order"
    station.wait(20_000)
    assert station.stopped == ["Other"]
    station.news()
    station.open("report")
    station.tell(o.PilotFound(station.now_ms))
    assert station.there() == []
    back = ("NoError", "Pilot process back", "X08")
    assert station.news() == [(1, "Finishing", *back), (2, "Available", *back)]


@pytest.mark.covers("X08")
def test_a_pilot_that_restarts_costs_nobody_a_transaction():
    station = Station()
    station.charge()
    station.tell(o.PilotLost(0))
    station.wait(PILOT_BACK_MS - 1)
    station.tell(o.PilotFound(0), o.ContactorMoved(1, True, "report", 0))
    station.wait(60_000)
    assert (station.kept(), station.phase) == ([], SessionPhase.RUNNING)


@pytest.mark.covers("X08")
def test_a_pilot_that_never_came_is_a_fault():
    station = Station()
    station.boot(pilot=False)
    station.wait(PILOT_COMES_MS)
    assert station.there() == [(1, "X08"), (2, "X08")]


def test_after_a_restart_open_faults_stay_until_nobody_tells_them_again():
    station = Station()
    for name, outlet in (("F01", 1), ("F08", 2), ("F07", 0), ("F15", 0)):
        station.fault(name, outlet)
    station.boot()
    assert len(station.there()) == 4
    station.fault("F08", 2)
    station.fault("F07")
    station.wait(PILOT_TELLS_MS)
    assert station.there() == [(2, "F08"), (0, "F07"), (0, "F15")]
    station.wait(RETOLD_MS)
    assert station.there() == [(2, "F08"), (0, "F07")]
    assert [(row[1], row[3], row[4]) for row in station.kept()] == [
        ("F01", PILOT_TELLS_MS, 1), ("F08", None, 1), ("F07", None, 1), ("F15", RETOLD_MS, 1),
    ]  # fmt: skip


@pytest.mark.covers("X05")
def test_a_car_that_drew_too_much_stays_refused_over_a_restart():
    station = Station()
    station.fault("X05", 1)
    station.boot()
    assert station.core.sessions[1].state.faults == {Fault.OVERLOAD}
    station.wait(RETOLD_MS)
    assert station.there() == [(1, "X05")]
    station.unplug()
    assert station.there() == []


def test_what_was_written_before_the_time_was_known_is_dated_later():
    station = Station(connected=False)
    station.fault("F07")
    station.wait(2_000)
    since = take(station, do="faults")["faults"][0]["since"]
    assert since == "0 s after power-on, start 1"
    station.tell(b.ClockSynced(NOON_MS, "ntp"))
    station.boot()
    assert take(station, do="faults")["faults"][0]["since"] == "2026-01-31T12:00:00Z"


def test_only_the_first_time_dates_records():
    book = FaultBook(1, (1,))
    list(book.handle(o.FaultRaised(1, Fault.RCD, 0), 5))
    first = book.handle(b.ClockSynced(NOON_MS, "ntp"), 10)
    assert [type(wish) for wish in first] == [PutFault]
    assert list(book.handle(b.ClockSynced(NOON_MS + 9, "ntp"), 10)) == []


def test_faults_are_told_with_what_to_do_and_what_ends_them():
    station = Station()
    station.fault("F07")
    station.wait(1_000)
    station.fault("F01", 1)
    station.fault("F01", 1, there=False)
    (row,) = take(station, do="faults")["faults"]
    assert row == {
        "id": "F07", "outlet": 0, "text": "Surge Protection Device (SPD) tripped. Replace.",
        "since": "2026-01-31T12:00:00Z", "ended": None, "times": 1, "stops": False,
        "advice": "Replace the surge protection device.", "clears": "the input is normal again",
    }  # fmt: skip
    both = take(station, do="faults", all=True)["faults"]
    assert ids(both) == [(0, "F07", 1), (1, "F01", 1)]
    assert both[1]["ended"] == "2026-01-31T12:00:01Z"


def test_the_snapshot_names_the_faults_of_outlets_and_station_and_why_nothing_begins():
    station = Station()
    station.fault("F10", 1)
    station.fault("X02")
    status = take(station, do="status")
    assert status["faults"] == ["X02"]
    assert [one["faults"] for one in status["outlets"]] == [["F10", "X02"], ["X02"]]
    assert status["outlets"][1]["why"] == (
        "outlet 2: nothing new begins, X02: FW Update in progress."
    )
    station.fault("X03")
    assert take(station, do="why", outlet=2)["why"] == (
        "outlet 2: no charging, fault X03: The charge point is tilted."
    )
