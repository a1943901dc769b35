"""One picture of the station for CLI, API, log and diagnostics, and `why` in one sentence."""

from __future__ import annotations

from firmware.model.session import SessionPhase
from firmware.model.values import MIN_CURRENT_MA
from firmware.session.face import face, worst
from firmware.session.state import CLOSES
from firmware.station.backend_why import why_backend
from firmware.station.core import StationCore

_WAITING = {
    SessionPhase.IDLE: "nothing is plugged in",
    SessionPhase.PLUGGED: "a cable is plugged in; it waits for a card, a remote start or a car",
    SessionPhase.AUTHORISED: "the token was accepted; it waits for a car to be plugged in",
    SessionPhase.STARTING: "car and token are there; the meter is being read",
    SessionPhase.ENDING: "the transaction is ending; it waits for the car to stop",
    SessionPhase.FINISHING: "the transaction has ended; unplug, or present a card for a new one",
}
_BEFORE = (SessionPhase.IDLE, SessionPhase.PLUGGED, SessionPhase.AUTHORISED)


def snapshot(station: StationCore) -> dict[str, object]:
    """Return the present state; numbers carry their units in their names."""
    return {
        "outlets": [_outlet(station, number) for number in station.sessions],
        "backend": {**station.ocpp.status(), "why": why_backend(station)},
        "faults": [r.fault.row.id for r in station.book.there() if r.outlet == 0],
    }


def why(station: StationCore, outlet: int) -> str:
    """Say in one sentence why an outlet gives what it gives, or why it gives nothing."""
    session = station.sessions[outlet]
    s = session.state
    fault = worst(s.faults)
    if fault is not None and fault.row.stops_transaction:
        return f"outlet {outlet}: no charging, fault {fault.row.id}: {fault.row.raised}"
    if not s.operative and s.phase is SessionPhase.IDLE:
        return f"outlet {outlet}: switched off by the back end (ChangeAvailability)"
    closing = worst(s.faults & CLOSES)
    if closing is not None and s.phase in _BEFORE:
        return f"outlet {outlet}: nothing new begins, {closing.row.id}: {closing.row.raised}"
    if s.phase is not SessionPhase.RUNNING:
        return f"outlet {outlet}: {_WAITING[s.phase]}"
    sentence = station.limits.why(outlet)
    if not s.contactor_closed and s.limit_ma >= MIN_CURRENT_MA:
        asked = "does not ask for energy now" if s.charged else "has not asked for energy yet"
        return f"{sentence}; the car {asked} (state {s.cp.value if s.cp else 'unknown'})"
    return sentence


def _outlet(station: StationCore, number: int) -> dict[str, object]:
    session = station.sessions[number]
    s = session.state
    shown = face(number, s, session.settings)
    tx = s.transaction
    return {
        "outlet": number,
        "phase": s.phase.value,
        "status": shown.status.value,
        "error": shown.error,
        "cp": s.cp.value if s.cp else None,
        "cable_ma": s.cable_ma,
        "contactor_closed": s.contactor_closed,
        "limit_ma": s.limit_ma,
        "token": tx.token if tx else None,
        "transaction_id": tx.transaction_id if tx else None,
        "energy_wh": tx.last_wh - tx.meter_start_wh if tx else None,
        "power_w": s.reading.power_w if s.reading else None,
        "faults": sorted(f.row.id for f in s.faults),
        "closings": station.wear.counts()[number].closings,
        "advice": station.wear.counts()[number].advice,
        "why": why(station, number),
    }
