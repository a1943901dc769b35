"""The fault book and the wear counters in words for people."""

from __future__ import annotations

from firmware.model.storage import FaultRecord
from firmware.station.core import StationCore
from firmware.station.words import when


def faults(station: StationCore, *, over_too: bool) -> list[dict[str, object]]:
    """Return what is there now by rank, then what was, the newest first."""
    book = station.book
    rows = [_fault(station, record) for record in book.there()]
    if over_too:
        ended = [r for r in reversed(book.state.records) if r.ended is not None]
        rows += [_fault(station, record) for record in ended]
    return rows


def wear(station: StationCore) -> list[dict[str, object]]:
    """Return what every outlet's parts have done, and what to do about it."""
    return [
        {
            "outlet": number,
            "closings": counts.closings,
            "openings_under_load": counts.under_load,
            "lock_moves": counts.lock_moves,
            "residual_trips": counts.trips,
            "advice": counts.advice,
        }
        for number, counts in station.wear.counts().items()
    ]


def _fault(station: StationCore, record: FaultRecord) -> dict[str, object]:
    row = record.fault.row
    return {
        "id": row.id,
        "outlet": record.outlet,
        "text": row.raised,
        "since": when(station, record.began),
        "ended": None if record.ended is None else when(station, record.ended),
        "times": record.times,
        "stops": row.stops_transaction,
        "advice": row.advice,
        "clears": row.clears,
    }
