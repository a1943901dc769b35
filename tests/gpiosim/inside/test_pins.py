"""gpiozero and lgpio on the virtual pins."""

import signal
import subprocess
import sys
import threading
import time

import pytest
from gpiozero import Button, DigitalInputDevice, DigitalOutputDevice

from tools.uml import outside

COIL, SENSOR, STAMPED, ORPHAN = 17, 22, 23, 24
PRESSES = 200


def test_the_board_says_that_it_is_a_compute_module(factory):
    assert (factory.board_info.model, factory.board_info.soc) == ("CM4", "BCM2711")


def test_an_output_is_seen_outside(factory):
    with DigitalOutputDevice(COIL, pin_factory=factory) as coil:
        seen = [outside.level(COIL)]
        for turn in (coil.on, coil.off, coil.on):
            turn()
            seen.append(outside.level(COIL))
    assert seen == [False, True, False, True]


def test_an_input_follows_the_world_outside(factory):
    outside.press(SENSOR, False)
    with DigitalInputDevice(SENSOR, pull_up=None, active_state=True, pin_factory=factory) as sensor:
        seen = []
        for high in (False, True, False):
            outside.press(SENSOR, high)
            seen.append(bool(sensor.value))
    assert seen == [False, True, False]


@pytest.fixture
def sensor(factory):
    outside.press(SENSOR, False)
    with Button(SENSOR, pull_up=None, active_state=True, pin_factory=factory) as sensor:
        yield sensor


def test_each_edge_reaches_its_callback_once(sensor):
    seen, came = [], threading.Semaphore(0)

    def tell(word):
        seen.append(word)
        came.release()

    sensor.when_pressed = lambda: tell("pressed")
    sensor.when_released = lambda: tell("released")
    for high in (True, False, True):
        outside.press(SENSOR, high)
        assert came.acquire(timeout=5)
    assert seen == ["pressed", "released", "pressed"]


def test_an_edge_carries_the_time_at_which_the_kernel_saw_it():
    import lgpio

    stamps_ns, came = [], threading.Event()
    outside.press(STAMPED, False)
    chip = lgpio.gpiochip_open(0)
    lgpio.gpio_claim_alert(chip, STAMPED, lgpio.RISING_EDGE)

    def tell(_chip, _line, _level, stamp_ns):
        stamps_ns.append(stamp_ns)
        came.set()

    callback = lgpio.callback(chip, STAMPED, lgpio.RISING_EDGE, tell)
    before_ns = time.monotonic_ns()
    outside.press(STAMPED, True)
    assert came.wait(5)
    after_ns = time.monotonic_ns()
    callback.cancel()
    lgpio.gpiochip_close(chip)
    assert len(stamps_ns) == 1
    assert before_ns <= stamps_ns[0] <= after_ns


def test_an_output_stays_driven_after_its_holder_was_killed(own_modules):
    code = f"""
import lgpio, os, signal
chip = lgpio.gpiochip_open(0)
lgpio.gpio_claim_output(chip, {ORPHAN}, 1)
os.kill(os.getpid(), signal.SIGKILL)
"""
    holder = subprocess.run([sys.executable, "-c", code], check=False)
    assert holder.returncode == -signal.SIGKILL
    assert outside.level(ORPHAN)


def test_how_long_an_edge_takes_to_its_callback(sensor):
    came, seen_s, took_s = threading.Event(), [], []

    def tell():
        seen_s.append(time.monotonic())
        came.set()

    sensor.when_pressed = tell
    sensor.when_released = tell
    for number in range(PRESSES):
        came.clear()
        pressed_s = time.monotonic()
        outside.press(SENSOR, number % 2 == 0)
        assert came.wait(5)
        took_s.append(seen_s[-1] - pressed_s)
    mode = "time travel" if outside.TIME_TRAVEL else "real time"
    outside.figures(f"edge to gpiozero callback, {mode}", took_s)
    assert len(seen_s) == PRESSES


def test_a_line_that_is_held_is_refused_to_a_second_holder(factory):
    import lgpio

    chip = lgpio.gpiochip_open(0)
    with (
        DigitalOutputDevice(COIL, pin_factory=factory),
        pytest.raises(lgpio.error, match="GPIO busy"),
    ):
        lgpio.gpio_claim_output(chip, COIL, 0)
    lgpio.gpiochip_close(chip)
