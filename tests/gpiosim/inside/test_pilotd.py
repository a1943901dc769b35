"""`pilotd` as it ships, on the virtual pins: a car charges, and what opens it.

Where time travels only: in real time the guest's one processor serves the world and the pilot.
"""

import pytest

from tests.gpiosim.inside.bench import Outside
from tests.gpiosim.inside.station import Pilot
from tools.uml import outside

TRIALS = 5  # a contactor closes six times a minute at most, and it has closed once
CLOSES_S, OPENS_S = 30, 0.1

pytestmark = pytest.mark.usefixtures("own_modules")


@pytest.fixture
def charging():
    around, other = Outside(1), Outside(2)
    pilot = Pilot()
    around.until(pilot.connect, 30)
    around.line("B")
    around.plug(220)
    around.live = pilot.live
    around.line("C")
    again(around, pilot)
    yield around, pilot
    assert pilot.end() == 0
    assert not around.level("contactor") and not other.level("contactor")


def opens(around, act):
    """Let something happen, and the contactor's line must be off within 100 virtual ms."""
    act()
    around.until(lambda: not around.level("contactor"), OPENS_S)


def again(around, pilot):
    """Let the car charge again."""
    try:
        around.until(lambda: pilot.live() and around.closed, CLOSES_S)
    except AssertionError as late:
        raise AssertionError(f"{late}: {pilot.facts[-30:]}") from late


def trip(around, flows):
    """Let a residual current flow, or not."""
    around.tripped = flows
    around.put("residual_fault", flows)


def test_the_line_leaves_c(charging):
    around, pilot = charging
    for trial in range(TRIALS):
        opens(around, lambda: around.line("B"))
        around.until(lambda: pilot.live() and not around.closed, 1)
        around.line("C")
        if trial < TRIALS - 1:
            again(around, pilot)


def test_the_sensor_trips(charging):
    around, pilot = charging
    for _ in range(2):
        opens(around, lambda: trip(around, True))
        around.until(lambda: pilot.live() and not around.closed, 1)
        trip(around, False)
        around.line("A")
        around.plug(None)
        for _ in range(4):
            around.run(1)
            pilot.live()
        around.line("B")
        around.plug(220)
        around.run(0.2)
        pilot.live()
        around.line("C")
        again(around, pilot)


def test_the_pilot_process_dies_and_nothing_comes_back_by_itself(charging):
    around, pilot = charging
    pilot.process.kill()
    pilot.process.wait()
    assert outside.pwm(0).enabled  # the kernel drives on: the deadman is what opens here
    kicks = {around.level("deadman") for _ in range(50)}
    assert len(kicks) == 1
    pilot.process = Pilot(limit_ma=0).process
    around.until(lambda: not around.level("contactor"), 30)
    around.until(pilot.connect, 30)
