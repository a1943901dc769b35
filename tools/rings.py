"""Tables and pictures of everything the ring shows: every pattern of every profile over time.

`python -m tools.rings` writes the golden table that the tests compare with. Run it only after
a pattern was changed on purpose, and read the difference: it is the review of that change.
"""

from __future__ import annotations

from pathlib import Path

from firmware.led.patterns import BLUE, GREEN, OFF, PROFILES, WHITE, YELLOW, Pattern, Rgb, frame

GOLDEN = Path(__file__).parent.parent / "tests" / "data" / "ring_frames.txt"
LIGHTS = 12  # as many as divide into thirds and quarters
LETTERS = {OFF: ".", GREEN: "g", YELLOW: "y", BLUE: "b", WHITE: "w"}
STEADY_MS = 1_000  # how long a pattern without a period is looked at
PERIODS = 2
LOOKS = 8  # rings of one row of a picture
FIELD, TOP, NAME, RADIUS, DOT = 64, 40, 200, 22, 9
PLATE, INK, UNLIT = "#1b1b1f", "#e8e8ea", "#3a3a40"


def golden() -> str:
    """Return the table: each pattern's frames at the instants at which they change."""
    lines = [
        "# The ring of 12 lights: pattern, then from which ms on which frame, over two periods.",
        "# Written by `python -m tools.rings`; g green, y yellow, b blue, w white, . dark.",
    ]
    for profile, patterns in PROFILES.items():
        for pattern in patterns.values():
            lines += ["", f"{profile} {pattern.name} {pattern.mode} {pattern.period_ms} ms"]
            lines += [f"{at_ms:6} {letters}" for at_ms, letters in changes(pattern)]
    return "\n".join(lines) + "\n"


def changes(pattern: Pattern) -> list[tuple[int, str]]:
    """Return each frame with the ms from which it stands, looked for ms by ms."""
    found: list[tuple[int, str]] = []
    for at_ms in range(PERIODS * (pattern.period_ms or STEADY_MS)):
        letters = "".join(LETTERS[light] for light in frame(pattern, at_ms, LIGHTS))
        if not found or found[-1][1] != letters:
            found.append((at_ms, letters))
    return found


def picture(profile: str) -> str:
    """Return the picture of a profile: a row for each pattern, eight looks at one period."""
    patterns = PROFILES[profile].values()
    width, height = NAME + LOOKS * FIELD + 16, TOP + len(patterns) * FIELD + 8
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" font-family="sans-serif" fill="{INK}" '
        f'stroke-width="{DOT}" stroke-linecap="round">'
    )
    parts = [
        head,
        f"<title>Patterns of the ring, profile {profile}</title>",
        f'<rect width="{width}" height="{height}" rx="8" fill="{PLATE}"/>',
    ]
    for look in range(LOOKS):
        parts.append(_text(NAME + look * FIELD + FIELD // 2, 26, f"{look}/{LOOKS}", "middle"))
    for row, pattern in enumerate(patterns):
        parts += _row(pattern, TOP + row * FIELD + FIELD // 2)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _row(pattern: Pattern, y: int) -> list[str]:
    period_ms = pattern.period_ms
    said = f"{pattern.mode}, {period_ms} ms" if period_ms else pattern.mode
    parts = [_text(16, y - 2, pattern.name), _text(16, y + 15, said, size=11)]
    for look in range(LOOKS):
        lights = frame(pattern, look * (period_ms or STEADY_MS) // LOOKS, LIGHTS)
        parts += _ring(NAME + look * FIELD + FIELD // 2, y, lights)
    return parts


def _ring(x: int, y: int, lights: tuple[Rgb, ...]) -> list[str]:
    """Draw one ring: the first light is on top, the others follow the clock."""
    dots: dict[str, str] = {}  # a line of no length with round ends is a dot
    for (dx, dy), (red, green, blue) in zip(_clock(len(lights)), lights, strict=True):
        colour = f"#{red:02x}{green:02x}{blue:02x}" if red or green or blue else UNLIT
        dots[colour] = dots.get(colour, "") + f"M{x + dx:.1f} {y + dy:.1f}h0"
    return [f'<path stroke="{colour}" d="{where}"/>' for colour, where in dots.items()]


def _clock(count: int) -> list[tuple[float, float]]:
    turn = complex(0, -RADIUS)
    step = complex(0.8660254, 0.5)  # a twelfth of a turn; exact enough for a picture
    assert count == LIGHTS, count
    points = []
    for _ in range(count):
        points.append((turn.real, turn.imag))
        turn *= step
    return points


def _text(x: int, y: int, text: str, anchor: str = "start", size: int = 13) -> str:
    return f'<text x="{x}" y="{y}" font-size="{size}" text-anchor="{anchor}">{text}</text>'


def main() -> None:
    """Write the golden table."""
    GOLDEN.write_text(golden())
    print(GOLDEN)


if __name__ == "__main__":
    main()
