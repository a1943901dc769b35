"""Our factory for gpiozero over libgpiod, as the kernel and gpiozero's own devices see it."""

import select
import time

import pytest
from gpiozero import Button, DigitalInputDevice, DigitalOutputDevice
from gpiozero.exc import PinInvalidFunction, PinInvalidPull, PinPWMUnsupported, PinSetInput

from hal.drivers.gpio_lines import gpiod_factory
from tools.uml import outside

COIL, SENSOR, PULLED = 21, 22, 2  # the last has a resistor of its own on every Pi


@pytest.fixture
def chip():
    made = gpiod_factory(0)
    yield made
    made.close()


def test_an_output_has_its_first_level_at_once_and_follows(chip):
    with DigitalOutputDevice(COIL, initial_value=True, pin_factory=chip) as coil:
        seen = [outside.level(COIL)]
        for turn in (coil.off, coil.on):
            turn()
            seen.append(outside.level(COIL))
            assert bool(coil.value) is seen[-1]
    assert seen == [True, False, True]


def test_a_line_that_is_closed_is_an_input_and_can_be_had_again(chip):
    pin = chip.pin(COIL)
    pin.output_with_state(True)
    pin.close()
    assert (pin.function, outside.level(COIL)) == ("input", False)
    pin.function = "output"
    pin.state = 1
    assert (pin.function, outside.level(COIL)) == ("output", True)
    pin.state = 0


def test_an_input_follows_the_world_and_takes_the_pull_it_is_told(chip):
    outside.press(SENSOR, False)
    with DigitalInputDevice(SENSOR, pull_up=None, active_state=True, pin_factory=chip) as sensor:
        outside.press(SENSOR, True)
        assert sensor.value
        outside.press(SENSOR, False)
        assert not sensor.value
    for pull, level in (("up", 1), ("down", 0)):
        chip.pin(SENSOR).pull = pull
        assert (chip.pin(SENSOR).pull, chip.pin(SENSOR).state) == (pull, level)


def test_what_a_line_cannot_do_is_refused_in_the_words_of_gpiozero(chip):
    pin = chip.pin(SENSOR)
    with pytest.raises(PinSetInput):
        pin.state = 1
    with pytest.raises(PinInvalidFunction):
        pin.function = "alt1"
    with pytest.raises(PinInvalidPull):
        chip.pin(PULLED).pull = "down"
    with pytest.raises(PinPWMUnsupported):
        pin.frequency = 100
    assert pin.frequency is None


def test_a_line_that_somebody_holds_is_refused(chip):
    import gpiod

    with (
        DigitalOutputDevice(COIL, pin_factory=chip),
        pytest.raises(OSError, match="busy"),
    ):
        gpiod.request_lines("/dev/gpiochip0", consumer="somebody", config={COIL: None})


def test_edges_are_told_in_order_when_they_are_asked_for_with_the_kernels_time(chip):
    outside.press(SENSOR, False)
    told = []
    pin = chip.pin(SENSOR)
    note = lambda ticks_s, state: told.append((ticks_s, state))  # noqa: E731  # held by name
    pin.when_changed = note
    before_s = time.monotonic()
    for number, high in enumerate((True, False, True)):
        outside.press(SENSOR, high)
        assert select.select([chip], [], [], 2)[0]
        assert len(told) == number
        chip.dispatch()
    after_s = time.monotonic()
    assert [state for _, state in told] == [1, 0, 1]
    assert before_s <= told[0][0] <= told[1][0] <= told[2][0] <= after_s
    pin.when_changed = None
    outside.press(SENSOR, False)
    assert not select.select([chip], [], [], 0)[0]
    chip.dispatch()
    assert len(told) == 3
    pin.when_changed = note
    outside.press(SENSOR, True)
    assert select.select([chip], [], [], 2)[0]
    chip.dispatch()
    assert [state for _, state in told] == [1, 0, 1, 1]


def test_only_the_edges_that_are_wanted_come(chip):
    outside.press(SENSOR, False)
    told = []
    pin = chip.pin(SENSOR)
    note = lambda _ticks_s, state: told.append(state)  # noqa: E731  # held by name
    pin.edges = "falling"
    pin.when_changed = note
    outside.press(SENSOR, True)
    assert not select.select([chip], [], [], 0.05)[0]
    outside.press(SENSOR, False)
    assert select.select([chip], [], [], 2)[0]
    chip.dispatch()
    assert (pin.edges, told) == ("falling", [0])


def test_a_bounce_is_kept_from_us_by_the_kernel(chip):
    outside.press(SENSOR, False)
    with Button(SENSOR, pull_up=None, active_state=True, bounce_time=0.05, pin_factory=chip) as key:
        told = []
        key.when_pressed = lambda: told.append("pressed")
        for high in (True, False, True, False, True):
            outside.press(SENSOR, high)
        assert select.select([chip], [], [], 2)[0]
        chip.dispatch()
        assert told == ["pressed"]
        assert chip.pin(SENSOR).bounce == 0.05


def test_a_closed_chip_gives_no_line(chip):
    chip.close()
    with pytest.raises(OSError, match="gpio21 is closed"):
        chip.request(COIL, None)
