"""The page of `powerstation sim site`: the table, and per variant what flowed and who got what.

Pure; one HTML file that needs nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from firmware import VERSION
from firmware.apps.site import COLUMNS, LEGEND, Variant, cells, heading
from firmware.model.values import PhasesMa
from firmware.sim.site_play import Played

WIDTH, LEFT, RIGHT, TOP = 960, 48, 12, 8
BAND_PX, GAP_PX, FOOT_PX = 84, 12, 18
SHARES_PX = 180
DAY_MS = 86_400_000
_STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --dim: #6b7480; --paper: #fff; --rule: #d7dce2;
  --a: #0b62c4; --b: #b4540a; --c: #6b7480; --bad: #c0272d; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ed; --dim: #9aa4b0; --paper: #14171b;
  --rule: #333a43; --a: #5aa9ff; --b: #f0a840; --c: #9aa4b0; --bad: #ff6b70; } }
body { font: 15px/1.45 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin: 2.2rem 0 .4rem; }
h3 { font-size: .95rem; margin: 1.2rem 0 .2rem; } .dim { color: var(--dim); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: .22rem .6rem .22rem 0; border-bottom: 1px solid var(--rule);
  white-space: nowrap; }
th { color: var(--dim); font-weight: 500; } td.t, th.t { text-align: left; }
svg { width: 100%; height: auto; } svg text { font: 10px system-ui, sans-serif; fill: var(--dim); }
.grid { stroke: var(--rule); stroke-width: .6; } .limit { stroke: var(--bad); stroke-width: 1; }
polyline { fill: none; stroke-width: 1.3; } polygon { fill: var(--a); opacity: .55; }
.s0 { stroke: var(--a); } .s1 { stroke: var(--b); } .s2 { stroke: var(--c); }
b.s0 { color: var(--a); } b.s1 { color: var(--b); } b.s2 { color: var(--c); }
@media print { section { break-inside: avoid-page; } }
"""


def page(played: Sequence[Variant], site: str, sessions: str) -> str:
    """Return the HTML."""
    title = f"{site} with {sessions}"
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>",
        f"<h1>{escape(title)}</h1>",
        f"<p>Simulated: nobody was charged. Powerstation {VERSION}.</p>",
        *_table(played),
        f'<p class="dim">{escape(LEGEND)}</p>',
    ]
    for name in dict.fromkeys(variant.title for variant in played):
        parts += _section(name, [variant for variant in played if variant.title == name])
    return "\n".join([*parts, "</body></html>"]) + "\n"


def _table(played: Iterable[Variant]) -> Iterable[str]:
    heads = "".join(f"<th{_left(n)}>{escape(name)}</th>" for n, name in enumerate(COLUMNS))
    yield f'<div class="wide"><table><tr>{heads}</tr>'
    before = ""
    for variant in played:
        if variant.title != before:
            before = variant.title
            yield f'<tr><th class="t" colspan="{len(COLUMNS)}">{escape(heading(variant))}</th></tr>'
        row = (f"<td{_left(n)}>{escape(text)}</td>" for n, text in enumerate(cells(variant)))
        yield f"<tr>{''.join(row)}</tr>"
    yield "</table></div>"


def _left(column: int) -> str:
    return "" if column else ' class="t"'


def _section(title: str, played: Sequence[Variant]) -> Iterable[str]:
    first = played[0]
    names = ", ".join(f'<b class="s{n}">{escape(v.sharing)}</b>' for n, v in enumerate(played))
    yield f"<section><h2>{escape(title)}</h2><h3>Current of the feeder as its fuse counts it, "
    yield f"shared {escape(first.sharing)}; red: its limit; at most "
    yield f"{first.played.flow_peak_ma // 1_000} A really flow in a conductor</h3>"
    yield loads(first.played)
    yield f"</section><section><h3>{escape(title)}: what each session got of its energy, the "
    yield f"least first: {names}</h3>"
    yield shares([variant.played for variant in played])
    yield "</section>"


# -- pictures ---------------------------------------------------------------------------------


def loads(played: Played) -> str:
    """Return the currents of the feeder over time, a band for each phase, as SVG."""
    high_ma = max(1, *played.peak_ma, *played.limit_ma) * 1.05
    begin_ms, end_ms = played.load[0][0], played.load[-1][0]
    scale = (WIDTH - LEFT - RIGHT) / max(1, end_ms - begin_ms)
    height = TOP + 3 * (BAND_PX + GAP_PX) + FOOT_PX
    parts = [f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="currents">']
    for day_ms in range(-(-begin_ms // DAY_MS) * DAY_MS, end_ms, DAY_MS):
        x = round(LEFT + (day_ms - begin_ms) * scale, 1)
        parts.append(f'<line class="grid" x1="{x}" y1="{TOP}" x2="{x}" y2="{height - FOOT_PX}"/>')
        parts.append(_text(x, height - 4, f"day {day_ms // DAY_MS + 1}", "middle"))
    for phase in range(3):
        floor = TOP + phase * (BAND_PX + GAP_PX) + BAND_PX

        def y(ma: float, floor: int = floor) -> float:
            return round(floor - ma / high_ma * BAND_PX, 1)

        points = [(round(LEFT + (at_ms - begin_ms) * scale, 1), y(ma))
                  for at_ms, ma in _steps(played.load, phase)]  # fmt: skip
        edge = " ".join(f"{x},{top}" for x, top in [(LEFT, floor), *points])
        parts.append(f'<polygon points="{edge} {WIDTH - RIGHT},{floor}"/>')
        limit = y(played.limit_ma[phase])
        parts.append(
            f'<line class="limit" x1="{LEFT}" y1="{limit}" x2="{WIDTH - RIGHT}" y2="{limit}"/>'
        )
        parts.append(_text(LEFT - 6, limit + 3, f"{played.limit_ma[phase] // 1_000} A", "end"))
        parts.append(_text(LEFT - 6, floor, f"L{phase + 1}", "end"))
    return "\n".join([*parts, "</svg>"])


def _steps(load: Sequence[tuple[int, PhasesMa]], phase: int) -> Iterable[tuple[int, int]]:
    """The corners of a line of steps."""
    before_ma = 0
    for at_ms, currents_ma in load:
        if currents_ma[phase] != before_ma:
            yield at_ms, before_ma
            before_ma = currents_ma[phase]
            yield at_ms, before_ma


def shares(played: Sequence[Played]) -> str:
    """Return what sessions got of their energy, sorted, a line for each sharing, as SVG."""
    height = TOP + SHARES_PX + FOOT_PX
    parts = [f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="energy met">']
    for percent in range(0, 101, 25):
        y = TOP + SHARES_PX * (100 - percent) / 100
        parts.append(f'<line class="grid" x1="{LEFT}" y1="{y}" x2="{WIDTH - RIGHT}" y2="{y}"/>')
        parts.append(_text(LEFT - 6, y + 3, f"{percent} %", "end"))
    for number, one in enumerate(played):
        met = sorted(visit.met_permille for visit in one.visits)
        across = (WIDTH - LEFT - RIGHT) / max(1, len(met) - 1)
        line = " ".join(
            f"{round(LEFT + n * across, 1)},{round(TOP + SHARES_PX * (1_000 - x) / 1_000, 1)}"
            for n, x in enumerate(met)
        )
        parts.append(f'<polyline class="s{number}" points="{line}"/>')
    parts.append(_text(LEFT, height - 4, "1", "middle"))
    parts.append(_text(WIDTH - RIGHT, height - 4, f"{len(played[0].visits)} sessions", "end"))
    return "\n".join([*parts, "</svg>"])


def _text(x: float, y: float, words: str, anchor: str) -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}">{escape(words)}</text>'
