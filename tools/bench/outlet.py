"""One outlet of the box: the car that it plays, and what was measured of the station. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from hal.mock.cable import PP_OHM_BY_RATING_MA, offered_ma
from hal.mock.outlet import BenchError
from tools.bench.boxfile import PHASES, BoxOutlet
from tools.bench.pilot import Pilot
from tools.bench.relays import PP_BY_OHM, STATES, line_of, windings

CLOSE_S2_MS = 500  # after the station offers
OPEN_S2_MS = 300  # after it offers no more
MAINS_HOLD_MS = 15  # an optocoupler is dark around each zero of the mains
NEAR_MV, NEAR_PERMILLE = 300, 10  # less is no change, but noise
TRACE_MS, TRACE_POINTS = 600_000, 20_000
MANNERS = ("polite", "no_diode")
_UNKNOWN = Pilot(0, 0, 0, 0)

Report = Callable[[dict[str, object]], None]


class Outlet:
    """The relays it wants closed stand in `relays`, after every act."""

    def __init__(self, file: BoxOutlet, report: Report) -> None:
        self.file = file
        self.number = file.number
        self._report = report
        self._pp_ohm: int | None = None
        self._forced_pp: tuple[int | None] | None = None
        self._car: dict[str, Any] | None = None
        self._s2 = False
        self._s2_at_ms: int | None = None
        self._broken: set[str] = set()  # contact_bridge, coil_break, lock_break, switch_break
        self._windings: tuple[str, ...] = ()
        self.pilot: Pilot | None = None
        self._pilot_next: tuple[Pilot, int] | None = None  # seen once, and when
        self.closed: bool | None = None if not self._sees_mains else False
        self._live_ms: int | None = None
        self.locked: bool | None = None
        self._trace: deque[tuple[int, int | None, int | None, int | None, bool | None]] = deque(
            maxlen=TRACE_POINTS
        )

    # -- what the relays do -----------------------------------------------------------------

    @property
    def relays(self) -> frozenset[str]:
        """The relays that are to be closed now."""
        car = self._car
        there = car is not None and car["connected"]
        line = line_of(self.letter, diode=car is None or car["manner"] != "no_diode")
        pp_ohm = self._pp_ohm if self._forced_pp is None else self._forced_pp[0]
        pp = frozenset(() if pp_ohm is None else (PP_BY_OHM[pp_ohm],))
        return (line if there else frozenset()) | pp | self._broken | frozenset(self._windings)

    @property
    def letter(self) -> str:
        """The pilot state that the car shows."""
        if self._car is None or not self._car["connected"]:
            return "A"
        if self._car["asks"] != "auto":
            return str(self._car["asks"])
        return "C" if self._s2 else "B"

    def plug(self, args: Mapping[str, Any], now_ms: int) -> None:
        """Put the cable in, and with it the car."""
        if self._pp_ohm is not None:
            raise self._no("a cable is already plugged in (unplug first)")
        if "cable_ma" not in args and "pp_ohm" not in args:
            raise self._no("plug needs cable_ma or pp_ohm")
        ohm = self._resistor(args.get("pp_ohm", PP_OHM_BY_RATING_MA.get(args.get("cable_ma"), 0)))
        car = args.get("car", False)
        if car is not False:
            self._checked({} if car is True else car)
        self._pp_ohm, self._forced_pp = ohm, None
        if car is not False:
            self.change_car({} if car is True else car, now_ms)
        self._tell("pp", now_ms, ohm=ohm)

    def unplug(self, force: bool, now_ms: int) -> None:
        """Take the cable out, and the car with it."""
        if self._pp_ohm is None:
            raise self._no("nothing is plugged in")
        if self.locked and not force:
            raise self._no("the plug is locked (force: true tears it out)")
        self.rest(now_ms)

    def rest(self, now_ms: int) -> None:
        """No cable, no car."""
        self._pp_ohm, self._forced_pp, self._car = None, None, None
        self._s2, self._s2_at_ms = False, None
        self._tell("pp", now_ms, ohm=None)
        self._tell("car", now_ms, state=None, full=False)

    def all_off(self, now_ms: int) -> None:
        """No cable, no car, nothing broken, no test current."""
        self._broken, self._windings = set(), ()
        self.rest(now_ms)

    def change_car(self, args: Mapping[str, Any], now_ms: int) -> None:
        """Put or change the car at the end of the cable."""
        if self._pp_ohm is None:
            raise self._no("no cable is plugged in (plug first)")
        self._checked(args)
        fresh = {
            "connected": True, "manner": "polite", "asks": "auto" if self.file.cp else "B",
        }  # fmt: skip
        given = {name: args[name] for name in fresh if name in args}
        self._car = (self._car or fresh) | given
        if not self._car["connected"]:
            self._s2, self._s2_at_ms = False, None
        self._tell("car", now_ms, state=self.letter, full=False)

    def force_pp(self, ohm: int | None, now_ms: int) -> None:
        """Force the proximity resistor; `None` opens the line."""
        self._forced_pp = (None if ohm is None else self._resistor(ohm),)
        self._tell("pp", now_ms, ohm=ohm)

    def break_or_mend(self, relay: str, what: str, broken: bool) -> None:
        """Switch a relay that breaks something of the station."""
        if relay not in self.file.relays:
            raise self._no(f"this rig cannot {what}; it has no relay {relay}")
        self._broken = self._broken | {relay} if broken else self._broken - {relay}

    def flow(self, dc_ma: int, ac_ma: int) -> None:
        """Let a test current flow through the sensor."""
        found: list[str] = []
        for kind, wanted_ma, fitted in (("dc", dc_ma, self.file.dc), ("ac", ac_ma, self.file.ac)):
            some = windings(fitted, wanted_ma)
            if some is None:
                has = ", ".join(str(size) for size in sorted(fitted)) or "none"
                raise self._no(f"this rig cannot give {wanted_ma} mA {kind} (has: {has})")
            found += [f"{kind}_{size}" for size in some]
        self._windings = tuple(found)

    # -- what is measured -------------------------------------------------------------------

    def saw_pilot(self, pilot: Pilot | None, now_ms: int) -> None:
        """Take a measured burst; a change counts when it was seen twice, from the first time."""
        if pilot is None or (self.pilot is not None and _near(pilot, self.pilot)):
            self._pilot_next = None
            return
        first = self.pilot is None
        if not first and (self._pilot_next is None or not _near(pilot, self._pilot_next[0])):
            self._pilot_next = (pilot, now_ms)
            return
        at_ms = now_ms if self._pilot_next is None else self._pilot_next[1]
        was = self.pilot or _UNKNOWN
        self.pilot, self._pilot_next = pilot, None
        if not _same_line(pilot, was):
            self._tell("cp", at_ms, high_mv=pilot.high_mv, low_mv=pilot.low_mv)
        if abs(pilot.duty_permille - was.duty_permille) >= NEAR_PERMILLE or was is _UNKNOWN:
            self._tell("duty", at_ms, duty_permille=pilot.duty_permille)
        self._offered(pilot, now_ms)
        self._note(at_ms)

    def saw_inputs(self, levels: Mapping[str, bool], now_ms: int) -> None:
        """Take the levels of the inputs: mains behind the contactor, and the lock."""
        if any(levels.get(phase, False) for phase in PHASES):
            self._live_ms = now_ms
        if self._sees_mains:
            live_ms = self._live_ms
            closed = live_ms is not None and now_ms - live_ms < MAINS_HOLD_MS
            if closed != self.closed:
                self.closed = closed
                at_ms = now_ms if closed or live_ms is None else live_ms
                self._tell("contactor", at_ms, closed=closed)
                self._note(at_ms)
        if "locked" in levels and levels["locked"] != self.locked:
            self.locked = levels["locked"]
            self._tell("lock", now_ms, locked=self.locked)

    def step(self, now_ms: int) -> None:
        """Let the car do what is due."""
        if self._s2_at_ms is not None and now_ms >= self._s2_at_ms:
            self._s2, self._s2_at_ms = not self._s2, None
            self._tell("car", now_ms, state=self.letter, full=False)

    def look(self) -> dict[str, object]:
        """Return what is seen; `None` is what this box does not measure."""
        pilot, car = self.pilot, self._car
        return {
            "outlet": self.number,
            "cp_high_mv": pilot and pilot.high_mv,
            "cp_low_mv": pilot and pilot.low_mv,
            "pp_ohm": self._pp_ohm if self._forced_pp is None else self._forced_pp[0],
            "duty_permille": pilot and pilot.duty_permille,
            "frequency_mhz": pilot and pilot.frequency_mhz,
            "contactor_closed": self.closed,
            "locked": self.locked,
            "currents_ma": None,
            "energy_wh": None,
            "car": None if car is None else {"state": self.letter, **car},
        }

    def trace(self, from_ms: int, to_ms: int) -> list[list[Any]]:
        """Return the points of a time, and the one that stood when it began."""
        points = [list(point) for point in self._trace if point[0] <= to_ms]
        before = [point for point in points if point[0] < from_ms][-1:]
        return [[from_ms, *point[1:]] for point in before] + [
            point for point in points if point[0] >= from_ms
        ]

    @property
    def _sees_mains(self) -> bool:
        return any(phase in self.file.sense for phase in PHASES)

    def _offered(self, pilot: Pilot, now_ms: int) -> None:
        wanted = offered_ma(pilot.duty_permille) > 0 and pilot.frequency_mhz > 0
        if wanted == self._s2 or self._car is None or not self._car["connected"]:
            self._s2_at_ms = None
        elif self._s2_at_ms is None:
            self._s2_at_ms = now_ms + (CLOSE_S2_MS if wanted else OPEN_S2_MS)

    def _note(self, at_ms: int) -> None:
        pilot = self.pilot
        self._trace.append(
            (
                at_ms,
                pilot and pilot.high_mv,
                pilot and pilot.low_mv,
                pilot and pilot.duty_permille,
                self.closed,
            )
        )
        while len(self._trace) > 1 and self._trace[1][0] < at_ms - TRACE_MS:
            self._trace.popleft()

    def _checked(self, args: Mapping[str, Any]) -> None:
        """Refuse what the relays of this box cannot show."""
        asks, manner = args.get("asks", "B"), args.get("manner", "polite")
        if manner not in MANNERS:
            raise self._no(f"this rig cannot play a {manner} car (it can: {', '.join(MANNERS)})")
        if asks == "auto" and not self.file.cp:
            raise self._no("this rig cannot see the pilot, so its car cannot follow it; ask C")
        needed = set(STATES.get(asks, ())) | ({"diode_short"} if manner == "no_diode" else set())
        missing = sorted(needed - set(self.file.relays))
        if asks == "auto" and "c" not in self.file.relays:
            missing = ["c"]
        if missing:
            shown = f"state {asks}" if manner == "polite" else f"a {manner} car"
            raise self._no(f"this rig cannot show {shown}; it has no relay {', '.join(missing)}")

    def _resistor(self, ohm: int) -> int:
        has = [size for size, relay in PP_BY_OHM.items() if relay in self.file.relays]
        if ohm not in has:
            listed = ", ".join(str(size) for size in has) or "none"
            raise self._no(f"this rig has no proximity resistor of {ohm} ohm (has: {listed})")
        return ohm

    def _no(self, sentence: str) -> BenchError:
        return BenchError(f"outlet {self.number}: {sentence}")

    def _tell(self, event: str, at_ms: int, **body: object) -> None:
        self._report({"event": event, "outlet": self.number, **body, "at_ms": at_ms})


def _same_line(one: Pilot, other: Pilot) -> bool:
    low_near = abs(one.low_mv - other.low_mv) < NEAR_MV
    return abs(one.high_mv - other.high_mv) < NEAR_MV and low_near


def _near(one: Pilot, other: Pilot) -> bool:
    return _same_line(one, other) and abs(one.duty_permille - other.duty_permille) < NEAR_PERMILLE
