"""What `pilotd` writes into its black box, and from where a machine can be played again."""

from __future__ import annotations

from dataclasses import dataclass, fields
from operator import attrgetter
from typing import get_args

from firmware.io.blackbox import BlackBox, Words
from firmware.io.clock import now_ms
from firmware.pilot.core import PilotCore
from firmware.pilot.facts import Drive, PilotIn, Sampled, SampleLost, Traits
from firmware.pilot.state import PilotState
from hal.ports import OutletSample


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """In the black box: from here on a machine can be played, whatever came before."""

    first: bool  # of a process; else what was played up to here must have led here
    traits: Traits
    state: PilotState


class Recorder:
    """Notes in the black box what machines are given and what they drive.

    A sample that differs from the last in its time only, before the deadline, changes nothing:
    it is noted only if it is the last before something that does, so that the machine played
    has the same sample in hand.
    """

    WORDS = Words(Checkpoint, Drive, *get_args(PilotIn))
    _looks = attrgetter(*(f.name for f in fields(OutletSample) if f.name != "at_ms"))

    def __init__(self, box: BlackBox, cores: dict[int, PilotCore]) -> None:
        self.box = box
        self.cores = cores
        self.looks: dict[int, object] = {}  # of the last sample noted, while it is trusted
        self.waiting: dict[int, tuple[int, Sampled]] = {}
        self._check(first=True)

    def fact(self, number: int, fact: PilotIn, now: int, *, due: bool) -> None:
        """Note a fact before it is handled: a fact that kills the process must be there."""
        if isinstance(fact, Sampled):
            looks = type(self)._looks(fact.sample)
            if looks == self.looks.get(number) and not due:
                self.waiting[number] = now, fact
                return
            self.looks[number] = looks
        elif isinstance(fact, SampleLost):
            self.looks.pop(number, None)
        if self.box.number >= self.next_check:
            self._check(first=False)
        if number in self.waiting:
            self.box.note(number, *self.waiting.pop(number))
        self.box.note(number, now, fact)

    def drive(self, number: int, drive: Drive, now: int) -> None:
        """Note a new order."""
        self.box.note(number, now, drive)

    def _check(self, *, first: bool) -> None:
        """Let a machine be played from here; eight times in a ring, so most of it can be."""
        for number, waiting in self.waiting.items():
            self.box.note(number, *waiting)
        self.waiting.clear()
        for number, core in self.cores.items():
            self.box.note(number, now_ms(), Checkpoint(first, core.traits, core.state))
        self.next_check = self.box.number + self.box.slots // 8
