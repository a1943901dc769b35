"""Each fault of an outlet: when it is there, what it does, and what ends it."""

import pytest

from firmware.model.outlet import FaultCleared, FaultRaised
from firmware.pilot.facts import LockAsked, SampleLost
from hal.ports import LockPosition
from tests.pure.rigs import Outlet, charging


def named(outlet):
    """Return what was told of faults: id and whether it began."""
    return [
        (fact.fault.row.id, isinstance(fact, FaultRaised))
        for fact in outlet.told
        if isinstance(fact, FaultRaised | FaultCleared)
    ]


def stuck(outlet, span_ms, **changes):
    """Let time pass with contacts and pin as they are, whatever is driven."""
    outlet.follow = False
    outlet.run(span_ms, **changes)


@pytest.mark.covers("F01", "B-ERRB-04", "B-STP-09")
def test_a_residual_trip_is_reset_at_once_by_unplugging():
    outlet = charging()
    outlet.sample(residual_tripped=True)
    assert not outlet.on
    outlet.run(1_000, residual_tripped=False)
    assert outlet.faults == ["F01"]  # the module is well again, the plug is still in
    outlet.line("A", pp_ohm=None)
    assert outlet.faults == []
    assert named(outlet) == [("F01", True), ("F01", False)]


@pytest.mark.covers("F01", "B-ERRB-04")
def test_a_residual_trip_is_reset_10_s_after_the_car_has_left_the_plug_in():
    outlet = charging()
    outlet.sample(residual_tripped=True)
    outlet.run(1_000, residual_tripped=False)
    outlet.line("A", 10_000)
    assert outlet.faults == ["F01"]
    outlet.run(10)
    assert outlet.faults == []


def test_a_residual_current_that_stays_is_not_reset_by_unplugging():
    outlet = charging()
    outlet.sample(residual_tripped=True)
    outlet.give(LockAsked(False))
    outlet.line("A", 60_000, pp_ohm=None)
    assert outlet.faults == ["F01"]


def test_a_car_that_comes_back_within_10_s_keeps_the_residual_fault():
    outlet = charging()
    outlet.sample(residual_tripped=True)
    outlet.run(100, residual_tripped=False)
    outlet.line("A", 9_000)
    outlet.line("C", 20_000)
    assert outlet.faults == ["F01"]
    assert not outlet.on


@pytest.mark.covers("F02")
@pytest.mark.parametrize("letter", ["E", "F"])
def test_a_car_that_signals_an_error_opens_at_once_and_is_well_when_the_line_is(letter):
    outlet = charging()
    outlet.line(letter)
    assert not outlet.on
    outlet.run(50)
    assert outlet.faults == ["F02"]
    outlet.line("B", 60)
    assert outlet.faults == []


@pytest.mark.covers("F03")
def test_a_missing_diode_opens_after_100_ms_and_stays_until_the_car_is_gone():
    outlet = charging()
    began_ms = outlet.now_ms
    outlet.run(100, cp_low_mv=-6_000)
    assert outlet.on
    outlet.run(10, cp_low_mv=-6_000)
    assert [(at_ms - began_ms, d.contactor_on) for at_ms, d in outlet.drives] == [(110, False)]
    assert outlet.faults == ["F03"]
    outlet.run(5_000)  # X1: nothing can be seen of the diode any more
    assert outlet.faults == ["F03"]
    outlet.line("A", 60)
    assert outlet.faults == []


@pytest.mark.covers("F04", "F06")
@pytest.mark.parametrize("pin, fault", [("mcb_tripped", "F04"), ("rcd_tripped", "F06")])
def test_a_breaker_opens_at_once_and_is_well_when_it_is_armed_again(pin, fault):
    outlet = charging()
    outlet.sample(**{pin: True})
    assert not outlet.on
    assert outlet.faults == [fault]
    outlet.run(100, **{pin: False})
    assert named(outlet) == [(fault, True), (fault, False)]


@pytest.mark.covers("F08")
def test_contacts_that_stay_closed_300_ms_after_opening_are_welded():
    outlet = charging()
    outlet.line("B")
    stuck(outlet, 290)
    assert outlet.faults == []
    stuck(outlet, 10)
    assert outlet.faults == ["F08"]
    outlet.line("C", 3_000)
    assert not outlet.on
    stuck(outlet, 10, contactor_closed=False)
    assert outlet.faults == []


@pytest.mark.covers("F08")
def test_a_welded_contactor_keeps_the_plug():
    outlet = charging()
    outlet.give(LockAsked(False))
    outlet.line("B")
    stuck(outlet, 5_000)
    assert outlet.core.state.drive.lock_on
    stuck(outlet, 10, contactor_closed=False)
    assert not outlet.core.state.drive.lock_on


@pytest.mark.covers("F08")
def test_contacts_found_closed_at_the_start_are_a_weld_and_never_closed_on():
    outlet = Outlet()
    stuck(outlet, 300, contactor_closed=True)
    assert outlet.faults == []
    stuck(outlet, 10)
    assert outlet.faults == ["F08"]


@pytest.mark.covers("S01")
def test_contacts_that_do_not_close_within_300_ms_are_stuck_until_the_plug_is_out():
    outlet = charging()
    outlet.sample()
    stuck(outlet, 10, contactor_closed=False)
    assert outlet.faults == ["S01"]
    assert not outlet.on
    outlet.run(60_000)
    assert outlet.faults == ["S01"]
    outlet.line("A", pp_ohm=None)
    assert outlet.faults == []


@pytest.mark.covers("F12")
def test_an_actuator_that_is_not_there_is_told_and_powers_nothing():
    outlet = charging()
    stuck(outlet, 10, lock=LockPosition.MISSING)
    assert outlet.faults == ["F12"]
    assert not outlet.on


@pytest.mark.covers("X04", "S06")
@pytest.mark.parametrize(
    "letter, pp_ohm, faults", [("?", 220, ["X04"]), ("B", 30, ["S06"]), ("B", 220, [])]
)
def test_an_impossible_voltage_and_a_shorted_plug_are_faults_of_their_own(letter, pp_ohm, faults):
    outlet = Outlet()
    outlet.run(100)
    outlet.line(letter, 100, pp_ohm=pp_ohm)
    assert outlet.faults == faults


@pytest.mark.covers("X08")
def test_a_silent_board_is_a_fault_until_it_speaks():
    outlet = charging()
    outlet.give(SampleLost())
    assert outlet.faults == ["X08"]
    outlet.sample()
    assert outlet.faults == []


def test_an_outlet_without_actuator_has_no_lock_faults_and_charges():
    outlet = charging(lock=False)
    assert outlet.on
    outlet.run(10_000)
    assert outlet.faults == []
    assert not any(drive.lock_on for _, drive in outlet.drives)


def test_without_a_mirror_contact_the_plug_is_held_until_the_contacts_surely_moved():
    outlet = charging(mirror=False)
    outlet.give(LockAsked(False))
    outlet.line("B")
    assert not outlet.on
    opened_ms = outlet.now_ms
    outlet.run(290)
    assert outlet.core.state.drive.lock_on
    outlet.run(10)
    freed = [(at_ms - opened_ms, d.lock_on) for at_ms, d in outlet.drives if not d.lock_on]
    assert freed == [(300, False)]
