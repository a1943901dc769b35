"""Hours of twenty units on networks that lose, delay and part, with one master or two."""

from __future__ import annotations

from firmware.sim.dlm_site import Plan, Run, World
from tools.soak.crowd import Advance, parallel, tell


def played(seed: int) -> Run:
    """Play an hour; every second seed has a standby."""
    run = World(Plan(seed, masters=1 + seed % 2)).play()
    for problem in run.over:
        print(f"sites: seed {seed}: {problem}", flush=True)
    tell()
    return run


def hours(count: int, advance: Advance) -> tuple[dict[str, object], list[str]]:
    """Return figures and problems of so many seeds."""
    runs = parallel(played, range(count), advance)
    control = World(Plan(0, naive=True)).play()
    given, ideal = sum(run.given_ma for run in runs), sum(run.ideal_ma for run in runs)
    figures: dict[str, object] = {
        "station-hours": f"{sum(run.station_hours for run in runs):,.0f}",
        "events": f"{sum(run.instants for run in runs):,}",
        "messages, lost": f"{sum(r.messages for r in runs):,}, {sum(r.lost for r in runs):,}",
        "crashes, partitions": f"{sum(r.crashes for r in runs):,}, "
        f"{sum(r.partitions for r in runs):,}",
        "instants over a fuse": sum(len(run.over) for run in runs),
        "current that cars may take, of the ideal": f"{given / max(1, ideal):.1%}",
        "control": f"{len(control.over)} instants over a fuse at least, as it must",
    }
    problems = [f"seed {seed}: {text}" for seed, run in enumerate(runs) for text in run.over]
    if not control.over:
        problems.append("a master that forgets what may be in force was not found out")
    return figures, problems
