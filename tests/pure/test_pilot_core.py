"""The pilot line read over time, what a station is told, and the first sample of all."""

import pytest

from firmware.model.fault import Fault
from firmware.model.outlet import (
    CableChanged,
    ContactorMoved,
    CpChanged,
    FaultRaised,
    LockMoved,
    OfferChanged,
)
from firmware.model.values import CpState
from firmware.pilot.core import PilotCore
from firmware.pilot.facts import LockAsked, Traits
from hal.ports import LockPosition
from tests.pure.rigs import Outlet, charging


def cps(outlet):
    return [(fact.cp, fact.at_ms) for fact in outlet.told if isinstance(fact, CpChanged)]


@pytest.mark.parametrize(
    "path, settle_ms, cp",
    [
        ("AB", 50, CpState.B1),
        ("AC", 500, CpState.C1),
        ("AD", 500, CpState.D1),
        ("BC", 500, CpState.C1),
        ("BA", 50, CpState.A),
        ("BE", 50, CpState.E),
        ("BF", 50, CpState.F),
        ("B?", 50, CpState.INVALID),
        ("CB", 0, CpState.B1),
        ("CA", 0, CpState.A),
        ("CE", 0, CpState.E),
        ("C?", 0, CpState.INVALID),
        ("DB", 0, CpState.B1),
        ("CD", 0, CpState.D1),
    ],
)
def test_a_state_counts_after_its_settling_time(path, settle_ms, cp):
    outlet = Outlet()
    outlet.line(path[0], 1_000, pp_ohm=220)
    outlet.told.clear()
    outlet.now_ms += 10
    outlet.line(path[1])
    changed_ms = outlet.now_ms
    outlet.run(1_000)
    assert cps(outlet) == [(cp, changed_ms + settle_ms)]


def test_a_glitch_shorter_than_its_settling_time_is_not_told():
    outlet = Outlet()
    outlet.line("B", 1_000, pp_ohm=220)
    outlet.told.clear()
    outlet.line("A", 40)
    outlet.line("B", 1_000)
    assert cps(outlet) == []


def test_the_settling_of_a_state_needs_no_further_sample():
    outlet = Outlet()
    outlet.line("B", 1_000, pp_ohm=220)
    outlet.told.clear()
    outlet.line("C")
    changed_ms = outlet.now_ms
    outlet.jump(1_000)
    assert cps(outlet) == [(CpState.C1, changed_ms + 500)]


def test_the_pwm_is_told_with_the_state():
    outlet = Outlet()
    outlet.line("B", 100, pp_ohm=220)
    outlet.told.clear()
    outlet.permit()
    given_ms = outlet.now_ms
    outlet.run(100)
    assert outlet.told == [
        OfferChanged(1, 15_960, given_ms),
        CpChanged(1, CpState.B2, given_ms + 10),
    ]


def test_no_pwm_runs_without_a_car():
    outlet = Outlet()
    outlet.permit()
    outlet.line("A", 1_000, pp_ohm=220)
    assert outlet.core.state.drive.duty_permille == 1_000


@pytest.mark.parametrize("letter", ["D", "E", "F", "?"])
def test_no_pwm_runs_in_a_state_that_may_not_charge(letter):
    outlet = Outlet()
    outlet.line("B", 1_000, pp_ohm=220)
    outlet.permit()
    outlet.run(100)
    assert outlet.core.state.drive.duty_permille == 266
    outlet.line(letter, 600)
    assert outlet.core.state.drive.duty_permille == 1_000


def test_the_contactor_stays_open_in_state_d():
    outlet = Outlet()
    outlet.line("B", 100, pp_ohm=220)
    outlet.give(LockAsked(True))
    outlet.permit()
    outlet.run(200)
    outlet.line("D", 5_000)
    assert not any(drive.contactor_on for _, drive in outlet.drives)


# -- reports ---------------------------------------------------------------------------------


def test_a_station_that_has_just_come_is_told_the_whole_state():
    outlet = charging()
    outlet.line("E", 60)
    now_ms = outlet.now_ms
    assert list(outlet.core.report(now_ms)) == [
        CableChanged(1, 32_000, now_ms),
        CpChanged(1, CpState.E, now_ms),
        ContactorMoved(1, False, "report", now_ms),
        LockMoved(1, True, now_ms),
        OfferChanged(1, 0, now_ms),
        FaultRaised(1, Fault.EV_ERROR, now_ms),
    ]


def test_a_charging_outlet_reports_contactor_and_offer():
    outlet = charging()
    assert list(outlet.core.report(5)) == [
        CableChanged(1, 32_000, 5),
        CpChanged(1, CpState.C2, 5),
        ContactorMoved(1, True, "report", 5),
        LockMoved(1, True, 5),
        OfferChanged(1, 15_960, 5),
    ]


def test_before_anything_is_seen_nothing_is_reported():
    assert list(PilotCore(Traits(1, 32_000, lock=True, mirror=True)).report(0)) == []


def test_a_station_that_comes_before_the_line_has_settled_is_told_of_the_plug():
    outlet = Outlet()
    outlet.line("B", 10, pp_ohm=220)
    reported = list(outlet.core.report(10))
    assert reported[0] == CableChanged(1, 32_000, 10)
    assert not any(isinstance(fact, CpChanged) for fact in reported)
    outlet.line("B", 100, pp_ohm=220)  # it is told only once that a plug is there
    assert [type(fact) for fact in outlet.told] == [CableChanged, CpChanged]


def test_all_that_is_reported_was_told_before():
    outlet = charging()
    fresh = Outlet()
    fresh.line("B", 100, pp_ohm=220)
    kinds = {type(fact) for fact in fresh.told}
    assert kinds == {CableChanged, CpChanged}
    assert {type(fact) for fact in outlet.core.report(0)} > kinds


# -- waking up -------------------------------------------------------------------------------


@pytest.mark.parametrize("position", [LockPosition.LOCKED, LockPosition.UNLOCKED])
def test_a_plug_that_is_found_held_stays_held_until_the_station_has_its_say(position):
    outlet = Outlet()
    outlet.follow = False
    outlet.line("B", 5_000, pp_ohm=220, lock=position)
    assert outlet.core.state.drive.lock_on is (position is LockPosition.LOCKED)
    outlet.give(LockAsked(False))
    assert outlet.core.state.drive.lock_on is False


def test_the_station_may_speak_before_the_first_sample():
    outlet = Outlet()
    outlet.give(LockAsked(True))
    assert outlet.drives == []
    outlet.follow = False
    outlet.line("B", lock=LockPosition.UNLOCKED, pp_ohm=220)
    assert [drive.lock_on for _, drive in outlet.drives] == [True]


def test_the_first_order_is_given_even_if_it_changes_nothing():
    outlet = Outlet()
    outlet.sample()
    ((at_ms, drive),) = outlet.drives
    assert (at_ms, drive.duty_permille, drive.contactor_on) == (0, 1_000, False)


def test_the_plug_is_not_freed_while_power_is_on():
    outlet = charging()
    outlet.give(LockAsked(False))
    outlet.run(1_000)
    assert outlet.core.state.drive.lock_on
    assert outlet.on
