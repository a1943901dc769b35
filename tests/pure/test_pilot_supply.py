"""Heat in stages, and mains that are not what they should be."""

import pytest

from firmware.model.outlet import FaultCleared, FaultRaised
from tests.pure.rigs import charging

GOOD = (230_000, 230_000, 230_000)


def offered(outlet):
    return outlet.core.state.drive.duty_permille


@pytest.mark.covers("S03", "S04", "S05")
@pytest.mark.parametrize(
    "deci_celsius, faults, duty",
    [(549, [], 266), (550, ["S03"], 266), (599, ["S03"], 266), (600, ["S03", "S04"], 166),
     (699, ["S03", "S04"], 166), (700, ["S03", "S04", "S05"], 1_000)],
)  # fmt: skip
def test_heat_is_told_then_lessens_the_offer_then_stops(deci_celsius, faults, duty):
    outlet = charging()
    outlet.run(100, temperature_dc=deci_celsius)
    assert (outlet.faults, offered(outlet), outlet.on) == (faults, duty, True)


@pytest.mark.covers("S05")
def test_too_hot_the_car_is_stopped_first_and_cut_off_after_six_seconds():
    outlet = charging()
    began_ms = outlet.now_ms
    outlet.run(7_000, temperature_dc=750)
    assert [(at_ms - began_ms, d.contactor_on) for at_ms, d in outlet.drives] == [
        (10, True), (6_010, False),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "deci_celsius, faults",
    [(621, ["S03", "S04", "S05"]), (620, ["S03", "S04"]), (571, ["S03", "S04"]),
     (570, ["S03"]), (521, ["S03"]), (520, [])],
)  # fmt: skip
def test_a_stage_is_over_some_degrees_below_its_beginning(deci_celsius, faults):
    outlet = charging()
    outlet.run(100, temperature_dc=700)
    outlet.run(100, temperature_dc=deci_celsius)
    assert outlet.faults == faults


def test_a_car_that_was_stopped_by_heat_charges_again_when_it_is_over():
    outlet = charging()
    outlet.run(2_000, temperature_dc=700)
    outlet.line("B", 1_000)
    outlet.run(60_000, temperature_dc=500)
    assert outlet.faults == []
    outlet.line("C", 1_000)
    assert outlet.on


@pytest.mark.covers("X11", "S07", "S08")
@pytest.mark.parametrize(
    "mains_mv, faults",
    [((0, 0, 0), ["X11"]), ((49_999, 0, 0), ["X11"]), ((230_000, 0, 0), []),
     ((230_000, 230_000, 195_499), ["S07"]), ((230_000, 230_000, 195_500), []),
     ((264_501, 230_000, 230_000), ["S08"]), ((264_500, 230_000, 230_000), []),
     ((270_000, 180_000, 230_000), ["S08"])],
)  # fmt: skip
def test_mains_that_are_wrong_for_a_second_open(mains_mv, faults):
    outlet = charging()
    outlet.run(1_000, mains_mv=mains_mv)
    assert (outlet.faults, outlet.on) == ([], True)
    outlet.run(10, mains_mv=mains_mv)
    assert (outlet.faults, outlet.on) == (faults, not faults)


@pytest.mark.covers("X11", "S07", "S08")
@pytest.mark.parametrize(
    "wrong, still, good",
    [((0, 0, 0), (49_000, 0, 0), GOOD),
     ((190_000, 230_000, 230_000), (198_000, 230_000, 230_000), (198_500, 230_000, 230_000)),
     ((270_000, 230_000, 230_000), (262_000, 230_000, 230_000), (261_500, 230_000, 230_000))],
)  # fmt: skip
def test_mains_count_as_normal_again_somewhat_inside(wrong, still, good):
    outlet = charging()
    outlet.run(2_000, mains_mv=wrong)
    before = outlet.faults
    outlet.run(2_000, mains_mv=still)
    assert outlet.faults == before != []
    outlet.run(10, mains_mv=good)
    assert outlet.faults == []
    told = [type(f) for f in outlet.told if isinstance(f, (FaultRaised, FaultCleared))]
    assert told == [FaultRaised, FaultCleared]


def test_a_dip_of_half_a_second_does_nothing():
    outlet = charging()
    for _ in range(4):
        outlet.run(500, mains_mv=(0, 0, 0))
        outlet.run(500, mains_mv=GOOD)
    assert (outlet.faults, outlet.on) == ([], True)
