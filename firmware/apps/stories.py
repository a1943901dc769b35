"""Stories from the command line: each file on a rig, what became of it, and the reports."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from firmware.apps.rigs import RIGS, RigOptions
from firmware.apps.story_reports import junit, page, write_whole
from firmware.sim.outcome import FAILED, HELD, SKIPPED, UNPLAYABLE, Outcome
from firmware.sim.story import BadStory, Story, parse

EXIT_CODES = {HELD: 0, FAILED: 1, UNPLAYABLE: 2, SKIPPED: 3}
_ORDER = (HELD, SKIPPED, FAILED, UNPLAYABLE)  # the worst one is the answer
_WORDS = {
    HELD: "[green]holds[/green]",
    FAILED: "[red]fails[/red]",
    SKIPPED: "[yellow]skipped[/yellow]",
    UNPLAYABLE: "[red]cannot play[/red]",
}


@dataclass(frozen=True, slots=True)
class Reports:
    """Where the reports go; `None` writes none."""

    junit: Path | None = None
    html: Path | None = None


def play_files(
    files: list[Path],
    rig: str,
    options: RigOptions,
    console: Console,
    reports: Reports | None = None,
) -> int:
    """Play each file on a rig, print and report.

    Return 0 if all held, 1 if one failed, 2 if one could not be played, 3 if one was skipped.
    """
    if rig not in RIGS:
        console.print(f"rig {rig}: there are {', '.join(RIGS)}")
        return 2
    if rig == "bench" and not options.at:
        console.print("rig bench: say where the bench is with --at HOST:PORT or /dev/ttyUSB0")
        return 2
    outcomes = [_shown(o, file, console) for file, o in played(files, rig, options)]
    try:
        if reports is not None and reports.junit is not None:
            write_whole(reports.junit, junit(outcomes))
        if reports is not None and reports.html is not None:
            write_whole(reports.html, page(outcomes))
    except OSError as problem:
        console.print(f"cannot write a report: {problem}", highlight=False)
        return 2
    return EXIT_CODES[max((o.verdict for o in outcomes), key=_ORDER.index, default=HELD)]


def played(files: list[Path], rig: str, options: RigOptions) -> Iterator[tuple[Path, Outcome]]:
    """Play each file; give it with its outcome as soon as that is known."""
    read = [(file, _read(file, rig)) for file in files]
    stories = [story for _, story in read if isinstance(story, Story)]
    outcomes = RIGS[rig](stories, options)
    for file, story in read:
        yield file, story if isinstance(story, Outcome) else next(outcomes)


def _read(file: Path, rig: str) -> Story | Outcome:
    try:
        return parse(file.name, file.read_text())
    except (BadStory, OSError, UnicodeDecodeError) as problem:
        return Outcome(file.name, rig, UNPLAYABLE, str(problem))


def _shown(outcome: Outcome, file: Path, console: Console) -> Outcome:
    told = outcome.verdict in (UNPLAYABLE, SKIPPED)
    why = f": {outcome.reason}" if told else ""
    console.print(f"{_WORDS[outcome.verdict]} {file}{why}", highlight=False, soft_wrap=told)
    if outcome.reason and not told:
        console.print(f"  [red]✗[/red] {outcome.reason}", highlight=False)
    for one in outcome.judgements:
        mark = "[green]✓[/green]" if one.held else "[red]✗[/red]"
        console.print(f"  {mark} {one.text}", highlight=False)
    return outcome
