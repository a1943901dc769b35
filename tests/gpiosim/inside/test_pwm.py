"""The kernel's own PWM interface on the virtual PWM, and a pilot line that follows it."""

from pathlib import Path

import pytest

from tests.gpiosim.inside.adc import (
    DUTIES_PERMILLE,
    HIGH,
    LOW,
    PILOT,
    burst,
    matches,
    share_permille,
)
from tools.uml import outside

CHIP = Path("/sys/class/pwm/pwmchip0")
PERIOD_NS = 1_000_000


@pytest.fixture
def channel():
    (CHIP / "export").write_text("0")
    yield CHIP / "pwm0"
    (CHIP / "pwm0" / "enable").write_text("0")
    (CHIP / "unexport").write_text("0")


def _set(channel, duty_ns, period_ns=PERIOD_NS):
    (channel / "period").write_text(str(period_ns))
    (channel / "duty_cycle").write_text(str(duty_ns))
    (channel / "enable").write_text("1")


def test_what_is_set_is_read_back_and_seen_outside(channel):
    _set(channel, 266_000)
    read = [int((channel / name).read_text()) for name in ("period", "duty_cycle", "enable")]
    assert read == [PERIOD_NS, 266_000, 1]
    assert outside.pwm(0) == outside.Pwm(PERIOD_NS, 266_000, True, False)
    assert not outside.pwm(1).enabled


def test_a_duty_above_the_period_is_refused_and_changes_nothing(channel):
    _set(channel, 100_000)
    with pytest.raises(OSError, match="Invalid argument"):
        (channel / "duty_cycle").write_text(str(PERIOD_NS + 1))
    assert outside.pwm(0).duty_ns == 100_000


@pytest.mark.parametrize("duty_permille", DUTIES_PERMILLE)
def test_the_pilot_line_follows_the_pwm(own_modules, channel, converter, duty_permille):
    outside.follow(PILOT, HIGH, LOW, pwm=0)
    _set(channel, duty_permille * 1_000)
    codes = burst(converter, PILOT)
    assert matches(codes, duty_permille), share_permille(codes)


def test_the_pilot_line_is_low_while_the_pwm_is_off(own_modules, channel, converter):
    outside.follow(PILOT, HIGH, LOW, pwm=0)
    _set(channel, 530_000)
    (channel / "enable").write_text("0")
    assert share_permille(burst(converter, PILOT, 100)) == 0


def test_the_time_of_a_change_is_known_outside(own_modules, channel):
    _set(channel, 100_000)
    first_ns = outside.pwm_changed_ns(0)
    (channel / "duty_cycle").write_text("200000")
    assert outside.pwm_changed_ns(0) >= first_ns > 0
