"""What a station tells load management of its outlets: who wants current, on which phases."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from firmware.dlm.demand import Demand, cycled, fresh, observed
from firmware.model.dlm import PointState, PointTold
from firmware.model.outlet import OfferChanged
from firmware.model.session import EnergyWanted, MeterRead
from firmware.model.settings import Settings
from firmware.model.values import MIN_CURRENT_MA, OwnLimitChanged, PhasesMa

NOTHING: PhasesMa = (0, 0, 0)


@dataclass(slots=True)
class _Outlet:
    """What is known of an outlet."""

    demand: Demand
    wanted: bool = False
    own_ma: int = 0
    offered_ma: int = 0
    drawn_ma: PhasesMa = NOTHING
    told: PointState | None = None


@dataclass(slots=True)
class OwnPoints:
    """The outlets of a station as points of a site; their names begin with the unit's."""

    unit: str
    settings: Settings
    outlets: dict[int, _Outlet] = field(default_factory=dict)

    def add(self, numbers: Iterable[int]) -> None:
        """Begin with these outlets."""
        self.outlets = {n: _Outlet(fresh(connected(self.settings, n))) for n in numbers}

    def name(self, number: int) -> str:
        """Return the point of an outlet."""
        return f"{self.unit}/{number}"

    def number(self, point: str) -> int:
        """Return the outlet of a point."""
        return int(point.rpartition("/")[2])

    def take(self, fact: object, now_ms: int) -> None:
        """Take one fact."""
        outlet = self.outlets.get(getattr(fact, "outlet", 0))
        if outlet is None:
            return
        match fact:
            case EnergyWanted(number, wanted, _) if wanted != outlet.wanted:
                outlet.wanted = wanted
                outlet.demand = fresh(connected(self.settings, number))  # it may be another car
            case OwnLimitChanged(_, limit_ma):
                outlet.own_ma = limit_ma
            case OfferChanged(_, offered_ma, _):
                outlet.offered_ma = offered_ma
            case MeterRead(_, reading):
                outlet.drawn_ma = reading.currents_ma
                outlet.demand = observed(
                    outlet.demand, outlet.offered_ma, reading.currents_ma, now_ms
                )
            case _:
                pass

    def cycle(self) -> None:
        """A sample period has ended. [B-DLM-13]"""
        for outlet in self.outlets.values():
            outlet.demand = cycled(outlet.demand)

    @property
    def wanted(self) -> bool:
        """Somebody wants current."""
        return any(outlet.wanted for outlet in self.outlets.values())

    def told(self) -> list[PointTold]:
        """Return what has changed since it was told last."""
        news = []
        for number, outlet in self.outlets.items():
            state = self._state(number, outlet)
            if state != outlet.told:
                outlet.told = state
                news.append(PointTold(state))
        return news

    def _state(self, number: int, outlet: _Outlet) -> PointState:
        able = outlet.wanted and outlet.own_ma >= MIN_CURRENT_MA  # else another limit pauses it
        return PointState(
            self.name(number),
            self.settings.text(f"phase_rotation_{number}"),
            used(self.settings, number, outlet.demand),
            outlet.own_ma if able else 0,
            outlet.drawn_ma,
            in_force_ma=0,  # the slave fills it in
            it_network=self.settings.flag("dlm_it_network")
            or without_neutral(self.settings, number),
            expects_ma=outlet.demand.most_ma,
        )


def connected(settings: Settings, number: int) -> tuple[int, ...]:
    """Return which of an outlet's phases are wired. [CC613 7.1]"""
    return (0, 1, 2) if settings.text(f"phases_connected_{number}") == "three_phase" else (0,)


def used(settings: Settings, number: int, demand: Demand) -> tuple[int, ...]:
    """Return which of an outlet's phases its car may load."""
    wired = connected(settings, number)
    return tuple(phase for phase in demand.uses if phase in wired) or wired


def without_neutral(settings: Settings, number: int) -> bool:
    """An outlet lies between two conductors. [B-DLM-30]"""
    return settings.text(f"phases_connected_{number}") == "single_phase_it"
