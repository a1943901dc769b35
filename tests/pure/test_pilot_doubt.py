"""Doubt in ourselves: what was driven did not happen, nobody looked, nobody is there."""

from dataclasses import replace

import pytest

from firmware.model.fault import Fault
from firmware.pilot.core import ALONE_MS
from firmware.pilot.facts import LockAsked, LoopLate, PermitTaken, StationHeard
from firmware.pilot.faults import LATCHED
from hal.ports import LockPosition
from tests.pure.rigs import Outlet, charging


@pytest.mark.covers("S11")
@pytest.mark.parametrize("duty", [533, 272, 260, 1_000, 0])
def test_a_generator_that_does_not_follow_for_200_ms_opens(duty):
    outlet = charging()
    outlet.run(200, duty_permille=duty, cp_low_mv=-12_000)
    assert (outlet.faults, outlet.on) == ([], True)
    outlet.run(10, duty_permille=duty, cp_low_mv=-12_000)
    assert outlet.faults == ["S11"]
    assert not outlet.on
    outlet.run(20_000)
    assert outlet.faults == ["S11"]
    outlet.line("A", 100)
    assert outlet.faults == []


@pytest.mark.parametrize("duty", [261, 271])
def test_what_a_generator_may_differ_by_is_no_fault(duty):
    outlet = charging()
    outlet.run(1_000, duty_permille=duty)
    assert (outlet.faults, outlet.on) == ([], True)


def test_a_generator_that_is_wrong_without_a_car_is_told_until_it_follows():
    outlet = Outlet()
    outlet.run(1_000, duty_permille=300)
    assert outlet.faults == ["S11"]
    outlet.run(10)
    assert outlet.faults == []


def test_a_loop_that_was_away_opens_and_charges_again_after_the_rest():
    """The deadman has let go meanwhile: that is neither a stuck contactor nor a lost pin."""
    outlet = charging()
    outlet.now_ms += 700
    outlet.give(LoopLate(700))
    assert not outlet.on
    assert outlet.core.state.contactor_reason == "loop_late"
    assert outlet.core.state.drive.duty_permille == 1_000
    outlet.sample(contactor_closed=False, lock=LockPosition.UNLOCKED)
    assert outlet.faults == []
    outlet.line("C", 4_900)
    assert not outlet.on
    outlet.run(300)
    assert outlet.on
    assert outlet.faults == []


def test_a_late_loop_gives_contacts_that_are_moving_their_time_anew():
    outlet = charging()
    outlet.give(PermitTaken("revoked"))
    outlet.line("B")
    assert not outlet.on
    outlet.now_ms += 700
    outlet.give(LoopLate(700))
    outlet.follow = False
    outlet.run(200, contactor_closed=True)
    assert outlet.faults == []
    outlet.run(200)
    assert outlet.faults == ["F08"]


def test_a_loop_that_was_late_with_the_contactor_open_changes_nothing():
    outlet = charging()
    outlet.line("B", 100)
    outlet.give(LoopLate(700))
    outlet.line("C", 600)
    assert outlet.on


def test_a_car_that_toggles_closes_six_times_a_minute_at_most():
    outlet = charging()
    began_ms = outlet.now_ms
    closed = []
    while outlet.now_ms < began_ms + 120_000:
        was = outlet.on
        outlet.line("C", 1_000)
        if outlet.on and not was:
            closed.append(outlet.now_ms - began_ms)
        outlet.line("B", 1_000)
    minutes = [[b for b in closed if a <= b < a + 60_000] for a in closed]
    assert max(map(len, minutes)) == 6


def test_without_a_station_for_ten_minutes_the_plug_is_set_free():
    outlet = charging()
    outlet.give(PermitTaken("link_lost"))
    outlet.run(1_000)
    outlet.line("B", 1_000)
    outlet.jump(ALONE_MS - 2_010)
    assert outlet.core.state.drive.lock_on
    outlet.jump(10)
    assert not outlet.core.state.drive.lock_on


@pytest.mark.parametrize("word", [StationHeard(), LockAsked(True)])
def test_a_station_that_is_heard_again_keeps_the_plug(word):
    outlet = charging()
    outlet.give(PermitTaken("link_lost"))
    outlet.line("B", 1_000)
    outlet.give(word)
    outlet.jump(10 * ALONE_MS)
    assert outlet.core.state.drive.lock_on


def test_welded_contacts_hold_the_plug_even_without_a_station():
    outlet = charging()
    outlet.give(PermitTaken("link_lost"))
    outlet.follow = False
    outlet.line("B", 1_000, contactor_closed=True, lock=LockPosition.LOCKED)
    outlet.jump(10 * ALONE_MS)
    assert outlet.core.state.drive.lock_on


def test_a_pilot_that_wakes_alone_frees_the_plug_it_found_held():
    outlet = Outlet()
    outlet.world = replace(outlet.world, lock=LockPosition.LOCKED, pp_ohm=220)
    outlet.give()
    outlet.follow = False
    outlet.line("B", 1_000)
    assert outlet.core.state.drive.lock_on
    outlet.jump(ALONE_MS)
    assert not outlet.core.state.drive.lock_on


# -- after a restart --------------------------------------------------------------------------


@pytest.mark.covers("F01", "B-ERRB-04")
def test_a_trip_is_there_after_a_restart_until_the_plug_is_out():
    outlet = Outlet(latched=frozenset({Fault.GROUND_FAILURE}))
    outlet.line("B", 100, pp_ohm=220)
    outlet.give(LockAsked(True))
    outlet.permit()
    outlet.line("C", 60_000)
    assert outlet.faults == ["F01"]
    assert not outlet.on
    outlet.line("A", 100, pp_ohm=None)
    assert outlet.faults == []


@pytest.mark.covers("F08")
def test_a_weld_of_an_earlier_run_is_explained_by_contacts_that_are_open():
    outlet = Outlet(latched=frozenset({Fault.CONTACTOR_WELDED}))
    outlet.sample()
    assert outlet.faults == []


@pytest.mark.covers("F08")
def test_a_weld_of_an_earlier_run_stays_one_without_waiting():
    outlet = Outlet(latched=frozenset({Fault.CONTACTOR_WELDED}), follow=False)
    outlet.sample(contactor_closed=True)
    assert outlet.faults == ["F08"]


@pytest.mark.covers("S02")
def test_a_failed_self_test_of_an_earlier_run_is_repeated_before_anything():
    outlet = Outlet(residual=True, latched=frozenset({Fault.RESIDUAL_TEST}))
    outlet.sample()
    assert outlet.faults == ["S02"]
    assert outlet.core.state.drive.residual_test


def test_what_is_not_latched_is_not_taken_over():
    outlet = Outlet(latched=frozenset(Fault))
    assert outlet.core.state.faults == LATCHED


# -- what boards may have ---------------------------------------------------------------------


def test_a_fixed_cable_comes_and_goes_with_the_car():
    outlet = Outlet(lock=False, tethered=True)
    outlet.run(1_000)
    assert outlet.core.state.cable_ma is None
    outlet.line("B", 1_000)
    assert outlet.core.state.cable_ma == 32_000
    outlet.permit()
    outlet.line("C", 1_000)
    assert outlet.on
    outlet.line("A", 100)
    assert outlet.core.state.cable_ma is None
    assert not outlet.on


def test_a_car_that_wants_a_fan_where_there_is_none_gets_nothing():
    outlet = charging()
    outlet.line("D", 10_000)
    assert not outlet.on
