"""Digital inputs that mean a fault, by a table; those of the safety side belong to the pilot.

An input counts once it has lasted; a tilt counts at once, and one that lasts is remembered
until the station restarts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from firmware.model.devices import InputChanged
from firmware.model.fault import Fault
from firmware.model.machine import NEVER_MS
from firmware.model.outlet import FaultCleared, FaultRaised

DEBOUNCE_MS = 200
TILT_LATCH_MS = 10_000  # a push rights itself; what lies for so long was knocked over


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an active input means: a fault, and after how long."""

    outlet: int
    fault: Fault
    after_ms: int = DEBOUNCE_MS


def meanings(outlets: Iterable[int]) -> dict[str, Meaning]:
    """Return the table of the inputs of a station with these outlets."""
    return {
        **{f"mcb_schuko_{n}": Meaning(n, Fault.MCB_DOMESTIC) for n in outlets},
        "spd": Meaning(0, Fault.SURGE),
        "tilt": Meaning(0, Fault.TILT, after_ms=0),
    }


@dataclass(slots=True)
class _Input:
    active: bool = False
    changed_ms: int = 0
    there: bool = False  # its fault was raised


@dataclass(slots=True)
class InputState:
    """Plain data; `tilted_ms` is since when the tilt is there, `latched` until a restart."""

    inputs: dict[str, _Input] = field(default_factory=dict)
    tilted_ms: int | None = None
    latched: bool = False


class InputWatch:
    """The machine of the inputs."""

    def __init__(self, outlets: Iterable[int]) -> None:
        self.table = meanings(outlets)
        self.state = InputState({name: _Input() for name in self.table})

    def handle(self, fact: object, now_ms: int) -> Iterable[object]:
        """Take one fact; raise and clear what has lasted."""
        out: list[object] = []
        self._due(now_ms, out)  # what was due before this fact came
        if isinstance(fact, InputChanged) and fact.name in self.table:
            one = self.state.inputs[fact.name]
            if one.active != fact.active:
                one.active, one.changed_ms = fact.active, now_ms
                self._due(now_ms, out)
        return out

    def deadline_ms(self) -> int:
        """When an input has lasted, or a tilt is one for good."""
        due = [self._due_ms(name) for name, one in self.state.inputs.items()
               if one.active != one.there]  # fmt: skip
        if self.state.tilted_ms is not None and not self.state.latched:
            due.append(self.state.tilted_ms + TILT_LATCH_MS)
        return min(due, default=NEVER_MS)

    def _due_ms(self, name: str) -> int:
        one = self.state.inputs[name]
        return one.changed_ms + (self.table[name].after_ms if one.active else DEBOUNCE_MS)

    def _due(self, now_ms: int, out: list[object]) -> None:
        s = self.state
        for name, one in s.inputs.items():
            if one.active != one.there and now_ms >= self._due_ms(name):
                one.there = one.active
                means = self.table[name]
                told = FaultRaised if one.there else FaultCleared
                out.append(told(means.outlet, means.fault, now_ms))
        tilted = s.inputs["tilt"].there
        if tilted != (s.tilted_ms is not None):
            s.tilted_ms = now_ms if tilted else None
        if s.tilted_ms is not None and not s.latched and now_ms >= s.tilted_ms + TILT_LATCH_MS:
            s.latched = True
            out.append(FaultRaised(0, Fault.TILT_LATCHED, now_ms))
