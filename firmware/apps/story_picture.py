"""A picture of one outlet during a story, as SVG text: pilot, duty and contactor over time.

Acts are lines through the picture and expectations are marks below it, each with the line of the
story that it stands in. Pure; the colours are the page's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from html import escape

from firmware.sim.outcome import Finding, Mark, Outcome, TracePoint

WIDTH, LEFT, RIGHT = 960, 56, 36
ACTS, PILOT, DUTY, CONTACTOR, MARKS = 14, 52, 206, 264, 290  # the tops of the bands
PILOT_PX, DUTY_PX, CONTACTOR_PX = 144, 48, 14
HEIGHT = 372
TOP_MV = 12_500  # of the pilot's band, and its bottom below zero
ROWS, MARK_ROWS = 3, 5  # numbers take turns in height, so that neighbours stay readable
_STEPS_S = (1, 2, 5, 10, 30, 60, 120, 300, 600, 1_800, 3_600)
_Runs = list[list[tuple[float, float]]]


def picture(outcome: Outcome, outlet: int) -> str:
    """Return the picture of an outlet."""
    trace = outcome.traces[outlet]
    ends_ms = [p[0] for p in trace] + [m.at_ms for m in outcome.acts]
    ends_ms += [j.at_ms + (j.after_ms or 0) for j in outcome.judgements]
    end_ms = max([1_000, *ends_ms]) + 500

    def x(at_ms: int) -> float:
        inside_ms = min(max(at_ms, 0), end_ms)
        return round(LEFT + inside_ms / end_ms * (WIDTH - LEFT - RIGHT), 1)

    parts = [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="outlet {outlet}">',
        *_frame(end_ms, x),
        *_pilot(trace, x, end_ms),
        *_lines(trace, x, end_ms),
        *_acts([m for m in outcome.acts if m.outlet in (0, outlet)], x),
        *_findings([j for j in outcome.judgements if j.outlet in (0, outlet)], x),
        "</svg>",
    ]
    return "\n".join(parts)


def _volts(mv: float) -> float:
    inside_mv = min(max(mv, -TOP_MV), TOP_MV)
    return round(PILOT + (TOP_MV - inside_mv) / (2 * TOP_MV) * PILOT_PX, 1)


def _permille(duty: float) -> float:
    return round(DUTY + DUTY_PX - min(max(duty, 0), 1_000) / 1_000 * DUTY_PX, 1)


def _frame(end_ms: int, x: Callable[[int], float]) -> Iterable[str]:
    right = WIDTH - RIGHT
    for volts in (12, 9, 6, 3, 0, -12):
        y = _volts(volts * 1_000)
        yield f'<line class="grid" x1="{LEFT}" y1="{y}" x2="{right}" y2="{y}"/>'
        yield _text(LEFT - 6, y + 3, f"{volts} V", anchor="end")
    for duty in (0, 1_000):
        y = _permille(duty)
        yield f'<line class="grid" x1="{LEFT}" y1="{y}" x2="{right}" y2="{y}"/>'
        yield _text(LEFT - 6, y + 3, f"{duty // 10} %", anchor="end")
    yield _text(LEFT - 6, CONTACTOR + 11, "contactor", anchor="end")
    step_s = next((s for s in _STEPS_S if end_ms / 1_000 / s <= 12), _STEPS_S[-1])
    for at_s in range(0, end_ms // 1_000 + 1, step_s):
        at = x(at_s * 1_000)
        yield f'<line class="grid" x1="{at}" y1="{PILOT}" x2="{at}" y2="{MARKS}"/>'
        yield _text(at, HEIGHT - 4, f"{at_s // 60:02d}:{at_s % 60:02d}", anchor="middle")


def _pilot(trace: Sequence[TracePoint], x: Callable[[int], float], end_ms: int) -> Iterable[str]:
    high = _runs(trace, 1, end_ms)
    low = _runs(trace, 2, end_ms)
    for over, under in zip(high, low, strict=False):
        edge = [*over, *reversed(under)]
        points = " ".join(f"{x(int(at_ms))},{_volts(mv)}" for at_ms, mv in edge)
        yield f'<polygon class="swing" points="{points}"/>'
    for name, runs in (("high", high), ("low", low)):
        for run in runs:
            points = " ".join(f"{x(int(at_ms))},{_volts(mv)}" for at_ms, mv in run)
            yield f'<polyline class="{name}" points="{points}"/>'


def _lines(trace: Sequence[TracePoint], x: Callable[[int], float], end_ms: int) -> Iterable[str]:
    for run in _runs(trace, 3, end_ms):
        points = " ".join(f"{x(int(at_ms))},{_permille(duty)}" for at_ms, duty in run)
        yield f'<polyline class="duty" points="{points}"/>'
    for point, until_ms in _spans(trace, end_ms):
        if point[4]:
            wide = round(x(until_ms) - x(point[0]), 1)
            place = f'x="{x(point[0])}" y="{CONTACTOR}" width="{wide}" height="{CONTACTOR_PX}"'
            yield f'<rect class="closed" {place}/>'


def _acts(acts: Iterable[Mark], x: Callable[[int], float]) -> Iterable[str]:
    for number, act in enumerate(acts):
        at, y = x(act.at_ms), ACTS + 12 * (number % ROWS)
        yield f"<g><title>{escape(f'line {act.line}: {act.text}')}</title>"
        yield f'<line class="act" x1="{at}" y1="{y}" x2="{at}" y2="{MARKS}"/>'
        yield f"{_text(at + 3, y, str(act.line))}</g>"


def _findings(findings: Iterable[Finding], x: Callable[[int], float]) -> Iterable[str]:
    for number, one in enumerate(findings):
        y = MARKS + 10 + 13 * (number % MARK_ROWS)
        name = "held" if one.held else "failed"
        begin = x(one.at_ms)
        end = x(one.at_ms + (one.within_ms if one.after_ms is None else one.after_ms))
        yield f"<g><title>{escape(one.text)}</title>"
        yield f'<line class="{name}" x1="{begin}" y1="{y}" x2="{end}" y2="{y}"/>'
        yield f'<circle class="{name}" cx="{end}" cy="{y}" r="3.5"/>'
        yield f"{_text(end + 6, y + 3, str(one.line))}</g>"


def _spans(trace: Sequence[TracePoint], end_ms: int) -> Iterable[tuple[TracePoint, int]]:
    """Each point with the time until which it stands."""
    for number, point in enumerate(trace):
        until_ms = trace[number + 1][0] if number + 1 < len(trace) else end_ms
        if until_ms > 0:
            yield point, until_ms


def _runs(trace: Sequence[TracePoint], column: int, end_ms: int) -> _Runs:
    """The steps of a column, cut where it was not known."""
    runs: _Runs = [[]]
    for point, until_ms in _spans(trace, end_ms):
        value = point[column]
        if value is None:
            runs.append([])
        else:
            runs[-1] += [(point[0], value), (until_ms, value)]
    return [run for run in runs if run]


def _text(x: float, y: float, words: str, *, anchor: str = "start") -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}">{escape(words)}</text>'
