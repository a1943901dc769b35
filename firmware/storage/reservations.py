"""Reservations as rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import starmap
from typing import Any

from firmware.model.reservation import DropReservation, PutReservation, Reservation

Statement = tuple[str, Sequence[object]]
Query = Callable[[str], Iterable[Sequence[Any]]]

_ALL = "SELECT number, outlet, token, parent, expires_utc_ms FROM reservations ORDER BY number"


def change(write: PutReservation | DropReservation) -> list[Statement]:
    """Return what keeps or forgets a reservation."""
    if isinstance(write, DropReservation):
        return [("DELETE FROM reservations WHERE number = ?", (write.number,))]
    r = write.reservation
    sql = "INSERT OR REPLACE INTO reservations VALUES (?, ?, ?, ?, ?)"
    return [(sql, (r.number, r.outlet, r.token, r.parent, r.expires_utc_ms))]


def kept(query: Query) -> tuple[Reservation, ...]:
    """Return all reservations."""
    return tuple(starmap(Reservation, query(_ALL)))
