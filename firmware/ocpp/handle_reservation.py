"""Requests of Reservation: from payload to fact."""

from __future__ import annotations

from firmware.model.reservation import (
    CancelReservationRequested,
    Reservation,
    ReserveRequested,
)
from firmware.ocpp import payloads
from firmware.ocpp.frames import Call
from firmware.ocpp.replies import Desk, Handler, Reply, status


def _reserve(call: Call, desk: Desk) -> Reply:
    told = call.payload
    expires_utc_ms = payloads.utc_ms_of(told["expiryDate"])
    if not 0 <= told["connectorId"] <= desk.outlets or expires_utc_ms is None:
        return status("Rejected")
    wanted = Reservation(
        told["reservationId"],
        told["connectorId"],
        told["idTag"],
        told.get("parentIdTag") or None,
        expires_utc_ms,
    )
    return Reply(None, ReserveRequested(call.id, wanted))


def _cancel(call: Call, desk: Desk) -> Reply:
    return Reply(None, CancelReservationRequested(call.id, call.payload["reservationId"]))


HANDLERS: dict[str, Handler] = {
    "CancelReservation": _cancel,
    "ReserveNow": _reserve,
}
