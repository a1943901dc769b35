"""The guided test of commissioning: a person acts, the station says what it saw.

Nothing is driven for the test alone but the ring's colours: lock, contactor and sensor prove
themselves in an ordinary first charge, under all rules of safety.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from firmware.model.fault import Fault
from firmware.model.machine import NEVER_MS
from firmware.model.outlet import ContactorMoved, FaultRaised, LockMoved
from firmware.model.people import (
    CommissioningAsked,
    CommissioningConfirmed,
    GuidedPart,
    LightsTested,
)
from firmware.model.session import CardSeen, MeterRead

PASSED, FAILED, WAITING = "passed", "failed", "waiting"
_DO = {
    GuidedPart.LED: "Look at the ring: four arcs in green, yellow, blue and white. Are they there?",
    GuidedPart.READER: "Hold a card to the reader.",
    GuidedPart.LOCK: "Plug a cable in: the pin has to move in, and out at the end.",
    GuidedPart.CONTACTOR: "Start a charge with a car or a test box, and end it.",
    GuidedPart.RESIDUAL: "The same charge: the sensor is tested before the contactor closes.",
    GuidedPart.METER: "The same charge: the meter is read.",
}
_BROKEN = {
    Fault.LOCK_FAILED: GuidedPart.LOCK,
    Fault.UNLOCK_FAILED: GuidedPart.LOCK,
    Fault.LOCK_MISSING: GuidedPart.LOCK,
    Fault.CONTACTOR_WELDED: GuidedPart.CONTACTOR,
    Fault.CONTACTOR_STUCK: GuidedPart.CONTACTOR,
    Fault.RESIDUAL_TEST: GuidedPart.RESIDUAL,
    Fault.GROUND_FAILURE: GuidedPart.RESIDUAL,
    Fault.METER: GuidedPart.METER,
    Fault.READER: GuidedPart.READER,
}


@dataclass(frozen=True, slots=True)
class TestStep:
    """One part of one outlet (0: of the station), and how its test stands."""

    part: GuidedPart
    outlet: int
    state: str = WAITING
    seen: str = ""

    @property
    def todo(self) -> str:
        """What the person does."""
        return _DO[self.part]


@dataclass(slots=True)
class TestState:
    """Plain data; `moved` are outlets whose pin or contacts have made the first half."""

    on: bool = False
    steps: list[TestStep] = field(default_factory=list)
    locked: set[int] = field(default_factory=set)
    closed: set[int] = field(default_factory=set)


class Commissioning:
    """The machine of the guided test."""

    def __init__(self, outlets: Iterable[int]) -> None:
        self.outlets = tuple(outlets)
        self.state = TestState()

    def handle(self, fact: object, now_ms: int) -> Iterable[object]:
        """Take one fact; what was tested stays to be read when the test is ended."""
        s = self.state
        match fact:
            case CommissioningAsked(on=True) if not s.on:
                self.state = TestState(True, self._fresh())
                return [LightsTested()]
            case CommissioningAsked(on=False):
                s.on = False
        if s.on:
            self._see(fact)
        return []

    def deadline_ms(self) -> int:
        """Never: people take their time."""
        return NEVER_MS

    def _fresh(self) -> list[TestStep]:
        steps = [TestStep(GuidedPart.LED, 0), TestStep(GuidedPart.READER, 0)]
        parts = (GuidedPart.LOCK, GuidedPart.CONTACTOR, GuidedPart.RESIDUAL, GuidedPart.METER)
        return steps + [TestStep(part, n) for n in self.outlets for part in parts]

    def _see(self, fact: object) -> None:
        s = self.state
        match fact:
            case CommissioningConfirmed(part, fine):
                self._set(part, None, PASSED if fine else FAILED, "as a person saw it")
            case CardSeen(uid=uid):
                self._set(GuidedPart.READER, 0, PASSED, f"card {uid}")
            case LockMoved(outlet, locked=True):
                s.locked.add(outlet)
                self._set(GuidedPart.LOCK, outlet, WAITING, "the pin is in")
            case LockMoved(outlet, locked=False) if outlet in s.locked:
                self._set(GuidedPart.LOCK, outlet, PASSED, "the pin went in and out")
            case ContactorMoved(outlet, closed=True):
                s.closed.add(outlet)
                self._set(GuidedPart.CONTACTOR, outlet, WAITING, "the contacts are closed")
                self._set(GuidedPart.RESIDUAL, outlet, PASSED, "its test passed before")
            case ContactorMoved(outlet, closed=False) if outlet in s.closed:
                self._set(GuidedPart.CONTACTOR, outlet, PASSED, "they closed and opened")
            case MeterRead(outlet, reading) if outlet in s.closed:  # it is polled before, too
                self._set(GuidedPart.METER, outlet, PASSED, f"{reading.energy_wh} Wh")
            case FaultRaised(outlet, fault) if fault in _BROKEN:
                said = f"{fault.row.id}: {fault.row.raised}. {fault.row.advice}"
                self._set(_BROKEN[fault], outlet, FAILED, said)

    def _set(self, part: GuidedPart, outlet: int | None, state: str, seen: str) -> None:
        steps = self.state.steps
        for index, step in enumerate(steps):
            if step.part is part and outlet in (None, step.outlet):
                steps[index] = replace(step, state=state, seen=seen)
