"""`powerstation sim site`: recorded sessions on a site on paper, as a table and as a page.

What would more points or fewer amperes do? Each variant is played under the station's own sharing
and under two others beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich import box
from rich.table import Table

from firmware.sim.replay import read_csv
from firmware.sim.sharing import SHARINGS
from firmware.sim.site import (
    Site,
    feeder_ma,
    read_site,
    with_feeder,
    with_less,
    with_more_points,
)
from firmware.sim.site_play import Played, play, sessions_of

FULL_PERMILLE = 995  # what counts as a session that got all
COLUMNS = (
    "sharing", "met", "alike", "full", "least", "waited", "longest", "peak, A", "short",
)  # fmt: skip
LEGEND = (
    "met: energy, of what the sessions took in the recording. alike: Jain's index of the part of "
    "its energy that each session got, 1 if all got the same. full: sessions that got 99.5 % "
    "and more. least: the smallest part that one got. waited: connected with nothing, all "
    "sessions together; longest: at a stretch. peak: on L1/L2/L3 of the feeder, as fuses "
    "count. short: while somebody had less than the car takes."
)


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What is asked: other feeders (kW), more points, fewer amperes; as it is comes first."""

    feeders_kw: tuple[float, ...] = ()
    more_points: int = 0
    less_amps: int = 0


@dataclass(frozen=True, slots=True)
class Variant:
    """One site under one sharing, and what came of it."""

    title: str
    sharing: str
    played: Played


def variants(site: Site, what_if: WhatIf) -> Iterable[tuple[str, Site, dict[str, str]]]:
    """Yield title, site and the points that repeat others; raise `BadSite`."""
    feeders = [
        (f"{kw:g} kW", with_feeder(site, (site.amps_of_kw(kw),) * 3)) for kw in what_if.feeders_kw
    ] or [("as it is", site)]
    for title, one in feeders:
        yield title, one, {}
        words = []
        whose: dict[str, str] = {}
        if what_if.less_amps:
            one = with_less(one, 1_000 * what_if.less_amps)
            words.append(f"{what_if.less_amps} A less")
        if what_if.more_points:
            one, whose = with_more_points(one, what_if.more_points)
            words.append(f"{what_if.more_points} points more")
        if words:
            yield f"{title}, {', '.join(words)}", one, whose


def play_all(
    site_file: Path,
    sessions_file: Path,
    what_if: WhatIf,
    progress: Callable[[int, int], None] | None = None,
) -> list[Variant]:
    """Play every variant under every sharing; raise `BadSite`, `BadCsv` or `OSError`.

    `progress` is told sessions that ended and all.
    """
    site = read_site(site_file)
    recorded, _ = read_csv(sessions_file)
    runs = [
        (Variant(title, name, Played(sessions_of(one, recorded, whose), feeder_ma(one))), one)
        for title, one, whose in variants(site, what_if)
        for name in SHARINGS
    ]
    total, before = sum(len(variant.played.visits) for variant, _ in runs), 0
    for variant, one in runs:
        for gone in play(one, variant.played, SHARINGS[variant.sharing]):
            if progress is not None:
                progress(before + gone, total)
        before += len(variant.played.visits)
    return [variant for variant, _ in runs]


def cells(variant: Variant) -> tuple[str, ...]:
    """Return the row of a variant, as COLUMNS."""
    played = variant.played
    met = [visit.met_permille for visit in played.visits]
    return (
        variant.sharing,
        f"{played.met_permille / 10:.1f} %",
        f"{played.jain_permille / 1_000:.3f}",
        f"{sum(x >= FULL_PERMILLE for x in met)}",
        f"{min(met) / 10:.1f} %",
        f"{sum(v.waited_ms for v in played.visits) / 3_600_000:.0f} h",
        f"{max(v.longest_wait_ms for v in played.visits) / 60_000:.0f} min",
        "/".join(f"{x // 1_000}" for x in played.peak_ma),
        f"{played.short_ms / 3_600_000:.0f} h",
    )


def heading(variant: Variant) -> str:
    """Say what a variant is."""
    told = [f"{x / 1_000:.1f}".removesuffix(".0") for x in variant.played.limit_ma]
    amps = told[0] if len(set(told)) == 1 else "/".join(told)
    span_h = f"{variant.played.span_ms / 3_600_000:.0f}"
    return f"{variant.title}: {amps} A, {len(variant.played.visits)} sessions in {span_h} h"


def tables(played: Sequence[Variant]) -> Iterable[Table]:
    """Yield the tables for a terminal of 80 columns, one for each site."""
    for title in dict.fromkeys(variant.title for variant in played):
        mine = [variant for variant in played if variant.title == title]
        shown = Table(
            title=heading(mine[0]), title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 0, 0, 1)
        )
        for name in COLUMNS:
            shown.add_column(name, justify="left" if name == COLUMNS[0] else "right", no_wrap=True)
        for variant in mine:
            shown.add_row(*cells(variant))
        yield shown
