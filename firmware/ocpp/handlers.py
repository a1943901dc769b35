"""The back end's requests: one row of a table for each action, from payload to reply.

What the protocol itself decides is answered here; what the station decides becomes a fact, and
its reply waits for `Answer`. A reply always leaves before anything it causes.
"""

from __future__ import annotations

from collections.abc import Callable

from ocpp.v16.enums import Action  # type: ignore[import-untyped, unused-ignore]

from firmware.model import backend
from firmware.ocpp import (
    handle_charging,
    handle_files,
    handle_lists,
    handle_reservation,
    handle_security,
)
from firmware.ocpp.boot import BootState
from firmware.ocpp.charging_profile import BadProfile
from firmware.ocpp.frames import Call, Refusal
from firmware.ocpp.replies import Desk, Handler, Reply, status
from firmware.ocpp.schemas import violation


def reply_to(call: Call, desk: Desk) -> Reply | Refusal:
    """Return what becomes of a request."""
    handler = HANDLERS.get(call.action)
    if handler is None:  # [JE 5.1] the names are as in table 7 of OCPP-J
        known = call.action in _ACTIONS
        code = "NotSupported" if known else "NotImplemented"
        return Refusal(call.id, code, "this station does not do this" * known)
    if found := violation(call.action, call.payload):
        return Refusal(call.id, found.code, found.why)
    return handler(call, desk)


def _change_availability(call: Call, desk: Desk) -> Reply:
    outlet, operative = call.payload["connectorId"], call.payload["type"] == "Operative"
    if not 0 <= outlet <= desk.outlets:
        return status("Rejected")
    return Reply(None, backend.AvailabilityRequested(call.id, outlet, operative))


def _change_configuration(call: Call, desk: Desk) -> Reply:
    key, value = call.payload["key"], call.payload["value"]
    return Reply(None, backend.ConfigurationChangeRequested(call.id, key, value))


def _clear_cache(call: Call, desk: Desk) -> Reply:
    return Reply(None, backend.CacheClearRequested(call.id))


def _data_transfer(call: Call, desk: Desk) -> Reply:
    return status("UnknownVendorId")


def _get_configuration(call: Call, desk: Desk) -> Reply:
    keys = tuple(call.payload.get("key", ()))
    return Reply(None, backend.ConfigurationRequested(call.id, keys))


def _remote_start(call: Call, desk: Desk) -> Reply:
    outlet = call.payload.get("connectorId")
    impossible = outlet is not None and not 0 < outlet <= desk.outlets
    if impossible or desk.boot is not BootState.ACCEPTED:
        return status("Rejected")
    try:
        profile = handle_charging.profile_of_start(call.payload)
    except BadProfile:
        return status("Rejected")
    token = call.payload["idTag"]
    return Reply(None, backend.RemoteStartRequested(call.id, outlet, token, profile))


def _remote_stop(call: Call, desk: Desk) -> Reply:
    if desk.boot is not BootState.ACCEPTED:
        return status("Rejected")
    return Reply(None, backend.RemoteStopRequested(call.id, call.payload["transactionId"]))


def _reset(call: Call, desk: Desk) -> Reply:
    return Reply(None, backend.ResetRequested(call.id, call.payload["type"] == "Hard"))


def _unlock(call: Call, desk: Desk) -> Reply:
    outlet = call.payload["connectorId"]
    if not 0 < outlet <= desk.outlets:
        return status("NotSupported")  # [ER 3.85]
    return Reply(None, backend.UnlockRequested(call.id, outlet))


def _trigger(call: Call, desk: Desk) -> Reply:
    wanted, outlet = call.payload["requestedMessage"], call.payload.get("connectorId")
    if wanted not in _TRIGGERS:
        return status("NotImplemented")
    connectors = _TRIGGERS[wanted](outlet, desk)
    if connectors is None or not desk.registered:
        return status("Rejected")
    fact = handle_files.TRIGGERED.get(wanted)
    return Reply({"status": "Accepted"}, fact, trigger=wanted, connectors=connectors)


def _of_the_station(outlet: int | None, desk: Desk) -> tuple[int, ...]:
    return (0,)


def _of_faces(outlet: int | None, desk: Desk) -> tuple[int, ...] | None:
    asked = range(desk.outlets + 1) if outlet is None else (outlet,)  # [E2 5.17] none is all
    return tuple(number for number in asked if number in desk.faces) or None


def _of_meters(outlet: int | None, desk: Desk) -> tuple[int, ...] | None:
    asked = range(1, desk.outlets + 1) if outlet is None else (outlet,)
    return tuple(number for number in asked if 0 < number <= desk.outlets) or None


_TRIGGERS: dict[str, Callable[[int | None, Desk], tuple[int, ...] | None]] = {
    "BootNotification": _of_the_station,
    "Heartbeat": _of_the_station,
    "StatusNotification": _of_faces,
    "MeterValues": _of_meters,
    **dict.fromkeys(handle_files.TRIGGERED, _of_the_station),
}

HANDLERS: dict[str, Handler] = {
    "ChangeAvailability": _change_availability,
    "ChangeConfiguration": _change_configuration,
    "ClearCache": _clear_cache,
    "DataTransfer": _data_transfer,
    "GetConfiguration": _get_configuration,
    "RemoteStartTransaction": _remote_start,
    "RemoteStopTransaction": _remote_stop,
    "Reset": _reset,
    "TriggerMessage": _trigger,
    "UnlockConnector": _unlock,
    **handle_charging.HANDLERS,
    **handle_lists.HANDLERS,
    **handle_reservation.HANDLERS,
    **handle_files.HANDLERS,
    **handle_security.handlers(_trigger),
}
_ACTIONS = frozenset(action.value for action in Action)
