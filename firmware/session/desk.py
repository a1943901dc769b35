"""The desk: which outlet a token is for, and what the back end may ask of sessions.

One reader serves both sockets: an accepted token goes to the outlet that waits, else to the
one that is plugged next. [B-RFD-22] What a back end may ask stands in `requests`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from firmware.model.backend import (
    Answer,
    ClockSynced,
    Restart,
)
from firmware.model.fault import Fault
from firmware.model.free import free_mode
from firmware.model.machine import NEVER_MS
from firmware.model.outlet import CableChanged, CpChanged, FaultCleared, FaultRaised, LockMoved
from firmware.model.people import LearningChanged
from firmware.model.reservation import (
    CancelReservationRequested,
    DropReservation,
    PutReservation,
    Reservation,
    ReserveRequested,
)
from firmware.model.session import (
    AuthorityExpired,
    CardSeen,
    CarIdentified,
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
)
from firmware.model.settings import Settings, SettingsChanged
from firmware.model.tokens import unfit, written, written_address
from firmware.model.values import ConnectorStatus, CpState, StopReason, token_key
from firmware.session.desk_state import DeskOutlet, DeskState, choose
from firmware.session.face import FaultNews, standing
from firmware.session.requests import REQUESTS, set_operative
from firmware.session.reservation import Bearer
from firmware.session.state import CLOSES

_NO_OUTLET = "no outlet is free: all are in use or out of order"
_RESERVED = "what is free is reserved for somebody else"


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
        own_readers: bool = False,
    ) -> None:
        """`transactions` are running ones of an earlier boot, `closed` inoperative outlets.

        `fixed` outlets have a cable and no socket: there is nothing to unlock. With
        `own_readers` a reader serves the outlet of its number, else one serves all.
        """
        self.own_readers = own_readers
        self.state = DeskState({n: DeskOutlet() for n in outlets})
        self._configure(settings)
        for number in fixed:
            self.state.outlets[number].fixed = True
        self.news = FaultNews()
        for transaction in transactions:
            self.state.outlets[transaction.outlet].transaction = transaction
        for number in closed:
            self.state.outlets[number].operative = False

    def remember(self, reservations: Iterable[Reservation]) -> None:
        """Take the reservations of an earlier boot."""
        self.state.reserved.held.update((one.number, one) for one in reservations)

    def handle(self, fact: object, now_ms: int) -> Iterable[object]:
        """Take one fact."""
        out: list[object] = []
        if (handler := _HANDLERS.get(type(fact))) is not None:
            handler(self, fact, now_ms, out)
        elif (request := REQUESTS.get(type(fact))) is not None:
            request(self.state, fact, now_ms, out)
        self._tick(now_ms, out)
        self._show(out)
        self._keep(now_ms, out)
        return out

    def deadline_ms(self) -> int:
        """When a pending token or a reservation expires or an unlock has failed."""
        due = [self.state.reserved.deadline_ms()]
        due += [o.unlock[1] for o in self.state.outlets.values() if o.unlock is not None]
        if self.state.pending is not None:
            due.append(self.state.pending[1])
        return min(due, default=NEVER_MS)

    # -- tokens -----------------------------------------------------------------------------

    def _card(self, fact: CardSeen, _now_ms: int, out: list[object]) -> None:
        if self.state.learning:  # [B-RFD-04] it is learned, and starts nothing
            return
        token = written(fact.uid, self.settings.text("rfid_letter_case"))
        if (why := unfit(fact, self.settings)) is not None:
            out.append(TokenRefused(token, why))
            return
        wanted = fact.reader if self.own_readers else None
        key, here = token_key(token), self.state.outlets
        if wanted is not None:
            here = {n: o for n, o in here.items() if n == wanted}
        next_waits = any(o.free and o.plugged_ms is not None for o in here.values())
        for number, outlet in here.items():
            running = outlet.transaction
            over = outlet.phase is SessionPhase.ENDING and next_waits  # it is for the next car
            if running is None or over or token_key(running.starter or running.token) != key:
                continue
            out.append(StopAsked(number, StopReason.LOCAL, token))
            return
        out.append(TokenPresented(token, wanted, StartSource.CARD))

    def _named(self, fact: CarIdentified, _now_ms: int, out: list[object]) -> None:
        """[B-AUT-18] The car that is plugged in here says who it is."""
        outlet = self.state.outlets.get(fact.outlet)
        if outlet is None or self.state.learning or not outlet.free or not outlet.car:
            return
        token = written_address(fact.address, self.settings.text("rfid_letter_case"))
        out.append(TokenPresented(token, fact.outlet, StartSource.CAR))

    def _judged(self, fact: TokenJudged, now_ms: int, out: list[object]) -> None:
        if not fact.accepted:
            out.append(TokenRefused(fact.token, fact.reason))
            return
        for number, outlet in self.state.outlets.items():
            running = outlet.transaction  # [E2 3.10] a card with the same parent stops as well
            mine = fact.source is StartSource.CARD and fact.outlet in (number, None)
            if mine and running is not None and running.parent and running.parent == fact.parent:
                out.append(StopAsked(number, StopReason.LOCAL, fact.token))
                return
        if fact.guess and self.state.reserved.depends_on_parent(fact.token):
            out.append(TokenPresented(fact.token, fact.outlet, fact.source, thorough=True))
            return
        free = self._open_to(fact)
        number_or_none = choose(self.state, fact.outlet, free, _bearer(fact))
        if number_or_none is not None:
            self._assign(number_or_none, fact, out)
        elif free and fact.outlet is None:
            until_ms = now_ms + self.settings.number("vehicle_connection_timeout") * 1_000
            self.state.pending = (fact, until_ms)
            out.append(TokenWaits(fact.token, until_ms))
        else:
            out.append(TokenRefused(fact.token, self._why_none(fact)))

    def _open_to(self, fact: TokenJudged) -> list[int]:
        """Return the free outlets that are kept for nobody else, and that its entry allows."""
        free = self.state.reserved.open_to(_bearer(fact), self.state.outlets)
        return [n for n in free if not fact.only or n in fact.only]

    def _why_none(self, fact: TokenJudged) -> str:
        vacant = [n for n, o in self.state.outlets.items() if o.free and fact.outlet in (n, None)]
        allowed = [n for n in vacant if not fact.only or n in fact.only]
        if vacant and not allowed:
            names = " and ".join(str(n) for n in fact.only)
            return f"its entry of the local whitelist is for outlet {names} only"
        return _RESERVED if vacant else _NO_OUTLET

    def _assign(self, number: int, fact: TokenJudged, out: list[object]) -> None:
        outlet = self.state.outlets[number]
        outlet.expected = fact.token
        outlet.consumes = self.state.reserved.consumed(number, _bearer(fact))
        accepted = TokenAccepted(
            number, fact.token, fact.source, fact.parent, outlet.consumes, fact.starter
        )
        out.append(accepted)

    def _expired(self, fact: AuthorityExpired, _now_ms: int, _out: list[object]) -> None:
        outlet = self.state.outlets[fact.outlet]
        outlet.expected = outlet.consumes = None

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
        self._put_forward(number, out)
        attached = self.settings.flag("cable_always_locked")
        if not (outlet.cable and (outlet.car or not attached)):
            outlet.plugged_ms = None
        elif outlet.plugged_ms is None:
            outlet.plugged_ms = now_ms
            pending = self.state.pending
            if pending is not None and number in self._open_to(pending[0]):
                self._assign(number, pending[0], out)
                self.state.pending = None

    def _put_forward(self, number: int, out: list[object]) -> None:
        """A car may need no card: let the authorisation say so, once for each that comes."""
        outlet = self.state.outlets[number]
        if not (outlet.cable and outlet.car):
            outlet.offered = False
        elif not outlet.offered:
            outlet.offered = True
            if outlet.free and self._cards_unneeded:
                out.append(TokenPresented("", number, StartSource.FREE))

    @property
    def _cards_unneeded(self) -> bool:
        mode = free_mode(self.settings)
        if mode is not None:
            return not mode.card
        return self.settings.text("if_in_doubt_allow_charging") == "immediate_plug_in"

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
            outlet.expected = outlet.consumes = None

    def _began(self, fact: TransactionBegan, _now_ms: int, out: list[object]) -> None:
        outlet = self.state.outlets[fact.transaction.outlet]
        outlet.transaction, outlet.expected, outlet.consumes = fact.transaction, None, None
        self._release(fact.transaction.reservation_id, out)
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
            set_operative(self.state, fact.transaction.outlet, False, out)

    # -- reservations and the rest ----------------------------------------------------------

    def _reserve(self, fact: ReserveRequested, now_ms: int, out: list[object]) -> None:
        s, wanted = self.state, fact.reservation
        possible = self.settings.flag("ocpp:ReservationEnabled") and s.restart is None
        if wanted.outlet == 0:
            possible = possible and self.settings.flag("ocpp:ReserveConnectorZeroSupported")
        else:
            possible = possible and wanted.outlet in s.outlets
        possible = possible and not s.reserved.expired(wanted, now_ms)
        word = s.reserved.answer(wanted, s.outlets) if possible else "Rejected"
        if word == "Accepted":
            s.reserved.held[wanted.number] = wanted
            out.append(PutReservation(wanted))
        out.append(Answer(fact.call, word))

    def _cancel(self, fact: CancelReservationRequested, _now: int, out: list[object]) -> None:
        known = self._release(fact.number, out)
        out.append(Answer(fact.call, "Accepted" if known else "Rejected"))

    def _clock(self, fact: ClockSynced, _now_ms: int, _out: list[object]) -> None:
        self.state.reserved.utc_at_zero_ms = fact.utc_at_zero_ms

    def _settings(self, fact: SettingsChanged, _now_ms: int, _out: list[object]) -> None:
        self._configure(fact.settings)

    def _configure(self, settings: Settings) -> None:
        self.settings = settings
        mode = free_mode(settings)
        self.state.remote = mode is None or mode.remote_start

    def _learning(self, fact: LearningChanged, _now_ms: int, _out: list[object]) -> None:
        self.state.learning = fact.on

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

    def _keep(self, now_ms: int, out: list[object]) -> None:
        """End the reservations that are over, and tell the outlets what is kept."""
        book = self.state.reserved
        if book.woke_ms is None:
            book.woke_ms = now_ms
        for one in book.over(self.state.outlets, now_ms):
            self._release(one.number, out)
        out += book.news(self.state.outlets)

    def _release(self, number: int | None, out: list[object]) -> bool:
        """Forget a reservation; tell whether there was one."""
        if number is None or self.state.reserved.held.pop(number, None) is None:
            return False
        out.append(DropReservation(number))
        return True

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


def _bearer(judged: TokenJudged) -> Bearer:
    return Bearer(judged.token, judged.parent)


def _with_id(transaction: Transaction, fact: TransactionConfirmed) -> Transaction:
    return replace(transaction, transaction_id=fact.transaction_id, parent=fact.info.parent)


_HANDLERS: dict[type, Callable[..., None]] = {
    CardSeen: Desk._card,
    CarIdentified: Desk._named,
    TokenJudged: Desk._judged,
    AuthorityExpired: Desk._expired,
    CableChanged: Desk._cable,
    CpChanged: Desk._cp,
    LockMoved: Desk._lock,
    SessionShown: Desk._shown,
    TransactionBegan: Desk._began,
    TransactionConfirmed: Desk._confirmed,
    TransactionEnded: Desk._ended,
    ReserveRequested: Desk._reserve,
    CancelReservationRequested: Desk._cancel,
    ClockSynced: Desk._clock,
    SettingsChanged: Desk._settings,
    LearningChanged: Desk._learning,
    FaultRaised: Desk._fault,
    FaultCleared: Desk._fault,
}
