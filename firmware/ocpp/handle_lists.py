"""Requests of LocalAuthListManagement: from payload to fact.

Judged here is what needs no memory: a date that is none, a message that is too long.
"""

from __future__ import annotations

from typing import Any

from firmware.model.lists import ListVersionRequested, SendListRequested
from firmware.model.storage import LIST_SENT_MAX
from firmware.model.values import TokenInfo
from firmware.ocpp import payloads
from firmware.ocpp.frames import Call
from firmware.ocpp.replies import Desk, Handler, Reply, status


def _send(call: Call, desk: Desk) -> Reply:
    told = call.payload.get("localAuthorizationList", [])
    if len(told) > LIST_SENT_MAX or any(map(_undated, told)):
        return status("Failed")
    entries = tuple((entry["idTag"], _info(entry)) for entry in told)
    version, full = call.payload["listVersion"], call.payload["updateType"] == "Full"
    return Reply(None, SendListRequested(call.id, version, full, entries))


def _version(call: Call, desk: Desk) -> Reply:
    return Reply(None, ListVersionRequested(call.id))


def _info(entry: dict[str, Any]) -> TokenInfo | None:
    return payloads.token_info(entry) if "idTagInfo" in entry else None


def _undated(entry: dict[str, Any]) -> bool:
    """A date that nobody can read would be no limit at all."""
    told = entry.get("idTagInfo", {})
    return "expiryDate" in told and payloads.utc_ms_of(told["expiryDate"]) is None


HANDLERS: dict[str, Handler] = {
    "GetLocalListVersion": _version,
    "SendLocalList": _send,
}
