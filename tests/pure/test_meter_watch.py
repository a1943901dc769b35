"""Doubt by the meter: cars that take more than they are offered, and power nobody gave."""

import pytest

from firmware.metering.watch import (
    FOLLOW_MS,
    IDLE_MS,
    LITTLE_MS,
    MUCH_MS,
    OPEN_MS,
    SETTLED_MS,
    SOON_MS,
    MeterWatch,
)
from firmware.model import outlet as o
from firmware.model.fault import Fault
from firmware.model.machine import TICK
from firmware.model.session import (
    MeterRead,
    ReadMeter,
    Transaction,
    TransactionBegan,
    TransactionEnded,
)
from firmware.model.values import CpState, Reading, Stamp
from tests.pure.station_rig import Station

STAMP = Stamp(7, 0, None)
TX = Transaction("7-1-1", 1, "T", STAMP, 0, 0, STAMP)
CLOSED, OPEN = (o.ContactorMoved(1, flag, "car_asks", 0) for flag in (True, False))


class Watch:
    """A watch in the hand; `told` is every fault that came and went, with its instant."""

    def __init__(self, *facts):
        self.core = MeterWatch((1,))
        self.now_ms, self.told, self.asked = 0, [], []
        self.energy_wh = 1_000
        self.tell(TICK, o.PilotFound(0), *facts)

    def tell(self, *facts):
        for fact in facts:
            for wish in self.core.handle(fact, self.now_ms):
                match wish:
                    case ReadMeter():
                        self.asked.append(self.now_ms)
                    case o.FaultRaised(_, fault, _):
                        self.told.append((self.now_ms, fault.row.id))
                    case o.FaultCleared(_, fault, _):
                        self.told.append((self.now_ms, f"not {fault.row.id}"))

    def draw(self, most_ma, span_ms=0, energy_wh=0):
        """Read the meter every second for so long: this much on the busiest phase."""
        self.energy_wh += energy_wh
        reading = Reading(self.energy_wh, 0, (100, most_ma, 0), self.now_ms)
        self.tell(MeterRead(1, reading))
        for _ in range(span_ms // 1_000):
            self.now_ms += 1_000
            self.tell(MeterRead(1, Reading(self.energy_wh, 0, (100, most_ma, 0), self.now_ms)))

    def wait(self, span_ms):
        then_ms = self.now_ms + span_ms
        while (due_ms := self.core.deadline_ms()) <= then_ms:
            self.now_ms = due_ms
            self.tell(TICK)
        self.now_ms = then_ms


def charging(offered_ma=16_000):
    return Watch(TransactionBegan(TX), o.OfferChanged(1, offered_ma, 0), CLOSED)


# -- overload --------------------------------------------------------------------------------


@pytest.mark.covers("X05")
@pytest.mark.parametrize(
    "offered_ma, most_ma, after_ms",
    [
        (16_000, 18_600, None),  # 10 % and 1 A are the meter's and the car's own
        (16_000, 18_601, LITTLE_MS),
        (16_000, 22_000, LITTLE_MS),
        (16_000, 22_001, MUCH_MS),
        (6_000, 7_600, None),
        (6_000, 7_601, LITTLE_MS),
        (6_000, 9_501, MUCH_MS),
        (32_000, 36_200, None),
        (32_000, 42_001, MUCH_MS),
    ],
)
def test_a_little_too_much_has_ten_seconds_and_much_has_two(offered_ma, most_ma, after_ms):
    watch = charging(offered_ma)
    watch.draw(most_ma, 60_000)
    assert watch.told == ([] if after_ms is None else [(after_ms, "X05")])


@pytest.mark.covers("X05")
def test_one_reading_that_is_well_begins_the_count_anew():
    watch = charging()
    for _ in range(5):
        watch.draw(20_000, 9_000)
        watch.draw(16_000, 1_000)
    assert watch.told == []


@pytest.mark.covers("X05", "B-CUR-04", "61851-1 A.6 seq 6 car")
def test_a_car_has_five_seconds_to_follow_a_smaller_offer_and_then_it_counts():
    watch = charging(32_000)
    watch.draw(32_000, 10_000)
    watch.tell(o.OfferChanged(1, 16_000, 0))
    watch.draw(32_000, FOLLOW_MS + MUCH_MS - 1_000)
    assert watch.told == []
    watch.draw(32_000, 1_000)
    assert watch.told == [(10_000 + FOLLOW_MS + MUCH_MS, "X05")]


@pytest.mark.covers("X05", "B-CUR-04")
def test_a_car_that_follows_in_time_is_left_in_peace():
    watch = charging(32_000)
    watch.tell(o.OfferChanged(1, 16_000, 0))
    watch.draw(32_000, FOLLOW_MS)
    watch.draw(16_000, 60_000)
    assert watch.told == []


@pytest.mark.covers("X05")
def test_offers_that_sink_again_and_again_do_not_excuse_a_car_for_ever():
    watch = charging(32_000)
    for step in range(1, 40):
        watch.tell(o.OfferChanged(1, 32_000 - step * 500, 0))
        watch.draw(32_000, 1_000)
    assert watch.told[0][1] == "X05"


@pytest.mark.covers("X05")
def test_the_offer_before_binds_within_the_five_seconds():
    watch = charging(16_000)
    watch.tell(o.OfferChanged(1, 10_000, 0))
    watch.draw(30_000, MUCH_MS)
    assert watch.told == [(MUCH_MS, "X05")]


@pytest.mark.covers("X05")
@pytest.mark.parametrize("end", [o.CpChanged(1, CpState.A, 0), o.CableChanged(1, None, 0)])
def test_an_overload_ends_when_the_car_has_been_disconnected_and_not_before(end):
    watch = charging()
    watch.draw(30_000, MUCH_MS)
    watch.tell(OPEN)
    watch.now_ms += 60_000
    watch.draw(0, 10_000)
    watch.tell(o.CpChanged(1, CpState.B1, 0))
    assert len(watch.told) == 1
    watch.tell(end)
    assert watch.told[1:] == [(72_000, "not X05")]


@pytest.mark.covers("X05", "B-ERRB-01", "B-ERRB-03")
def test_an_overload_stops_the_transaction_and_is_told_with_its_texts():
    station = Station()
    station.charge()
    station.currents_ma = (25_000, 25_000, 25_000)
    station.tell(*[MeterRead(1, Reading(2_000, 0, (25_000,) * 3, 5_000 + n)) for n in (0, 2_000)])
    assert station.there() == [(1, "X05")]
    assert o.EndPermit(1, "Other") in station.wishes
    assert station.news() == [
        (1, "Faulted", "OverCurrentFailure", "Car current overload, charging stopped.", "X05")
    ]
    assert station.led == "out_of_order"
    station.open("permit")
    station.wait(20_000)
    assert station.stopped == ["Other"]
    station.unplug()
    assert station.news() == [
        (1, "Finishing", "NoError", "Car current overload ended", "X05"),
        (1, "Available", "NoError", None, None),
    ]


# -- power that nobody gave -------------------------------------------------------------------


@pytest.mark.covers("S12")
def test_two_readings_with_current_through_an_open_contactor_are_a_fault():
    watch = charging()
    watch.tell(OPEN, TransactionEnded(TX))
    watch.now_ms += OPEN_MS
    watch.draw(1_001)
    assert watch.told == []
    watch.now_ms += 1_000
    watch.draw(1_001)
    assert watch.told == [(3_000, "S12")]
    watch.draw(1_001, 10_000)
    watch.draw(1_000)
    assert watch.told[1:] == [(13_000, "not S12")]


@pytest.mark.covers("S12")
def test_readings_of_the_first_two_seconds_and_single_ones_do_not_count():
    watch = charging()
    watch.tell(OPEN)
    watch.draw(16_000, OPEN_MS - 1_000)
    for _ in range(10):
        watch.now_ms += 5_000
        watch.draw(5_000)
        watch.draw(0)
    assert watch.told == []


@pytest.mark.covers("S12")
def test_current_through_a_closed_contactor_is_what_it_is_for():
    watch = charging()
    watch.draw(16_000, 60_000)
    assert watch.told == []


@pytest.mark.covers("S12")
def test_energy_that_is_counted_without_a_transaction_is_the_same_fault():
    watch = Watch(OPEN)
    watch.now_ms = SETTLED_MS - 1
    watch.draw(300, energy_wh=500)  # a register that is late
    watch.now_ms = SETTLED_MS
    watch.draw(300, energy_wh=50)
    assert watch.told == []
    watch.draw(300, energy_wh=1)
    assert watch.told == [(SETTLED_MS, "S12")]
    watch.draw(300, energy_wh=1)
    assert len(watch.told) == 1
    watch.draw(300)
    assert watch.told[1:] == [(SETTLED_MS, "not S12")]


@pytest.mark.covers("S12")
def test_energy_while_the_contactor_is_closed_is_no_fault_afterwards():
    watch = charging()
    watch.draw(16_000, 5_000)
    watch.draw(0, energy_wh=9_000)
    watch.tell(OPEN, TransactionEnded(TX))
    watch.now_ms += 10_000
    watch.draw(0, 60_000)
    assert watch.told == []


@pytest.mark.covers("S12")
def test_without_a_pilot_nobody_knows_the_contactor_and_nothing_is_judged():
    watch = charging()
    watch.tell(o.PilotLost(0))
    watch.draw(16_000, 30_000)
    assert watch.told == []
    watch.tell(o.PilotFound(0), CLOSED)
    watch.draw(16_000, 30_000)
    assert watch.told == []


def test_an_idle_meter_is_asked_every_minute_and_soon_after_a_session():
    watch = Watch()
    watch.wait(3 * IDLE_MS)
    assert watch.asked == [IDLE_MS, 2 * IDLE_MS, 3 * IDLE_MS]
    watch.tell(TransactionBegan(TX))
    watch.wait(10 * IDLE_MS)
    assert len(watch.asked) == 3
    watch.tell(TransactionEnded(TX))
    watch.wait(IDLE_MS + SOON_MS)
    ended_ms = 13 * IDLE_MS
    assert watch.asked[3:] == [ended_ms + SOON_MS, ended_ms + SOON_MS + IDLE_MS]


@pytest.mark.covers("S12", "B-ERRB-01")
def test_a_live_socket_is_known_within_a_minute_after_the_session():
    station = Station()
    station.charge()
    station.tell(o.ContactorMoved(1, False, "cp_b", station.now_ms))
    station.unplug()
    station.currents_ma = (0, 0, 0)
    station.wait(SOON_MS)
    station.currents_ma = (4_000, 0, 0)
    began_ms = station.now_ms
    station.news()
    station.wait(70_000)
    (row,) = station.kept()
    assert row[:2] == (1, "S12") and row[2] - began_ms <= 66_000
    text = "Current although the contactor is open"
    assert station.news() == [(1, "Faulted", "PowerSwitchFailure", text, "S12")]
    assert station.led == "out_of_order"
    station.currents_ma = (0, 0, 0)
    station.wait(IDLE_MS)
    over = "No more current through the open contactor"
    assert station.news() == [(1, "Available", "NoError", over, "S12")]


def test_a_fault_that_the_book_tells_of_is_known_to_the_watch():
    watch = Watch(o.FaultRaised(1, Fault.OVERLOAD, 0))
    watch.tell(o.CpChanged(1, CpState.A, 0))
    assert watch.told == [(0, "not X05")]
