"""From bursts of conversions to plateaus: every duty, every phase, edges and noise."""

import random

import pytest

from hal.drivers.cp_sense import Scale, burst_length, plateaus, pp_ohm

SCALE = Scale(7_813, -16_000)
FULL = 4_096
NEAR_MV = 250  # half of what lies between two bands


def counts(line_mv):
    return round((line_mv + 16_000) * FULL / 32_000)


def wave(at_us, duty, high_mv, low_mv, rise_us=10):
    """Return the line of a square wave whose edges take `rise_us`."""
    phase_us = at_us % 1_000
    if phase_us < rise_us:
        return low_mv + (high_mv - low_mv) * phase_us / rise_us
    if phase_us < duty:
        return high_mv
    if phase_us < duty + rise_us:
        return high_mv - (high_mv - low_mv) * (phase_us - duty) / rise_us
    return low_mv


def burst(duty, high_mv, *, start_us, spacing_us, noise_mv=60, seed=0):
    noise = random.Random(f"{duty} {start_us} {seed}")
    times = [start_us + n * spacing_us for n in range(burst_length(spacing_us))]
    line = [wave(t, duty, high_mv, -12_000) if 0 < duty < 1_000 else high_mv for t in times]
    return [counts(mv + noise.uniform(-noise_mv, noise_mv)) for mv in line]


@pytest.mark.parametrize("spacing_us", [10, 20, 33, 40, 65, 79])
@pytest.mark.parametrize("duty", [100, 166, 266, 533, 892])
@pytest.mark.parametrize("high_mv", [12_000, 9_000, 6_000, 3_000])
def test_the_plateaus_are_told_apart_at_every_phase(duty, high_mv, spacing_us):
    for start_us in range(0, 1_000, 7):
        samples = burst(duty, high_mv, start_us=start_us, spacing_us=spacing_us)
        high, low = (SCALE.mv(c) for c in plateaus(samples, duty))
        assert abs(high - high_mv) <= NEAR_MV, (start_us, high)
        assert abs(low + 12_000) <= NEAR_MV, (start_us, low)


@pytest.mark.parametrize("duty, line_mv", [(1_000, 12_000), (1_000, 9_000), (0, -12_000)])
def test_a_flat_line_is_one_plateau(duty, line_mv):
    samples = burst(duty, line_mv, start_us=0, spacing_us=20)
    high, low = plateaus(samples, duty)
    assert high == low
    assert abs(SCALE.mv(high) - line_mv) <= 30


def test_a_missing_diode_shows_as_a_mirrored_plateau():
    samples = [counts(wave(n * 20, 266, 9_000, -9_000)) for n in range(63)]
    high, low = (SCALE.mv(c) for c in plateaus(samples, 266))
    assert abs(high - 9_000) <= 50 and abs(low + 9_000) <= 50


def test_a_single_spike_does_not_make_a_state():
    samples = burst(533, 6_000, start_us=0, spacing_us=20, noise_mv=0)
    samples[3] = counts(12_000)
    assert abs(SCALE.mv(plateaus(samples, 533)[0]) - 6_000) <= 30


@pytest.mark.parametrize("ohm", [100, 220, 680, 1_500])
def test_a_resistor_in_the_plug_is_told_within_two_percent(ohm):
    for pullup in (330, 680, 1_000):
        seen = pp_ohm(round(FULL * ohm / (ohm + pullup)), FULL, pullup)
        assert abs(seen - ohm) <= max(ohm // 50, 1)


@pytest.mark.parametrize("reading, ohm", [(0, 0), (FULL - 1, None), (FULL - 20, None)])
def test_a_short_is_nought_ohm_and_an_open_wire_none(reading, ohm):
    assert pp_ohm(reading, FULL, 680) == ohm
