"""What only a fault made on purpose showed to be untested: edges of tables, and single instants."""

from dataclasses import replace

import pytest

from firmware.pilot.cable import cable_ma
from firmware.pilot.classify import diode_good, letter, pwm_on
from firmware.pilot.contactor import missing
from firmware.pilot.facts import LockAsked, PermitTaken
from tests.pure.rigs import Outlet, charging


@pytest.mark.parametrize(
    "cp_high_mv, name",
    [(-13_000, "F"), (-10_000, "?"), (-1_000, "E"), (2_000, "D"), (5_000, "C"), (8_000, "B"),
     (11_000, "A"), (13_001, "?")],
)  # fmt: skip
def test_a_band_ends_below_its_edge(cp_high_mv, name):
    assert letter(cp_high_mv, "?") == name


@pytest.mark.parametrize(
    "pp_ohm, rating_ma",
    [(59, 0), (60, 63_000), (140, 63_000), (141, 32_000), (308, 32_000), (309, 20_000),
     (936, 20_000), (937, 13_000), (4_500, 13_000), (4_501, None)],
)  # fmt: skip
def test_a_resistor_at_the_edge_belongs_to_the_cable_below(pp_ohm, rating_ma):
    assert cable_ma(pp_ohm) == rating_ma


def test_a_low_plateau_that_is_asymmetric_but_too_weak_shows_no_diode():
    assert not diode_good(6_000, -9_999)
    assert diode_good(6_000, -10_000)


@pytest.mark.parametrize("duty, on", [(0, False), (1, True), (999, True), (1_000, False)])
def test_neither_state_f_nor_x1_is_a_square_wave(duty, on):
    assert pwm_on(duty) is on


def test_contacts_that_have_not_opened_yet_are_not_closed_on_again():
    outlet = charging()
    outlet.sample(mcb_tripped=True)
    outlet.follow = False
    for _ in range(20):  # the breaker is back at once, the contacts hang
        duty = outlet.core.state.drive.duty_permille
        outlet.world = replace(outlet.world, duty_permille=duty)
        outlet.run(10, mcb_tripped=False, contactor_closed=True)
        assert not outlet.on
        assert outlet.faults == []  # not a weld before 300 ms
        assert "weld_check" in missing(outlet.core._view(outlet.world, outlet.now_ms))


def plugged(*, pp_ohm=220, limit_ma=16_000):
    """Return an outlet with a car in B under PWM for a second."""
    outlet = Outlet()
    outlet.run(100)
    outlet.line("B", 100, pp_ohm=pp_ohm)
    outlet.give(LockAsked(True))
    outlet.permit(limit_ma)
    outlet.run(900)
    return outlet


def test_the_diode_is_proven_anew_after_every_pause_of_the_pwm():
    outlet = charging()
    outlet.give(PermitTaken("revoked"))
    outlet.line("B", 10_000)
    outlet.line("C", 1_000)  # it asks under X1: no PWM, nothing is proven
    outlet.permit()
    outlet.run(100)
    assert not outlet.on
    outlet.run(20)
    assert outlet.on


def test_a_good_sample_ends_a_bad_spell_of_the_diode():
    outlet = charging()
    outlet.run(50, cp_low_mv=-6_000)
    outlet.run(1_000)
    assert outlet.faults == []
    assert outlet.on


def test_a_bad_spell_of_the_diode_begins_its_proof_anew():
    outlet = plugged()
    outlet.line("C", 460)
    outlet.run(50, cp_low_mv=-6_000)
    outlet.run(90)
    assert not outlet.on
    outlet.run(30)
    assert outlet.on


def test_a_limit_that_falls_below_six_ampere_opens_after_the_six_seconds():
    outlet = charging()
    outlet.permit(5_999)
    outlet.run(5_990)
    assert outlet.on
    outlet.run(20)
    assert not outlet.on


def test_a_pwm_that_is_ordered_but_not_read_back_is_missing():
    outlet = plugged()
    assert 0 < outlet.core.state.drive.duty_permille < 1_000
    outlet.follow = False
    outlet.run(10, duty_permille=1_000)
    assert "pwm" in missing(outlet.core._view(outlet.world, outlet.now_ms))


def test_the_board_limits_a_greater_cable_and_a_greater_permit():
    outlet = plugged(pp_ohm=100, limit_ma=63_000)
    assert outlet.core.state.cable_ma == 63_000
    assert outlet.core.state.drive.duty_permille == 533


def test_a_fault_in_b_takes_the_offer_back():
    outlet = Outlet()
    outlet.run(100)
    outlet.line("B", 100, pp_ohm=220)
    outlet.permit()
    outlet.run(100)
    assert outlet.core.state.drive.duty_permille == 266
    outlet.sample(mcb_tripped=True)
    assert outlet.core.state.drive.duty_permille == 1_000
    outlet.run(20_000, mcb_tripped=True)
    assert outlet.core.state.drive.duty_permille == 1_000


def test_whatever_the_state_says_f_is_never_shown_under_load():
    outlet = charging()
    outlet.core.state.f_until_ms = outlet.now_ms + 5_000
    outlet.run(100)
    assert outlet.on
    assert outlet.core.state.drive.duty_permille == 266
