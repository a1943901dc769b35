"""The box: verbs of the bench protocol to relays, measurements to events. No pin and no clock here.

All relays fall off when nobody has said a word for `silent_off_s`: a car that nobody watches is
no car. An empty line is a word.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from hal.mock.outlet import BenchError
from hal.mock.verbs import VERBS, check
from tools.bench.boxfile import BoxFile
from tools.bench.outlet import Outlet
from tools.bench.pilot import Pilot
from tools.bench.relays import moves

RIG = "bench"
LIVE_VOLTS = 100  # from here on a phase is there; a relay knows nothing between
_MOST_POINTS = 1_000  # of a trace in one answer
_MOST_CHANGES = 10_000
_COLUMNS = ["at_ms", "cp_high_mv", "cp_low_mv", "duty_permille", "contactor_closed"]

Switch = Callable[[str, bool], None]  # a relay by its full name: "1.car", "mains.l1", "power"


class Box:
    """All outlets of one box; `switch` moves a relay, `pause` lets contacts settle (ms)."""

    def __init__(
        self, file: BoxFile, switch: Switch, pause: Callable[[int], None], *, now_ms: int
    ) -> None:
        self.file = file
        self._switch = switch
        self._pause = pause
        self._changes: deque[dict[str, object]] = deque(maxlen=_MOST_CHANGES)
        self.outlets = {o.number: Outlet(o, self._changes.append) for o in file.outlets}
        self._closed: dict[int, frozenset[str]] = {n: frozenset() for n in self.outlets}
        self._others: frozenset[str] = frozenset()  # closed relays of no outlet
        self._heard_ms = now_ms
        self._card: tuple[str, int] | None = None  # on the reader, until
        self._power_back_ms: int | None = None

    # -- the line ---------------------------------------------------------------------------

    def act(self, verb: str, args: Mapping[str, Any], now_ms: int) -> dict[str, object]:
        """Do a verb and return its answer; raise `BenchError` with a sentence."""
        if verb in VERBS and verb not in self.verbs():
            raise BenchError(f"{verb}: this rig cannot do that (can: {', '.join(self.verbs())})")
        check(verb, args, self.file)  # type: ignore[arg-type]
        done = _DO[verb](self, args, now_ms)
        self._move()
        return {} if done is None else done

    def heard(self, now_ms: int) -> None:
        """Somebody is there: a line came, of whatever kind."""
        self._heard_ms = now_ms

    def verbs(self) -> list[str]:
        """Return what this box can do, from what is wired."""
        relays = {name for outlet in self.file.outlets for name in outlet.relays}
        wired = {
            "plug": any(name.startswith("pp_") for name in relays),
            "pp": any(name.startswith("pp_") for name in relays),
            "swipe": bool(self.file.cards),
            "residual": any(outlet.dc or outlet.ac for outlet in self.file.outlets),
            "contactor": bool(relays & {"contact_bridge", "coil_break"}),
            "lock": bool(relays & {"lock_break", "switch_break"}),
            "input": bool(self.file.inputs),
            "mains": bool(self.file.mains),
            "power": self.file.power is not None,
            "look": True, "watch": True, "trace": True, "rig": True,
        }  # fmt: skip
        wired["unplug"] = wired["car"] = wired["plug"]
        return [verb for verb in VERBS if wired.get(verb, False)]

    def changes(self) -> list[dict[str, object]]:
        """Return the events since the last call."""
        events = list(self._changes)
        self._changes.clear()
        return events

    # -- time and measurement ---------------------------------------------------------------

    def saw_pilot(self, outlet: int, pilot: Pilot | None, now_ms: int) -> None:
        """Take a measured burst of an outlet."""
        self.outlets[outlet].saw_pilot(pilot, now_ms)

    def saw_inputs(self, outlet: int, levels: Mapping[str, bool], now_ms: int) -> None:
        """Take the levels of an outlet's inputs."""
        self.outlets[outlet].saw_inputs(levels, now_ms)

    def step(self, now_ms: int) -> None:
        """Do what is due."""
        for outlet in self.outlets.values():
            outlet.step(now_ms)
        if self._card is not None and now_ms >= self._card[1]:
            self._turn(f"card.{self._card[0]}", False)
            self._card = None
        if self._power_back_ms is not None and now_ms >= self._power_back_ms:
            self._turn("power", False)
            self._power_back_ms = None
        silent_ms = self.file.silent_off_s * 1_000
        if silent_ms and now_ms - self._heard_ms >= silent_ms:
            self._heard_ms = now_ms
            self._rest(now_ms)
        self._move()

    def _rest(self, now_ms: int) -> None:
        """Let every relay fall: nobody watches."""
        for outlet in self.outlets.values():
            if outlet.relays:
                outlet.all_off(now_ms)
        for relay in sorted(self._others):
            self._turn(relay, False)
        self._card = self._power_back_ms = None

    def _turn(self, relay: str, on: bool) -> None:
        """Move a relay that is no outlet's."""
        self._switch(relay, on)
        self._others = self._others | {relay} if on else self._others - {relay}

    def _move(self) -> None:
        for number, outlet in self.outlets.items():
            wanted = outlet.relays
            for batch in moves(self._closed[number], wanted):
                for relay in batch.relays:
                    self._switch(f"{number}.{relay}", batch.on)
                self._pause(self.file.settle_ms)
            self._closed[number] = wanted

    # -- verbs, arguments already checked ---------------------------------------------------

    def _plug(self, args: Mapping[str, Any], now_ms: int) -> None:
        self.outlets[args["outlet"]].plug(args, now_ms)

    def _unplug(self, args: Mapping[str, Any], now_ms: int) -> None:
        self.outlets[args["outlet"]].unplug(args.get("force", False), now_ms)

    def _car(self, args: Mapping[str, Any], now_ms: int) -> None:
        self.outlets[args["outlet"]].change_car(args, now_ms)

    def _pp(self, args: Mapping[str, Any], now_ms: int) -> None:
        self.outlets[args["outlet"]].force_pp(args.get("ohm"), now_ms)

    def _swipe(self, args: Mapping[str, Any], now_ms: int) -> None:
        uid = args["uid"].lower()
        if uid not in self.file.cards:
            has = ", ".join(self.file.cards)
            raise BenchError(f"swipe: this rig has no card {uid} on its reader (has: {has})")
        if self._card is not None and self._card[0] != uid:
            self._turn(f"card.{self._card[0]}", False)
        self._card = (uid, now_ms + args.get("hold_ms", 2_000))
        self._turn(f"card.{uid}", True)

    def _residual(self, args: Mapping[str, Any], now_ms: int) -> None:
        self.outlets[args["outlet"]].flow(args.get("dc_ma", 0), args.get("ac_ma", 0))

    def _contactor(self, args: Mapping[str, Any], now_ms: int) -> None:
        outlet = self.outlets[args["outlet"]]
        if "weld" in args:
            outlet.break_or_mend("contact_bridge", "feign a weld", args["weld"])
        else:
            outlet.break_or_mend("coil_break", "keep a contactor open", args["stuck_open"])

    def _lock(self, args: Mapping[str, Any], now_ms: int) -> None:
        outlet = self.outlets[args["outlet"]]
        if "jam" in args:
            outlet.break_or_mend("lock_break", "jam a lock", args["jam"])
        else:
            outlet.break_or_mend("switch_break", "take a lock away", args["missing"])

    def _input(self, args: Mapping[str, Any], now_ms: int) -> None:
        self._turn(f"input.{args['name']}", args["active"])
        self._changes.append({"event": "input", **args, "at_ms": now_ms})

    def _mains(self, args: Mapping[str, Any], now_ms: int) -> None:
        """A closed relay takes the phase away, so that a box without power changes nothing."""
        phases = dict(zip(("l1", "l2", "l3"), args["volts"], strict=True))
        for name, volts in phases.items():
            if volts not in (0, 230):
                raise BenchError(f"mains: this rig cannot give {volts} V, only 0 or 230")
            if volts == 0 and name not in self.file.mains:
                raise BenchError(f"mains: this rig cannot take {name.upper()} away")
        for name in self.file.mains:
            self._turn(f"mains.{name}", phases[name] < LIVE_VOLTS)

    def _power(self, args: Mapping[str, Any], now_ms: int) -> None:
        """A closed relay takes the controller's supply away."""
        self._turn("power", True)
        self._power_back_ms = now_ms + args["off_ms"]

    def _look(self, args: Mapping[str, Any], now_ms: int) -> dict[str, object]:
        looks = [outlet.look() for outlet in self.outlets.values()]
        return {"at_ms": now_ms, "outlets": looks, "led": [], "ready_led": None}

    def _watch(self, args: Mapping[str, Any], now_ms: int) -> None:
        """Nothing: whoever serves the box knows who watches."""
        if args.get("own"):
            raise BenchError("watch: this rig cannot leave anything to a client (own)")

    def _trace(self, args: Mapping[str, Any], now_ms: int) -> dict[str, object]:
        from_ms, to_ms = args.get("from_ms", 0), args.get("to_ms", now_ms)
        points = self.outlets[args["outlet"]].trace(from_ms, to_ms)
        more = {"next_ms": points[_MOST_POINTS][0]} if len(points) > _MOST_POINTS else {}
        return {"columns": _COLUMNS, "points": points[:_MOST_POINTS], **more}

    def _rig(self, args: Mapping[str, Any], now_ms: int) -> dict[str, object]:
        about = {"rig": RIG, "box": self.file.name, "outlets": list(self.outlets)}
        return {**about, "inputs": list(self.file.inputs), "verbs": self.verbs()}


_DO: Mapping[str, Callable[[Box, Mapping[str, Any], int], dict[str, object] | None]] = {
    verb: getattr(Box, f"_{verb}") for verb in VERBS if hasattr(Box, f"_{verb}")
}
