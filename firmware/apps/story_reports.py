"""Reports of stories: JUnit for machines, and one HTML file for people and paper.

Both are made from outcomes alone, and written whole or not at all.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from xml.etree import ElementTree

from firmware import VERSION
from firmware.apps.story_picture import picture
from firmware.sim.outcome import FAILED, HELD, SKIPPED, UNPLAYABLE, Finding, Mark, Outcome

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_whole(path: Path, text: str) -> None:
    """Write a file whole or not at all; raise `OSError`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise


# -- JUnit --------------------------------------------------------------------------------------


def junit(outcomes: Sequence[Outcome]) -> str:
    """Return the XML: a suite for each rig, a case for each story."""
    top = ElementTree.Element("testsuites", {"name": "powerstation stories", **_sums(outcomes)})
    for rig in dict.fromkeys(outcome.rig for outcome in outcomes):
        mine = [outcome for outcome in outcomes if outcome.rig == rig]
        suite = ElementTree.SubElement(top, "testsuite", {"name": f"rig {rig}", **_sums(mine)})
        for outcome in mine:
            _case(suite, outcome)
    ElementTree.indent(top)
    return ElementTree.tostring(top, encoding="unicode", xml_declaration=True) + "\n"


def _sums(outcomes: Sequence[Outcome]) -> dict[str, str]:
    verdicts = [outcome.verdict for outcome in outcomes]
    return {
        "tests": str(len(outcomes)),
        "failures": str(verdicts.count(FAILED)),
        "errors": str(verdicts.count(UNPLAYABLE)),
        "skipped": str(verdicts.count(SKIPPED)),
        "time": f"{sum(outcome.seconds for outcome in outcomes):.3f}",
    }


def _case(suite: ElementTree.Element, outcome: Outcome) -> None:
    about = {"classname": f"stories.{outcome.rig}", "name": outcome.story}
    case = ElementTree.SubElement(suite, "testcase", about | {"time": f"{outcome.seconds:.3f}"})
    wrong = [one.text for one in outcome.judgements if not one.held]
    reasons = [outcome.reason, *wrong] if outcome.reason else wrong
    element = {FAILED: "failure", SKIPPED: "skipped", UNPLAYABLE: "error"}.get(outcome.verdict)
    if element is not None:
        words = {"message": _clean(reasons[0] if reasons else outcome.verdict)}
        ElementTree.SubElement(case, element, words).text = _clean("\n".join(reasons))
    told = [f"{'held  ' if one.held else 'FAILED'} {one.text}" for one in outcome.judgements]
    ElementTree.SubElement(case, "system-out").text = _clean("\n".join(told))


def _clean(text: str) -> str:
    return _NOT_XML.sub("?", text)


# -- the page -----------------------------------------------------------------------------------

_STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --dim: #6b7480; --paper: #fff; --rule: #d7dce2;
  --good: #1a7f4b; --bad: #c0272d; --odd: #9a6700; --pilot: #0b62c4; --swing: #0b62c422;
  --duty: #8a4fbf; --closed: #e08a00; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ed; --dim: #9aa4b0; --paper: #14171b;
  --rule: #333a43; --good: #4cc38a; --bad: #ff6b70; --odd: #e0b040; --pilot: #5aa9ff;
  --swing: #5aa9ff2a; --duty: #c39bf0; --closed: #f0a840; } }
body { font: 15px/1.45 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin: 2.2rem 0 .4rem; }
h3 { font-size: .95rem; margin: 1.2rem 0 .2rem; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .22rem .6rem .22rem 0; border-bottom: 1px solid var(--rule);
  vertical-align: top; }
th { color: var(--dim); font-weight: 500; } td.n, th.n { text-align: right; white-space: nowrap; }
a { color: inherit; } .dim, tr.act td { color: var(--dim); }
.v-held { color: var(--good); } .v-failed, .v-unplayable { color: var(--bad); }
.v-skipped { color: var(--odd); }
svg { width: 100%; height: auto; } svg text { font: 10px system-ui, sans-serif; fill: var(--dim); }
.grid { stroke: var(--rule); stroke-width: .6; } .swing { fill: var(--swing); }
.high, .low { fill: none; stroke: var(--pilot); stroke-width: 1.3; } .low { opacity: .6; }
.duty { fill: none; stroke: var(--duty); stroke-width: 1.3; } .closed { fill: var(--closed); }
.act { stroke: var(--dim); stroke-dasharray: 3 2; stroke-width: .8; }
line.held, circle.held { stroke: var(--good); } circle.held { fill: var(--good); }
line.failed, circle.failed { stroke: var(--bad); } circle.failed { fill: var(--paper); }
@media print { :root { --ink: #000; --dim: #444; --paper: #fff; --rule: #bbb; }
  body { margin: 0; max-width: none; font-size: 11px; } section { break-inside: avoid-page; } }
"""
_TIMES = {
    "sim": "Time is virtual: every limit is exact.",
    "": "Time is real: a limit is measured, and ten times the limit, at least 5 s, fails.",
}
_LEGEND = (
    "In the pictures: blue, both plateaus of the control pilot; violet, its duty; orange, the "
    "contactor closed; dashed, what was done; green and red dots, what was expected and when it "
    "was seen. Numbers are lines of the story."
)


def page(outcomes: Sequence[Outcome]) -> str:
    """Return one HTML file that needs nothing else."""
    rigs = list(dict.fromkeys(outcome.rig for outcome in outcomes))
    title = f"Stories on {', '.join(rigs) or 'no rig'}"
    held = sum(outcome.verdict == HELD for outcome in outcomes)
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>",
        f"<h1>{escape(title)}</h1>",
        f"<p>{held} of {len(outcomes)} held. Powerstation {VERSION}. ",
        f"{' '.join(dict.fromkeys(_TIMES.get(rig, _TIMES['']) for rig in rigs))}</p>",
        *_summary(outcomes),
        f'<p class="dim">{_LEGEND}</p>',
        *(part for n, outcome in enumerate(outcomes) for part in _section(n, outcome)),
        "</body></html>",
    ]
    return "\n".join(parts) + "\n"


def _summary(outcomes: Sequence[Outcome]) -> Iterable[str]:
    yield "<table><tr><th>story</th><th>rig</th><th>verdict</th>"
    yield '<th class="n">held</th><th class="n">seconds</th><th>why</th></tr>'
    for number, one in enumerate(outcomes):
        good = sum(finding.held for finding in one.judgements)
        yield (
            f'<tr><td><a href="#s{number}">{escape(one.story)}</a></td><td>{escape(one.rig)}</td>'
            f'<td class="v-{one.verdict}">{one.verdict}</td>'
            f'<td class="n">{good} of {len(one.judgements)}</td>'
            f'<td class="n">{one.seconds:.1f}</td>'
            f"<td>{escape(one.reason)}</td></tr>"
        )
    yield "</table>"


def _section(number: int, outcome: Outcome) -> Iterable[str]:
    verdict = f'<span class="v-{outcome.verdict}">{outcome.verdict}</span>'
    yield f'<section id="s{number}"><h2>{escape(outcome.story)}: {verdict}</h2>'
    if outcome.reason:
        yield f"<p>{escape(outcome.reason)}</p>"
    if outcome.judgements:
        yield '<table><tr><th class="n">line</th><th class="n">at</th><th>sentence</th>'
        yield '<th class="n">limit</th><th class="n">measured</th><th></th></tr>'
        rows: list[Finding | Mark] = [*outcome.acts, *outcome.judgements]
        for row in sorted(rows, key=lambda row: (row.line, isinstance(row, Finding))):
            yield _sentence(row)
        yield "</table>"
    yield "</section>"
    for outlet, trace in outcome.traces.items():
        if len(trace) > 1:
            yield f"<section><h3>{escape(outcome.story)}, outlet {outlet}</h3>"
            yield f"{picture(outcome, outlet)}</section>"


def _sentence(row: Finding | Mark) -> str:
    at = f'<td class="n">{row.line}</td><td class="n">{row.at_ms / 1_000:.1f} s</td>'
    where = f" at outlet {row.outlet}" if row.outlet > 1 else ""
    if isinstance(row, Mark):
        return f'<tr class="act">{at}<td colspan="4">{escape(row.text + where)}</td></tr>'
    what = row.text.partition(": ")[2].rpartition(" within ")[0]
    verdict = "held" if row.held else "failed"
    measured = "never" if row.after_ms is None else f"{row.after_ms} ms"
    fails = "" if row.limit_ms == row.within_ms else f" (fails at {row.limit_ms})"
    return (
        f"<tr>{at}<td>expect {escape(what + where)}</td>"
        f'<td class="n">{row.within_ms} ms{fails}</td>'
        f'<td class="n">{measured}</td><td class="v-{verdict}">{verdict}</td></tr>'
    )
