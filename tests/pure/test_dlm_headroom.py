"""What the house leaves to the cars, and what a car is learnt to take."""

from dataclasses import replace

import pytest

from firmware.dlm.allocate import allocate
from firmware.dlm.claims import Claim, Policy, Turn
from firmware.dlm.demand import cycled, fresh, observed
from firmware.dlm.headroom import (
    Connection,
    Location,
    available_ma,
    external_ma,
    operating_ma,
)
from firmware.dlm.phases import on_grid
from firmware.dlm.tree import Fuse, Load, room, tree_of

ALL = (0, 1, 2)


def each(amps):
    """Return so many amperes on every phase."""
    return (1_000 * amps,) * 3


HOUSE = Connection(Location.INCLUDING, each(100), each(5), each(9_999))


@pytest.mark.parametrize(
    "evse, operator, scheduled, input_, least",
    [
        (50, 32, None, None, 32),
        (32, 50, None, None, 32),
        (50, 32, 16, None, 16),
        (50, 32, 40, None, 32),
        (50, 32, 20, 10, 10),
        (50, 32, None, 40, 32),
    ],
)
def test_the_least_of_all_limits_of_the_stations_is_distributed(
    evse, operator, scheduled, input_, least
):
    optional = [each(x) for x in (scheduled, input_) if x is not None]
    assert operating_ma(each(evse), each(operator), *optional) == each(least)


def test_limits_differ_by_phase():
    assert operating_ma((50_000, 20_000, 9_000), (32_000, 40_000, 0)) == (32_000, 20_000, 0)


@pytest.mark.parametrize("location, amps", [(Location.INCLUDING, 55), (Location.EXCLUDING, 35)])
def test_a_meter_before_or_beside_the_stations_leaves_what_is_left(location, amps):
    house = replace(HOUSE, location=location)
    beside_ma = external_ma(house, each(60), each(20))
    assert available_ma(each(100), house, beside_ma) == each(amps)


def test_the_operator_limit_holds_below_what_the_house_leaves():
    beside_ma = external_ma(HOUSE, each(60), each(20))
    assert available_ma(each(50), HOUSE, beside_ma) == each(50)


def test_what_the_stations_draw_is_subtracted_from_the_grid_phase_that_it_flows_on():
    drawn_ma = on_grid("STR", (16_000, 0, 0))
    beside_ma = external_ma(HOUSE, (10_000, 30_000, 40_000), drawn_ma)
    assert beside_ma == (10_000, 14_000, 40_000)


def test_a_fallback_is_the_load_that_is_assumed_while_the_meter_is_silent():
    house = replace(HOUSE, fallback_ma=each(70))
    assert available_ma(each(63), house, house.fallback_ma) == each(25)


@pytest.mark.parametrize(
    "location, use_export, beside",
    [
        (Location.EXCLUDING, False, 0),
        (Location.EXCLUDING, True, -10),
        (Location.INCLUDING, False, 0),
        (Location.INCLUDING, True, -30),
    ],
)
def test_an_exporting_phase_counts_as_nothing_unless_its_use_is_allowed(
    location, use_export, beside
):
    house = replace(HOUSE, location=location, use_export=use_export)
    assert external_ma(house, each(-10), each(20)) == each(beside)


def test_the_disconnected_limit_of_a_unit_that_is_not_heard_is_kept_for_it():
    tree = tree_of([Fuse("house", each(40)), Fuse("row", each(32), "house")])
    held = [Load("row", ALL, 7_000), Load("row", (1,), 7_000)]
    assert room(tree, {"house": (40_000, 20_000, 5_000)}, held) == [
        33_000, 6_000, 0, 25_000, 18_000, 25_000,
    ]  # fmt: skip


# -- what a car takes -------------------------------------------------------------------------


def played(demand, *readings, offered=16):
    """Return the demand after readings of a second each, amperes in."""
    for second, amps in enumerate(readings):
        currents_ma = tuple(round(1_000 * x) for x in amps)
        demand = observed(demand, 1_000 * offered, currents_ma, 1_000 * second)
    return demand


def test_a_car_on_one_phase_is_known_after_ten_seconds_above_80_percent_of_its_offer():
    single = (15.5, 0.4, 0.9)
    assert played(fresh(ALL), *[single] * 10).uses == ALL
    assert played(fresh(ALL), *[single] * 11).uses == (0,)


@pytest.mark.parametrize(
    "readings",
    [
        [(12.8, 0, 0)] * 60,
        [(15.5, 1.0, 1.0)] * 60,
        ([(15.5, 0, 0)] * 9 + [(15.5, 1.2, 1.2)]) * 6,
    ],
)
def test_below_80_percent_or_with_an_ampere_in_between_all_phases_stay_reserved(readings):
    assert played(fresh(ALL), *readings).uses == ALL


def test_a_phase_that_carries_current_again_is_reserved_at_once():
    single = played(fresh(ALL), *[(15.5, 0, 0)] * 11)
    assert played(single, (15.5, 15.5, 0)).uses == (0, 1)


def test_an_outlet_wired_to_one_phase_is_reserved_on_no_other():
    assert played(fresh((0,)), (15.5, 0, 0)).uses == (0,)


def cycles(demand, count, amps, offered=16):
    """Return the demand after cycles of three readings."""
    for _ in range(count):
        demand = cycled(played(demand, *[(amps, amps, amps)] * 3, offered=offered))
    return demand


@pytest.mark.parametrize("drawn, expected", [(6, 8_000), (10, 12_000), (13.5, None), (15, None)])
def test_two_cycles_with_a_part_unused_leave_what_is_drawn_and_some_spare(drawn, expected):
    once = cycles(fresh(ALL), 1, drawn)
    assert once.most_ma is None
    assert cycles(once, 1, drawn).most_ma == expected


def test_one_cycle_at_the_limit_between_two_below_leaves_all():
    mixed = cycles(cycles(cycles(fresh(ALL), 1, 6), 1, 15.5), 1, 6)
    assert mixed.most_ma is None


@pytest.mark.parametrize("drawn", [6, 10, 17, 20, 27, 29])
def test_a_car_that_goes_on_as_it_was_keeps_what_it_was_left(drawn):
    left = cycles(fresh(ALL), 2, drawn, offered=32)
    offered = (left.most_ma or 32_000) // 1_000
    assert cycles(left, 20, drawn, offered).most_ma == left.most_ma


def test_a_car_that_rises_to_its_limit_gets_the_unused_part_back_at_once():
    left = cycles(fresh(ALL), 2, 6)
    assert played(left, (7.1, 7.1, 7.1), offered=8).most_ma == 8_000
    assert played(left, (7.6, 7.6, 7.6), offered=8).most_ma is None


def test_a_paused_car_is_not_taken_for_one_that_wants_little():
    paused = cycles(cycles(fresh(ALL), 2, 6), 5, 0, offered=0)
    assert paused.most_ma is None
    assert cycles(paused, 1, 6).most_ma is None


def test_the_unused_part_goes_to_the_others():
    tree = tree_of([Fuse("feeder", each(32))])
    most_ma = cycles(fresh(ALL), 2, 6).most_ma
    claims = [Claim("a", "feeder", ALL, 32_000, 7_000, Turn(0)),
              Claim("b", "feeder", ALL, max(most_ma, 7_000), 7_000, Turn(0))]  # fmt: skip
    grants = allocate(tree, claims, room(tree), Policy(), 0)
    assert {p: g.limit_ma for p, g in grants.items()} == {"a": 24_000, "b": 8_000}
