"""The simulated world: outlets, meters, readers and lights, moved by events alone.

Deterministic from its seed; it has no clock, no threads and no ticks. Between two calls the
caller tells the time, and every internal event happens in order at its own time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from hal.board import BoardProfile
from hal.mock.cable import PP_OHM_BY_RATING_MA, Cable
from hal.mock.meter import Meter
from hal.mock.outlet import HARDWARE_DEFAULT, BenchError, Outlet
from hal.mock.supply import Supply
from hal.mock.verbs import OWNABLE, VERBS, check
from hal.ports import CardRead, HardwareSilent, MeterReading, OutletDrive, OutletSample, Rgb

NEVER_MS = 1 << 62
SECURE_KIND = "mifare_desfire"  # of a card that can prove itself
_MOST_CHANGES = 10_000
_MOST_CARDS = 32
_MOST_POINTS = 1_000  # of a trace in one answer, which has to fit into one line
_BLACK: Rgb = (0, 0, 0)


@dataclass(slots=True)
class _Presentation:
    card: CardRead
    until_ms: int
    taken: bool = False


class World:
    """A board and what stands around it; time enters only as `now_ms` and never runs back.

    The verbs `power`, `link` and `usb_stick` reach beyond the board: they are refused until
    whoever owns the processes, the network or the stick has set the handler of that name.
    """

    def __init__(
        self,
        profile: BoardProfile,
        seed: int = 0,
        now_ms: int = 0,
        rig: str = "sim",
        cannot: Mapping[str, str] | None = None,
    ) -> None:
        """Begin with nothing plugged in; `cannot` says of verbs why this rig has them not."""
        self.profile = profile
        self.rig = rig
        self.cannot = cannot or {}
        self.on_power: Callable[[int], None] | None = None
        self.on_link: Callable[[Mapping[str, object]], None] | None = None
        self.on_usb_stick: Callable[[Mapping[str, object]], None] | None = None
        self.now_ms = now_ms
        self._history: deque[dict[str, object]] = deque(maxlen=_MOST_CHANGES)
        self._supply = Supply(profile.inputs, profile.interlocks.rcmb_in_coil_path)
        self._outlets = {
            outlet.number: Outlet(
                outlet, self._supply, Random(f"{seed}/{outlet.number}"), self._history.append
            )
            for outlet in profile.outlets
        }
        self._meters = {
            meter.name: Meter(meter.name, self._behind(meter.name), self._supply)
            for meter in profile.meters
        }
        self._cards: dict[int, deque[_Presentation]] = {
            reader.number: deque(maxlen=_MOST_CARDS) for reader in profile.readers
        }
        self._readers_silent = False
        self._temperature_dc = 250
        self._led: tuple[Rgb, ...] = (_BLACK,) * (profile.led.count if profile.led else 0)
        self._ready_led = False
        self._dark_until_ms = now_ms
        self._changed: set[int] = set()
        for number in self._outlets:
            self._outlets[number].settle(now_ms)
        self._history.clear()

    # -- time ---------------------------------------------------------------------------------

    def advance(self, now_ms: int) -> None:
        """Bring physics to now; every event happens at its own time, in order."""
        assert now_ms >= self.now_ms, (now_ms, self.now_ms)
        while True:
            at_ms, first = NEVER_MS, None
            for outlet in self._outlets.values():
                if outlet.deadline_ms < at_ms:
                    at_ms, first = outlet.deadline_ms, outlet
            if first is None or at_ms > now_ms:
                break
            first.run(at_ms)
        self.now_ms = now_ms

    def deadline_ms(self) -> int:
        """Return the next instant at which something changes by itself; 1 << 62 if never."""
        return min(outlet.deadline_ms for outlet in self._outlets.values())

    # -- the station's side -------------------------------------------------------------------

    def sample(self, outlet: int) -> OutletSample:
        """Return what the sensors of an outlet see at the time the world was last moved to."""
        breakers = self._supply.breakers_tripped(outlet)
        return self._outlets[outlet].sample(self.now_ms, breakers, self._temperature_dc)

    def drive(self, outlet: int, drive: OutletDrive, now_ms: int) -> None:
        """Put a complete order on the pins of an outlet; without power it does nothing."""
        self.advance(now_ms)
        if not self.dark:
            self._outlets[outlet].order(drive, now_ms)

    def driven(self, outlet: int) -> OutletDrive:
        """Return what stands on the pins of an outlet."""
        return self._outlets[outlet].drive

    @property
    def dark(self) -> bool:
        """The controller has no power."""
        return self.now_ms < self._dark_until_ms

    def line_mv(self, outlet: int) -> tuple[int, int]:
        """Return the plateaus that the pilot line has while a PWM runs, whether one does or not."""
        return self._outlets[outlet].line_mv

    def unpowered(self, now_ms: int, outlet: int | None = None) -> None:
        """Put outputs at their hardware default: X1, coils off, the lock opens by its opener.

        One outlet, or all of them; they are powered again at the next `drive`.
        """
        self.advance(now_ms)
        for number in self._outlets if outlet is None else (outlet,):
            self._outlets[number].order(HARDWARE_DEFAULT, now_ms)

    def read_meter(self, outlet: int, now_ms: int) -> MeterReading:
        """Read the meter of an outlet; raise `HardwareSilent` if it is silent or not fitted."""
        name = self.profile.outlets[outlet - 1].meter
        if name is None:
            raise HardwareSilent(f"outlet {outlet} has no meter")
        return self.read_meter_named(name, now_ms)

    def read_meter_named(self, name: str, now_ms: int) -> MeterReading:
        """Read any meter of the board; raise `HardwareSilent` if it was told to be silent."""
        self.advance(now_ms)
        return self._meters[name].read(now_ms)

    def take_card(self, reader: int) -> CardRead | None:
        """Return the next presentation that nobody has read, each once, while it is held there."""
        if self._readers_silent:
            raise HardwareSilent(f"reader {reader}: no answer")
        for presentation in self._cards[reader]:
            if not presentation.taken and self.now_ms < presentation.until_ms:
                presentation.taken = True
                return presentation.card
        return None

    def card_at(self, reader: int) -> CardRead | None:
        """Return the card that is held to a reader now."""
        held = self._cards[reader]
        return held[-1].card if held and self.now_ms < held[-1].until_ms else None

    @property
    def readers_silent(self) -> bool:
        """The card readers were told not to answer."""
        return self._readers_silent

    def show_led(self, frame: tuple[Rgb, ...]) -> None:
        """Light the ring; the frame has one colour for each light."""
        assert len(frame) == len(self._led), (len(frame), len(self._led))
        if frame != self._led:
            self._led = frame
            self._report({"event": "led", "frame": self._frame_words()})

    def set_ready_led(self, on: bool) -> None:
        """Switch the ready light."""
        if on != self._ready_led:
            self._ready_led = on
            self._report({"event": "ready_led", "on": on})

    def inputs(self) -> Mapping[str, bool]:
        """Return which digital inputs are active."""
        return dict(self._supply.inputs)

    # -- the onlooker's side ------------------------------------------------------------------

    def changes(self) -> list[dict[str, object]]:
        """Return the watch events since the last call, oldest first (at most 10,000)."""
        events = list(self._history)
        self._history.clear()
        return events

    def take_changed(self) -> set[int]:
        """Return the outlets whose sample changed since this was last asked."""
        changed = self._changed
        self._changed = set()
        for number, outlet in self._outlets.items():
            if outlet.changed:
                outlet.changed = False
                changed.add(number)
        return changed

    def look(self, now_ms: int) -> dict[str, object]:
        """Return the world as a meter and an oscilloscope would see it."""
        self.advance(now_ms)
        return {
            "at_ms": now_ms,
            "outlets": [outlet.look(now_ms) for outlet in self._outlets.values()],
            "led": self._frame_words(),
            "ready_led": self._ready_led,
        }

    def act(self, verb: str, args: Mapping[str, object], now_ms: int) -> dict[str, object]:
        """Do a verb of the bench protocol and return its answer; raise `BenchError` if not."""
        self.advance(now_ms)
        check(verb, args, self.profile)
        if verb in self.cannot:
            raise BenchError(f"{verb}: {self.cannot[verb]}")
        done: dict[str, object] | None = _DO[verb](self, args, now_ms)
        return {} if done is None else done

    # -- verbs, arguments already checked -----------------------------------------------------

    def _plug(self, args: Mapping[str, Any], now_ms: int) -> None:
        outlet = self._outlets[args["outlet"]]
        rated = PP_OHM_BY_RATING_MA.get(args.get("cable_ma", 0))
        outlet.plug(args.get("pp_ohm", rated), now_ms)
        car = args.get("car", outlet.tethered)
        if car is not False:
            outlet.put_car({} if car is True else car, now_ms)

    def _unplug(self, args: Mapping[str, Any], now_ms: int) -> None:
        self._outlets[args["outlet"]].unplug(args.get("force", False), now_ms)

    def _car(self, args: Mapping[str, Any], now_ms: int) -> None:
        self._outlets[args["outlet"]].put_car(args, now_ms)

    def _cp(self, args: Mapping[str, Any], now_ms: int) -> None:
        forced_mv = None if "release" in args else (args["high_mv"], args["low_mv"])
        self._outlets[args["outlet"]].force_cp(forced_mv, now_ms)

    def _pp(self, args: Mapping[str, Any], now_ms: int) -> None:
        self._outlets[args["outlet"]].force_pp(Cable(args.get("ohm")), now_ms)

    def _swipe(self, args: Mapping[str, Any], now_ms: int) -> None:
        reader = args.get("reader", 1)
        if reader not in self._cards:
            raise BenchError("swipe: this rig has no reader")
        cards, uid = self._cards[reader], args["uid"].lower()
        until_ms = now_ms + args.get("hold_ms", 2_000)
        held = cards[-1] if cards and now_ms < cards[-1].until_ms else None
        if held is not None and held.card.uid == uid:
            held.until_ms = max(held.until_ms, until_ms)
            return
        kind = args.get("kind", "mifare_classic")
        card = CardRead(uid, reader, now_ms, kind, secure=kind == SECURE_KIND)
        cards.append(_Presentation(card, until_ms))

    def _residual(self, args: Mapping[str, Any], now_ms: int) -> None:
        outlet = self._outlets[args["outlet"]]
        if outlet.residual is None:
            raise BenchError(f"outlet {outlet.number}: no residual current sensor on this board")
        outlet.residual.flow(args.get("dc_ma", 0), args.get("ac_ma", 0), now_ms)
        outlet.settle(now_ms)

    def _contactor(self, args: Mapping[str, Any], now_ms: int) -> None:
        outlet = self._outlets[args["outlet"]]
        if "weld" in args:
            outlet.contactor.weld(args["weld"], now_ms)
        else:
            outlet.contactor.stick_open(args["stuck_open"], now_ms)
        outlet.settle(now_ms)

    def _lock(self, args: Mapping[str, Any], now_ms: int) -> None:
        outlet = self._outlets[args["outlet"]]
        if outlet.lock is None:
            raise BenchError(f"outlet {outlet.number}: no lock on this board")
        if "jam" in args:
            outlet.lock.jam(args["jam"], now_ms)
        else:
            outlet.lock.remove(args["missing"], now_ms)
        outlet.settle(now_ms)

    def _input(self, args: Mapping[str, Any], now_ms: int) -> None:
        if self._supply.inputs[args["name"]] == args["active"]:
            return
        self._supply.inputs[args["name"]] = args["active"]
        self._report({"event": "input", "name": args["name"], "active": args["active"]})
        self._settle_all(now_ms)

    def _mains(self, args: Mapping[str, Any], now_ms: int) -> None:
        for meter in self._meters.values():
            meter.count(now_ms)
        one, two, three = args["volts"]
        self._supply.mains_mv = (one * 1_000, two * 1_000, three * 1_000)
        self._settle_all(now_ms)

    def _power(self, args: Mapping[str, Any], now_ms: int) -> None:
        if self.on_power is None:
            raise BenchError("power: this rig cannot switch the controller off (nobody owns it)")
        self._dark_until_ms = now_ms + args["off_ms"]
        self.unpowered(now_ms)
        self.show_led((_BLACK,) * len(self._led))
        self.set_ready_led(False)
        self.on_power(args["off_ms"])

    def _meter(self, args: Mapping[str, Any], now_ms: int) -> None:
        meter = self._meters[args["name"]]
        meter.silent = args.get("silent", meter.silent)
        if "currents_ma" in args:
            one, two, three = args["currents_ma"]
            meter.load((one, two, three), now_ms)

    def _temperature(self, args: Mapping[str, Any], now_ms: int) -> None:
        self._temperature_dc = args["deci_celsius"]
        self._settle_all(now_ms)

    def _reader(self, args: Mapping[str, Any], now_ms: int) -> None:
        self._readers_silent = args["silent"]

    def _link(self, args: Mapping[str, Any], now_ms: int) -> None:
        if self.on_link is None:
            raise BenchError("link: this rig cannot touch the network (nobody owns it)")
        self.on_link(args)

    def _usb_stick(self, args: Mapping[str, Any], now_ms: int) -> None:
        if self.on_usb_stick is None:
            raise BenchError("usb_stick: this rig cannot put in a stick (nobody owns it)")
        self.on_usb_stick(args)

    def _look(self, args: Mapping[str, Any], now_ms: int) -> dict[str, object]:
        return self.look(now_ms)

    def _watch(self, args: Mapping[str, Any], now_ms: int) -> None:
        """Do nothing: whoever calls `act` in process takes `changes` himself."""

    def _trace(self, args: Mapping[str, Any], now_ms: int) -> dict[str, object]:
        from_ms, to_ms = args.get("from_ms", 0), args.get("to_ms", now_ms)
        points = [p for p in self._outlets[args["outlet"]].trace if from_ms <= p[0] <= to_ms]
        more = {"next_ms": points[_MOST_POINTS][0]} if len(points) > _MOST_POINTS else {}
        columns = ["at_ms", "cp_high_mv", "cp_low_mv", "duty_permille", "contactor_closed"]
        return {"columns": columns, "points": [list(p) for p in points[:_MOST_POINTS]], **more}

    def _rig(self, args: Mapping[str, Any], now_ms: int) -> dict[str, object]:
        handlers = {"power": self.on_power, "link": self.on_link, "usb_stick": self.on_usb_stick}
        return {
            "rig": self.rig,
            "board": self.profile.name,
            "outlets": list(self._outlets),
            "inputs": list(self.profile.inputs),
            "verbs": [
                verb
                for verb in VERBS
                if verb not in self.cannot and (verb not in OWNABLE or handlers[verb] is not None)
            ],
        }

    # -- helpers ------------------------------------------------------------------------------

    def _behind(self, meter: str) -> tuple[Outlet, ...]:
        """A meter that no outlet names stands at the grid connection and counts them all."""
        own = tuple(o.number for o in self.profile.outlets if o.meter == meter)
        return tuple(self._outlets[number] for number in own or self._outlets)

    def _settle_all(self, now_ms: int) -> None:
        for number, outlet in self._outlets.items():
            outlet.settle(now_ms)
            self._changed.add(number)

    def _report(self, event: dict[str, object]) -> None:
        self._history.append({**event, "at_ms": self.now_ms})

    def _frame_words(self) -> list[str]:
        return [f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue in self._led]


_Do = Callable[[World, Mapping[str, Any], int], dict[str, object] | None]
_DO: Mapping[str, _Do] = {verb: getattr(World, f"_{verb}") for verb in VERBS}
