"""Duty, cable and bands: tables of the pilot room against the standard's figures."""

import pytest

from firmware.pilot.cable import cable_ma
from firmware.pilot.classify import diode_good, letter
from firmware.pilot.duty import duty_permille, offered_ma


@pytest.mark.parametrize(
    "limit_ma, duty", [(6_000, 100), (16_000, 266), (32_000, 533), (51_000, 850), (63_000, 892)]
)
def test_duty_offers_the_limit_or_just_under(limit_ma, duty):
    assert duty_permille(limit_ma) == duty
    assert offered_ma(duty) <= limit_ma


@pytest.mark.parametrize("limit_ma", [0, 1, 5_999])
def test_less_than_six_ampere_is_no_permission_at_all(limit_ma):
    assert duty_permille(limit_ma) == 1_000
    assert offered_ma(1_000) == 0


def test_no_limit_is_ever_exceeded_by_its_duty():
    for limit_ma in range(6_000, 90_000, 7):
        offer_ma = offered_ma(duty_permille(limit_ma))
        assert limit_ma - 1_750 < offer_ma <= limit_ma or limit_ma > 80_000 == offer_ma


@pytest.mark.parametrize("duty, current_ma", [(50, 0), (79, 0), (85, 6_000), (970, 80_000)])
def test_odd_duties_are_read_as_the_standard_says(duty, current_ma):
    assert offered_ma(duty) == current_ma


@pytest.mark.parametrize(
    "pp_ohm, rating_ma",
    [
        (None, None), (5_000, None), (1_500, 13_000), (1_100, 13_000), (680, 20_000),
        (220, 32_000), (164, 32_000), (100, 63_000), (350, 20_000), (30, 0),
    ],
)  # fmt: skip
def test_the_plug_resistor_tells_what_the_cable_carries(pp_ohm, rating_ma):
    assert cable_ma(pp_ohm) == rating_ma


@pytest.mark.parametrize(
    "cp_high_mv, name",
    [
        (12_000, "A"), (9_000, "B"), (6_000, "C"), (3_000, "D"), (0, "E"), (-12_000, "F"),
        (14_000, "?"), (-5_000, "?"), (-13_500, "?"),
    ],
)  # fmt: skip
def test_each_nominal_voltage_is_its_state(cp_high_mv, name):
    assert letter(cp_high_mv, "?") == name


@pytest.mark.parametrize(
    "cp_high_mv, before, after",
    [
        (10_500, "A", "A"), (10_500, "B", "B"), (7_500, "A", "B"), (7_500, "B", "B"),
        (7_500, "C", "C"), (4_500, "B", "C"), (4_500, "C", "C"), (4_500, "D", "D"),
    ],
)  # fmt: skip
def test_between_two_bands_the_line_keeps_its_side(cp_high_mv, before, after):
    assert letter(cp_high_mv, before) == after


def test_a_missing_diode_shows_in_the_low_plateau():
    assert diode_good(6_000, -12_000)
    assert not diode_good(6_000, -6_000)
    assert not diode_good(9_000, -9_900)
    assert not diode_good(11_500, -11_900)
