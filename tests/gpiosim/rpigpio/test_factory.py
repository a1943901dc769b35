"""The board file's `factory = "rpigpio"`: gpiozero over RPi.GPIO's own calls, on virtual pins.

RPi.GPIO itself maps the chip's memory and cannot work here; rpi-lgpio has its name and its calls.
"""

import importlib.metadata
import select

import pytest

from hal.drivers.gpio_lines import FACTORIES, Lines
from hal.ports import HardwareSilent
from tools.uml import outside

COIL, SENSOR, DEAF, BEYOND = 17, 22, 23, 45


@pytest.fixture
def lines():
    for gpio in (SENSOR, DEAF):
        outside.press(gpio, False)
    lines = Lines(FACTORIES["rpigpio"](0), own=True)
    yield lines
    lines.close()


def test_rpi_lgpio_is_rpi_gpio_here_and_the_factory_is_that_of_rpi_gpio(lines):
    import RPi.GPIO

    names = {each.metadata["Name"].lower() for each in importlib.metadata.distributions()}
    assert "rpi-lgpio" in names and "rpi.gpio" not in names
    assert RPi.GPIO.RPI_INFO["TYPE"] == "Compute Module 4"
    assert "RPiGPIOFactory" in {kind.__name__ for kind in type(lines._factory).__mro__}


@pytest.mark.parametrize("gpio", [COIL, BEYOND])
def test_an_output_is_low_at_first_and_drives_its_line(lines, gpio):
    switch = lines.output(gpio)
    seen = [outside.level(gpio)]
    for on in (True, False, True):
        switch(on)
        seen.append(outside.level(gpio))
    assert seen == [False, True, False, True]


@pytest.mark.parametrize("active_low", [True, False])
def test_an_input_follows_the_world_outside(lines, active_low):
    read = lines.input(SENSOR, active_low=active_low)
    for high in (False, True, False):
        outside.press(SENSOR, high)
        assert read() is (high is not active_low)


def test_an_edge_wakes_whoever_polls_and_a_line_without_edges_does_not(lines):
    lines.input(SENSOR, active_low=False, edges=True)
    lines.input(DEAF, active_low=False)
    poll = select.poll()
    poll.register(lines.fileno(), select.POLLIN)
    lines.drain()
    outside.press(DEAF, True)
    assert poll.poll(100) == []
    for high in (True, False):
        outside.press(SENSOR, high)
        assert poll.poll(1_000) != []
        lines.drain()


def test_what_is_released_is_low_and_can_be_had_again():
    for _ in range(2):
        lines = Lines(FACTORIES["rpigpio"](0), own=True)
        lines.output(COIL)(True)
        assert outside.level(COIL)
        lines.close()
        assert not outside.level(COIL)
        assert COIL not in outside.OutputReader().read().levels


def test_a_line_that_is_held_is_refused_with_its_number(lines):
    lines.output(COIL)
    with pytest.raises(HardwareSilent, match=f"gpio{COIL}: "):
        lines.output(COIL)
