"""What holds where time travels, and only there: waiting is free, and so is the processor."""

import select
import time

import pytest

from tests.gpiosim.inside.adc import HIGH, LOW, PILOT, burst, matches, share_permille
from tools.uml import outside

CLOCK_READ_NS = 300  # the one thing that costs time: to look at the clock

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
