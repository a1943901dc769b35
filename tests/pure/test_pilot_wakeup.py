"""A car that sleeps is woken by state F: when, how often, and which car is left alone."""

import pytest

from firmware.model.outlet import CpChanged
from firmware.model.values import CpState
from firmware.pilot.facts import LockAsked, PermitGiven, PermitTaken
from tests.pure.rigs import Outlet, charging


def offered():
    """Return an outlet with a car in B that was offered power just now."""
    outlet = Outlet()
    outlet.run(100)
    outlet.line("B", 1_000, pp_ohm=220)
    outlet.give(LockAsked(True))
    outlet.permit()
    outlet.drives.clear()
    outlet.told.clear()
    return outlet


def pulses(outlet, began_ms):
    """Return when F began and ended, counted from an instant, in seconds."""
    found, last = [], False
    for at_ms, drive in outlet.drives:
        if (drive.duty_permille == 0) is not last:
            last = not last
            found.append((at_ms - began_ms) / 1_000)
    return found


@pytest.mark.covers("61851-1 A.5.3", "B-DLM-31")
def test_a_sleeper_is_woken_twice_for_four_seconds_and_then_left_alone():
    outlet = offered()
    began_ms = outlet.now_ms
    outlet.run(600_000)
    assert pulses(outlet, began_ms) == [60, 64, 124.1, 128.1]
    assert outlet.core.state.drive.duty_permille == 266


@pytest.mark.covers("B-DLM-31", "P102")
def test_where_the_station_does_not_allow_it_nobody_is_woken():
    outlet = offered()
    outlet.give(PermitGiven(16_000, outlet.now_ms + 600_000, wake=False))
    began_ms = outlet.now_ms
    outlet.run(500_000)
    assert pulses(outlet, began_ms) == []


def test_a_car_that_has_charged_is_not_woken():
    outlet = charging()
    began_ms = outlet.now_ms
    outlet.line("B", 300_000)
    assert pulses(outlet, began_ms) == []


def test_without_an_offer_nobody_is_woken():
    outlet = offered()
    outlet.give(PermitTaken("paused"))
    began_ms = outlet.now_ms
    outlet.run(600_000)
    assert pulses(outlet, began_ms) == []


@pytest.mark.covers("B-DLM-31")
@pytest.mark.parametrize("pause_s, woken", [(299, []), (300, [60, 64, 124.1, 128.1])])
def test_after_a_pause_of_five_minutes_a_car_may_have_fallen_asleep(pause_s, woken):
    outlet = charging()
    outlet.give(PermitTaken("paused"))
    outlet.line("B", pause_s * 1_000)
    outlet.permit()
    began_ms = outlet.now_ms
    outlet.drives.clear()
    outlet.run(200_000)
    assert pulses(outlet, began_ms) == woken


def test_our_own_f_is_not_the_cars_and_the_first_look_after_it_is_not_believed():
    outlet = offered()
    outlet.run(63_990)
    assert outlet.core.state.drive.duty_permille == 0
    outlet.run(30, cp_high_mv=-12_000)  # F is over, the line has not followed yet
    assert outlet.core.state.drive.duty_permille == 1_000
    outlet.run(1_000, cp_high_mv=9_000)
    assert outlet.faults == []
    states = {fact.cp for fact in outlet.told if isinstance(fact, CpChanged)}
    assert states == {CpState.B1, CpState.B2}


def test_nothing_is_closed_while_the_line_shows_nothing_of_the_car():
    outlet = offered()
    outlet.run(61_000)
    assert outlet.core.state.drive.duty_permille == 0
    outlet.run(2_000, cp_high_mv=6_000)
    assert not outlet.on
    outlet.line("C", 1_700)
    assert outlet.on


def test_a_plug_that_leaves_during_the_waking_is_gone():
    outlet = offered()
    outlet.run(61_000)
    outlet.line("A", pp_ohm=None)
    assert outlet.core.state.cable_ma is None
    outlet.run(5_000)
    assert outlet.core.state.drive.duty_permille == 1_000
