"""What `pilotd` writes into its black box, and from where a machine can be played again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from firmware.io.blackbox import BlackBox, Words
from firmware.io.clock import now_ms
from firmware.pilot.core import PilotCore
from firmware.pilot.facts import Drive, PilotIn, Traits
from firmware.pilot.state import PilotState


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """In the black box: from here on a machine can be played, whatever came before."""

    first: bool  # of a process; else what was played up to here must have led here
    traits: Traits
    state: PilotState


class Recorder:
    """Notes in the black box what machines are given and what they drive."""

    WORDS = Words(Checkpoint, Drive, *get_args(PilotIn))

    def __init__(self, box: BlackBox, cores: dict[int, PilotCore]) -> None:
        self.box = box
        self.cores = cores
        self._check(first=True)

    def fact(self, number: int, fact: PilotIn, now: int) -> None:
        """Note a fact before it is handled: a fact that kills the process must be there."""
        if self.box.number >= self.next_check:
            self._check(first=False)
        self.box.note(number, now, fact)

    def drive(self, number: int, drive: Drive, now: int) -> None:
        """Note a new order."""
        self.box.note(number, now, drive)

    def _check(self, *, first: bool) -> None:
        """Let a machine be played from here; eight times in a ring, so most of it can be."""
        for number, core in self.cores.items():
            self.box.note(number, now_ms(), Checkpoint(first, core.traits, core.state))
        self.next_check = self.box.number + self.box.slots // 8
