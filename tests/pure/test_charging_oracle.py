"""Random sets of profiles against the oracle: a slice here, two thousand in `make soak`."""

import pytest

from tests.pure import charging_sets
from tests.pure.charging_sets import differences

SETS = 60


@pytest.mark.covers(
    "B-OCP-40", "B-CUR-13", "OCPP16-PITFALL-50", "OCPP16-PITFALL-51", "OCPP16-PITFALL-52"
)
@pytest.mark.parametrize("first", range(0, SETS, 10))
def test_every_second_of_random_profiles_is_as_the_oracle_says(first):
    found = {seed: differences(seed) for seed in range(first, first + 10)}
    assert {seed: problems[:2] for seed, problems in found.items() if problems} == {}


def test_the_random_sets_speak_of_everything():
    """Limits, none and changes; otherwise an agreement would prove nothing."""
    seen, changes, schedules = set(), 0, set()
    for seed in range(20):
        pair = charging_sets.Pair(seed)
        pair.begin(1)
        for number in range(1, 9):
            pair.install(*charging_sets.some_profile(pair.dice, number, pair.at))
        for connector, profile, _ in pair.oracle.installed:
            schedules.add((
                connector, profile["chargingProfilePurpose"], profile["chargingProfileKind"],
                profile["chargingSchedule"]["chargingRateUnit"],
            ))  # fmt: skip
        before = None
        for passed_s in range(0, charging_sets.WINDOW_S, 10):
            pair.to(pair.at + (10 if passed_s else 0) * charging_sets.SECOND)
            changes += pair.limits[1] != before
            before = pair.limits[1]
            seen.add(before)
    assert {None, 0} < seen
    assert len(seen) > 60
    assert changes > 50
    assert len(schedules) > 20
