"""Plays what a black box holds through fresh machines, and compares the orders they give.

`powerstation replay FILE`: a crash in the field becomes a run at a desk. A machine is played
from its first checkpoint in the ring; after a gap it waits for the next one.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from firmware.apps.recorder import Checkpoint, Recorder
from firmware.io.blackbox import Entry, NoBox, read_box
from firmware.pilot.core import PilotCore
from firmware.pilot.facts import Drive


@dataclass(slots=True)
class Ledger:
    """What was played, and the first thing that came out differently."""

    facts: int = 0
    drives: int = 0
    unplayed: int = 0  # records that no machine could take: before a checkpoint, after a gap
    runs: int = 0
    difference: str | None = None


@dataclass(slots=True)
class _Machine:
    """A machine, and the orders that it gave and whose record has not come yet."""

    core: PilotCore
    due: deque[Drive] = field(default_factory=deque)


def play(entries: Iterable[Entry]) -> Ledger:
    """Play records, oldest first, up to the first difference."""
    ledger, machines = Ledger(), dict[int, _Machine]()
    expected: int | None = None
    for entry in entries:
        if expected is not None and entry.number != expected:
            machines.clear()
        expected = entry.then
        ledger.difference = _take(entry, machines, ledger)
        if ledger.difference is not None:
            where = f"record {entry.number}, outlet {entry.outlet}, {entry.at_ms} ms"
            ledger.difference = f"{where}: {ledger.difference}"
            break
    return ledger


def _take(entry: Entry, machines: dict[int, _Machine], ledger: Ledger) -> str | None:
    """Play one record; return what differs."""
    machine = machines.get(entry.outlet)
    if isinstance(entry.value, Checkpoint):
        return _check(entry.outlet, entry.value, machines, ledger)
    if machine is None:
        ledger.unplayed += 1
        return None
    if isinstance(entry.value, Drive):
        ledger.drives += 1
        given = machine.due.popleft() if machine.due else None
        if given != entry.value:
            return f"recorded {entry.value}, replayed {given or 'no order'}"
        return None
    if machine.due:
        return f"recorded no order, replayed {machine.due[0]}"
    ledger.facts += 1
    wishes = machine.core.handle(entry.value, entry.at_ms)
    machine.due.extend(wish for wish in wishes if isinstance(wish, Drive))
    return None


def _check(
    outlet: int, check: Checkpoint, machines: dict[int, _Machine], ledger: Ledger
) -> str | None:
    machine = machines.get(outlet)
    if machine is not None and not check.first:
        if machine.due:
            return f"recorded no order, replayed {machine.due[0]}"
        if machine.core.state != check.state:
            return f"recorded {check.state}, replayed {machine.core.state}"
    ledger.runs += check.first
    core = PilotCore(check.traits)
    core.state = check.state
    machines[outlet] = _Machine(core)
    return None


def replay_file(path: Path) -> int:
    """Print the verdict; 0 identical, 1 different, 2 unreadable."""
    try:
        reading = read_box(path, Recorder.WORDS)
    except (NoBox, OSError) as problem:
        print(problem, file=sys.stderr)
        return 2
    ledger = play(reading.entries)
    if reading.torn or ledger.unplayed:
        print(f"{reading.torn} records torn, {ledger.unplayed} before a checkpoint: left out")
    if ledger.difference is not None:
        print(f"after {ledger.facts} facts, {ledger.drives} drives: {ledger.difference}")
        return 1
    print(f"{ledger.facts} facts, {ledger.drives} drives, identical")
    return 0
