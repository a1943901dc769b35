"""One supply line for both outlets of a station: its current is shared, phase by phase.

[CC613 7.3a] Who wants power gets a share of what the line carries, counted on the grid's phases
through each outlet's rotation, and by what its car is seen to use; what a car leaves unused for two
cycles is the other's. A share that falls counts as it was until the car has followed, or has had
its time to; only then another one rises.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from firmware.dlm.admit import turns
from firmware.dlm.allocate import allocate
from firmware.dlm.changes import order_of_changes
from firmware.dlm.claims import Claim, Policy, Turn
from firmware.dlm.demand import Demand, cycled, fresh, observed
from firmware.dlm.phases import lines_of
from firmware.dlm.points import connected, used, without_neutral
from firmware.dlm.tree import Fuse, Load, Tree, room, tree_of
from firmware.dlm.why import sentence
from firmware.model.machine import NEVER_MS
from firmware.model.outlet import CableChanged, OfferChanged
from firmware.model.session import EnergyWanted, MeterRead
from firmware.model.settings import Settings, SettingsChanged
from firmware.model.values import (
    FOLLOW_MS,
    MAX_CURRENT_MA,
    MIN_CURRENT_MA,
    Limit,
    LimitLifted,
    LimitSet,
)

SOURCE = LINE = "supply line"  # the source of the limits, and the name of its one fuse
CYCLE_MS = 30_000  # as the usual sample rate of load management [B-DLM-13]
SLACK_MA = 1_000  # of a car that holds its limit, and of the meter
IDLE = Limit(
    SOURCE, 0, "nobody charges here; a share is given when a session wants power", NEVER_MS
)


@dataclass(slots=True)
class SupplyOutlet:
    """What is known of an outlet; `before_ma` is in force until `until_ms`, or the car follows."""

    wanted: bool = False
    cable_ma: int | None = None
    demand: Demand = field(default_factory=lambda: fresh((0, 1, 2)))
    turn: Turn = field(default_factory=lambda: Turn(0))
    offered_ma: int = 0
    limit_ma: int = 0
    reason: str = ""
    before_ma: int = 0
    until_ms: int = NEVER_MS


class SupplyLine:
    """The machine of the supply line; without one it says nothing."""

    def __init__(self, settings: Settings, outlets: Iterable[int]) -> None:
        self.outlets = {n: SupplyOutlet() for n in outlets}
        self.shared = False  # limits of the line are in force
        self.turn_ms = NEVER_MS  # when places change, while somebody waits
        self.cycle_ms = NEVER_MS  # the next look at what was left unused, while somebody charges
        self.settings = settings

    def first(self) -> list[LimitSet]:
        """Return what is in force from the first moment."""
        self.shared = self._shares
        return [LimitSet(n, IDLE) for n in self.outlets] if self.shared else []

    def handle(self, fact: object, now_ms: int) -> Iterable[object]:
        """Take one fact."""
        outlet = self.outlets.get(getattr(fact, "outlet", 0))
        match fact:
            case EnergyWanted(number, wanted, _) if outlet is not None and wanted != outlet.wanted:
                outlet.wanted, outlet.turn = wanted, Turn(now_ms)
                outlet.demand = fresh(connected(self.settings, number))  # it may be another car
            case CableChanged(_, cable_ma, _) if outlet is not None:
                outlet.cable_ma = cable_ma
            case OfferChanged(_, offered_ma, _) if outlet is not None:
                outlet.offered_ma = offered_ma
            case MeterRead(_, reading) if outlet is not None:
                drawn = reading.currents_ma
                outlet.demand = observed(outlet.demand, outlet.offered_ma, drawn, now_ms)
                if max(drawn) <= outlet.limit_ma + SLACK_MA:
                    outlet.until_ms = NEVER_MS
            case SettingsChanged(settings):
                self.settings = settings
            case _:
                pass
        for one in self.outlets.values():
            if now_ms >= one.until_ms:
                one.until_ms = NEVER_MS
            if now_ms >= self.cycle_ms:
                one.demand = cycled(one.demand)
        if not any(one.wanted for one in self.outlets.values()):
            self.cycle_ms = NEVER_MS
        elif self.cycle_ms == NEVER_MS or now_ms >= self.cycle_ms:
            self.cycle_ms = now_ms + CYCLE_MS
        return self._settle(now_ms)

    def deadline_ms(self) -> int:
        """When a car has had its time to follow, a cycle ends, or places change."""
        return min(self.turn_ms, self.cycle_ms, *(one.until_ms for one in self.outlets.values()))

    # -- inside -----------------------------------------------------------------------------

    @property
    def _shares(self) -> bool:
        return len(self.outlets) > 1 and self.settings.flag("station_single_supply")

    def _settle(self, now_ms: int) -> list[object]:
        if not self._shares:
            was, self.shared, self.turn_ms = self.shared, False, NEVER_MS
            return [LimitLifted(n, SOURCE) for n in self.outlets] if was else []
        self.shared = True
        tree = self._tree()
        claims = [self._claim(n, one) for n, one in self.outlets.items() if one.wanted]
        policy = Policy()
        self.turn_ms = NEVER_MS
        grants = allocate(tree, claims, room(tree), policy, now_ms)
        if any(not grant.limit_ma for grant in grants.values()):
            self.turn_ms = (now_ms // policy.slot_ms + 1) * policy.slot_ms
        for point, turn in turns(claims, grants, policy, now_ms).items():
            self.outlets[int(point)].turn = turn
        wanted = {
            str(n): grants[str(n)].load if one.wanted else Load(LINE, self._lines(n, one), 0)
            for n, one in self.outlets.items()
        }
        in_force = {str(n): self._may(n, one) for n, one in self.outlets.items()}
        _, later = order_of_changes(tree, room(tree), in_force, wanted)
        out: list[object] = []
        for point in sorted(wanted, key=lambda p: wanted[p].limit_ma):
            outlet = self.outlets[int(point)]
            limit_ma = wanted[point].limit_ma
            if point in later and limit_ma > outlet.limit_ma:
                limit_ma = outlet.limit_ma  # until the other's car has followed
            reason = sentence(f"outlet {point}", grants[point]) if outlet.wanted else IDLE.reason
            if (limit_ma, reason) != (outlet.limit_ma, outlet.reason):
                _lower(outlet, limit_ma, now_ms)
                outlet.limit_ma, outlet.reason = limit_ma, reason
                out.append(LimitSet(int(point), Limit(SOURCE, limit_ma, reason, NEVER_MS)))
        return out

    def _tree(self) -> Tree:
        line_a = min(
            self.settings.number("station_supply_line_limit"),
            self.settings.number("station_hardware_limit"),
        )
        return tree_of([Fuse(LINE, (line_a * 1_000,) * 3)])

    def _claim(self, number: int, outlet: SupplyOutlet) -> Claim:
        own_ma = min(
            self.settings.number(f"maximum_current_{number}") * 1_000,
            self.settings.number(f"operator_current_limit_{number}") * 1_000,
            MAX_CURRENT_MA if outlet.cable_ma is None else outlet.cable_ma,
        )
        expected_ma = own_ma if outlet.demand.most_ma is None else outlet.demand.most_ma
        most_ma = max(MIN_CURRENT_MA, min(own_ma, expected_ma))
        lines = self._lines(number, outlet)
        return Claim(str(number), LINE, lines, most_ma, MIN_CURRENT_MA, outlet.turn)

    def _may(self, number: int, outlet: SupplyOutlet) -> Load:
        """Return what may flow now: the limit, or what was one before the car has followed."""
        still = outlet.until_ms < NEVER_MS
        may_ma = max(outlet.limit_ma, outlet.before_ma if still else 0)
        return Load(LINE, self._lines(number, outlet), may_ma)

    def _lines(self, number: int, outlet: SupplyOutlet) -> tuple[int, ...]:
        rotation = self.settings.text(f"phase_rotation_{number}")
        uses = used(self.settings, number, outlet.demand)
        return lines_of(rotation, uses, it_network=without_neutral(self.settings, number))


def _lower(outlet: SupplyOutlet, limit_ma: int, now_ms: int) -> None:
    """What was allowed counts until the car has followed."""
    if limit_ma < outlet.limit_ma:
        still = outlet.until_ms < NEVER_MS
        outlet.before_ma = max(outlet.before_ma if still else 0, outlet.limit_ma)
        outlet.until_ms = now_ms + FOLLOW_MS
