"""What the drivers that ship ask of spidev, gpiozero, PWM and watchdog, as the kernel sees it.

Each test misses one call where it is taken away: `python -m tools.mutants --table drivers`.
"""

import array
import fcntl
import gc
import os
import select
from functools import partial
from pathlib import Path

import pytest

from hal.drivers.gpio_inputs import GpioInputs, InputLine
from hal.drivers.gpio_lines import FACTORIES, Lines, gpiod_factory, lgpio_factory
from hal.drivers.mcp3xxx import CLOCK_HZ, Adc
from hal.drivers.spi_bus import open_bus
from hal.drivers.sysfs_pwm import SysfsPwm
from hal.drivers.watchdog import TIMEOUT_S, Watchdog
from hal.drivers.ws2812 import CLOCK_HZ as RING_HZ
from hal.drivers.ws2812 import Ws2812Ring, open_ring_bus
from hal.ports import HardwareSilent
from tests.gpiosim.inside.adc import HIGH, LOW, PILOT
from tools.played.lights import colours
from tools.uml import outside

COIL, SENSOR, INPUT = 18, 19, 20
READ_MODE, WRITE_MODE, READ_HZ = 0x80016B01, 0x40016B01, 0x80046B04
SET_TIMEOUT, GET_TIMEOUT = 0xC0045706, 0x80045707
PWM = Path("/sys/class/pwm/pwmchip0")

pytestmark = pytest.mark.usefixtures("own_modules")


def held(path):
    """Return the descriptors by which this process holds a file whose path ends so."""
    found = [each for each in Path("/proc/self/fd").iterdir() if each.is_symlink()]
    return [int(each.name) for each in found if str(each.readlink()).endswith(path)]


def ask(device, request, kind="I", value=0):
    word = array.array(kind, [value])
    fcntl.ioctl(device, request, word)
    return word[0]


def near(code, expected):
    return abs(code - expected) <= 2  # a converter has noise


@pytest.fixture
def beside():
    """The second converter's device, held by somebody else who has left it in mode 3."""
    device = os.open("/dev/spidev0.1", os.O_RDWR)
    ask(device, WRITE_MODE, "B", 3)
    yield device
    ask(device, WRITE_MODE, "B", 0)
    os.close(device)


def test_a_bus_is_opened_in_its_mode_and_at_its_clock(beside):
    spi = open_bus("spi0.1", CLOCK_HZ)
    assert (ask(beside, READ_MODE, "B"), ask(beside, READ_HZ)) == (0, CLOCK_HZ)
    spi.close()


def test_the_ring_has_a_clock_of_its_own():
    spi = open_ring_bus("spi1.0")
    assert ask(held("/dev/spidev1.0")[0], READ_HZ) == RING_HZ
    spi.close()


def test_a_converter_is_the_one_of_its_name_and_its_device_is_given_back():
    outside.steady(0, LOW, converter=0)
    outside.steady(0, HIGH, converter=1)
    adcs = [Adc("mcp3208", f"spi0.{chip}") for chip in (0, 1)]
    assert near(adcs[0].read(0), LOW) and near(adcs[1].read(0), HIGH)
    for adc in adcs:
        adc.close()
    assert held("/dev/spidev0.0") == held("/dev/spidev0.1") == []


def test_a_burst_is_as_many_conversions_as_were_asked_for():
    adc = Adc("mcp3208", "spi0.0")
    outside.wave(PILOT, HIGH, LOW, outside.PERIOD_NS // 2)
    burst = adc.burst(PILOT, 70)  # more than one message of the kernel
    assert len(burst) == 70
    assert (
        {near(code, HIGH) for code in burst} == {near(code, LOW) for code in burst} == {True, False}
    )
    assert all(near(code, HIGH) or near(code, LOW) for code in burst)
    adc.close()


def test_a_frame_reaches_the_lights_and_the_ring_is_dark_and_given_back_at_the_end():
    ring = Ws2812Ring(partial(open_ring_bus, "spi1.0"), 24)
    frame = tuple((n, 255 - n, 2 * n) for n in range(24))
    ring.show(frame)
    assert colours(outside.led_bytes()) == frame
    ring.close()
    assert colours(outside.led_bytes()) == ((0, 0, 0),) * 24
    assert held("/dev/spidev1.0") == []


def test_lines_are_those_of_the_chip_that_is_named_and_it_is_given_back():
    with pytest.raises(HardwareSilent, match="gpiochip97: .*No such file"):
        gpiod_factory(97)
    lines = Lines(gpiod_factory(0), own=True)
    assert len(held("/dev/gpiochip0")) == 1
    switch = lines.output(COIL)
    switch(True)
    assert outside.level(COIL)
    lines.close()
    assert not outside.level(COIL)
    assert held("/dev/gpiochip0") == held("anon_inode:gpio-line") == []


def test_with_lgpio_lines_are_those_of_the_chip_that_is_named_and_it_is_given_back():
    with pytest.raises(HardwareSilent, match="gpiochip97: 'can not open gpiochip'"):
        lgpio_factory(97)
    factory = lgpio_factory(0)
    lines = Lines(factory, own=True)
    switch = lines.output(COIL)
    switch(True)
    assert outside.level(COIL)
    lines.close()
    assert not outside.level(COIL)
    assert factory._handle is None, "the library goes on holding the chip"


@pytest.mark.parametrize("library", ["gpiod", "lgpio"])
def test_an_input_reads_and_both_of_its_edges_wake_the_poll(library):
    outside.press(SENSOR, False)
    lines = Lines(FACTORIES[library](0), own=True)
    read = lines.input(SENSOR, active_low=True, edges=True)
    lines.drain()
    for high in (True, False):
        outside.press(SENSOR, high)
        assert select.select([lines], [], [], 2)[0], "no edge came"
        lines.drain()
        assert read() is not high
    lines.close()


def test_an_input_of_the_station_is_pulled_as_its_board_says():
    levels = {}
    for pull in ("up", "down"):
        inputs = GpioInputs(lambda: gpiod_factory(0), {"ext1": InputLine(INPUT, False, pull)})
        levels[pull] = inputs.read()["ext1"], outside.level(INPUT)
        inputs.close()
    assert levels == {"up": (True, True), "down": (False, False)}


def test_a_pwm_is_exported_and_runs_at_one_kilohertz_with_what_was_ordered():
    if not (PWM / "pwm1").exists():
        (PWM / "export").write_text("1")
    for name, value in (("duty_cycle", 0), ("period", 2_000_000), ("enable", 0)):
        (PWM / "pwm1" / name).write_text(str(value))  # as somebody else has left it
    (PWM / "unexport").write_text("1")
    pwm = SysfsPwm("pwmchip0/1")
    pwm.drive(266)
    assert outside.pwm(1) == outside.Pwm(1_000_000, 266_000, True, False)
    assert pwm.duty_permille() == 266
    assert len(held("pwmchip0/pwm1/enable")) == 1
    pwm.close()
    assert held("pwmchip0/pwm1/enable") == []


def test_a_watchdog_gets_its_time_and_its_kicks_and_is_let_go_without_a_reset():
    before = os.open("/dev/watchdog", os.O_WRONLY)
    assert ask(before, SET_TIMEOUT, "i", 33) == 33
    os.write(before, b"V")
    os.close(before)
    watchdog = Watchdog()
    (device,) = held("/dev/watchdog")
    assert ask(device, GET_TIMEOUT, "i") == TIMEOUT_S == watchdog.timeout_s
    for _ in range(3):
        select.select([], [], [], 0.5)
        watchdog.kick()
    watchdog.close()
    gc.collect()
    assert held("/dev/watchdog") == []
    Watchdog().close()
