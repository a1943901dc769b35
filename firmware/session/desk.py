"""The desk: which outlet a token is for, and what the back end may ask of sessions.

One reader serves both sockets: an accepted token goes to the outlet that waits, else to the
one that is plugged next. [B-RFD-22] Requests are answered here; acting follows the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from firmware.model.backend import (
    Answer,
    AvailabilityRequested,
    RemoteStartRequested,
    RemoteStopRequested,
    ResetRequested,
    Restart,
    UnlockRequested,
)
from firmware.model.fault import Fault
from firmware.model.machine import NEVER_MS
from firmware.model.outlet import CableChanged, CpChanged, FaultCleared, FaultRaised, LockMoved
from firmware.model.session import (
    AuthorityExpired,
    CardSeen,
    ConnectorChanged,
    OperativeChanged,
    SessionPhase,
    SessionShown,
    StartSource,
    StopAsked,
    TokenAccepted,
    TokenJudged,
    TokenPresented,
    TokenRefused,
    TokenWaits,
    Transaction,
    TransactionBegan,
    TransactionConfirmed,
    TransactionEnded,
    UnlockAsked,
)
from firmware.model.settings import Settings, SettingsChanged
from firmware.model.storage import PutNote
from firmware.model.values import ConnectorStatus, CpState, StopReason, token_key
from firmware.session.face import FaultNews, standing
from firmware.session.state import CLOSES
from firmware.session.tokens import written

UNLOCK_WAIT_MS = 15_000  # six seconds of grace, the contacts, the pin


@dataclass(slots=True)
class _Outlet:
    """What the desk knows of an outlet."""

    phase: SessionPhase = SessionPhase.IDLE
    cable: bool = False
    car: bool = False
    plugged_ms: int | None = None
    locked: bool = False
    operative: bool = True
    usable: bool = True  # by the session's word: operative, and nothing keeps new ones away
    faulted: bool = False
    transaction: Transaction | None = None
    expected: str | None = None  # an accepted token that waits for its car
    shut_after: bool = False  # ChangeAvailability was Scheduled
    unlock: tuple[str, int] | None = None  # call and until when the pin may take

    @property
    def free(self) -> bool:
        """A new session could begin here."""
        busy = self.transaction is not None or self.expected is not None
        here = self.operative and self.usable and not self.faulted
        return here and not busy and not self.shut_after


@dataclass(slots=True)
class DeskState:
    """Plain data; `None` where nothing waits."""

    outlets: dict[int, _Outlet] = field(default_factory=dict)
    pending: tuple[TokenJudged, int] | None = None  # accepted, no outlet yet; until when
    restart: StopReason | None = None
    faults: set[Fault] = field(default_factory=set)  # of the station as a whole
    shown: ConnectorChanged | None = None  # connector 0


class Desk:
    """The machine of the desk."""

    def __init__(
        self,
        settings: Settings,
        outlets: Iterable[int],
        transactions: Iterable[Transaction] = (),
        closed: Iterable[int] = (),
        *,
        fixed: Iterable[int] = (),
    ) -> None:
        """`transactions` are running ones of an earlier boot, `closed` inoperative outlets.

        `fixed` outlets have a cable and no socket: there is nothing to unlock.
        """
        self.settings = settings
        self.state = DeskState({n: _Outlet() for n in outlets})
        self.fixed = frozenset(fixed)
        self.news = FaultNews()
        for transaction in transactions:
            self.state.outlets[transaction.outlet].transaction = transaction
        for number in closed:
            self.state.outlets[number].operative = False

    def handle(self, fact: object, now_ms: int) -> Iterable[object]:
        """Take one fact."""
        out: list[object] = []
        handler = _HANDLERS.get(type(fact))
        if handler is not None:
            handler(self, fact, now_ms, out)
        self._tick(now_ms, out)
        self._show(out)
        return out

    def deadline_ms(self) -> int:
        """When a pending token expires or an unlock has failed."""
        due = [o.unlock[1] for o in self.state.outlets.values() if o.unlock is not None]
        if self.state.pending is not None:
            due.append(self.state.pending[1])
        return min(due, default=NEVER_MS)

    # -- tokens -----------------------------------------------------------------------------

    def _card(self, fact: CardSeen, _now_ms: int, out: list[object]) -> None:
        token = written(fact.uid, self.settings.text("rfid_letter_case"))
        for number, outlet in self.state.outlets.items():
            running = outlet.transaction
            if running is not None and token_key(running.token) == token_key(token):
                out.append(StopAsked(number, StopReason.LOCAL, token))
                return
        out.append(TokenPresented(token, None, StartSource.CARD))

    def _judged(self, fact: TokenJudged, now_ms: int, out: list[object]) -> None:
        if not fact.accepted:
            out.append(TokenRefused(fact.token, fact.reason))
            return
        for number, outlet in self.state.outlets.items():
            running = outlet.transaction  # [E2 3.10] same parent stops as well
            if running is not None and running.parent and running.parent == fact.parent:
                out.append(StopAsked(number, StopReason.LOCAL, fact.token))
                return
        number_or_none = self._choose(fact.outlet)
        if number_or_none is not None:
            self._assign(number_or_none, fact, out)
        elif any(o.free for o in self.state.outlets.values()) and fact.outlet is None:
            until_ms = now_ms + self.settings.number("vehicle_connection_timeout") * 1_000
            self.state.pending = (fact, until_ms)
            out.append(TokenWaits(fact.token, until_ms))
        else:
            out.append(
                TokenRefused(fact.token, "no outlet is free: all are in use or out of order")
            )

    def _choose(self, wanted: int | None) -> int | None:
        """Return the outlet for a token: the wanted, the last plugged, the only free one."""
        outlets = self.state.outlets
        if wanted is not None:
            there = outlets.get(wanted)
            return wanted if there is not None and there.free else None
        free = [n for n, o in outlets.items() if o.free]
        plugged = {n: outlets[n].plugged_ms or 0 for n in free if outlets[n].plugged_ms is not None}
        if plugged:
            return max(plugged, key=lambda n: plugged[n])
        return free[0] if len(free) == 1 else None

    def _assign(self, number: int, fact: TokenJudged, out: list[object]) -> None:
        self.state.outlets[number].expected = fact.token
        out.append(TokenAccepted(number, fact.token, fact.source, fact.parent))

    def _expired(self, fact: AuthorityExpired, _now_ms: int, _out: list[object]) -> None:
        self.state.outlets[fact.outlet].expected = None

    # -- what the outlets tell --------------------------------------------------------------

    def _cable(self, fact: CableChanged, now_ms: int, out: list[object]) -> None:
        if fact.outlet in self.state.outlets:
            self.state.outlets[fact.outlet].cable = fact.cable_ma is not None
            self._plug(fact.outlet, now_ms, out)

    def _cp(self, fact: CpChanged, now_ms: int, out: list[object]) -> None:
        if fact.outlet in self.state.outlets:
            self.state.outlets[fact.outlet].car = fact.cp is not CpState.A
            self._plug(fact.outlet, now_ms, out)

    def _plug(self, number: int, now_ms: int, out: list[object]) -> None:
        """Note who came: a cable, or a car where the cable stays; give it what waits."""
        outlet = self.state.outlets[number]
        attached = self.settings.flag("cable_always_locked")
        if not (outlet.cable and (outlet.car or not attached)):
            outlet.plugged_ms = None
        elif outlet.plugged_ms is None:
            outlet.plugged_ms = now_ms
            if self.state.pending is not None and outlet.free:
                self._assign(number, self.state.pending[0], out)
                self.state.pending = None

    def _lock(self, fact: LockMoved, _now_ms: int, out: list[object]) -> None:
        outlet = self.state.outlets.get(fact.outlet)
        if outlet is None:
            return
        outlet.locked = fact.locked
        if outlet.unlock is not None and not fact.locked:
            out.append(Answer(outlet.unlock[0], "Unlocked"))
            outlet.unlock = None

    def _shown(self, fact: SessionShown, _now_ms: int, _out: list[object]) -> None:
        outlet = self.state.outlets[fact.outlet]
        outlet.phase, outlet.faulted, outlet.usable = fact.phase, fact.faulted, fact.operative
        if fact.phase in (SessionPhase.IDLE, SessionPhase.PLUGGED):
            outlet.expected = None

    def _began(self, fact: TransactionBegan, _now_ms: int, out: list[object]) -> None:
        outlet = self.state.outlets[fact.transaction.outlet]
        outlet.transaction, outlet.expected = fact.transaction, None
        if self.state.restart is not None:  # it must not hold up a soft reset for hours
            out.append(StopAsked(fact.transaction.outlet, self.state.restart))

    def _confirmed(self, fact: TransactionConfirmed, _now_ms: int, _out: list[object]) -> None:
        running = self.state.outlets[fact.outlet].transaction
        if running is not None and running.key == fact.key:
            self.state.outlets[fact.outlet].transaction = _with_id(running, fact)

    def _ended(self, fact: TransactionEnded, _now_ms: int, out: list[object]) -> None:
        outlet = self.state.outlets[fact.transaction.outlet]
        outlet.transaction = None
        if outlet.shut_after:
            outlet.shut_after = False
            self._operative(fact.transaction.outlet, False, out)

    # -- requests ---------------------------------------------------------------------------

    def _remote_start(self, fact: RemoteStartRequested, _now_ms: int, out: list[object]) -> None:
        number = self._choose(fact.outlet)
        possible = number is not None or (
            fact.outlet is None and any(o.free for o in self.state.outlets.values())
        )
        out.append(Answer(fact.call, "Accepted" if possible else "Rejected"))
        if possible:
            out.append(TokenPresented(fact.token, fact.outlet, StartSource.REMOTE))

    def _remote_stop(self, fact: RemoteStopRequested, _now_ms: int, out: list[object]) -> None:
        for number, outlet in self.state.outlets.items():
            running = outlet.transaction
            if running is not None and running.transaction_id == fact.transaction_id:
                out.append(Answer(fact.call, "Accepted"))
                out.append(StopAsked(number, StopReason.REMOTE))
                return
        out.append(Answer(fact.call, "Rejected"))

    def _unlock(self, fact: UnlockRequested, now_ms: int, out: list[object]) -> None:
        outlet = self.state.outlets.get(fact.outlet)
        if outlet is None or fact.outlet in self.fixed:
            out.append(Answer(fact.call, "NotSupported"))
            return
        if outlet.transaction is not None:
            out.append(StopAsked(fact.outlet, StopReason.UNLOCK_COMMAND))
        out.append(UnlockAsked(fact.outlet))
        if outlet.unlock is not None:  # the newer request takes its place
            out.append(Answer(outlet.unlock[0], "UnlockFailed"))
            outlet.unlock = None
        if outlet.locked:
            outlet.unlock = (fact.call, now_ms + UNLOCK_WAIT_MS)
        else:
            out.append(Answer(fact.call, "Unlocked"))

    def _reset(self, fact: ResetRequested, _now_ms: int, out: list[object]) -> None:
        out.append(Answer(fact.call, "Accepted"))
        if fact.hard:
            out.append(PutNote("restart", StopReason.HARD_RESET.value))
            out.append(Restart(StopReason.HARD_RESET))
            return
        self.state.restart = StopReason.SOFT_RESET
        running = [n for n, o in self.state.outlets.items() if o.transaction is not None]
        out += [StopAsked(number, StopReason.SOFT_RESET) for number in running]

    def _availability(self, fact: AvailabilityRequested, _now: int, out: list[object]) -> None:
        if fact.outlet != 0 and fact.outlet not in self.state.outlets:
            out.append(Answer(fact.call, "Rejected"))
            return
        numbers = list(self.state.outlets) if fact.outlet == 0 else [fact.outlet]
        busy = [n for n in numbers if self.state.outlets[n].transaction is not None]
        scheduled = bool(busy) and not fact.operative
        out.append(Answer(fact.call, "Scheduled" if scheduled else "Accepted"))
        for number in numbers:
            later = not fact.operative and number in busy
            self.state.outlets[number].shut_after = later
            if not later:
                self._operative(number, fact.operative, out)

    def _operative(self, number: int, operative: bool, out: list[object]) -> None:
        outlet = self.state.outlets[number]
        if outlet.operative != operative:
            outlet.operative = operative
            out.append(PutNote(f"inoperative:{number}", None if operative else "1"))
            out.append(OperativeChanged(number, operative))

    def _settings(self, fact: SettingsChanged, _now_ms: int, _out: list[object]) -> None:
        self.settings = fact.settings

    def _fault(self, fact: FaultRaised | FaultCleared, _now_ms: int, _out: list[object]) -> None:
        """Keep the station's faults; that the back end was away is told when it is back."""
        there = self.state.faults
        known = fact.fault in there
        if fact.outlet != 0:
            return
        if isinstance(fact, FaultCleared):
            there.discard(fact.fault)
            self.news.ended_one(fact.fault, known=known)
        elif not known:
            there.add(fact.fault)
            if fact.fault is not Fault.BACKEND:
                self.news.began_one(fact.fault)

    def _show(self, out: list[object]) -> None:
        """Connector 0 knows Available, Unavailable and Faulted only. [E2 4.9]"""
        s = self.state
        closed = not any(o.operative for o in s.outlets.values()) or s.faults & CLOSES
        status = ConnectorStatus.UNAVAILABLE if closed else ConnectorStatus.AVAILABLE
        if any(fault.row.stops_transaction for fault in s.faults):
            status = ConnectorStatus.FAULTED
        faces = self.news.faces(standing(0, status, s.faults - {Fault.BACKEND}))
        if len(faces) > 1 or faces[0] != s.shown:
            out += faces
        s.shown = faces[-1]

    # -- time -------------------------------------------------------------------------------

    def _tick(self, now_ms: int, out: list[object]) -> None:
        if self.state.pending is not None and now_ms >= self.state.pending[1]:
            self.state.pending = None
        for outlet in self.state.outlets.values():
            if outlet.unlock is not None and now_ms >= outlet.unlock[1]:
                out.append(Answer(outlet.unlock[0], "UnlockFailed"))
                outlet.unlock = None
        busy = any(o.transaction is not None for o in self.state.outlets.values())
        if self.state.restart is not None and not busy:
            out.append(Restart(self.state.restart))
            self.state.restart = None


def _with_id(transaction: Transaction, fact: TransactionConfirmed) -> Transaction:
    return replace(transaction, transaction_id=fact.transaction_id, parent=fact.info.parent)


_HANDLERS: dict[type, Callable[..., None]] = {
    CardSeen: Desk._card,
    TokenJudged: Desk._judged,
    AuthorityExpired: Desk._expired,
    CableChanged: Desk._cable,
    CpChanged: Desk._cp,
    LockMoved: Desk._lock,
    SessionShown: Desk._shown,
    TransactionBegan: Desk._began,
    TransactionConfirmed: Desk._confirmed,
    TransactionEnded: Desk._ended,
    RemoteStartRequested: Desk._remote_start,
    RemoteStopRequested: Desk._remote_stop,
    UnlockRequested: Desk._unlock,
    ResetRequested: Desk._reset,
    AvailabilityRequested: Desk._availability,
    SettingsChanged: Desk._settings,
    FaultRaised: Desk._fault,
    FaultCleared: Desk._fault,
}
