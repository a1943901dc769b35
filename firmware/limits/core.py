"""The LimitBook: who limits an outlet, why, until when; and the permit that follows.

A permit is given while a session wants energy and the least limit is 6 A or more. Sources of
other parts (OCPP profile; later DLM, EMS, inputs) enter by `LimitSet`, leave by `LimitLifted`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from firmware.model.dlm import SOURCE as LOAD_MANAGEMENT
from firmware.model.fault import Fault
from firmware.model.machine import NEVER_MS
from firmware.model.outlet import (
    CableChanged,
    EndPermit,
    FaultCleared,
    FaultRaised,
    GivePermit,
    PilotFound,
)
from firmware.model.session import EnergyWanted, LimitChanged
from firmware.model.settings import Settings, SettingsChanged
from firmware.model.values import MIN_CURRENT_MA, Limit, LimitLifted, LimitSet, OwnLimitChanged

# What the book itself keeps; a source from outside that took such a name would, at its expiry,
# take the station's own limit with it.
OWN_SOURCES = ("hardware", "installation", "operator", "cable", "thermal", "thermal stop")
# The pilot keeps to these by itself; here they stand so that `why` can name them.
HEAT = {Fault.HOT_DERATED: ("thermal", 10_000), Fault.HOT_STOPPED: ("thermal stop", 0)}


@dataclass(slots=True)
class _Book:
    limits: dict[str, Limit] = field(default_factory=dict)
    wanted: bool = False
    why_not: str = "no session"
    phases: int = 3
    wake: bool = True
    permit: GivePermit | None = None
    told: Limit | None = None
    own_ma: int = -1  # as load management was told


class LimitBook:
    """The machine of all limits."""

    def __init__(
        self, settings: Settings, outlets: Iterable[int], first: Iterable[LimitSet] = ()
    ) -> None:
        """`first` are limits that are in force from the first moment."""
        self.books = {n: _Book() for n in outlets}
        for fact in first:
            self.books[fact.outlet].limits[fact.limit.source] = fact.limit
        self._configure(settings)

    def handle(self, fact: object, now_ms: int) -> Iterable[object]:
        """Take one fact; take permits back before giving any."""
        again = False
        if getattr(fact, "outlet", None) not in (None, *self.books):
            return []  # of an outlet that this station has not
        match fact:
            case CableChanged(outlet, cable_ma, _):
                self._cable(outlet, cable_ma)
            case EnergyWanted(outlet, wanted, reason):
                book = self.books[outlet]
                book.wanted, book.why_not = wanted, reason
            case FaultRaised(outlet, fault, _) if fault in HEAT:
                source, limit_ma = HEAT[fault]
                limit = Limit(source, limit_ma, fault.row.raised.lower(), NEVER_MS)
                self.books[outlet].limits[source] = limit
            case FaultCleared(outlet, fault, _) if fault in HEAT:
                self.books[outlet].limits.pop(HEAT[fault][0], None)
            case LimitSet(outlet, limit):
                assert limit.source not in OWN_SOURCES, limit
                self.books[outlet].limits[limit.source] = limit
            case LimitLifted(outlet, source) if source not in OWN_SOURCES:
                self.books[outlet].limits.pop(source, None)
            case SettingsChanged(settings):
                self._configure(settings)
            case PilotFound():
                again = True
            case _:
                pass
        out: list[object] = []
        for outlet, book in self.books.items():
            self._settle(outlet, book, now_ms, out, again=again)
        out.sort(key=lambda wish: isinstance(wish, GivePermit))
        return out

    def deadline_ms(self) -> int:
        """When the first limit expires."""
        expiries = [x.expires_ms for b in self.books.values() for x in b.limits.values()]
        return min(expiries, default=NEVER_MS)

    def why(self, outlet: int) -> str:
        """Say in one sentence why an outlet may draw what it may."""
        book = self.books[outlet]
        least = _least(book)
        amps = f"{least.limit_ma / 1_000:g} A"
        if not book.wanted:
            return f"outlet {outlet}: no power asked for ({book.why_not}); it could be {amps}"
        if least.limit_ma < MIN_CURRENT_MA:
            return f"outlet {outlet}: paused, {least.source} leaves {amps} of 6 A ({least.reason})"
        others = ", ".join(
            f"{x.source} {x.limit_ma / 1_000:g} A"
            for x in sorted(book.limits.values(), key=lambda x: (x.limit_ma, x.source))
            if x is not least
        )
        return f"outlet {outlet}: {amps}, bound by {least.source} ({least.reason}); then {others}"

    def source(self, outlet: int) -> str:
        """Return which source binds."""
        return _least(self.books[outlet]).source

    # -- book-keeping -----------------------------------------------------------------------

    def _configure(self, settings: Settings) -> None:
        for outlet, book in self.books.items():
            for source, key in (
                ("hardware", f"maximum_current_{outlet}"),
                ("installation", f"installation_current_limit_{outlet}"),
                ("operator", f"operator_current_limit_{outlet}"),
            ):
                limit_ma = settings.number(key) * 1_000
                book.limits[source] = Limit(source, limit_ma, key, NEVER_MS)
            if settings.flag("station_single_supply"):  # [CC613 7.3a] the line takes its place
                del book.limits["installation"]
            fed = settings.text(f"phases_connected_{outlet}")  # [CC613 7.1] one: L1 only
            book.phases = 3 if fed == "three_phase" else 1
            book.wake = settings.flag("dlm_allow_ev_wakeup")

    def _cable(self, outlet: int, cable_ma: int | None) -> None:
        limits = self.books[outlet].limits
        if cable_ma is None:
            limits.pop("cable", None)
        else:
            limits["cable"] = Limit("cable", cable_ma, "resistor in the plug", NEVER_MS)

    def _settle(
        self, outlet: int, book: _Book, now_ms: int, out: list[object], *, again: bool
    ) -> None:
        for source in [s for s, x in book.limits.items() if x.expires_ms <= now_ms]:
            del book.limits[source]
        own = [x.limit_ma for source, x in book.limits.items() if source != LOAD_MANAGEMENT]
        if min(own) != book.own_ma:
            book.own_ma = min(own)
            out.append(OwnLimitChanged(outlet, book.own_ma))
        least = _least(book)
        if book.told is None or (least.limit_ma, least.source) != _key(book.told):
            book.told = least
            out.append(LimitChanged(outlet, least.limit_ma, least.source, least.reason))
        permit_ma = least.limit_ma if book.wanted and least.limit_ma >= MIN_CURRENT_MA else 0
        permit = GivePermit(outlet, permit_ma, book.phases, book.wake) if permit_ma else None
        if permit == book.permit and not (again and permit):
            return
        book.permit = permit
        if permit is not None:
            out.append(permit)
        else:
            out.append(EndPermit(outlet, book.why_not if not book.wanted else least.source))


def _least(book: _Book) -> Limit:
    return min(book.limits.values(), key=lambda x: (x.limit_ma, x.source))


def _key(limit: Limit) -> tuple[int, str]:
    return limit.limit_ma, limit.source
