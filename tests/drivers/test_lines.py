"""Lines through gpiozero: safe levels, edges, and who holds what."""

import select

import pytest
from gpiozero.pins.mock import MockFactory

from hal.drivers.gpio_lines import Lines, reaching_all_lines
from hal.ports import HardwareSilent


@pytest.fixture
def factory():
    made = reaching_all_lines(MockFactory)()
    yield made
    made.close()


@pytest.mark.parametrize("gpio", [17, 45])
def test_an_output_is_low_from_the_first_moment_and_when_it_is_given_back(factory, gpio):
    lines = Lines(factory)
    switch = lines.output(gpio)
    pin = factory.pin(gpio)
    assert (pin.function, pin.state) == ("output", 0)
    switch(True)
    assert pin.state == 1
    lines.close()
    assert pin.state == 0


@pytest.mark.parametrize("active_low", [True, False])
def test_an_input_is_active_at_its_level(factory, active_low):
    lines = Lines(factory)
    read = lines.input(22, active_low=active_low)
    pin = factory.pin(22)
    pin.drive_high()
    assert read() is not active_low
    pin.drive_low()
    assert read() is active_low
    lines.close()


def test_an_edge_wakes_whoever_polls_and_is_forgotten_when_it_was_seen(factory):
    lines = Lines(factory)
    lines.input(22, active_low=False, edges=True)
    lines.input(23, active_low=False)
    poll = select.poll()
    poll.register(lines.fileno(), select.POLLIN)
    lines.drain()
    factory.pin(23).drive_high()
    assert poll.poll(0) == []
    for drive in (factory.pin(22).drive_high, factory.pin(22).drive_low):
        drive()
        assert poll.poll(0) != []
        lines.drain()
        assert poll.poll(0) == []
    lines.close()


def test_a_line_that_is_held_is_not_had_twice(factory):
    lines = Lines(factory)
    lines.output(17)
    with pytest.raises(HardwareSilent, match="gpio17: GPIOPinInUse"):
        lines.output(17)
    lines.close()


def test_lines_that_were_given_back_are_free_though_somebody_keeps_their_switch(factory):
    lines = Lines(factory)
    switch, read = lines.output(17), lines.input(22, active_low=False)
    lines.close()
    again = Lines(factory, own=True)
    assert again.output(17) is not switch and again.input(22, active_low=False) is not read
    again.close()
    assert factory.pins == {}


def test_an_input_has_no_pull_of_its_own(factory):
    lines = Lines(factory)
    lines.input(22, active_low=True)
    assert factory.pin(22).pull == "floating"
    lines.close()
