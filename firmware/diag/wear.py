"""What wears: contactors, locks and residual-current sensors, counted for a lifetime.

Counts are kept at the end of a transaction, not at each movement: a memory card wears too.
What a power cut takes is at most one session's.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields

from firmware.model.fault import Fault
from firmware.model.machine import NEVER_MS
from firmware.model.outlet import (
    ContactorMoved,
    FaultCleared,
    FaultRaised,
    LockMoved,
    PilotLost,
)
from firmware.model.session import TransactionEnded
from firmware.model.storage import PutNote

# Contactors of this size are rated for some 100,000 electrical operations (AC-1) and many more
# mechanical ones; the smaller figure is the measure, whatever the load was.
RATED_CLOSINGS = 100_000
ADVICE_PERCENT = 80
_BY_CAR = "cp_b"  # the car took its load off before
_REPORT = "report"  # a pilot that tells how it is: no movement


@dataclass(slots=True)
class Counts:
    """Of one outlet, since it was made."""

    closings: int = 0
    under_load: int = 0  # openings that the car had not asked for
    lock_moves: int = 0
    trips: int = 0  # of the residual-current sensor

    @property
    def advice(self) -> str:
        """What to do about it; empty while there is nothing."""
        if self.closings * 100 < RATED_CLOSINGS * ADVICE_PERCENT:
            return ""
        return (
            f"the contactor has closed {self.closings} times of {RATED_CLOSINGS} it is rated "
            "for: plan its replacement"
        )


@dataclass(slots=True)
class _Outlet:
    counts: Counts
    kept: Counts
    closed: bool = False
    locked: bool | None = None
    tripped: bool = False


@dataclass(slots=True)
class WearState:
    """Plain data."""

    outlets: dict[int, _Outlet] = field(default_factory=dict)


class Wear:
    """The machine of the wear counters."""

    def __init__(self, outlets: Iterable[int], notes: Mapping[str, str]) -> None:
        """`notes` hold the counts of earlier boots."""
        self.state = WearState(
            {n: _Outlet(_counts(notes.get(_note(n))), _counts(notes.get(_note(n))))
             for n in outlets}
        )  # fmt: skip

    def handle(self, fact: object, now_ms: int) -> Iterable[object]:
        """Take one fact."""
        if isinstance(fact, PilotLost):
            for outlet in self.state.outlets.values():
                outlet.counts.under_load += outlet.closed  # the deadman, or the safe-off after it
                outlet.closed = False
        elif isinstance(fact, TransactionEnded):
            return self._keep(fact.transaction.outlet)
        else:
            outlet_or_none = self.state.outlets.get(getattr(fact, "outlet", 0))
            if outlet_or_none is not None:
                _count(outlet_or_none, fact)
        return []

    def deadline_ms(self) -> int:
        """Never."""
        return NEVER_MS

    def counts(self) -> dict[int, Counts]:
        """Return the counts of every outlet."""
        return {number: outlet.counts for number, outlet in self.state.outlets.items()}

    def _keep(self, number: int) -> list[object]:
        outlet = self.state.outlets[number]
        if outlet.counts == outlet.kept:
            return []
        outlet.kept = Counts(**asdict(outlet.counts))
        return [PutNote(_note(number), json.dumps(asdict(outlet.counts)))]


def _count(outlet: _Outlet, fact: object) -> None:
    counts = outlet.counts
    match fact:
        case ContactorMoved(_, closed, reason, _):
            if reason != _REPORT and closed != outlet.closed:
                counts.closings += closed
                counts.under_load += not closed and reason != _BY_CAR
            outlet.closed = closed
        case LockMoved(_, locked, _):
            counts.lock_moves += outlet.locked is not None and locked != outlet.locked
            outlet.locked = locked
        case FaultRaised(_, Fault.GROUND_FAILURE, _):
            counts.trips += not outlet.tripped
            outlet.tripped = True
        case FaultCleared(_, Fault.GROUND_FAILURE, _):
            outlet.tripped = False
        case _:
            pass


def _note(number: int) -> str:
    return f"wear:{number}"


def _counts(text: str | None) -> Counts:
    """Return kept counts; what cannot be read begins anew, it is no reason not to start."""
    try:
        values = json.loads(text or "{}")
        return Counts(**{f.name: max(0, int(values.get(f.name, 0))) for f in fields(Counts)})
    except (ValueError, TypeError, AttributeError):
        return Counts()
