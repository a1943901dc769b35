"""The back end's requests of the security whitepaper, from payload to reply.

ExtendedTriggerMessage knows what TriggerMessage knows and asks for certificates besides.
"""

from __future__ import annotations

from firmware.model import security as s
from firmware.ocpp import handle_files
from firmware.ocpp.certificates import hash_of
from firmware.ocpp.frames import Call, Refusal
from firmware.ocpp.replies import Desk, Handler, Reply, status


def handlers(trigger: Handler) -> dict[str, Handler]:
    """Return the rows of the table; `trigger` is what TriggerMessage does."""

    def extended_trigger(call: Call, desk: Desk) -> Reply | Refusal:
        if call.payload["requestedMessage"] in handle_files.EXTENDED:
            return handle_files.extended_trigger(call, desk)
        if call.payload["requestedMessage"] != "SignChargePointCertificate":
            return trigger(call, desk)
        if not desk.registered:
            return status("Rejected")
        return Reply({"status": "Accepted"}, s.SigningTriggered())

    return {
        "CertificateSigned": _certificate_signed,
        "DeleteCertificate": _delete_certificate,
        "ExtendedTriggerMessage": extended_trigger,
        "GetInstalledCertificateIds": _get_installed,
        "InstallCertificate": _install_certificate,
    }


def _certificate_signed(call: Call, desk: Desk) -> Reply:
    return Reply(None, s.SignedRequested(call.id, call.payload["certificateChain"]))


def _delete_certificate(call: Call, desk: Desk) -> Reply:
    wanted = hash_of(call.payload["certificateHashData"])
    return Reply(None, s.DeleteRootRequested(call.id, wanted))


def _get_installed(call: Call, desk: Desk) -> Reply:
    return Reply(None, s.RootsRequested(call.id, s.RootUse(call.payload["certificateType"])))


def _install_certificate(call: Call, desk: Desk) -> Reply:
    use = s.RootUse(call.payload["certificateType"])
    return Reply(None, s.InstallRootRequested(call.id, use, call.payload["certificate"]))
