"""What the back end sees of a session: OCPP status and error, a plain function of the state."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from firmware.model.fault import Fault
from firmware.model.session import ConnectorChanged
from firmware.model.session import SessionPhase as P
from firmware.model.settings import Settings
from firmware.model.values import MIN_CURRENT_MA
from firmware.model.values import ConnectorStatus as S
from firmware.session.state import SessionState


def face(outlet: int, s: SessionState, settings: Settings) -> ConnectorChanged:
    """Return status, error code and text of an outlet.

    A fault of the station that stops everything makes the outlets Faulted as well; its code
    stands at connector 0.
    """
    status = S.FAULTED if s.stopped_by_fault else _status(s, settings)
    shown = standing(outlet, status, (f for f in s.faults if not f.row.station_wide))
    if s.left and status is S.SUSPENDED_EV and shown.info is None:
        return replace(shown, info="EV side disconnected")  # [E2 4.10]
    return shown


def standing(outlet: int, status: S, faults: Iterable[Fault]) -> ConnectorChanged:
    """Return the face of a connector with these faults: the highest rank decides."""
    fault = worst(faults)
    return ConnectorChanged(outlet, status) if fault is None else _told(outlet, status, fault)


def worst(faults: Iterable[Fault]) -> Fault | None:
    """The first of the catalogue's order; those that stop a transaction come first."""
    among = set(faults)
    there = [f for f in Fault if f in among]
    return min(there, key=lambda f: not f.row.stops_transaction, default=None)


@dataclass(slots=True)
class FaultNews:
    """Which faults of a connector began and ended since the back end was last told.

    Each is reported, with its own text; the face of the highest rank stands at last. The text
    of an end stands until the status changes.
    """

    passing: list[tuple[Fault, bool]] = field(default_factory=list)
    ended: Fault | None = None
    ended_status: S | None = None

    def began_one(self, fault: Fault) -> None:
        """A fault began."""
        self._note(fault, began=True)
        self.ended = None

    def ended_one(self, fault: Fault, *, known: bool) -> None:
        """A fault ended; one that nobody knew was of an earlier start of the station."""
        if not known and self.ended is fault:
            return  # told before
        self._note(fault, began=False)
        self.ended, self.ended_status = fault, None

    def _note(self, fault: Fault, *, began: bool) -> None:
        self.passing = [*self.passing, (fault, began)][-_PASSING_MAX:]

    def faces(self, shown: ConnectorChanged) -> list[ConnectorChanged]:
        """Return what has to be told in this order; the last stands."""
        number, status = shown.outlet, shown.status
        told = [
            _told(number, status, fault) if began else _over(number, status, fault)
            for fault, began in self.passing
        ]
        self.passing.clear()
        if self.ended is not None and shown.error == "NoError":
            self.ended_status = self.ended_status or status
            if status is self.ended_status:
                shown = _over(number, status, self.ended)
            else:
                self.ended = None
        if not told or told[-1] != shown:
            told.append(shown)
        return told


_PASSING_MAX = 20  # news of one connector that nobody was told; more is a storm


def _told(outlet: int, status: S, fault: Fault) -> ConnectorChanged:
    row = fault.row
    return ConnectorChanged(outlet, status, row.ocpp16, row.raised, row.id)


def _over(outlet: int, status: S, fault: Fault) -> ConnectorChanged:
    return ConnectorChanged(outlet, status, "NoError", fault.row.cleared, fault.row.id)


def _status(s: SessionState, settings: Settings) -> S:
    match s.phase:
        case P.RUNNING:
            return _running(s, settings)
        case P.STARTING:
            return S.PREPARING
        case P.ENDING | P.FINISHING:
            return S.FINISHING
        case _ if not s.usable:
            return S.UNAVAILABLE
        case P.IDLE | P.PLUGGED if s.reserved:  # [E2 4.9] until the right token comes
            return S.RESERVED
        case P.AUTHORISED if s.occupied:  # both conditions hold, only the car is missing
            return S.PREPARING
        case P.PLUGGED | P.AUTHORISED:
            if settings.text("ocpp_status_strategy") != "occupied_on_authorized_plugged":
                return S.RESERVED if s.reserved else S.AVAILABLE
            too_late = s.phase is P.PLUGGED and s.plugged_ms is None
            return S.FINISHING if too_late else S.PREPARING  # [ER 3.20]
        case _:
            return S.AVAILABLE


def _running(s: SessionState, settings: Settings) -> S:
    """[E2 4.9] with both sides suspended, SuspendedEVSE wins."""
    if s.denied or (s.limit_ma < MIN_CURRENT_MA and s.charged):
        return S.SUSPENDED_EVSE
    if s.contactor_closed:
        return S.CHARGING
    if s.charged or s.left:
        return S.SUSPENDED_EV
    return S.PREPARING if settings.flag("ocpp_preparing_until_state_c") else S.CHARGING
