"""Words of reservations: an outlet, or any of the station, is kept for somebody for a while."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reservation:
    """Outlet 0 is any; `parent` lets everybody of that group have it."""

    number: int  # the back end's id
    outlet: int
    token: str
    parent: str | None
    expires_utc_ms: int


@dataclass(frozen=True, slots=True)
class ReserveRequested:
    """ReserveNow."""

    call: str
    reservation: Reservation


@dataclass(frozen=True, slots=True)
class CancelReservationRequested:
    """CancelReservation."""

    call: str
    number: int


@dataclass(frozen=True, slots=True)
class OutletReserved:
    """An outlet is kept for somebody, or no longer; `number` is what a start now would consume."""

    outlet: int
    kept: bool
    number: int | None = None


@dataclass(frozen=True, slots=True)
class PutReservation:
    """Keep a reservation; the one of the same number is replaced."""

    reservation: Reservation


@dataclass(frozen=True, slots=True)
class DropReservation:
    """A reservation is over."""

    number: int
