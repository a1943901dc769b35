"""One or three phases: nothing is switched under load, and the car does not notice who did it."""

import pytest

from firmware.model.outlet import CpChanged
from firmware.model.values import CpState
from tests.pure.rigs import Outlet, charging


def steps(outlet, began_ms):
    """Return what was driven from an instant on: seconds, phases, pilot there, contactor on."""
    found = []
    for at_ms, d in outlet.drives:
        one = (d.phases, d.cp_connected, d.contactor_on)
        if not found or found[-1][1:] != one:
            found.append(((at_ms - began_ms) / 1_000, *one))
    return found


@pytest.mark.covers("B-CUR-12")
def test_a_car_that_obeys_is_switched_with_the_pilot_away_and_charges_again():
    outlet = charging(phase_switch=True)
    began_ms = outlet.now_ms
    outlet.permit(phases=1)
    outlet.run(2_000)
    outlet.line("B", 40_000)
    outlet.line("B", 8_000)
    outlet.line("C", 2_000)
    assert steps(outlet, began_ms) == [
        (0, 3, True, True),
        (2.01, 3, True, False),
        (2.31, 3, False, False),
        (3.31, 1, False, False),
        (47.31, 1, True, False),
        (50.51, 1, True, True),
    ]
    assert outlet.faults == []


def test_a_car_that_does_not_obey_is_cut_off_and_waits_a_minute():
    outlet = charging(phase_switch=True)
    began_ms = outlet.now_ms
    outlet.permit(phases=1)
    outlet.run(70_000)
    lifted = [(at, there) for at, _, there, _ in steps(outlet, began_ms)]
    assert (6.3, False) in lifted
    assert (66.3, True) in lifted


def test_while_the_pilot_is_away_the_car_counts_as_there():
    outlet = charging(phase_switch=True)
    outlet.permit(phases=1)
    outlet.line("B", 60_000)
    states = [fact.cp for fact in outlet.told if isinstance(fact, CpChanged)]
    assert CpState.A not in states


def test_welded_contacts_are_not_switched():
    outlet = charging(phase_switch=True)
    outlet.follow = False
    outlet.permit(phases=1)
    outlet.line("B", 90_000, contactor_closed=True)
    assert outlet.faults == ["F08"]
    assert {d.phases for _, d in outlet.drives} == {3}


def test_a_wish_taken_back_during_the_pause_waits_for_its_end():
    outlet = charging(phase_switch=True)
    outlet.permit(phases=1)
    outlet.line("B", 20_000)
    outlet.permit(phases=3)
    outlet.run(1_000)
    assert outlet.core.state.drive.phases == 3
    assert not outlet.core.state.drive.cp_connected
    assert outlet.core.state.drive.duty_permille == 1_000


def test_without_a_car_nobody_waits():
    outlet = Outlet(phase_switch=True)
    outlet.run(1_000)
    outlet.permit(phases=1)
    outlet.run(20)
    assert outlet.core.state.drive.phases == 1
    assert outlet.core.state.drive.cp_connected


def test_a_board_without_a_switch_gives_what_it_has():
    outlet = charging()
    outlet.permit(phases=1)
    outlet.run(10_000)
    assert outlet.on
    assert outlet.core.state.drive.phases == 3
