"""StatusNotification: the face of every connector, and what the back end knows of it.

MinimumStatusDuration holds a new status back until it has lasted; errors and informative words
are not held. After an interruption only the present face is sent, and only if it is news
(E2 4.9). What TriggerMessage asks for is neither held nor swallowed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from ocpp.v16.enums import ChargePointErrorCode  # type: ignore[import-untyped, unused-ignore]

from firmware.model.machine import NEVER_MS
from firmware.model.session import ConnectorChanged
from firmware.model.values import ConnectorStatus
from firmware.ocpp.options import Options

_S = ConnectorStatus
_OF_THE_STATION = frozenset((_S.AVAILABLE, _S.UNAVAILABLE, _S.FAULTED))
_AFTER_RESERVED = _OF_THE_STATION | {_S.PREPARING, _S.RESERVED}
_ERRORS = frozenset(code.value for code in ChargePointErrorCode)


@dataclass(frozen=True, slots=True)
class Notice:
    """A face to be shown to the back end, true since `since_ms`."""

    outlet: int
    face: ConnectorChanged
    since_ms: int

    def words(self) -> dict[str, str | None]:
        """Return the fields of StatusNotification."""
        error = self.face.error
        return {
            "status": self.face.status.value,
            "error_code": error if error in _ERRORS else "OtherError",
            "info": self.face.info,
            "vendor_error_code": self.face.vendor_error,
        }


class StatusBoard:
    """The faces of connector 0 and all outlets."""

    def __init__(self, outlets: int) -> None:
        self._outlets = outlets
        self._shown: dict[int, Notice] = {}
        self._reported: dict[int, ConnectorChanged] = {}
        self._held_until_ms: dict[int, int] = {}

    def changed(
        self, face: ConnectorChanged, now_ms: int, options: Options, *, ready: bool
    ) -> list[Notice]:
        """Take a new face; return what is to be sent at once."""
        if not self._possible(face) or self._same(face):
            return []
        self._shown[face.outlet] = Notice(face.outlet, face, now_ms)
        reported = self._reported.get(face.outlet)
        if face == reported:
            self._held_until_ms.pop(face.outlet, None)
        elif reported is not None and face.status is reported.status:
            self._held_until_ms.pop(face.outlet, None)
            if not _wanted(face, reported, options):
                self._reported[face.outlet] = face
            elif ready:
                return self._report((face.outlet,))
        elif reported is not None and options.min_status_ms:
            self._held_until_ms[face.outlet] = now_ms + options.min_status_ms
        elif ready:
            return self._report((face.outlet,))
        return []

    def deadline_ms(self) -> int:
        """Return when the next held status has lasted long enough."""
        return min(self._held_until_ms.values(), default=NEVER_MS)

    def lasted(self, now_ms: int) -> list[Notice]:
        """Return the held statuses that have lasted."""
        due = [outlet for outlet, at_ms in self._held_until_ms.items() if now_ms >= at_ms]
        return self._report(sorted(due))

    def news(self, *, all_of_them: bool) -> list[Notice]:
        """Return what the back end does not know: everything after a boot."""
        if all_of_them:
            self._reported.clear()
        return self._report(
            outlet
            for outlet, notice in sorted(self._shown.items())
            if notice.face != self._reported.get(outlet)
        )

    def asked(self, outlets: Iterable[int]) -> list[Notice]:
        """Return the present faces of these connectors."""
        return self._report(outlet for outlet in outlets if outlet in self._shown)

    def contradicted(self, token: str | None, now_ms: int) -> list[Notice]:
        """Return that list and answer differ on a token; `None`: no longer, the face as it is."""
        if 0 not in self._shown or token is None:
            return self.asked((0,))
        info = f"list and answer differ on {token}"
        face = replace(self._shown[0].face, error="LocalListConflict", info=info)
        self._reported[0] = face  # of the past after an interruption
        return [Notice(0, face, now_ms)]

    def faces(self) -> frozenset[int]:
        """Return the connectors whose status is known."""
        return frozenset(self._shown)

    def unreported(self, outlet: int) -> None:
        """A notice did not reach the back end."""
        self._reported.pop(outlet, None)

    def _report(self, outlets: Iterable[int]) -> list[Notice]:
        notices: list[Notice] = []
        for notice in [self._shown[outlet] for outlet in outlets]:
            reported = self._reported.get(notice.outlet)
            notices += [*_bridge(reported, notice), notice]
            self._reported[notice.outlet] = notice.face
            self._held_until_ms.pop(notice.outlet, None)
        return notices

    def _possible(self, face: ConnectorChanged) -> bool:
        if face.outlet == 0:  # [E2 4.9] connector 0 knows only three
            return face.status in _OF_THE_STATION
        return 0 < face.outlet <= self._outlets

    def _same(self, face: ConnectorChanged) -> bool:
        shown = self._shown.get(face.outlet)
        return shown is not None and shown.face == face


def _bridge(reported: ConnectorChanged | None, notice: Notice) -> list[Notice]:
    """Return the step between that the table of 4.9 wants to and from Reserved."""
    before, after = reported and reported.status, notice.face.status
    between = None
    if after is _S.RESERVED and before not in (None, _S.AVAILABLE, _S.FAULTED, after):
        between = _S.AVAILABLE
    elif before is _S.RESERVED and after not in _AFTER_RESERVED:
        between = _S.PREPARING
    if between is None:
        return []
    return [replace(notice, face=ConnectorChanged(notice.outlet, between))]


def _wanted(face: ConnectorChanged, reported: ConnectorChanged, options: Options) -> bool:
    """Tell whether words beside an unchanged status are to be sent."""
    if face.error == reported.error == "NoError":
        return options.sends_informative
    return options.sends_errors
