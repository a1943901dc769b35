"""More of what only a fault made on purpose showed to be untested: the sensor's own word."""

import pytest

from firmware.pilot.facts import Traits
from firmware.pilot.residual import TEST_VALID_MS, ready
from firmware.pilot.state import PilotState

SENSOR = Traits(1, 32_000, lock=True, mirror=True, residual=True)


def memory(**changes):
    """Return the memory of an outlet whose sensor passed its test at 1,000 ms."""
    return PilotState(tested_ms=1_000, **changes)


@pytest.mark.parametrize("age_ms, good", [(0, True), (TEST_VALID_MS - 1, True),
                                          (TEST_VALID_MS, False)])  # fmt: skip
def test_a_good_test_of_the_sensor_counts_for_a_day_and_not_longer(age_ms, good):
    assert ready(memory(), SENSOR, 1_000 + age_ms) is good


@pytest.mark.parametrize(
    "state",
    [PilotState(), memory(test_failed=True), memory(testing_ms=2_000)],
    ids=["never tested", "failed since", "under test"],
)
def test_a_sensor_that_has_no_good_verdict_now_is_not_ready(state):
    assert not ready(state, SENSOR, 3_000)


def test_an_outlet_without_a_sensor_waits_for_none():
    without = Traits(1, 32_000, lock=True, mirror=True, residual=False)
    assert ready(PilotState(), without, 0)
