"""Reservations: for whom an outlet is kept, what a start consumes, when one is over. [E2 5.13]

Pure rules over what the desk knows. A reservation of the station (outlet 0) keeps no outlet by
itself, until no more are open than there are such reservations; then it keeps them all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from firmware.model.machine import NEVER_MS
from firmware.model.reservation import OutletReserved, Reservation
from firmware.model.values import token_key

BLIND_MS = 4 * 3_600_000  # so long after a start without wall time a reservation lasts at most


class Place(Protocol):
    """What a reservation must know of an outlet."""

    consumes: int | None

    @property
    def free(self) -> bool:
        """A new session could begin here."""

    @property
    def closed(self) -> bool:
        """Nobody can use it."""

    @property
    def reservable(self) -> str:
        """The answer to ReserveNow."""


Places = Mapping[int, Place]


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who comes; with `guess` nobody has asked for the parent yet."""

    token: str
    parent: str | None = None
    guess: bool = False

    def fits(self, one: Reservation) -> bool:
        """[E2 3.10] The parent is compared with a parent, never with a token."""
        if token_key(self.token) == token_key(one.token):
            return True
        if one.parent is None:
            return False
        return self.guess or (
            self.parent is not None and token_key(self.parent) == token_key(one.parent)
        )


@dataclass(slots=True)
class Reservations:
    """All of a station, by their numbers; each is one outlet's, so there are few."""

    held: dict[int, Reservation] = field(default_factory=dict)
    told: dict[int, OutletReserved] = field(default_factory=dict)  # to the outlets' sessions
    woke_ms: int | None = None
    utc_at_zero_ms: int | None = None

    # -- who may use what -------------------------------------------------------------------

    def open_to(self, who: Bearer, places: Places) -> list[int]:
        """Return the free outlets at which somebody may begin."""
        return [
            number
            for number, place in places.items()
            if place.free and self._lets(who, number, places)
        ]

    def own(self, who: Bearer) -> int | None:
        """Return the outlet that is reserved for somebody by its number."""
        return next((r.outlet for r in self.held.values() if r.outlet and who.fits(r)), None)

    def consumed(self, number: int, who: Bearer) -> int | None:
        """Return the reservation that a start at this outlet consumes; its own comes first."""
        fitting = [r for r in self.held.values() if r.outlet in (0, number) and who.fits(r)]
        return max(fitting, key=lambda r: r.outlet).number if fitting else None

    def depends_on_parent(self, token: str) -> bool:
        """Tell whether the parent of a token could let it use a reservation."""
        here = Bearer(token)
        return any(r.parent is not None and not here.fits(r) for r in self.held.values())

    def _lets(self, who: Bearer, number: int, places: Places) -> bool:
        keepers = self._keepers(number, places)
        return not keepers or any(map(who.fits, keepers))

    def _keepers(self, number: int, places: Places) -> list[Reservation]:
        """Return those who keep others away from an outlet."""
        own = [r for r in self.held.values() if r.outlet == number]
        if own:
            return own
        waiting = self._of_station(places)
        open_ = self._open(places)
        return waiting if number in open_ and len(open_) <= len(waiting) else []

    def _of_station(self, places: Places) -> list[Reservation]:
        """Return the reservations of any outlet that have not found theirs yet."""
        found = {place.consumes for place in places.values()}
        return [r for r in self.held.values() if r.outlet == 0 and r.number not in found]

    def _open(self, places: Places) -> list[int]:
        taken = {r.outlet for r in self.held.values()}
        return [n for n, place in places.items() if place.free and n not in taken]

    # -- beginnings and ends ----------------------------------------------------------------

    def answer(self, wanted: Reservation, places: Places) -> str:
        """Return OCPP's ReservationStatus; nothing is taken yet. [ER 5.13]"""
        rest = {n: r for n, r in self.held.items() if n != wanted.number}
        others = Reservations(rest)
        words = {
            n: "Occupied" if any(r.outlet == n for r in rest.values()) else place.reservable
            for n, place in places.items()
        }
        if wanted.outlet != 0 and words[wanted.outlet] != "Accepted":
            return words[wanted.outlet]
        accepted = [word for word in words.values() if word == "Accepted"]
        if len(accepted) > len(others._of_station(places)):
            return "Accepted"
        for word in ("Faulted", "Unavailable"):
            if all(one == word for one in words.values()):
                return word
        return "Occupied"

    def expired(self, one: Reservation, now_ms: int) -> bool:
        """Tell whether the time of a reservation is over."""
        return now_ms >= self._ends_ms(one)

    def over(self, places: Places, now_ms: int) -> list[Reservation]:
        """Return what has ended by time, or because its outlets cannot be used any more."""
        return [r for r in self.held.values() if self.expired(r, now_ms) or _shut(r, places)]

    def deadline_ms(self) -> int:
        """Return when the next one expires."""
        return min((self._ends_ms(r) for r in self.held.values()), default=NEVER_MS)

    def _ends_ms(self, one: Reservation) -> int:
        if self.utc_at_zero_ms is None:
            return (self.woke_ms or 0) + BLIND_MS
        return one.expires_utc_ms - self.utc_at_zero_ms

    # -- telling ----------------------------------------------------------------------------

    def news(self, places: Places) -> Iterator[OutletReserved]:
        """Yield what the outlets do not know yet."""
        for number, place in places.items():
            consumes = place.consumes if place.consumes in self.held else None
            kept = consumes is not None or bool(self._keepers(number, places))
            now = OutletReserved(number, kept, consumes)
            if now != self.told.get(number, OutletReserved(number, kept=False)):
                self.told[number] = now
                yield now


def _shut(one: Reservation, places: Places) -> bool:
    if one.outlet == 0:
        return all(place.closed for place in places.values())
    place = places.get(one.outlet)
    return place is None or place.closed
