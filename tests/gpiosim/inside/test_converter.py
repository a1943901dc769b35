"""spidev on the virtual MCP3208, and a square wave on its channels as on a pilot line."""

import time

import pytest

from tests.gpiosim.inside.adc import (
    DUTIES_PERMILLE,
    HIGH,
    LOW,
    MIDDLE,
    PILOT,
    burst,
    code,
    matches,
    share_permille,
)
from tools.uml import outside

NOISE = 2
CONVERSIONS = 1_000


@pytest.mark.parametrize("channel", range(8))
def test_a_steady_voltage_is_read_on_its_channel_only(converter, channel):
    for other in range(8):
        outside.steady(other, HIGH if other == channel else LOW)
    codes = [code(converter, other) for other in range(8)]
    assert [code > MIDDLE for code in codes] == [other == channel for other in range(8)]


@pytest.mark.parametrize("duty_permille", DUTIES_PERMILLE)
def test_a_burst_tells_the_plateaus_of_a_wave_apart(waves, converter, duty_permille):
    outside.wave(PILOT, HIGH, LOW, duty_permille * 1_000)
    codes = burst(converter, PILOT)
    assert all(min(abs(code - HIGH), abs(code - LOW)) <= NOISE for code in codes)
    assert matches(codes, duty_permille), share_permille(codes)


@pytest.mark.parametrize("duty_permille", [0, 1_000])
def test_a_wave_without_edges_has_one_plateau(waves, converter, duty_permille):
    outside.wave(PILOT, HIGH, LOW, duty_permille * 1_000)
    assert share_permille(burst(converter, PILOT, 100)) == duty_permille


def test_a_frame_may_start_at_any_bit_and_what_comes_before_the_answer_is_undefined(
    own_modules, converter
):
    outside.steady(5, 0xABC)
    outside.steady(0, 0)
    frame = 0b11101 << 14  # start, single-ended, channel 5, one clock, null, twelve bits
    for shift in range(6):
        answer = int.from_bytes(converter.xfer2(list((frame << shift).to_bytes(3))))
        assert (answer >> shift & 0x1FFF) == pytest.approx(0xABC, abs=NOISE), shift
        assert answer >> (shift + 13) == (1 << 11 - shift) - 1, "a driver has to mask this"


def test_two_converters_are_told_apart(own_modules, converter):
    import spidev

    outside.steady(3, HIGH)
    outside.steady(3, LOW, converter=1)
    second = spidev.SpiDev()
    second.open(0, 1)
    codes = [code(converter, 3), code(second, 3)]
    second.close()
    assert codes == [pytest.approx(HIGH, abs=NOISE), pytest.approx(LOW, abs=NOISE)]


def test_how_long_a_conversion_takes(converter):
    took_s = []
    for _ in range(CONVERSIONS):
        started_s = time.perf_counter()
        code(converter, PILOT)
        took_s.append(time.perf_counter() - started_s)
    if not outside.TIME_TRAVEL:
        outside.figures("one conversion through spidev", took_s)


def test_the_led_ring_receives_what_it_is_sent(own_modules):
    import spidev

    ring = spidev.SpiDev()
    ring.open(1, 0)
    frame = list(range(256)) * 9
    ring.writebytes2(frame)
    ring.close()
    assert outside.led_bytes() == bytes(frame)
