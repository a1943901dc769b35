"""The link to what drives the connectors: its loss and its return told to the back end, if wanted.

[B-OCP-22] The original has a second controller on USB. Here it is the safety process; that it is
gone for more than a moment is fault X08 in any case, this tells each interruption at once.
"""

from __future__ import annotations

from collections.abc import Iterable

from firmware.model.backend import Tell
from firmware.model.machine import NEVER_MS
from firmware.model.outlet import PilotFound, PilotLost
from firmware.model.session import ConnectorChanged
from firmware.model.settings import Settings, SettingsChanged
from firmware.model.values import ConnectorStatus

REF = "board link"
LOST, BACK = "Link to the connector board lost", "Link to the connector board is back"


class BoardLink:
    """The machine of the link's interruptions."""

    def __init__(self, settings: Settings) -> None:
        self._wanted = settings.flag("ocpp_send_usb_error_status")
        self._lost = False
        self._status = ConnectorStatus.AVAILABLE  # of the station as a whole

    def handle(self, fact: object, now_ms: int) -> Iterable[object]:
        """Take one fact."""
        match fact:
            case SettingsChanged(settings):
                self._wanted = settings.flag("ocpp_send_usb_error_status")
            case ConnectorChanged(0, status):
                self._status = status
            case PilotLost() if not self._lost:
                self._lost = True
                return self._told("InternalError", LOST)
            case PilotFound() if self._lost:
                self._lost = False
                return self._told("NoError", BACK)
        return []

    def deadline_ms(self) -> int:
        """Never."""
        return NEVER_MS

    def _told(self, error: str, info: str) -> list[object]:
        payload = {
            "connectorId": 0,
            "status": self._status.value,
            "errorCode": error,
            "info": info,
            "vendorErrorCode": "USB",
        }
        return [Tell(REF, "StatusNotification", payload)] if self._wanted else []
