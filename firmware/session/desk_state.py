"""What the desk remembers, as plain data, and how it chooses among outlets."""

from __future__ import annotations

from dataclasses import dataclass, field

from firmware.model.fault import Fault
from firmware.model.session import ConnectorChanged, SessionPhase, TokenJudged, Transaction
from firmware.model.values import StopReason
from firmware.session.reservation import Bearer, Reservations


@dataclass(slots=True)
class DeskOutlet:
    """What the desk knows of an outlet."""

    phase: SessionPhase = SessionPhase.IDLE
    cable: bool = False
    car: bool = False
    plugged_ms: int | None = None
    locked: bool = False
    offered: bool = False  # the car that is here was put forward for free charging
    fixed: bool = False  # a cable and no socket: there is nothing to unlock
    operative: bool = True
    usable: bool = True  # by the session's word: operative, and nothing keeps new ones away
    faulted: bool = False
    transaction: Transaction | None = None
    expected: str | None = None  # an accepted token that waits for its car
    consumes: int | None = None  # the reservation with which it will start
    shut_after: bool = False  # ChangeAvailability was Scheduled
    unlock: tuple[str, int] | None = None  # call and until when the pin may take

    @property
    def closed(self) -> bool:
        """Nobody can use it."""
        return self.faulted or not self.operative or not self.usable

    @property
    def busy(self) -> bool:
        """Somebody charges here, or is about to."""
        return self.transaction is not None or self.expected is not None

    @property
    def free(self) -> bool:
        """A new session could begin here."""
        return not self.closed and not self.busy and not self.shut_after

    @property
    def reservable(self) -> str:
        """The answer to ReserveNow, as far as it is this outlet's. [E2 5.13]"""
        if self.faulted:
            return "Faulted"
        if self.closed or self.shut_after:
            return "Unavailable"
        vacant = self.phase is SessionPhase.IDLE and not self.busy
        return "Accepted" if vacant else "Occupied"


@dataclass(slots=True)
class DeskState:
    """Plain data; `None` where nothing waits."""

    outlets: dict[int, DeskOutlet] = field(default_factory=dict)
    pending: tuple[TokenJudged, int] | None = None  # accepted, no outlet yet; until when
    restart: StopReason | None = None
    faults: set[Fault] = field(default_factory=set)  # of the station as a whole
    shown: ConnectorChanged | None = None  # connector 0
    reserved: Reservations = field(default_factory=Reservations)
    remote: bool = True  # a back end may start sessions
    learning: bool = False  # cards are put on the local whitelist, and start nothing


def choose(s: DeskState, wanted: int | None, free: list[int], who: Bearer) -> int | None:
    """Return the outlet: the wanted, the reserved, the last plugged, the only free one."""
    if wanted is not None:
        return wanted if wanted in free else None
    if (own := s.reserved.own(who)) in free:
        return own
    plugged = {n: at_ms for n in free if (at_ms := s.outlets[n].plugged_ms) is not None}
    if plugged:
        return max(plugged, key=lambda n: plugged[n])
    return free[0] if len(free) == 1 else None
