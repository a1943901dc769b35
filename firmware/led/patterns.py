"""The LED tables as data, and the frame of a pattern at an instant, computed purely.

`cc613` is the manual's [CC613 6; decisions A-01 to A-03: flashing is an error, steady is an
update; periods are on-off cycles at 50 % duty; three colours are three equal arcs];
`bender_5_33` is what the same controller showed with firmware 5.33, where an error stands and
an update flashes. A profile changes how a pattern looks, never which one is shown or for how long.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from firmware.model.session import ShowPattern

Rgb = tuple[int, int, int]
GREEN: Rgb = (0, 255, 0)
YELLOW: Rgb = (255, 176, 0)
BLUE: Rgb = (0, 64, 255)
WHITE: Rgb = (255, 255, 255)
OFF: Rgb = (0, 0, 0)


@dataclass(frozen=True, slots=True)
class Pattern:
    """One row of the table."""

    name: str
    priority: int
    colours: tuple[Rgb, ...]
    mode: Literal["steady", "blink", "rotate"]
    period_ms: int = 0
    tail: int = 0


_TRI = (GREEN, YELLOW, BLUE)
PATTERNS: dict[str, Pattern] = {
    p.name: p
    for p in (
        Pattern("ready", 10, (GREEN,), "steady"),
        Pattern("plugged_unauthorized", 20, (GREEN,), "blink", 2_000),
        Pattern("reserved_closing", 30, (YELLOW,), "steady"),
        Pattern("charging", 40, (BLUE,), "blink", 2_000),
        Pattern("authorized_wait", 50, (BLUE,), "blink", 500),
        Pattern("learn_mode", 55, (BLUE,), "rotate", 2_000, tail=3),
        Pattern("authorizing", 60, (WHITE,), "rotate", 1_000, tail=3),
        Pattern("rejected", 70, _TRI, "blink", 500),
        Pattern("out_of_order", 80, _TRI, "blink", 1_000),
        Pattern("usb_stick_busy", 85, (WHITE,), "blink", 1_000),
        Pattern("updating", 90, _TRI, "steady"),
        Pattern("booting", 95, (YELLOW,), "blink", 1_000),
        Pattern("lights_test", 99, (GREEN, YELLOW, BLUE, WHITE), "steady"),  # of commissioning
    )
}
# [catalogue 4, bender_5_33] Its two speeds are those of the patterns that both tables have:
# "fast" is that of an accepted card, "normal" that of a charge.
PROFILES: dict[str, dict[str, Pattern]] = {
    "cc613": PATTERNS,
    "bender_5_33": {
        **PATTERNS,
        "out_of_order": Pattern("out_of_order", 80, _TRI, "steady"),
        "updating": Pattern("updating", 90, _TRI, "blink", 2_000),
    },
}


def dimmed(lights: tuple[Rgb, ...], percent: int) -> tuple[Rgb, ...]:
    """Return a frame at so much of its brightness."""
    if percent >= 100:
        return lights
    return tuple((r * percent // 100, g * percent // 100, b * percent // 100) for r, g, b in lights)


def frame(pattern: Pattern, at_ms: int, lights: int) -> tuple[Rgb, ...]:
    """Return the ring `at_ms` after the pattern began."""
    if pattern.mode == "rotate":
        head = at_ms * lights // pattern.period_ms % lights
        lit = {(head - i) % lights for i in range(pattern.tail)}
        return tuple(pattern.colours[0] if i in lit else OFF for i in range(lights))
    if pattern.mode == "blink" and at_ms % pattern.period_ms * 2 >= pattern.period_ms:
        return (OFF,) * lights
    arcs = len(pattern.colours)
    return tuple(pattern.colours[i * arcs // lights] for i in range(lights))


def shown(wish: ShowPattern, now_ms: int, lights: int) -> tuple[Rgb, ...]:
    """Return the ring at `now_ms` while this is wished."""
    pattern = PROFILES[wish.profile][wish.pattern]
    return dimmed(frame(pattern, now_ms - wish.since_ms, lights), wish.percent)
