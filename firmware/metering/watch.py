"""Doubt by the meter: does the car keep to its offer, and is there power that nobody gave?

Control is the pilot's; this part only compares what is measured with what was offered and
switched. A car has five seconds to follow a smaller offer [61851-1, B-CUR-04]; until then the
offer before it is the measure.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from firmware.model.fault import Fault
from firmware.model.machine import NEVER_MS
from firmware.model.outlet import (
    CableChanged,
    ContactorMoved,
    CpChanged,
    FaultCleared,
    FaultRaised,
    OfferChanged,
    PilotFound,
    PilotLost,
)
from firmware.model.session import MeterRead, ReadMeter, TransactionBegan, TransactionEnded
from firmware.model.session import Transaction as Tx
from firmware.model.values import CpState, Reading

FOLLOW_MS = 5_000  # [61851-1 A.4.1] a car follows a smaller offer within this time
OFFERS_MAX = 16  # still binding ones; more are counted as the highest of them

# Two thresholds, as the controller family's "overload threshold 2" implies a lower first one.
# EVerest stops at 10 % + 0.5 A after 6 to 7 s, OpenEVSE at 5 A after 5 s: a meter of class B
# and a car that settles must not end a transaction, a car that takes half as much again must.
LITTLE_PERMILLE, LITTLE_MA, LITTLE_MS = 1_100, 1_000, 10_000
MUCH_PERMILLE, MUCH_MA, MUCH_MS = 1_250, 2_000, 2_000

OPEN_MS = 2_000  # a reading may be older than the contacts; from then on it counts
NONE_MA = 1_000  # a meter's own error and a car's capacitors stay below
TWICE = 2
SETTLED_MS = 15_000  # some meters count their register up this late
UNASKED_WH = 50  # so much energy through an open contactor is no rounding

IDLE_POLLS = 60  # an idle outlet's meter is asked once for so many polls of a busy one's
IDLE_MS = 60_000
SOON_MS = 3_000  # after a session's end, and to see a doubtful reading twice


@dataclass(slots=True)
class _Outlet:
    """What is known of one outlet; instants are monotonic ms."""

    offered_ma: int | None = None
    binding: list[tuple[int, int]] = field(default_factory=list)  # until when, higher offers
    little_ms: int | None = None  # since when a little above
    much_ms: int | None = None
    closed: bool = False
    open_ms: int | None = None  # since when the contacts are told open; None: not known
    strikes: int = 0  # readings with current in a row, contacts open
    base_wh: int | None = None  # register while open and idle
    last_wh: int | None = None
    transaction: bool = False
    ask_ms: int = NEVER_MS
    faults: set[Fault] = field(default_factory=set)


@dataclass(slots=True)
class WatchState:
    """Plain data."""

    outlets: dict[int, _Outlet]
    woke: bool = False


class MeterWatch:
    """The machine that doubts cars and contactors by the charging meters."""

    def __init__(
        self, outlets: Iterable[int], transactions: Iterable[Tx] = (), *, idle_ms: int = IDLE_MS
    ) -> None:
        """`transactions` are running ones of an earlier boot; `idle_ms` is when idle is asked."""
        self.idle_ms = idle_ms
        self.state = WatchState({n: _Outlet() for n in outlets})
        for transaction in transactions:
            self.state.outlets[transaction.outlet].transaction = True

    def handle(self, fact: object, now_ms: int) -> Iterable[object]:
        """Take one fact."""
        out: list[object] = []
        if not self.state.woke:
            self.state.woke = True
            for outlet in self.state.outlets.values():
                outlet.ask_ms = NEVER_MS if outlet.transaction else now_ms + self.idle_ms
        match fact:
            case TransactionBegan(transaction) | TransactionEnded(transaction):
                began = isinstance(fact, TransactionBegan)
                one = self.state.outlets[transaction.outlet]
                one.transaction, one.base_wh, one.strikes = began, None, 0
                one.ask_ms = NEVER_MS if began else now_ms + SOON_MS
            case PilotFound() | PilotLost():
                for one in self.state.outlets.values():
                    _contacts(one, False, now_ms)  # it tells at once what is closed
                    if isinstance(fact, PilotLost):
                        one.open_ms = None  # nobody knows: no judgement
            case _:
                number = getattr(fact, "outlet", None)
                if number in self.state.outlets:
                    self._outlet(number, fact, now_ms, out)
        for number, one in self.state.outlets.items():
            if now_ms >= one.ask_ms:
                one.ask_ms = now_ms + (SOON_MS if one.strikes else self.idle_ms)
                out.append(ReadMeter(number))
        return out

    def deadline_ms(self) -> int:
        """When an idle meter is asked."""
        return min(one.ask_ms for one in self.state.outlets.values())

    def _outlet(self, number: int, fact: object, now_ms: int, out: list[object]) -> None:
        one = self.state.outlets[number]
        match fact:
            case MeterRead(_, reading):
                self._read(number, reading, now_ms, out)
            case OfferChanged(_, offered_ma, _):
                _offer(one, offered_ma, now_ms)
            case ContactorMoved(_, closed, _, _):
                _contacts(one, closed, now_ms)
            case FaultRaised(_, fault, _):
                one.faults.add(fault)
            case FaultCleared(_, fault, _):
                one.faults.discard(fault)
            case CpChanged(_, CpState.A, _) | CableChanged(_, None, _):
                _clear(number, one, Fault.OVERLOAD, now_ms, out)
            case _:
                pass

    def _read(self, number: int, reading: Reading, now_ms: int, out: list[object]) -> None:
        one = self.state.outlets[number]
        most_ma = max(reading.currents_ma)
        if one.closed:
            if overloaded(one, most_ma, reading.at_ms):
                _raise(number, one, Fault.OVERLOAD, now_ms, out)
        elif one.open_ms is not None and reading.at_ms >= one.open_ms + OPEN_MS:
            self._open(number, reading, now_ms, out)
        one.last_wh = reading.energy_wh

    def _open(self, number: int, reading: Reading, now_ms: int, out: list[object]) -> None:
        """Judge a reading that was taken with open contacts."""
        one = self.state.outlets[number]
        flows = max(reading.currents_ma) > NONE_MA
        one.strikes = min(one.strikes + 1, TWICE) if flows else 0
        if flows and one.strikes < TWICE:
            one.ask_ms = min(one.ask_ms, now_ms + SOON_MS)
        assert one.open_ms is not None
        if one.base_wh is None or one.transaction or reading.at_ms < one.open_ms + SETTLED_MS:
            one.base_wh = reading.energy_wh
        counted = reading.energy_wh - one.base_wh > UNASKED_WH
        if one.strikes >= TWICE or counted:
            _raise(number, one, Fault.CURRENT_UNASKED, now_ms, out)
        elif not flows and (one.last_wh is None or reading.energy_wh <= one.last_wh):
            _clear(number, one, Fault.CURRENT_UNASKED, now_ms, out)
        if counted:
            one.base_wh = reading.energy_wh


def overloaded(one: _Outlet, most_ma: int, at_ms: int) -> bool:
    """Tell whether a reading, and those before it, are too much for too long."""
    if one.offered_ma is None:
        return False
    one.binding = [(until, ma) for until, ma in one.binding if until > at_ms]
    bound_ma = max([one.offered_ma, *(ma for _, ma in one.binding)])
    if most_ma <= bound_ma * LITTLE_PERMILLE // 1_000 + LITTLE_MA:
        one.little_ms = None
    elif one.little_ms is None:
        one.little_ms = at_ms
    if most_ma <= bound_ma * MUCH_PERMILLE // 1_000 + MUCH_MA:
        one.much_ms = None
    elif one.much_ms is None:
        one.much_ms = at_ms
    long = one.little_ms is not None and at_ms >= one.little_ms + LITTLE_MS
    high = one.much_ms is not None and at_ms >= one.much_ms + MUCH_MS
    return long or high


def _offer(one: _Outlet, offered_ma: int, now_ms: int) -> None:
    if one.offered_ma is not None and offered_ma < one.offered_ma:
        one.binding.append((now_ms + FOLLOW_MS, one.offered_ma))
        if len(one.binding) > OFFERS_MAX:
            (_, first_ma), (until_ms, second_ma) = one.binding[:2]
            one.binding[:2] = [(until_ms, max(first_ma, second_ma))]
    one.offered_ma = offered_ma


def _contacts(one: _Outlet, closed: bool, now_ms: int) -> None:
    if closed != one.closed or one.open_ms is None:
        one.strikes, one.base_wh, one.little_ms, one.much_ms = 0, None, None, None
        one.open_ms = now_ms
    one.closed = closed


def _raise(number: int, one: _Outlet, fault: Fault, now_ms: int, out: list[object]) -> None:
    if fault not in one.faults:
        one.faults.add(fault)
        out.append(FaultRaised(number, fault, now_ms))


def _clear(number: int, one: _Outlet, fault: Fault, now_ms: int, out: list[object]) -> None:
    if fault in one.faults:
        one.faults.discard(fault)
        out.append(FaultCleared(number, fault, now_ms))
