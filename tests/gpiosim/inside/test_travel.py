"""What holds where time travels, and only there: waiting is free, and so is the processor."""

import ctypes
import os
import select
import signal
import time

import pytest

from tests.gpiosim.inside.adc import HIGH, LOW, PILOT, burst, matches, share_permille
from tools.uml import outside

CLOCK_READ_NS = 300  # the one thing that costs time: to look at the clock
CLOCK_STEP_NS = 256
ABSOLUTE = 1  # TIMER_ABSTIME
LIBC = ctypes.CDLL(None)

pytestmark = pytest.mark.skipif(not outside.TIME_TRAVEL, reason="here time does not travel")


def test_an_hour_of_waits_takes_exactly_an_hour_of_its_own_time():
    started_s = time.monotonic()
    for _ in range(3_600):
        select.select([], [], [], 1)
    assert time.monotonic() - started_s == pytest.approx(3_600, rel=0.002)


def test_a_burst_takes_next_to_no_time_and_sees_the_whole_wave(own_modules, converter):
    outside.wave(PILOT, HIGH, LOW, 266_000)
    before_ns = time.monotonic_ns()
    codes = burst(converter, PILOT, 200)
    assert time.monotonic_ns() - before_ns <= 201 * CLOCK_READ_NS
    assert matches(codes, 266), share_permille(codes)


def test_computing_takes_no_time():
    before_ns = time.monotonic_ns()
    sum(range(1_000_000))
    assert time.monotonic_ns() - before_ns <= CLOCK_READ_NS


class _Timespec(ctypes.Structure):
    _fields_ = (("s", ctypes.c_long), ("ns", ctypes.c_long))


def _sleep_until(ns):
    until = _Timespec(*divmod(ns, 1_000_000_000))
    LIBC.clock_nanosleep(time.CLOCK_MONOTONIC, ABSOLUTE, ctypes.byref(until), None)


def _wake_at_odd_times():
    at_ns = time.monotonic_ns()
    while True:
        at_ns += 777_777  # never twice the same part of a step of the clock
        _sleep_until(at_ns)


def test_a_timer_fires_when_it_is_due_whoever_else_was_woken_before(own_modules):
    other = os.fork()
    if other == 0:
        _wake_at_odd_times()
    try:
        step = time.monotonic_ns() // CLOCK_STEP_NS
        late_ns = set()
        for _ in range(300):
            step += 20_000
            due_ns = step * CLOCK_STEP_NS + CLOCK_STEP_NS // 2
            _sleep_until(due_ns)
            late_ns.add(time.monotonic_ns() - due_ns)
        assert len(late_ns) == 1, late_ns
        assert late_ns.pop() < 2 * CLOCK_READ_NS
    finally:
        os.kill(other, signal.SIGKILL)
        os.waitpid(other, 0)
