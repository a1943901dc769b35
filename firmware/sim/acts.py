"""What drivers and troubles do to a world, on any rig: verbs of the bench protocol and a few more.

Beside the protocol's own there are `arrive`, `true_pp` (the plug's own resistance again),
`swipe_if_idle` and `trouble`, which only counts; a rig adds what is its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from firmware.sim.watch import Watcher

CARDS = {1: "0a0e9b83", 2: "deadbeef"}
CABLES_OHM = {13_000: 1_500, 20_000: 680, 32_000: 220, 63_000: 100}


class Actable(Protocol):
    """A station in its world."""

    @property
    def powered(self) -> bool:
        """The controller has power."""

    def act(self, verb: str, **arguments: object) -> object:
        """Do a verb of the bench protocol; raise `BenchError`."""

    def running(self, outlet: int) -> object | None:
        """Return the transaction of an outlet."""


class Acts:
    """Carries out acts, and remembers which plugs are in."""

    def __init__(
        self,
        station: Actable,
        watcher: Watcher,
        own: Mapping[str, Callable[..., None]],
    ) -> None:
        """`own` are the verbs that this rig carries out itself."""
        self.station = station
        self.watcher = watcher
        self._own = own
        self.plugs_ohm: dict[int, int] = {}  # by outlet, while there is one
        self._forced_pp: set[int] = set()
        self.troubles: Counter[str] = Counter()
        self.visits = 0
        self.cuts = 0

    def do(self, verb: str, arguments: Mapping[str, Any]) -> None:
        """Carry out an act, or leave it where the world does not allow it now."""
        own = self._own.get(verb) or getattr(self, f"_act_{verb}", None)
        try:
            if own is None:
                self.station.act(verb, **arguments)
            else:
                own(**arguments)
        except ValueError:
            """The world does not allow it now: no plug to take, no car to change."""
        self.watcher.look_at_all()

    def _act_trouble(self, kind: str) -> None:
        self.troubles[kind] += 1

    def _act_arrive(self, outlet: int, cable_ma: int, car: Mapping[str, object]) -> None:
        self.station.act("plug", outlet=outlet, cable_ma=cable_ma, car=car)
        self.visits += 1
        self.plugs_ohm[outlet] = CABLES_OHM[cable_ma]
        self._act_true_pp(outlet)

    def _act_unplug(self, outlet: int, force: bool) -> None:
        self.station.act("unplug", outlet=outlet, force=force)
        self.plugs_ohm.pop(outlet, None)
        self._act_true_pp(outlet)

    def _act_pp(self, outlet: int, **resistance: object) -> None:
        self._forced_pp.add(outlet)
        self.station.act("pp", outlet=outlet, **resistance)

    def _act_true_pp(self, outlet: int) -> None:
        """A resistance that was forced once stays forced: to what the plug has."""
        if outlet in self._forced_pp:
            ohm = self.plugs_ohm.get(outlet)
            more: dict[str, Any] = {"open": True} if ohm is None else {"ohm": ohm}
            self.station.act("pp", outlet=outlet, **more)

    def _act_car(self, outlet: int, **changes: object) -> None:
        if outlet in self.plugs_ohm:  # else the world would put a new car there
            self.station.act("car", outlet=outlet, **changes)

    def _act_contactor(self, outlet: int, **does: bool) -> None:
        if "weld" in does or does.get("stuck_open"):
            self.watcher.welds(outlet, does.get("weld", False))
        self.station.act("contactor", outlet=outlet, **does)

    def _act_power(self, off_ms: int) -> None:
        if self.station.powered:
            self.cuts += 1
            self.station.act("power", off_ms=off_ms)

    def _act_swipe_if_idle(self, outlet: int) -> None:
        if self.station.running(outlet) is None:
            self.station.act("swipe", uid=CARDS[outlet])
