"""How long `pilotd` takes to let go, over the shipped drivers in real time; told, hardly judged."""

import pytest

from tools.measure.pins import measure

TRIALS = 2
FAR_TOO_LONG_US = 1_000_000  # ten times what is allowed where time is virtual

pytestmark = [pytest.mark.needs_uml, pytest.mark.xdist_group("uml")]


@pytest.mark.covers("61851-1 A.6 seq 8.1", "F01")
def test_the_contactors_line_falls_when_the_car_or_the_sensor_says_so(record_property):
    for name, row in measure(TRIALS).items():
        figures = ", ".join(f"{key} {value}" for key, value in row.items())
        record_property("figure", f"{name} to the contactor's line, real time, us: {figures}")
        assert row["n"] == TRIALS
        assert row["max"] < FAR_TOO_LONG_US
