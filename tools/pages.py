"""Writes the pages of docs/ that are made from the code: parameters, wiring, ring, ...

`python -m tools.pages --check` changes nothing and fails if a page is not what it would write.
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

from firmware.config.registry import PARAMS
from firmware.led.patterns import PROFILES, Pattern
from firmware.model import annex as annex_a
from firmware.model.fault import Fault
from firmware.pilot.faults import RULES as FAULT_RULES
from firmware.session.rules import RULES
from firmware.station.wiring import ROUTES
from tools import rings
from tools.board_page import page_lines

DOCS = Path(__file__).parent.parent / "docs"
MADE = "Made by `make docs`; change the code, not this page."


def parameters() -> str:
    """Return the table of all parameters that exist so far."""
    rows = [
        f"| {p.id or '-'} | `{p.key}` | `{p.ocpp_key}` | {p.kind.allowed} | "
        f"{'secret' if p.kind.secret else p.show(p.default) or 'empty'} | {p.unit} | {p.role} | "
        f"{'read-only' if p.readonly else p.effect} | {p.manual} | {p.help} |"
        for p in PARAMS.values()
    ]
    head = "| id | key | OCPP key | allowed | default | unit | role | acts | manual | what |"
    return _page("Parameters", [head, "|---" * 10 + "|", *rows])


def wiring() -> str:
    """Return the wiring table: which message goes to which part."""
    rows = [
        f"| `{kind.__name__}` | {', '.join(parts) or 'nobody yet'} | {_sentence(kind)} |"
        for kind, parts in ROUTES.items()
    ]
    return _page("Wiring of the station", ["| message | goes to | what |", "|---|---|---|", *rows])


def session() -> str:
    """Return the session's transitions as a diagram."""
    lines = ["```mermaid", "stateDiagram-v2", "    [*] --> idle"]
    lines += [f"    {r.source} --> {r.target} : {r.name}" for r in RULES]
    return _page("The ways of a session", [*lines, "```"])


def faults() -> str:
    """Return the whole catalogue of faults."""
    head = "| id | OCPP 1.6 | OCPP 1.5 | begins | ends | stops | connector | over when | advice |"
    lines = [head, "|---" * 9 + "|"]
    for fault in Fault:
        r = fault.row
        where = "0" if r.station_wide else "n"
        stops = "yes" if r.stops_transaction else "no"
        lines.append(
            f"| {r.id} | {r.ocpp16} | {r.ocpp15} | {r.raised} | {r.cleared} | {stops} | {where} | "
            f"{r.clears} | {r.advice} |"
        )
    lines += ["", "Watched by the pilot room: " + ", ".join(f.row.id for f in FAULT_RULES) + "."]
    lines += ["", "What the ring shows stands in [ring](ring.md)."]
    return _page("Faults", lines)


def ring() -> str:
    """Return what the ring shows: patterns by profile, brightness, pictures."""
    lines = [
        "The ring shows the pattern of highest priority; how it looks is the profile's business",
        "(`led_profile`), which one is shown and for how long is not. A change is shown within",
        "200 ms: chosen in the step of the fact, drawn 20 times a second. [B-LEDB-01]",
    ]
    for profile, patterns in PROFILES.items():
        lines += ["", f"## {profile}", "", _PROFILE_WORDS[profile], "", _RING_HEAD]
        lines.append("|---|---|---|---|---|")
        lines += [_pattern_row(pattern) for pattern in patterns.values()]
        picture = f"![patterns of {profile}](rings/{profile}.svg)"
        lines += ["", "Eight looks at one period of each; the first light is on top.", "", picture]
    lines += ["", *_BRIGHTNESS]
    return _page("The ring", lines)


_PROFILE_WORDS = {
    "cc613": "The manual's table (CC613 6, catalogue 4, decision A-01): errors flash, an update"
    " is steady.",
    "bender_5_33": "Bender's own table of firmware 5.33: errors are steady, an update flashes. It"
    ' names two speeds; "fast" is taken as 500 ms and "normal" as 2,000 ms, those of an accepted'
    " card and of a charge in the manual. What it does not name is as in cc613.",
}
_RING_HEAD = "| pattern | priority | colours | mode | period |"
_BRIGHTNESS = (
    "## Brightness",
    "",
    "`LightIntensity` (OCPP) is the brightness in percent. `led_night_intensity` is the most from",
    "`led_night_from` to `led_night_to`, whole hours of `time_zone`, over midnight where the end",
    "is before the beginning; the same hour twice is no night. Colours are scaled, rounded down.",
    "While the station does not know the time it is not night. Errors are dimmed too: 0 is dark.",
    "",
    "## Golden frames",
    "",
    "`tests/data/ring_frames.txt` has every frame of every pattern of both profiles, found ms by",
    "ms; a test compares it whole. After a change on purpose: `.venv/bin/python -m tools.rings`,",
    "then `make docs` for this page and its pictures, and read the difference.",
)


def _pattern_row(p: Pattern) -> str:
    colours = ", ".join("#%02x%02x%02x" % c for c in p.colours)  # noqa: UP031
    period = f"{p.period_ms:,} ms" if p.period_ms else "-"
    return f"| {p.name} | {p.priority} | {colours} | {p.mode} | {period} |"


def annex() -> str:
    """Return the table of IEC 61851-1 Annex A, with what is still to be checked."""
    head = "| id | from | to | when | limit | ours | clause | read at |"
    lines = [
        "The standard itself was not at hand. A row says where its figure was read; for those of",
        "the second list no limit was seen in print, and they want checking.",
        "",
        head,
        "|---" * 8 + "|",
    ]
    for row in annex_a.ROWS:
        limit = "-" if row.limit_ms is None else f"{row.bound} {row.limit_ms:,} ms"
        ours = "-" if row.ours_ms is None else f"{row.ours_ms:,} ms"
        lines.append(
            f"| {row.id} | {row.before} | {row.after} | {row.condition} | {limit} | {ours} | "
            f"{row.clause} | {row.origin} |"
        )
    lines += ["", "## To be checked against the standard", ""]
    lines += [f"- {r.id}: {r.condition} ({r.origin})" for r in annex_a.ROWS if not r.seen_in_print]
    lines += ["", "## Not proven", ""]
    lines += [f"- {r.id}: {r.condition}: {r.reason}" for r in annex_a.ROWS if not r.proven]
    return _page("IEC 61851-1 Annex A", lines)


def boards() -> str:
    """Return how the boards are wired."""
    return _page("Boards", page_lines())


PAGES = {
    "boards.md": boards,
    "annex.md": annex,
    "parameters.md": parameters,
    "wiring.md": wiring,
    "session.md": session,
    "faults.md": faults,
    "ring.md": ring,
    **{f"rings/{profile}.svg": partial(rings.picture, profile) for profile in PROFILES},
}


def stale() -> list[str]:
    """Return the names of pages that differ from what would be written."""
    return [
        name
        for name, made in PAGES.items()
        if not (DOCS / name).exists() or (DOCS / name).read_text() != made()
    ]


def _page(title: str, lines: list[str]) -> str:
    return "\n".join([f"# {title}", "", MADE, "", *lines]) + "\n"


def _sentence(kind: type) -> str:
    return (kind.__doc__ or "").split("\n")[0].replace("|", "\\|")


def main() -> int:
    """Write the pages, or check them."""
    if "--check" in sys.argv[1:]:
        for name in stale():
            print(f"docs/{name} is not up to date: run `make docs`")
        return 1 if stale() else 0
    for name, made in PAGES.items():
        (DOCS / name).parent.mkdir(exist_ok=True)
        (DOCS / name).write_text(made())
        print(f"docs/{name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
