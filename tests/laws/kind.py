"""The shape of a machine under the laws, and the facts by which a state is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from firmware.model import backend as b
from firmware.model import outlet as o
from firmware.model.machine import Tick
from firmware.model.settings import SettingsChanged
from tests.laws.facts import FOREIGN


@dataclass(frozen=True, repr=False)
class Kind:
    """A machine under the laws. `states` are facts that tell how something is, not that it was."""

    name: str
    make: Callable[[], object]
    facts: list[object]
    states: tuple[type, ...] = ()
    preludes: tuple[tuple[object, ...], ...] = ((),)
    foreign: tuple[object, ...] = tuple(FOREIGN)
    pauses: tuple[int, ...] = (0, 0, 1, 1, 2, 5, 15, 26, 60, 101, 320, 510)  # steps of the grid

    def _repr_pretty_(self, printer, _cycle) -> None:
        printer.text(self.name)  # a failing example is short


REPORTS = (o.CableChanged, o.CpChanged, o.ContactorMoved, o.LockMoved)
FAULT_TYPES = (o.FaultRaised, o.FaultCleared)
COMMON = (SettingsChanged, b.ClockSynced, Tick)
