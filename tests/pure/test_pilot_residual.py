"""The residual current sensor's self-test: when it runs, what counts, and what waits for it."""

from dataclasses import replace

import pytest

from firmware.pilot.core import PilotCore
from firmware.pilot.facts import Drive, LockAsked, SampleLost, Traits
from tests.pure.rigs import Outlet

DAY_MS = 24 * 3_600_000
TEST_MS = 700


class Sensor(Outlet):
    """An outlet with a sensor; `answers` is its verdict, `None` a sensor that never answers."""

    def __init__(self, *, answers=True, **traits):
        super().__init__()
        self.core = PilotCore(Traits(1, 32_000, lock=True, mirror=True, residual=True, **traits))
        self.answers = answers
        self.verdict = None
        self.began_ms = None

    def sample(self, **changes):
        testing = self.core.state.drive.residual_test
        if testing and self.began_ms is None:
            self.began_ms, self.verdict = self.now_ms, None
        if not testing:
            self.began_ms = None
        elif self.now_ms >= self.began_ms + TEST_MS:
            self.verdict = self.answers
        self.world = replace(self.world, residual_test_ok=self.verdict)
        super().sample(**changes)

    @property
    def tests(self):
        """Return when the test input was driven, and when no more."""
        found = []
        for at_ms, drive in self.drives:
            if drive.residual_test is not (found[-1][1] if found else False):
                found.append((at_ms, drive.residual_test))
        return found


def charged(**sensor):
    """Return an outlet with a tested sensor that charges."""
    outlet = Sensor(**sensor)
    outlet.run(1_000)
    outlet.line("B", 100, pp_ohm=220)
    outlet.give(LockAsked(True))
    outlet.permit(lease_ms=30 * 24 * 3_600_000)
    outlet.run(300)
    outlet.line("C", 1_600)
    assert outlet.on and outlet.faults == []
    outlet.drives.clear()
    return outlet


def test_the_first_test_runs_at_the_start_and_ends_with_its_verdict():
    outlet = Sensor()
    outlet.run(2_000)
    assert outlet.tests == [(10, True), (10 + 10 + TEST_MS, False)]
    assert outlet.faults == []


def test_nothing_is_asked_where_there_is_no_sensor():
    outlet = Outlet()
    outlet.run(10_000)
    assert not any(drive.residual_test for _, drive in outlet.drives)


def test_a_car_that_asks_early_waits_for_the_verdict_and_no_longer():
    outlet = Sensor()
    outlet.give(LockAsked(True))
    outlet.permit()
    outlet.line("C", 700, pp_ohm=220)
    assert not outlet.on
    outlet.run(30)
    assert outlet.on


@pytest.mark.parametrize("answers, after_ms", [(False, 720), (None, 8_010)])
def test_without_a_good_verdict_in_time_nothing_closes(answers, after_ms):
    outlet = Sensor(answers=answers)
    outlet.give(LockAsked(True))
    outlet.permit()
    outlet.line("C", after_ms - 10, pp_ohm=220)
    assert outlet.faults == []
    outlet.run(10)
    assert outlet.faults == ["S02"]
    outlet.run(20_000)
    assert not any(drive.contactor_on for _, drive in outlet.drives)


def test_a_failed_test_is_repeated_every_minute_and_a_good_one_ends_the_fault():
    outlet = Sensor(answers=False)
    outlet.run(130_000)
    assert [at_ms // 1_000 for at_ms, on in outlet.tests if on] == [0, 60, 121]
    outlet.answers = True
    outlet.run(60_000)
    assert outlet.faults == []
    assert outlet.core.state.tested_ms == outlet.tests[-1][0]


def test_an_old_verdict_is_not_taken_for_a_new_one():
    outlet = Sensor()
    outlet.run(1_000)
    outlet.core.state.tested_ms = outlet.now_ms - DAY_MS  # so another is due
    outlet.sample()
    assert outlet.core.state.drive.residual_test
    for _ in range(100):  # this sensor is dead: it shows its old verdict for ever
        outlet.now_ms += 10
        Outlet.sample(outlet)
    assert outlet.core.state.drive.residual_test


def test_after_a_session_it_is_tested_again_once_the_car_has_gone():
    outlet = charged()
    outlet.line("B", 1_000)
    assert outlet.tests == []
    outlet.line("A")
    left_ms = outlet.now_ms
    outlet.run(5_000)
    assert [(at_ms - left_ms, on) for at_ms, on in outlet.tests] == [(50, True), (760, False)]


def test_a_session_of_more_than_a_day_is_not_interrupted_but_not_begun_again_untested():
    outlet = charged()
    outlet.now_ms += DAY_MS
    outlet.run(1_000)
    assert outlet.on and outlet.tests == []
    outlet.line("B")
    opened_ms = outlet.now_ms
    outlet.run(20)
    assert [(at_ms - opened_ms, on) for at_ms, on in outlet.tests] == [(10, True)]
    outlet.line("C", 690)
    assert not outlet.on
    outlet.run(30)
    assert outlet.on


def test_an_idle_station_tests_every_day_without_a_sample_that_changes():
    outlet = Sensor()
    outlet.run(1_000)
    tested_ms = outlet.core.state.tested_ms
    outlet.drives.clear()
    outlet.jump(DAY_MS)
    assert outlet.tests == [(tested_ms + DAY_MS, True)]


def test_a_test_is_broken_off_when_the_sample_is_lost():
    outlet = Sensor()
    outlet.run(100)
    outlet.give(SampleLost())
    assert not outlet.core.state.drive.residual_test
    outlet.run(1_000)
    assert outlet.core.state.tested_ms is not None


@pytest.mark.covers("F01")
def test_a_trip_during_the_test_is_a_trip_and_ends_the_test():
    outlet = Sensor()
    outlet.run(300)
    outlet.sample(residual_tripped=True)
    assert outlet.faults == ["F01"]
    assert not outlet.core.state.drive.residual_test


@pytest.mark.covers("B-ERRB-04")
def test_a_trip_of_an_old_module_is_reset_15_min_after_the_car_has_left_or_by_unplugging():
    outlet = charged(residual_reset_ms=900_000)
    outlet.sample(residual_tripped=True)
    outlet.run(1_000, residual_tripped=False)
    outlet.line("A", 50)
    for _ in range(900):
        assert outlet.faults == ["F01"]
        outlet.now_ms += 1_000
        outlet.sample()
    outlet.sample()
    assert outlet.faults == []
    outlet = charged(residual_reset_ms=900_000)
    outlet.sample(residual_tripped=True)
    outlet.run(100, residual_tripped=False)
    outlet.line("A", pp_ohm=None)
    assert outlet.faults == []


def test_no_test_runs_with_closed_contacts():
    outlet = Sensor()
    outlet.follow = False
    outlet.run(5_000, contactor_closed=True)
    assert outlet.tests == []


def test_the_orders_of_a_test_differ_in_nothing_else():
    outlet = Sensor()
    wishes = [w.drive for w in outlet.core.handle(LockAsked(False), 0) if isinstance(w, Drive)]
    outlet.run(1_000)
    assert wishes == []
    assert {replace(drive, residual_test=False) for _, drive in outlet.drives} == {
        outlet.core.state.drive
    }
