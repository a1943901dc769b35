"""Requests of Smart Charging: from payload to fact; judged here is what needs no memory.

[ER 3.39] A connector that is none is a CALLERROR; a purpose at the wrong connector is Rejected.
"""

from __future__ import annotations

from typing import Any

from firmware.model import backend
from firmware.ocpp.charging_profile import BadProfile, Purpose, read_profile
from firmware.ocpp.frames import Call, Refusal
from firmware.ocpp.replies import Desk, Handler, Reply, status

_ANY_UTC_S = 0  # the time of reception is the machine's to know; here any will do


def profile_of_start(payload: dict[str, Any]) -> dict[str, Any] | None:
    """Return the profile of a RemoteStartTransaction, if any; raise `BadProfile`.

    [ER 3.41] It is a TxProfile, and of a transaction that has no id yet.
    """
    told: dict[str, Any] | None = payload.get("chargingProfile")
    if told is None:
        return None
    profile = read_profile(told, _ANY_UTC_S)
    if profile.purpose is not Purpose.TX or profile.transaction_id is not None:
        raise BadProfile("only a TxProfile without transactionId can come with a start")
    return told


def _set_profile(call: Call, desk: Desk) -> Reply | Refusal:
    outlet, told = call.payload["connectorId"], call.payload["csChargingProfiles"]
    if not 0 <= outlet <= desk.outlets:
        return _no_connector(call, outlet)
    try:
        profile = read_profile(told, _ANY_UTC_S)
    except BadProfile:
        return status("Rejected")
    if not _fits(profile.purpose, outlet):
        return status("Rejected")
    return Reply(None, backend.SetChargingProfileRequested(call.id, outlet, told))


def _fits(purpose: Purpose, outlet: int) -> bool:
    if purpose is Purpose.TX_DEFAULT:
        return True
    return (outlet == 0) == (purpose is Purpose.MAX)


def _clear_profile(call: Call, desk: Desk) -> Reply:
    told = call.payload
    return Reply(
        None,
        backend.ClearChargingProfileRequested(
            call.id,
            profile_id=told.get("id"),
            outlet=told.get("connectorId"),
            purpose=told.get("chargingProfilePurpose"),
            stack_level=told.get("stackLevel"),
        ),
    )


def _composite(call: Call, desk: Desk) -> Reply | Refusal:
    outlet, duration_s = call.payload["connectorId"], call.payload["duration"]
    if not 0 <= outlet <= desk.outlets:
        return _no_connector(call, outlet)
    if duration_s <= 0:
        return status("Rejected")
    unit = call.payload.get("chargingRateUnit")
    return Reply(None, backend.CompositeScheduleRequested(call.id, outlet, duration_s, unit))


def _no_connector(call: Call, outlet: int) -> Refusal:
    return Refusal(call.id, "PropertyConstraintViolation", f"there is no connector {outlet}")


HANDLERS: dict[str, Handler] = {
    "ClearChargingProfile": _clear_profile,
    "GetCompositeSchedule": _composite,
    "SetChargingProfile": _set_profile,
}
