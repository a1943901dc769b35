"""One picture of the station for CLI, API, log and diagnostics, and `why` in one sentence."""

from __future__ import annotations

from firmware.model.machine import NEVER_MS
from firmware.model.session import SessionPhase
from firmware.model.values import MIN_CURRENT_MA, CpState
from firmware.session.face import face, worst
from firmware.session.state import CLOSES
from firmware.station.backend_why import why_backend
from firmware.station.core import StationCore
from firmware.station.health import faults
from firmware.station.load_words import load_status, warnings
from firmware.station.words import utc, when

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
        "warnings": warnings(station),
    }


def page_status(station: StationCore, now_ms: int) -> dict[str, object]:
    """Return the snapshot as the dashboard wants it. [B-ACC-23]"""
    settings = station.configuration.settings
    running = sum(1 for s in station.sessions.values() if s.state.transaction is not None)
    shot = snapshot(station)
    return {
        "station": {
            "name": settings.text("ocpp_chargebox_identity"),
            "utc": utc(station.book.clock.utc_ms(now_ms)),
            "zone": "UTC",
            "restart_needed_for": sorted(station.configuration.waiting),
            "running_transactions": running,
            "language": settings.text("ui_language"),
            "whitelist": settings.flag("local_whitelist_enabled"),
        },
        "outlets": shot["outlets"],
        "backend": {**station.ocpp.status(), **_backend_words(station)},
        "modem": {"fitted": False, "text": "this version drives no modem"},
        "dlm": load_status(station, now_ms),
        "faults": faults(station, over_too=False),
        "last_card": _last_card(station),
        "learning": _learning(station, now_ms),
    }


def limits(station: StationCore, now_ms: int) -> list[dict[str, object]]:
    """Return every limit of every outlet with its reason, the least first."""
    return [
        {
            "outlet": number,
            "limit_ma": one[0].limit_ma,
            "wanted": book.wanted,
            "limits": [
                {
                    "source": limit.source,
                    "limit_ma": limit.limit_ma,
                    "reason": limit.reason,
                    "binding": index == 0,
                    "expires_in_s": _seconds(limit.expires_ms, now_ms),
                }
                for index, limit in enumerate(one)
            ],
        }
        for number, book in station.limits.books.items()
        for one in [sorted(book.limits.values(), key=lambda x: (x.limit_ma, x.source))]
    ]


def _seconds(until_ms: int, now_ms: int) -> int | None:
    return None if until_ms >= NEVER_MS else max(0, -(-(until_ms - now_ms) // 1_000))


def _backend_words(station: StationCore) -> dict[str, object]:
    """Return the state as the manual's page names it. [CC613 1.3.1]"""
    shot = station.ocpp.status()
    due_s = shot["heartbeat_in_s"]
    if due_s is not None:
        name = f"Connected (send heartbeat in {due_s} seconds)"
    else:
        name = "Connected" if shot["connected"] else "Not connected"
    return {"why": why_backend(station), "state": shot["boot"], "name": name}


def _last_card(station: StationCore) -> dict[str, object] | None:
    card = station.recent.card
    if card is None:
        return None
    at = when(station, card.at)
    return {"uid": card.token, "verdict": card.verdict, "text": card.text, "at": at}


def _learning(station: StationCore, now_ms: int) -> dict[str, object]:
    state = station.learn.state
    ends = _seconds(state.until_ms, now_ms)
    return {"on": state.on, "learned": list(state.learned), "ends_in_s": ends}


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
        if s.charged and s.cp in (CpState.C2, CpState.D2):
            return f"{sentence}; the car asks, the contactor rests: six closings a minute at most"
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
        "currents_ma": list(s.reading.currents_ma) if s.reading else None,
        "offered_ma": station.metering.meters[number].offered_ma,
        "limit_source": station.limits.source(number),
        "locked": station.recent.locked.get(number),
        "faults": sorted(f.row.id for f in s.faults),
        "closings": station.wear.counts()[number].closings,
        "advice": station.wear.counts()[number].advice,
        "why": why(station, number),
    }
