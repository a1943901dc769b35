"""The meter of the house: what the load is, when it is not known, and what is not believed."""

from dataclasses import replace

import pytest

from firmware.diag.recent import Recent
from firmware.metering.external import STALE_MS, ExternalMeters
from firmware.metering.judge import impossible, strange
from firmware.model.devices import OtherMeterRead, OtherMeterSilent, ReadOtherMeter
from firmware.model.fault import Fault
from firmware.model.load import ExternalLoad, ExternalLoadLost, ReadingDropped
from firmware.model.machine import NEVER_MS, TICK
from firmware.model.outlet import FaultCleared, FaultRaised
from firmware.model.settings import SettingsChanged
from firmware.model.values import Reading
from tests.pure.rigs import settings

F14 = Fault.EXTERNAL_METER


class House:
    """A house whose meter answers each question at once, with what it was set to."""

    def __init__(self, names=("grid",), **texts):
        self.core = ExternalMeters(names, settings(**texts))
        self.now_ms, self.asked, self.told, self.well = 0, [], [], True
        self.shows = Reading(1_000, 0, (0, 0, 0), 0)
        self.tell(TICK)

    def tell(self, *facts):
        queue = list(facts)
        while queue:
            for wish in self.core.handle(queue.pop(0), self.now_ms):
                if isinstance(wish, ReadOtherMeter):
                    self.asked.append((self.now_ms, wish.name))
                    queue += self.answer(wish.name)
                else:
                    self.told.append(wish)

    def answer(self, name):
        if self.well is None:
            return []  # its thread hangs
        if not self.well:
            return [OtherMeterSilent(name, self.now_ms)]
        return [OtherMeterRead(name, replace(self.shows, at_ms=self.now_ms))]

    def run(self, span_ms):
        then_ms = self.now_ms + span_ms
        while (due_ms := self.core.deadline_ms()) <= then_ms:
            self.now_ms = due_ms
            self.tell(TICK)
        self.now_ms = then_ms

    def show(self, currents_ma, *, energy_wh=1_000, powers_w=None, seconds=1):
        """Measure this from the next question on."""
        self.shows = Reading(energy_wh, 0, currents_ma, 0, None, powers_w)
        self.run(1_000 * seconds)

    def load(self):
        return next(fact for fact in reversed(self.told) if isinstance(fact, ExternalLoad))

    def news(self):
        """Return what was told besides loads, since it was last looked at."""
        news = [fact for fact in self.told if not isinstance(fact, ExternalLoad)]
        self.told = [fact for fact in self.told if isinstance(fact, ExternalLoad)]
        return news


# -- polls -----------------------------------------------------------------------------------


@pytest.mark.covers("B-MET-02", "B-MET-04")
def test_every_meter_of_the_house_is_asked_once_a_second():
    house = House(("grid", "heat"))
    house.run(3_000)
    assert house.asked == [(s * 1_000, name) for s in range(4) for name in ("grid", "heat")]


@pytest.mark.covers("B-MET-02", "B-MET-04")
def test_a_late_loop_does_not_slow_the_polls_down():
    house = House()
    for now_ms in (1_100, 2_050, 2_999, 3_000, 7_700, 8_000):
        house.now_ms = now_ms
        house.tell(TICK)
    assert house.asked == [(t, "grid") for t in (0, 1_100, 2_050, 3_000, 7_700, 8_000)]


def test_without_a_meter_nothing_is_asked():
    assert House(()).core.deadline_ms() == NEVER_MS


# -- load ------------------------------------------------------------------------------------


def test_the_load_is_told_at_each_reading():
    house = House()
    for amps in (10, 31):
        house.show((1_000 * amps, 0, 0))
    assert house.load() == ExternalLoad((31_000, 0, 0), (False,) * 3, 2_000)


@pytest.mark.covers("B-DLM-27")
def test_export_is_told_as_such_where_the_cars_may_use_it():
    house = House(dlm_use_export="on")
    house.show((9_000, 0, 0), powers_w=(-2_070, 0, 0))
    assert house.load() == ExternalLoad((-9_000, 0, 0), (True, False, False), 1_000)
    house.tell(SettingsChanged(settings(dlm_use_export="off")))
    house.run(1_000)
    assert house.load().currents_ma == (0, 0, 0)


@pytest.mark.parametrize(
    "currents_ma, powers_w, counted, exporting",
    [
        ((9_000, 8_000, 7_000), (2_070, -1_840, 0), (9_000, 0, 7_000), (False, True, False)),
        ((9_000, 8_000, 7_000), (-1, -1, -1), (0, 0, 0), (True, True, True)),
        ((9_000, -8_000, 7_000), None, (9_000, 0, 7_000), (False, True, False)),
        # a meter with signed currents whose power says the same, and one turned round
        ((-9_000, 0, 0), (-2_070, 0, 0), (0, 0, 0), (True, False, False)),
        ((-9_000, 0, 0), (2_070, 0, 0), (9_000, 0, 0), (False, False, False)),
    ],
)
def test_a_phase_that_exports_is_told_and_counts_as_nothing(
    currents_ma, powers_w, counted, exporting
):
    house = House()
    house.show(currents_ma, powers_w=powers_w, seconds=6)
    told = house.load()
    assert (told.currents_ma, told.exporting) == (counted, exporting)


def test_only_the_first_meter_tells_the_load():
    house = House(("meter2", "grid"))
    house.told.clear()
    house.tell(OtherMeterRead("grid", Reading(1_000, 0, (5_000, 0, 0), 10)))
    assert house.told == []


# -- silence ---------------------------------------------------------------------------------


@pytest.mark.covers("B-MET-07", "F14")
def test_the_load_is_lost_at_the_third_silence_and_back_with_the_next_answer():
    house = House()
    house.show((9_000, 0, 0), seconds=3)
    house.well = False
    house.run(2_000)
    assert house.news() == []
    house.run(5_000)
    assert house.news() == [ExternalLoadLost(6_000), FaultRaised(0, F14, 6_000)]
    house.well = True
    house.run(1_000)
    assert house.news() == [FaultCleared(0, F14, 11_000)]
    assert house.load() == ExternalLoad((9_000, 0, 0), (False,) * 3, 11_000)


def test_a_meter_whose_thread_hangs_is_lost_by_the_age_of_its_reading():
    house = House()
    house.run(2_000)
    house.well = None
    house.run(STALE_MS - 1)
    assert house.news() == []
    house.run(1)
    lost_ms = 2_000 + STALE_MS
    assert house.news() == [ExternalLoadLost(lost_ms), FaultRaised(0, F14, lost_ms)]


def test_a_reading_that_comes_too_late_does_not_bring_the_load_back():
    house = House()
    house.well = None
    house.run(20_000)
    house.news()
    house.told.clear()
    house.tell(OtherMeterRead("grid", Reading(1_000, 0, (0, 0, 0), 20_000 - STALE_MS)))
    assert house.told == []
    house.tell(OtherMeterRead("grid", Reading(1_000, 0, (0, 0, 0), 20_001 - STALE_MS)))
    assert house.told[-1] == FaultCleared(0, F14, 20_000)


def test_a_meter_that_never_answered_is_lost_after_the_time_of_three_polls():
    house = House()
    house.core = ExternalMeters(("grid",), settings())
    house.told, house.well = [], None
    house.tell(TICK)
    house.run(STALE_MS)
    assert house.news() == [ExternalLoadLost(STALE_MS), FaultRaised(0, F14, STALE_MS)]


def test_another_meter_s_silence_is_the_fault_but_not_a_lost_load():
    house = House(("meter2", "grid"))
    house.told.clear()
    house.tell(*[OtherMeterSilent("grid", 0)] * 3)
    assert house.told == [FaultRaised(0, F14, 0)]


# -- what is not believed --------------------------------------------------------------------

GRID = Reading(1_000, 4_600, (20_000, 0, 0), 0, (230_000,) * 3, (4_600, 0, 0))


@pytest.mark.parametrize(
    "changed, reason",
    [
        ({}, None),
        ({"voltages_mv": None}, None),
        ({"powers_w": None}, None),
        ({"voltages_mv": (230_000, 0, 0)}, None),  # two fuses are out
        ({"powers_w": (-4_600, 0, 0)}, None),
        ({"powers_w": (6_020, 0, 0)}, None),
        ({"voltages_mv": (49_999, 0, 0)}, "no voltage on any phase (49 V at most)"),
        ({"powers_w": (6_021, 0, 0)}, "6021 W on L1 do not fit 20000 mA there"),
        ({"powers_w": (4_600, 0, -501)}, "-501 W on L3 do not fit 0 mA there"),
        ({"currents_ma": (0, 0, 0)}, "4600 W on L1 do not fit 0 mA there"),
    ],
)
def test_a_reading_may_not_contradict_itself(changed, reason):
    said = impossible(replace(GRID, **changed))
    assert (said and said.startswith(reason or "?")) == (reason and True)


@pytest.mark.parametrize(
    "changed, reason",
    [
        ({}, None),
        ({"currents_ma": (600_000, 500_000, 0)}, None),
        ({"energy_wh": 3_000}, None),
        ({"currents_ma": (600_001, 0, 0)}, "L1 jumped from 20000 to 600001 mA"),
        ({"currents_ma": (20_000, 0, -500_001)}, "L3 jumped from 0 to -500001 mA"),
        ({"energy_wh": 999}, "the register fell from 1000 to 999 Wh"),
        ({"energy_wh": 3_001}, "the register rose by 2001 Wh in 1000 ms"),
    ],
)
def test_a_reading_that_does_not_follow_from_the_one_before_is_strange(changed, reason):
    assert strange(GRID, replace(GRID, at_ms=1_000, **changed)) == reason


def test_a_spoiled_reading_is_dropped_and_told_once():
    house = House()
    house.show((9_000, 0, 0), seconds=3)
    house.show((9_000, 0, 0), powers_w=(50_000, 0, 0), seconds=2)
    house.show((9_000, 0, 0))
    why = "50000 W on L1 do not fit 9000 mA there"
    assert house.news() == [ReadingDropped("grid", why, 4_000)]
    assert house.load() == ExternalLoad((9_000, 0, 0), (False,) * 3, 6_000)


def test_a_meter_that_tells_nonsense_three_times_is_lost():
    house = House()
    house.show((9_000, 0, 0))
    house.show((9_000, 0, 0), powers_w=(50_000, 0, 0), seconds=5)
    news = house.news()
    assert news[1:] == [ExternalLoadLost(4_000), FaultRaised(0, F14, 4_000)]


def test_a_jump_is_believed_when_the_next_reading_says_the_same():
    house = House()
    house.show((9_000, 0, 0))
    house.show((900_000, 0, 0))
    assert house.load().currents_ma == (9_000, 0, 0)
    house.show((901_000, 0, 0))
    assert house.load().currents_ma == (901_000, 0, 0)
    assert house.news() == [ReadingDropped("grid", "L1 jumped from 9000 to 900000 mA", 2_000)]


def test_two_jumps_to_different_places_are_both_dropped():
    house = House()
    house.show((9_000, 0, 0))
    house.show((600_000, 0, 0))
    house.show((6_000_000, 0, 0))
    assert house.load().at_ms == 1_000
    house.show((9_500, 0, 0))
    assert house.load().currents_ma == (9_500, 0, 0)


@pytest.mark.parametrize("began_wh", [0, 7])
def test_a_register_that_was_reset_is_believed_at_the_second_reading(began_wh):
    house = House()
    house.show((9_000, 0, 0), energy_wh=99_999_999)
    assert house.load().at_ms == 0  # it rose more than anything can
    house.show((9_000, 0, 0), energy_wh=99_999_999)
    house.show((9_000, 0, 0), energy_wh=began_wh)
    assert house.load().at_ms == 2_000
    house.show((9_000, 0, 0), energy_wh=began_wh + 1)
    assert house.load().at_ms == 4_000
    house.show((9_000, 0, 0), energy_wh=began_wh + 2)
    assert house.load().at_ms == 5_000


def test_what_was_dropped_stands_among_the_last_events():
    recent = Recent(7, settings())
    recent.handle(ReadingDropped("grid", "the register fell from 9 to 1 Wh", 5), 5)
    (event,) = recent.events
    assert event.text == "grid: not believed: the register fell from 9 to 1 Wh"


@pytest.mark.covers("P108")
@pytest.mark.parametrize("signal", [True, False, None])
def test_the_load_carries_the_meter_s_own_input(signal):
    house = House()
    house.shows = Reading(1_000, 0, (0, 0, 0), 0, digital_input=signal)
    house.run(1_000)
    assert house.load().digital_input is signal
