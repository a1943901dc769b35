"""The world around a virtual station: whoever presses its inputs and sees its outputs.

Works inside the virtual machine only, as root, through sysfs and debugfs, beside the program
under test and never through it. Codes of a converter are 0 to 4095.

A kernel that was given with modules of the older layout takes waves for the first converter
only; `own_modules` says which it is.
"""

from __future__ import annotations

import os
import re
import select
import time
from dataclasses import dataclass
from pathlib import Path

PINS = Path("/sys/devices/platform/gpio-sim/gpiochip0")
DEBUG = Path("/sys/kernel/debug")
CONVERTERS = DEBUG / "mcp3208-sim"
PERIOD_NS = 1_000_000
LONGEST_PAGE_BYTES = 16_384
POLL_S = 0.001
TIME_TRAVEL = os.environ.get("POWERSTATION_INSIDE") == "time-travel"


@dataclass(frozen=True, slots=True)
class Pwm:
    """What a PWM channel was told."""

    period_ns: int
    duty_ns: int
    enabled: bool
    inverted: bool


@dataclass(frozen=True, slots=True)
class Outputs:
    """Every output that is driven, by line, and every PWM, by channel, at one instant."""

    levels: dict[int, bool]
    pwms: list[Pwm]


class OutputReader:
    """Sees all outputs with one call of the kernel each for lines and PWMs."""

    def __init__(self) -> None:
        self._lines = os.open(DEBUG / "gpio", os.O_RDONLY)
        self._pwm = os.open(DEBUG / "pwm", os.O_RDONLY)

    def read(self) -> Outputs:
        """Return what is driven now."""
        lines = os.pread(self._lines, LONGEST_PAGE_BYTES, 0)
        head = re.search(rb"GPIOs (\d+)-", lines)
        assert head is not None, lines[:200]
        first = int(head[1])
        driven = re.findall(rb"gpio-(\d+) [^\n]* output-(high|low)", lines)
        levels = {int(line) - first: word == b"high" for line, word in driven}
        text = os.pread(self._pwm, LONGEST_PAGE_BYTES, 0).decode()
        return Outputs(levels, [_pwm(line) for line in re.findall(r"^ pwm-.*$", text, re.M)])

    def close(self) -> None:
        """Let the kernel's files go."""
        os.close(self._lines)
        os.close(self._pwm)


def own_modules() -> bool:
    """True where the modules are those of this source tree."""
    return CONVERTERS.is_dir()


def press(line: int, high: bool) -> None:
    """Put a level on an input."""
    _write(PINS / f"sim_gpio{line}" / "pull", "pull-up" if high else "pull-down")


def level(line: int) -> bool:
    """Return the level of a line as a meter would see it."""
    return (PINS / f"sim_gpio{line}" / "value").read_text().strip() == "1"


def steady(channel: int, code: int, *, converter: int = 0) -> None:
    """Put a constant voltage on a channel."""
    wave(channel, code, code, PERIOD_NS, converter=converter)


def wave(channel: int, high: int, low: int, high_ns: int, *, converter: int = 0) -> None:
    """Put a 1 kHz square wave on a channel that is high for `high_ns` of every period."""
    if own_modules():
        _channel(converter, channel, pwm=-1, high=high, low=low, high_ns=high_ns)
        return
    assert converter == 0, "the given modules know one converter"
    _write(CONVERTERS, f"{channel} {high} {low} {high_ns}")


def follow(channel: int, high: int, low: int, pwm: int, *, converter: int = 0) -> None:
    """Let a channel follow a PWM of the station, as a pilot line does."""
    assert own_modules(), "the given modules follow no PWM; `make uml` builds some that do"
    _channel(converter, channel, pwm=pwm, high=high, low=low)


def pwm(channel: int) -> Pwm:
    """Return what a PWM channel was told."""
    line = re.search(rf"^ pwm-{channel} .*$", (DEBUG / "pwm").read_text(), re.M)
    assert line is not None, f"there is no PWM {channel}"
    return _pwm(line[0])


def pwm_changed_ns(channel: int) -> int:
    """Return when a PWM channel was last told anything, on the monotonic clock."""
    return int((DEBUG / "pwm-sim" / str(channel) / "changed_ns").read_text())


def led_bytes() -> bytes:
    """Return the last transfer to the LED ring."""
    return (CONVERTERS / "last").read_bytes()


def until(condition, within_s: float) -> None:
    """Wait for something to come true outside; fail when it does not."""
    last_s = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < last_s, f"not within {within_s} s"
        select.select([], [], [], POLL_S)  # lets virtual time pass, too


def figures(name: str, took_s: list[float]) -> None:
    """Print the spread of durations, to be told by whoever started the tests."""
    us = sorted(round(1e6 * each) for each in took_s)
    p50, p99 = us[len(us) // 2], us[min(len(us) - 1, len(us) * 99 // 100)]
    print(f"\nfigure: {name}: n {len(us)}, p50 {p50} us, p99 {p99} us, max {us[-1]} us")


def _pwm(line: str) -> Pwm:
    numbers = re.search(r"period: (\d+) ns duty: (\d+) ns polarity: (\w+)", line)
    assert numbers is not None, line
    return Pwm(int(numbers[1]), int(numbers[2]), " enabled " in line, numbers[3] == "inverse")


def _channel(converter: int, channel: int, **settings: int) -> None:
    for name, value in settings.items():
        _write(CONVERTERS / str(converter) / str(channel) / name, str(value))


def _write(path: Path, text: str) -> None:
    with path.open("w") as file:
        file.write(text)
