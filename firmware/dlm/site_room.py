"""What a master may give at its site now: limits in force, and what the house leaves.

[CC613 7.4.2, catalogue 2.12.1] What the house takes besides is a mean over a sample period and
counts anew with each; in between it counts only where it would overload the main distribution,
and only to lower. Whatever limits the site itself counts at once.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from firmware.dlm.headroom import (
    Connection,
    Location,
    available_ma,
    external_ma,
    operating_ma,
    triple,
)
from firmware.model.dlm import SiteLimitLifted, SiteLimitSet
from firmware.model.load import ExternalLoad, ExternalLoadLost
from firmware.model.settings import Settings
from firmware.model.values import PhasesMa

WINDOW_MAX = 64  # readings of the meter
STEADY_MA, STEADY_READINGS = 1_000, 2  # what stations tell may be two readings older than the meter


@dataclass(frozen=True, slots=True)
class Stations:
    """What all stations draw, as they told it last, and the most that may be in force there."""

    drawn_ma: PhasesMa
    allowed_ma: PhasesMa

    def like(self, other: Stations) -> bool:
        """They differ by no more than meters do."""
        both = ((self.drawn_ma, other.drawn_ma), (self.allowed_ma, other.allowed_ma))
        return all(
            abs(one - two) <= STEADY_MA
            for ones, twos in both
            for one, two in zip(ones, twos, strict=True)
        )


@dataclass(frozen=True, slots=True)
class Pair:
    """What the meter shows at an instant, beside the stations; `steady`: they did not change."""

    metered_ma: PhasesMa
    stations: Stations
    steady: bool


@dataclass(slots=True)
class SiteRoom:
    """Plain data with the sums over it; all currents are on the grid's phases."""

    settings: Settings
    limits: dict[str, SiteLimitSet] = field(default_factory=dict)
    pairs: list[Pair] = field(default_factory=list)  # of this cycle, the meter being heard
    last: list[Stations] = field(default_factory=list)  # at the latest readings
    beside_ma: PhasesMa | None = None  # as it counts in this sample period

    def take(self, fact: object, stations: Stations) -> None:
        """Take one fact, with what is known of the stations now."""
        match fact:
            case SiteLimitSet(source):
                self.limits[source] = fact
            case SiteLimitLifted(source):
                self.limits.pop(source, None)
            case ExternalLoad():
                self._read(fact, stations)
            case ExternalLoadLost():
                self.pairs, self.beside_ma = [], None

    def cycle(self) -> None:
        """A sample period has ended: its mean counts."""
        if self.pairs:
            self.beside_ma = self._mean()
        self.pairs = []

    def given_ma(self) -> PhasesMa:
        """Return what may be distributed."""
        operating = operating_ma(
            self.settings.triple_ma("dlm_evse_subdistribution_limit"),
            self.settings.triple_ma("dlm_operator_evse_subdistribution_limit"),
            *(limit.limit_ma for limit in self.limits.values()),
        )
        if not self.settings.flag("dlm_external_meter_support"):
            return available_ma(operating)
        connection = self._connection()
        fallback = connection.fallback_ma
        return available_ma(
            operating, connection, fallback if self.beside_ma is None else self.beside_ma
        )

    def binding(self) -> str:
        """Say which rule leaves the least, in one sentence."""
        given = self.given_ma()
        phase = given.index(min(given))
        told = {
            "EVSE sub-distribution limit": "dlm_evse_subdistribution_limit",
            "operator limit": "dlm_operator_evse_subdistribution_limit",
        }
        rules = [(self.settings.triple_ma(key)[phase], name) for name, key in told.items()]
        rules += [(one.limit_ma[phase], one.reason) for one in self.limits.values()]
        least_ma, why = min(rules)
        if given[phase] < least_ma:
            why = "what the house takes of the main distribution limit"
            if self.beside_ma is None:
                why = "the external meter is silent, its fallback counts"
        return f"L{phase + 1} leaves {given[phase] / 1_000:g} A to the cars: {why}"

    # -- inside -----------------------------------------------------------------------------

    def _read(self, load: ExternalLoad, stations: Stations) -> None:
        steady = len(self.last) == STEADY_READINGS and all(map(stations.like, self.last))
        now = Pair(load.currents_ma, stations, steady)
        self.last = [*self.last, stations][-STEADY_READINGS:]
        self.pairs = [*self.pairs[1 - WINDOW_MAX :], now]
        if self.beside_ma is None:  # the first after a silence
            self.beside_ma = self._beside(now.metered_ma, stations.drawn_ma)
        elif self._overloaded(now):
            drawn_ma = stations.drawn_ma
            if not steady:  # cars follow new limits: they may draw all of them by now
                drawn_ma = triple(map(max, zip(drawn_ma, stations.allowed_ma, strict=True)))
            beside_ma = self._beside(now.metered_ma, drawn_ma)
            self.beside_ma = triple(map(max, zip(beside_ma, self.beside_ma, strict=True)))

    def _overloaded(self, now: Pair) -> bool:
        """More flows through the main distribution than it may."""
        connection = self._connection()
        above = connection.location is Location.INCLUDING
        flows = [
            metered if above else metered + drawn
            for metered, drawn in zip(now.metered_ma, now.stations.drawn_ma, strict=True)
        ]
        return any(flow > main for flow, main in zip(flows, connection.main_ma, strict=True))

    def _mean(self) -> PhasesMa:
        """Return the mean beside the stations; what they drew is rounded down, to the safe side."""
        pairs = [pair for pair in self.pairs if pair.steady] or self.pairs
        metered = zip(*(pair.metered_ma for pair in pairs), strict=True)
        drawn = zip(*(pair.stations.drawn_ma for pair in pairs), strict=True)
        return self._beside(
            triple(-(-sum(phase) // len(pairs)) for phase in metered),
            triple(sum(phase) // len(pairs) for phase in drawn),
        )

    def _beside(self, metered_ma: PhasesMa, drawn_ma: PhasesMa) -> PhasesMa:
        return external_ma(self._connection(), metered_ma, drawn_ma)

    def _connection(self) -> Connection:
        settings = self.settings
        return Connection(
            Location(settings.text("dlm_external_meter_location")),
            settings.triple_ma("dlm_main_distribution_limit"),
            settings.triple_ma("dlm_external_load_headroom"),
            settings.triple_ma("dlm_external_load_fallback"),
            use_export=settings.flag("dlm_use_export"),
        )
