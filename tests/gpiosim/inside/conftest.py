"""Tests that run in the virtual station only; `tests/gpiosim/test_virtual_station.py` starts them.

By hand: `python -m tools.uml test`.
"""

import os

import pytest

from tools.uml import outside

collect_ignore_glob = [] if "POWERSTATION_INSIDE" in os.environ else ["test_*.py"]


@pytest.fixture
def own_modules():
    """Ask for the modules of this source tree."""
    if not outside.own_modules():
        pytest.skip("the given kernel has modules of its own; `make uml` builds ours")


@pytest.fixture
def waves():
    """Ask for bursts that see a wave: modules of another make show one phase in time travel."""
    if outside.TIME_TRAVEL and not outside.own_modules():
        pytest.skip("the given converter has no clock of its own; `make uml` builds one that has")


@pytest.fixture(scope="session")
def factory():
    """The pin factory of a Pi; one for all, for a closed one leaves its callbacks to the next."""
    from gpiozero.pins.lgpio import LGPIOFactory

    factory = LGPIOFactory(chip=0)
    yield factory
    factory.close()


@pytest.fixture
def converter():
    """The first MCP3208."""
    import spidev

    device = spidev.SpiDev()
    device.open(0, 0)
    device.max_speed_hz = 1_000_000
    yield device
    device.close()
