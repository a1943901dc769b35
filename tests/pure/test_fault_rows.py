"""Every fault that the station senses: from its input to book, back end and ring, and its end."""

import pytest

from firmware.model import backend as b
from firmware.model import devices as d
from firmware.model import outlet as o
from firmware.model.fault import Fault
from firmware.model.values import CpState
from firmware.session.state import CLOSES
from tests.pure.station_rig import CARD, NOON_MS, Station

OVER = "NoError"


def row(name):
    r = Fault.by_id(name).row
    return r.ocpp16, r.raised, r.id


def end(name):
    r = Fault.by_id(name).row
    return "NoError", r.cleared, r.id


# -- inputs ----------------------------------------------------------------------------------


@pytest.mark.covers("F05", "B-ERRB-01", "B-ERRB-03")
def test_the_breaker_of_a_domestic_socket_stops_its_outlet_until_it_is_armed_again():
    station = Station()
    station.charge()
    station.input("mcb_schuko_1", True)
    station.wait(199)
    assert (station.there(), station.news()) == ([], [])
    station.wait(1)
    assert station.there() == [(1, "F05")]
    assert o.EndPermit(1, "Other") in station.wishes
    assert station.news() == [(1, "Faulted", *row("F05"))]
    assert station.led == "out_of_order"
    station.open("permit")
    station.wait(20_000)
    assert station.stopped == ["Other"]
    station.input("mcb_schuko_1", False)
    station.wait(200)
    assert station.there() == []
    assert station.news() == [(1, "Finishing", *end("F05"))]
    assert station.led == "reserved_closing"


@pytest.mark.covers("F05")
def test_the_breaker_of_one_domestic_socket_is_no_matter_of_the_other_outlet():
    station = Station()
    station.input("mcb_schuko_2", True)
    station.wait(500)
    assert station.news() == [(2, "Faulted", *row("F05"))]


@pytest.mark.covers("F07", "B-ERRB-02", "B-ERRB-03")
def test_a_tripped_surge_protection_is_told_at_connector_0_and_stops_nothing():
    station = Station()
    station.charge()
    station.input("spd", True)
    station.wait(10_000)
    assert station.there() == [(0, "F07")]
    assert station.news() == [(0, "Available", *row("F07"))]
    assert (station.led, station.stopped) == ("charging", [])
    station.input("spd", False)
    station.wait(200)
    assert station.news() == [(0, "Available", *end("F07"))]


@pytest.mark.covers("X03", "B-ERRB-01", "B-ERRB-03")
def test_a_tilt_stops_every_outlet_at_once_and_no_session_begins():
    station = Station()
    station.charge()
    station.input("tilt", True)
    assert station.there() == [(0, "X03")]
    assert o.EndPermit(1, "Other") in station.wishes
    text = "The charge point is tilted."
    assert station.news() == [
        (1, "Faulted", "NoError", None, None),
        (2, "Faulted", "NoError", None, None),
        (0, "Faulted", "OtherError", text, "X03"),
    ]
    assert station.led == "out_of_order"
    station.open("permit")
    station.tell(CARD)
    station.tell(o.CableChanged(2, 32_000, 0), o.CpChanged(2, CpState.B1, 0))
    station.wait(5_000)
    assert (station.stopped, len(station.core.book.state.records)) == (["Other"], 1)
    assert not any(isinstance(wish, o.GivePermit) for wish in station.wishes)
    station.input("tilt", False)
    station.wait(200)
    assert (0, "Available", *end("X03")) in station.news()
    assert station.there() == []


@pytest.mark.covers("X07", "B-ERRB-03", "B-ERRB-05")
def test_a_tilt_of_ten_seconds_locks_the_station_until_it_restarts():
    station = Station()
    station.input("tilt", True)
    station.wait(9_999)
    assert station.there() == [(0, "X03")]
    station.wait(1)
    assert station.there() == [(0, "X03"), (0, "X07")]
    station.input("tilt", False)
    station.news()
    station.wait(3_600_000)
    assert station.there() == [(0, "X07")]
    faulted = (0, "Faulted", *row("X07"))
    assert station.news()[-1] == faulted
    assert station.led == "out_of_order"
    station.boot(connected=False)
    station.wait(1_000)
    assert (station.there(), station.led) == ([], "ready")
    station.tell(b.BackendConnected(station.now_ms))
    assert station.news()[0] == (0, "Available", *end("X07"))


@pytest.mark.covers("X03")
def test_a_tilt_that_trembles_is_one_tilt():
    station = Station()
    for _ in range(20):
        station.input("tilt", True)
        station.wait(400)
        station.input("tilt", False)
        station.wait(199)
    assert [r[:2] for r in station.kept()] == [(0, "X03"), (0, "X07")]


def test_inputs_of_the_safety_side_and_free_ones_mean_nothing_here():
    station = Station()
    for name in ("mcb_1", "rcd_1", "ext1", "mcb_schuko_9"):
        station.input(name, True)
    station.wait(60_000)
    assert station.there() == []


# -- devices ---------------------------------------------------------------------------------


@pytest.mark.covers("F13")
def test_a_meter_that_died_is_known_before_a_car_comes():
    station = Station()
    station.well = False
    station.wait(70_000)
    assert station.there() == [(1, "F13"), (2, "F13")]
    assert station.news() == [(1, "Faulted", *row("F13")), (2, "Faulted", *row("F13"))]
    assert station.led == "out_of_order"
    station.well = True
    station.wait(70_000)
    assert station.news() == [(1, "Available", *end("F13")), (2, "Available", *end("F13"))]


@pytest.mark.covers("F14", "B-MET-07")
def test_three_silences_of_an_external_meter_are_told_and_its_first_answer_ends_it():
    station = Station(other_meters=("grid",))
    station.charge()
    station.others_well = False
    station.wait(2_000)
    assert station.there() == []
    station.wait(1_000)
    assert station.there() == [(0, "F14")]
    assert station.news() == [(0, "Available", *row("F14"))]
    assert (station.led, station.stopped) == ("charging", [])
    station.others_well = True
    station.wait(1_000)
    assert station.news() == [(0, "Available", *end("F14"))]


@pytest.mark.covers("F15")
@pytest.mark.parametrize("sign", [d.ReaderAnswered(1, 0), CARD])
def test_three_silences_of_a_reader_are_told_and_its_first_answer_ends_it(sign):
    station = Station()
    silent = d.ReaderSilent(1, 0)
    station.tell(silent, silent, d.ReaderAnswered(1, 0), silent, silent)
    assert station.there() == []
    station.tell(silent)
    assert station.there() == [(0, "F15")]
    assert station.news() == [(0, "Available", *row("F15"))]
    station.tell(silent, silent, sign)
    assert (0, "Available", *end("F15")) in station.news()
    assert station.there() == []


@pytest.mark.covers("F15")
def test_of_two_readers_both_must_answer():
    station = Station()
    station.tell(*[d.ReaderSilent(n, 0) for n in (1, 2) for _ in range(3)])
    station.tell(d.ReaderAnswered(1, 0))
    assert station.there() == [(0, "F15")]
    station.tell(d.ReaderAnswered(2, 0))
    assert station.there() == []


# -- back end and time -----------------------------------------------------------------------


@pytest.mark.covers("F09", "B-ERRB-02")
def test_a_back_end_that_is_away_for_a_minute_is_a_fault_that_it_hears_of_at_its_end():
    station = Station()
    station.charge()
    station.tell(b.BackendLost(station.now_ms, "gone"))
    station.wait(30_000)
    station.tell(b.BackendLost(station.now_ms, "still gone"))
    station.wait(29_999)
    assert station.there() == []
    station.wait(1)
    assert station.there() == [(0, "F09")]
    assert station.led == "charging"
    station.news()
    station.tell(b.BackendConnected(station.now_ms))
    assert station.there() == []
    assert station.news() == [(0, "Available", *end("F09"))]
    assert station.stopped == []


@pytest.mark.covers("F09")
def test_a_short_absence_of_the_back_end_is_nobodys_business():
    station = Station()
    station.tell(b.BackendLost(0, "gone"))
    station.wait(59_000)
    station.tell(b.BackendConnected(station.now_ms))
    station.wait(59_000)
    assert (station.kept(), station.news()) == ([], [])


@pytest.mark.covers("F09")
@pytest.mark.parametrize("flag, pattern", [("off", "ready"), ("on", "out_of_order")])
def test_the_ring_shows_a_lost_back_end_only_where_the_setting_says_so(flag, pattern):
    station = Station(display_backend_disconnect_as_error=flag)
    station.tell(b.BackendLost(0, "gone"))
    station.wait(120_000)
    assert (station.led, station.there()) == (pattern, [(0, "F09")])


@pytest.mark.covers("S10")
def test_without_a_time_for_ten_minutes_the_clock_is_told_and_the_time_ends_it():
    station = Station(connected=False)
    station.wait(599_999)
    assert station.there() == []
    station.wait(1)
    assert station.there() == [(0, "S10")]
    station.tell(b.ClockSynced(NOON_MS, "ntp"))
    assert station.there() == []


@pytest.mark.covers("S10")
def test_a_time_before_2024_is_no_time():
    station = Station()
    station.tell(b.ClockSynced(1_704_067_199_999, "rtc"))
    assert station.news() == [(0, "Available", *row("S10"))]
    station.tell(b.ClockSynced(1_704_067_200_000, "ntp"))
    assert station.news() == [(0, "Available", *end("S10"))]
    station.wait(600_000)
    assert station.there() == []


# -- what others will sense ------------------------------------------------------------------

LEDS = {"X02": "updating", "X09": "usb_stick_busy", "S09": "out_of_order"}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("X02", marks=pytest.mark.covers("X02", "B-LEDB-03")),
        pytest.param("X09", marks=pytest.mark.covers("X09")),
        pytest.param("S09", marks=pytest.mark.covers("S09")),
    ],
)
def test_what_keeps_new_sessions_away_makes_the_station_unavailable_while_it_lasts(name):
    station = Station()
    station.fault(name)
    assert station.there() == [(0, name)]
    assert station.news() == [
        (1, "Unavailable", "NoError", None, None),
        (2, "Unavailable", "NoError", None, None),
        (0, "Unavailable", *row(name)),
    ]
    assert station.led == LEDS[name]
    station.tell(o.CableChanged(1, 32_000, 0), o.CpChanged(1, CpState.B1, 0), CARD)
    station.wait(30_000)
    assert not any(isinstance(wish, o.GivePermit) for wish in station.wishes)
    station.news()
    station.fault(name, there=False)
    assert (0, "Available", *end(name)) in station.news()
    assert (station.led, station.there()) == ("plugged_unauthorized", [])


@pytest.mark.covers("X02", "X09", "S09")
@pytest.mark.parametrize("name", sorted(fault.row.id for fault in CLOSES))
def test_what_keeps_new_sessions_away_lets_the_running_one_go_on(name):
    station = Station()
    station.charge()
    station.fault(name)
    station.wait(30_000)
    assert (station.stopped, station.phase.value) == ([], "running")
    assert station.news() == [
        (2, "Unavailable", "NoError", None, None), (0, "Unavailable", *row(name)),
    ]  # fmt: skip


@pytest.mark.covers("X10")
def test_a_wrong_phase_order_is_told_and_stops_nothing():
    station = Station()
    station.charge()
    station.fault("X10")
    assert station.there() == [(0, "X10")]
    assert station.news() == [(0, "Available", *row("X10"))]
    station.wait(10_000)
    assert (station.led, station.stopped) == ("charging", [])
    station.fault("X10", there=False)
    assert station.news() == [(0, "Available", *end("X10"))]


# -- several at once -------------------------------------------------------------------------


@pytest.mark.covers("B-ERRB-05")
def test_each_of_several_faults_is_reported_and_the_highest_rank_stands():
    station = Station()
    station.fault("F13", 1)
    station.fault("F10", 1)
    station.fault("F01", 1)
    assert station.news() == [
        (1, "Faulted", *row("F13")),
        (1, "Faulted", *row("F10")),
        (1, "Faulted", *row("F13")),
        (1, "Faulted", *row("F01")),
    ]
    station.fault("F01", 1, there=False)
    station.fault("F13", 1, there=False)
    station.fault("F10", 1, there=False)
    assert station.news() == [
        (1, "Faulted", *end("F01")),
        (1, "Faulted", *row("F13")),
        (1, "Available", *end("F13")),
        (1, "Available", *row("F10")),
        (1, "Available", *end("F10")),
    ]


@pytest.mark.covers("B-ERRB-05")
def test_at_connector_0_the_highest_rank_stands_not_the_first_id():
    station = Station()
    for name in ("F07", "F15", "X10"):
        station.fault(name)
    assert station.news()[-1] == (0, "Available", *row("F07"))
    station.fault("X03")
    assert station.news()[-1] == (0, "Faulted", *row("X03"))


@pytest.mark.covers("B-ERRB-03")
def test_the_text_of_an_end_goes_with_the_next_status():
    station = Station()
    station.fault("F13", 1)
    station.fault("F13", 1, there=False)
    station.news()
    station.tell(CARD)
    station.tell(o.CableChanged(1, 32_000, 0), o.CpChanged(1, CpState.B1, 0))
    assert station.news()[0][2:] == ("NoError", None, None)
