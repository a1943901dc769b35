"""What the back end sees of a session: OCPP status and error, a plain function of the state."""

from __future__ import annotations

from firmware.model.fault import Fault
from firmware.model.session import ConnectorChanged
from firmware.model.session import SessionPhase as P
from firmware.model.settings import Settings
from firmware.model.values import MIN_CURRENT_MA
from firmware.model.values import ConnectorStatus as S
from firmware.session.state import SessionState


def face(outlet: int, s: SessionState, settings: Settings) -> ConnectorChanged:
    """Return status, error code and text of an outlet."""
    fault = _worst(s)
    if fault is None:
        return ConnectorChanged(outlet, _status(s, settings))
    row = fault.row
    status = S.FAULTED if row.stops_transaction else _status(s, settings)
    return ConnectorChanged(outlet, status, row.ocpp16, row.raised, row.id)


def _worst(s: SessionState) -> Fault | None:
    """The first of the catalogue's order; those that stop a transaction come first."""
    there = [f for f in Fault if f in s.faults and not f.row.station_wide]
    return min(there, key=lambda f: not f.row.stops_transaction, default=None)


def _status(s: SessionState, settings: Settings) -> S:
    match s.phase:
        case P.RUNNING:
            return _running(s, settings)
        case P.STARTING:
            return S.PREPARING
        case P.ENDING | P.FINISHING:
            return S.FINISHING
        case _ if not s.operative:
            return S.UNAVAILABLE
        case P.AUTHORISED if s.plugged:  # both conditions hold, only the car is missing
            return S.PREPARING
        case P.PLUGGED | P.AUTHORISED:
            early = settings.text("ocpp_status_strategy") == "occupied_on_authorized_plugged"
            return S.PREPARING if early else S.AVAILABLE
        case _:
            return S.AVAILABLE


def _running(s: SessionState, settings: Settings) -> S:
    """[E2 4.9] with both sides suspended, SuspendedEVSE wins."""
    if s.denied or (s.limit_ma < MIN_CURRENT_MA and s.charged):
        return S.SUSPENDED_EVSE
    if s.contactor_closed:
        return S.CHARGING
    if s.charged:
        return S.SUSPENDED_EV
    return S.PREPARING if settings.flag("ocpp_preparing_until_state_c") else S.CHARGING
