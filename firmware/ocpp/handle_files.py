"""Requests that move files: from payload to fact; what has a status of its own is judged later.

[ER 3.50] `retries` counts what follows the first try. Where a request names no number, the
station chooses; what it names is bounded.
"""

from __future__ import annotations

from typing import Any

from firmware.model import transfers as t
from firmware.ocpp.frames import Call
from firmware.ocpp.payloads import utc_ms_of
from firmware.ocpp.replies import Desk, Handler, Reply, status

RETRIES, RETRY_S = 2, 30  # where the request leaves it to us
RETRIES_MAX, RETRY_MAX_S = 20, 86_400

TRIGGERED = {
    "DiagnosticsStatusNotification": t.ReportTriggered(t.Report.DIAGNOSTICS),
    "FirmwareStatusNotification": t.ReportTriggered(t.Report.FIRMWARE),
}
EXTENDED = {  # [whitepaper 4.5] here the same word asks for the signed kind
    "LogStatusNotification": t.ReportTriggered(t.Report.LOG),
    "FirmwareStatusNotification": t.ReportTriggered(t.Report.SIGNED),
}


def extended_trigger(call: Call, desk: Desk) -> Reply:
    """Answer ExtendedTriggerMessage for one of the statuses."""
    if not desk.registered:
        return status("Rejected")
    return Reply({"status": "Accepted"}, EXTENDED[call.payload["requestedMessage"]])


def _get_diagnostics(call: Call, desk: Desk) -> Reply:
    told = call.payload
    span = t.Span(utc_ms_of(told.get("startTime")), utc_ms_of(told.get("stopTime")))
    return Reply(None, t.DiagnosticsRequested(call.id, told["location"], span, _patience(told)))


def _get_log(call: Call, desk: Desk) -> Reply:
    told, log = call.payload, call.payload["log"]
    span = t.Span(utc_ms_of(log.get("oldestTimestamp")), utc_ms_of(log.get("latestTimestamp")))
    return Reply(
        None,
        t.LogRequested(
            call.id, told["requestId"], t.Content(told["logType"]), log["remoteLocation"], span,
            _patience(told),
        ),
    )  # fmt: skip


def _update(call: Call, desk: Desk) -> Reply:
    told = call.payload
    at_ms = utc_ms_of(told["retrieveDate"])
    return Reply({}, t.UpdateRequested("", told["location"], at_ms, _patience(told)))


def _signed_update(call: Call, desk: Desk) -> Reply:
    told, firmware = call.payload, call.payload["firmware"]
    return Reply(
        None,
        t.UpdateRequested(
            call.id,
            firmware["location"],
            utc_ms_of(firmware["retrieveDateTime"]),
            _patience(told),
            request_id=told["requestId"],
            install_utc_ms=utc_ms_of(firmware.get("installDateTime")),
            signing=t.Signing(firmware["signingCertificate"], firmware["signature"]),
        ),
    )


def _patience(told: dict[str, Any]) -> t.Patience:
    retries, wait_s = told.get("retries", RETRIES), told.get("retryInterval", RETRY_S)
    return t.Patience(min(max(retries, 0), RETRIES_MAX), min(max(wait_s, 0), RETRY_MAX_S) * 1_000)


HANDLERS: dict[str, Handler] = {
    "GetDiagnostics": _get_diagnostics,
    "GetLog": _get_log,
    "SignedUpdateFirmware": _signed_update,
    "UpdateFirmware": _update,
}
