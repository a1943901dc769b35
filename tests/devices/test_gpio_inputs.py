"""The driver of the digital inputs, through gpiozero, on the library's own mock of pins."""

import importlib.util
import os
import subprocess
import sys

import pytest
from gpiozero import Device

from hal.drivers.gpio_inputs import GpioInputs, InputLine
from hal.ports import HardwareSilent
from tests.devices.gpio import Pins

LINES = {"mcb_1": InputLine(22, active_low=False, pull="up"), "tilt": InputLine(23, True)}


@pytest.fixture
def pins():
    return Pins()


@pytest.mark.parametrize("pull", ["up", "down", "none"])
@pytest.mark.parametrize("active_low, high, active", [
    (False, False, False), (False, True, True), (True, False, True), (True, True, False),
])  # fmt: skip
def test_polarity_and_pull_are_told_apart(pins, pull, active_low, high, active):
    inputs = GpioInputs(pins.open, {"ext1": InputLine(22, active_low, pull)})
    pins.level(22, high)
    assert inputs.read() == {"ext1": active}
    assert pins.factory.pin(22).pull == {"none": "floating"}.get(pull, pull)


def test_each_input_has_its_own_line(pins):
    inputs = GpioInputs(pins.open, LINES)
    pins.level(22, False)
    pins.level(23, True)
    assert inputs.read() == {"mcb_1": False, "tilt": False}
    pins.level(22, True)
    assert inputs.read() == {"mcb_1": True, "tilt": False}
    pins.level(23, False)
    assert inputs.read() == {"mcb_1": True, "tilt": True}


@pytest.mark.parametrize("gpio", [2, 45])
def test_lines_with_a_fixed_resistor_and_those_of_a_module_are_inputs_too(pins, gpio):
    inputs = GpioInputs(pins.open, {"ext1": InputLine(gpio, active_low=True)})
    pins.level(gpio, False)
    assert inputs.read() == {"ext1": True}


def test_a_wire_that_is_cut_reads_as_a_tripped_breaker(pins):
    inputs = GpioInputs(pins.open, {"mcb_1": LINES["mcb_1"]})
    assert inputs.read() == {"mcb_1": True}  # nothing drives the line, its pull does


@pytest.mark.parametrize("kind", ["chip", "library", "system"])
def test_a_line_that_fails_raises_and_is_claimed_anew_at_the_next_reading(pins, kind):
    inputs = GpioInputs(pins.open, LINES)
    pins.fail(kind)
    with pytest.raises(HardwareSilent, match=r"input mcb_1 \(gpio22\): no level: .*lost"):
        inputs.read()
    assert inputs.read()["mcb_1"] is True
    assert pins.opened == 2


def test_a_chip_that_is_gone_is_asked_for_again_each_time(pins):
    inputs = GpioInputs(pins.open, LINES)
    pins.fail("system")
    pins.failure = HardwareSilent("gpiochip0: gone")
    for _ in range(2):
        with pytest.raises(HardwareSilent):
            inputs.read()
    pins.failure = None
    assert inputs.read()["mcb_1"] is True


@pytest.mark.parametrize(
    "lines, told",
    [
        ({"a": InputLine(22, True), "b": InputLine(22, False)}, r"input b \(gpio22\): cannot be"),
        ({"a": InputLine(2, True, pull="down")}, r"input a \(gpio2\): cannot be claimed"),
        ({"a": InputLine(-1, True)}, r"input a \(gpio-1\): cannot be claimed"),
    ],
)
def test_a_line_that_cannot_be_had_is_told_when_the_inputs_are_made(pins, lines, told):
    with pytest.raises(HardwareSilent, match=told):
        GpioInputs(pins.open, lines)


def test_lines_that_were_given_back_can_be_claimed_by_another(pins):
    inputs = GpioInputs(pins.open, LINES)
    first = pins.factory
    inputs.close()
    inputs.close()
    assert not first.pins
    assert GpioInputs(pins.open, LINES).read()["mcb_1"] is True


def test_the_library_is_not_left_to_choose_a_chip_by_itself(pins):
    GpioInputs(pins.open, LINES).read()
    assert Device.pin_factory is None


@pytest.mark.skipif(
    importlib.util.find_spec("lgpio") is None, reason="`apt-get install python3-lgpio` ends this"
)
def test_a_chip_that_does_not_exist_is_told_by_lgpio(tmp_path, repository):
    code = (
        "from hal.drivers.gpio_inputs import GpioInputs\n"
        "from hal.drivers.gpio_lines import lgpio_factory\n"
        "GpioInputs(lambda: lgpio_factory(97), {})"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(repository), "LG_WD": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "HardwareSilent: gpiochip97: 'can not open gpiochip'" in ran.stderr
