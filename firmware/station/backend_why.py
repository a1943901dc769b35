"""Why the back end is as it is: one sentence, the first cause first, and what would change it."""

from __future__ import annotations

from firmware.ocpp.boot import BootState
from firmware.ocpp.line import Line
from firmware.station.core import StationCore

SKEW_MS = 60_000  # less is a matter of networks
QUEUE_TOLD = 20  # messages; fewer are on their way


def why_backend(station: StationCore) -> str:
    """Return the state of the back end in one sentence."""
    settings, line = station.configuration.settings, station.ocpp.line()
    if settings.text("backend_connection_type") == "none":
        return "no back end: backend_connection_type is none, the station stands alone"
    if not settings.text("ocpp_ws_url"):
        return "no back end: ocpp_ws_url is empty; set it to the address of the operator"
    waits = f"; {line.queued} messages wait" if line.queued > QUEUE_TOLD else ""
    if not line.connected:
        since = f" for {span(line.lost_for_ms)}" if line.lost_for_ms is not None else ""
        return f"not connected{since}: {line.problem}{waits}"
    if line.boot is not BootState.ACCEPTED:
        return f"{_unaccepted(line)}{waits}"
    remarks = [*_skew(line), *line.reproaches]
    if remarks:
        return f"connected and accepted, but {'; '.join(remarks)}{waits}"
    return f"connected and accepted, all is well{waits}"


def _unaccepted(line: Line) -> str:
    again = f"asks again in {span(line.boot_again_ms)}"
    match line.boot:
        case BootState.PENDING:
            return (
                "connected, but BootNotification is Pending: the operator has to accept this "
                f"station in the back end; {again}"
            )
        case BootState.REJECTED:
            return (
                "connected, but BootNotification was Rejected: the back end does not know this "
                f"station under its ocpp_chargebox_identity; {again}"
            )
    reproach = f": {line.reproaches[0]}" if line.reproaches else ""
    return f"connected, BootNotification is not accepted yet{reproach}; {again}"


def _skew(line: Line) -> list[str]:
    if line.skew_ms is None or abs(line.skew_ms) < SKEW_MS:
        return []
    way = "ahead of" if line.skew_ms > 0 else "behind"
    return [f"its clock is {span(abs(line.skew_ms))} {way} this station's; the back end's is used"]


def span(ms: int) -> str:
    """Return a duration as people say it."""
    seconds = ms // 1_000
    for unit, length in (("day", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * length or (unit != "day" and seconds >= length):
            count = seconds // length
            return f"{count} {unit}{'s' if unit == 'day' and count > 1 else ''}"
    return f"{seconds} s"
