"""A signal that leaves the station a power: a grid operator's dimming, as in EnWG section 14a.

While it is given, the power is divided evenly among the outlets whose sessions want it, the first
come first, and nobody gets less than 6 A: who would is paused. A car counts on all phases that
feed its outlet. A share falls at once; another rises when the first car has had its time to
follow. What lies idle has nothing, so that no car begins beside the others' shares.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from firmware.limits.signals import Signal
from firmware.model.machine import NEVER_MS
from firmware.model.session import EnergyWanted
from firmware.model.settings import Settings, SettingsChanged
from firmware.model.values import (
    FOLLOW_MS,
    MAX_CURRENT_MA,
    MIN_CURRENT_MA,
    Limit,
    LimitLifted,
    LimitSet,
)

SOURCE = "dimming"
INPUTS = ("ext1", "ext2")
IDLE = "the station is dimmed; a share is given when a session wants power"


@dataclass(slots=True)
class _Outlet:
    """`limit_ma` counts in force; `before_ma` does besides, until `until_ms`."""

    wanted: bool = False
    limit_ma: int = 0
    told: tuple[int, str] | None = None
    before_ma: int = 0
    until_ms: int = NEVER_MS


@dataclass(slots=True)
class DimmingState:
    """Plain data; `come` are the outlets that want power, the first come first."""

    outlets: dict[int, _Outlet]
    signals: dict[str, Signal]
    come: list[int]
    woke: bool = False


class Dimming:
    """The machine of the station's dimming."""

    def __init__(self, settings: Settings, outlets: Iterable[int], inputs: Iterable[str]) -> None:
        """`inputs` are those that the board has."""
        there = tuple(inputs)
        signals = {name: Signal(name, name in there) for name in INPUTS}
        self.state = DimmingState({n: _Outlet() for n in outlets}, signals, [])
        self.settings = settings

    def first(self) -> list[LimitSet]:
        """Return what is in force from the first moment."""
        return [wish for wish in self._settle(0) if isinstance(wish, LimitSet)]

    def handle(self, fact: object, now_ms: int) -> Iterable[object]:
        """Take one fact."""
        s = self.state
        if not s.woke:
            s.woke = True
            for outlet in s.outlets.values():  # nobody knows what was allowed before the restart
                outlet.before_ma, outlet.until_ms = MAX_CURRENT_MA, now_ms + FOLLOW_MS
        match fact:
            case EnergyWanted(number, wanted, _) if number in s.outlets:
                s.outlets[number].wanted = wanted
                s.come = [n for n in s.come if n != number or wanted]
                s.come += [number] if wanted and number not in s.come else []
            case SettingsChanged(settings):
                self.settings = settings
            case _:
                for signal in s.signals.values():
                    signal.take(fact)
        for outlet in s.outlets.values():
            if now_ms >= outlet.until_ms:
                outlet.until_ms = NEVER_MS
        return self._settle(now_ms)

    def deadline_ms(self) -> int:
        """When the signal has rested, or a car has had its time to follow."""
        signals, outlets = self.state.signals.values(), self.state.outlets.values()
        return min(*(one.over_ms for one in signals), *(one.until_ms for one in outlets))

    def warnings(self) -> list[str]:
        """Return that the signal cannot be read and counts as given."""
        signals = self.state.signals.values()
        return [one.unread("dimming_input") for one in signals if one.given and not one.readable]

    # -- inside -----------------------------------------------------------------------------

    def _settle(self, now_ms: int) -> list[object]:
        s = self.state
        name, _, sense = self.settings.text("dimming_input").partition("_")
        senses = {one: sense if one == name else "" for one in s.signals}
        given = [one for one in s.signals.values() if one.settle(senses[one.input], now_ms)]
        if not given:
            return self._undimmed(now_ms)
        shares = self._shares()
        for number, outlet in s.outlets.items():
            _set(outlet, min(outlet.limit_ma, shares.get(number, 0)), now_ms)
        for number in s.come:  # what falls is counted before anything rises
            self._raise(number, shares[number])
        out: list[object] = []
        for number, outlet in s.outlets.items():
            said = outlet.limit_ma, self._reason(number, shares, given[0])
            if said != outlet.told:
                outlet.told = said
                out.append(LimitSet(number, Limit(SOURCE, *said, NEVER_MS)))
        out.sort(key=lambda wish: wish.limit.limit_ma if isinstance(wish, LimitSet) else 0)
        return out

    def _undimmed(self, now_ms: int) -> list[object]:
        out: list[object] = []
        for number, outlet in self.state.outlets.items():
            _set(outlet, MAX_CURRENT_MA if outlet.wanted else 0, now_ms)
            if outlet.told is not None:
                outlet.told = None
                out.append(LimitLifted(number, SOURCE))
        return out

    def _shares(self) -> dict[int, int]:
        """Return the current of each outlet that wants power, 0 for those that are paused."""
        served: list[int] = []
        for number in self.state.come:
            more = [*served, number]
            if all(self._current_ma(n, len(more)) >= MIN_CURRENT_MA for n in more):
                served = more
        return {n: self._current_ma(n, len(served)) if n in served else 0 for n in self.state.come}

    def _current_ma(self, number: int, sharers: int) -> int:
        """[B-CUR-13] W / (voltage x phases), rounded down."""
        return min(MAX_CURRENT_MA, self._power_mw // (sharers * self._volts(number)))

    def _raise(self, number: int, limit_ma: int) -> None:
        """Let it rise if it fits beside all that may still flow elsewhere."""
        outlets = self.state.outlets
        others_mw = sum(_may_ma(o) * self._volts(n) for n, o in outlets.items() if n != number)
        if others_mw + limit_ma * self._volts(number) <= self._power_mw:
            outlets[number].limit_ma = max(outlets[number].limit_ma, limit_ma)

    def _reason(self, number: int, shares: dict[int, int], signal: Signal) -> str:
        if number not in shares:
            return IDLE
        power_w = self.settings.number("dimming_power_w")
        said = f"{signal.input} dims the station to {power_w} W until the signal ends"
        if not signal.readable:
            said = f"the station is dimmed to {power_w} W: {signal.unread('dimming_input')}"
        served = sum(limit_ma > 0 for limit_ma in shares.values())
        if not served:
            least_w = MIN_CURRENT_MA * self._volts(number) // 1_000
            return f"{said}; 6 A here are {least_w} W"
        if not shares[number]:
            return f"{said}; it is too little for one more car, the first come is served"
        if self.state.outlets[number].limit_ma < shares[number]:
            return f"{said}; this share rises once the other car has followed"
        return said if served == 1 else f"{said}, shared by {served} outlets"

    @property
    def _power_mw(self) -> int:
        return self.settings.number("dimming_power_w") * 1_000

    def _volts(self, number: int) -> int:
        """Return the voltages of all phases on which a car at this outlet counts, summed."""
        fed = self.settings.text(f"phases_connected_{number}")
        phases = 3 if fed == "three_phase" else 1
        return self.settings.number("power_source_voltage") * phases


def _set(outlet: _Outlet, limit_ma: int, now_ms: int) -> None:
    """Change what is in force; what was more counts until the car has followed."""
    if limit_ma < outlet.limit_ma:
        outlet.before_ma, outlet.until_ms = _may_ma(outlet), now_ms + FOLLOW_MS
    outlet.limit_ma = limit_ma


def _may_ma(outlet: _Outlet) -> int:
    still = outlet.until_ms < NEVER_MS
    return max(outlet.limit_ma, outlet.before_ma if still else 0)
