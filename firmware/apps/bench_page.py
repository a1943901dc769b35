"""The bench page: what stands around a station, drawn for a terminal of 80 by 24. Pure.

`View` takes what the rig tells, `request` says what a key asks of it, `picture` draws.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from firmware.pilot.classify import Letter, diode_good, letter, pwm_on
from firmware.pilot.duty import offered_ma

CARD = "0a0e9b83"
CABLES_MA = (13_000, 20_000, 32_000, 63_000)
RESIDUAL_DC_MA = 8
POWER_OFF_MS = 3_000
STRIP = 28  # characters of history, one for each look
EVENTS, REFUSALS = 4, 1
STATES = "abcdef"
_BLOCKS = "▁▂▃▄▅▆▇█"
_WIDTH = 80

Request = tuple[str, dict[str, Any]]
# keys in the order of the page: key, words, the verb that it needs ("" needs none)
KEYS = (
    ("1 2", "outlet", ""),
    ("a", "car leaves", "car"),
    ("b-f", "car asks B…F", "car"),
    ("v", "car as it likes", "car"),
    ("p", "plug, car", "plug"),
    ("g", "other cable", "plug"),
    ("u", "unplug", "unplug"),
    ("U", "tear out", "unplug"),
    ("o", "diode", "car"),
    ("s", "CP short", "car"),
    ("r", f"{RESIDUAL_DC_MA} mA dc", "residual"),
    ("w", "weld", "contactor"),
    ("k", "stuck open", "contactor"),
    ("l", "lock jams", "lock"),
    ("m", "card", "swipe"),
    ("x", f"power off {POWER_OFF_MS // 1_000} s", "power"),
    ("i", "input on/off", "input"),
    ("j", "next input", "input"),
    ("q", "end", ""),
)


@dataclass(slots=True)
class View:
    """What is known of the rig, and what the person has chosen."""

    at: str
    rig: dict[str, Any] = field(default_factory=dict)
    outlets: dict[int, dict[str, Any]] = field(default_factory=dict)
    led: list[str] = field(default_factory=list)
    strips: dict[int, deque[tuple[int | None, bool]]] = field(default_factory=dict)
    letters: dict[int, Letter] = field(default_factory=dict)
    events: deque[str] = field(default_factory=lambda: deque(maxlen=EVENTS))
    refusals: deque[str] = field(default_factory=lambda: deque(maxlen=REFUSALS))
    chosen: int = 1
    cable: int = 2  # of CABLES_MA
    input: int = 0
    on: set[tuple[str, object]] = field(default_factory=set)  # what was switched on, and where

    def took_rig(self, answer: Mapping[str, Any]) -> None:
        """Know what the rig is and can."""
        self.rig = dict(answer)
        self.chosen = answer["outlets"][0] if answer["outlets"] else 1

    def took_look(self, answer: Mapping[str, Any]) -> None:
        """Know what it looks like now; every look is a character of the strip."""
        self.led = answer.get("led") or []
        for seen in answer["outlets"]:
            number = seen["outlet"]
            self.outlets[number] = seen
            high_mv = seen.get("cp_high_mv")
            if high_mv is not None:
                self.letters[number] = letter(high_mv, self.letters.get(number, "?"))
            strip = self.strips.setdefault(number, deque(maxlen=STRIP))
            strip.append((high_mv, bool(seen.get("contactor_closed"))))

    def can(self, verb: str) -> bool:
        """Tell whether the rig does this verb; every rig does none at all."""
        return not verb or verb in self.rig.get("verbs", ())


def request(view: View, key: str) -> Request | None:
    """Return the verb and arguments that a key asks for; choosing changes the view alone."""
    here = {"outlet": view.chosen}
    if key.isdigit() and int(key) in view.rig.get("outlets", ()):
        view.chosen = int(key)
    elif key == "g":
        view.cable = (view.cable + 1) % len(CABLES_MA)
    elif key == "j" and view.rig.get("inputs"):
        view.input = (view.input + 1) % len(view.rig["inputs"])
    elif key == "i" and view.rig.get("inputs"):
        name = view.rig["inputs"][view.input]
        return "input", {"name": name, "active": _turned(view, "input", name)}
    elif key == "a":
        return "car", {**here, "connected": False}
    elif key == "s" or (len(key) == 1 and key in STATES):
        asks = "E" if key == "s" else key.upper()
        return "car", {**here, "connected": True, "asks": asks}
    elif key in _PLAIN:
        verb, arguments = _PLAIN[key]
        return verb, {**({} if verb in ("swipe", "power") else here), **arguments}
    elif key == "p":
        return "plug", {**here, "cable_ma": CABLES_MA[view.cable], "car": True}
    elif key in _TURNED:
        verb, name, off, on = _TURNED[key]
        return verb, {**here, name: on if _turned(view, key, view.chosen) else off}
    return None


_PLAIN: Mapping[str, Request] = {
    "v": ("car", {"connected": True, "asks": "auto"}),
    "u": ("unplug", {}),
    "U": ("unplug", {"force": True}),
    "m": ("swipe", {"uid": CARD}),
    "x": ("power", {"off_ms": POWER_OFF_MS}),
}
_TURNED: Mapping[str, tuple[str, str, object, object]] = {
    "o": ("car", "manner", "polite", "no_diode"),
    "r": ("residual", "dc_ma", 0, RESIDUAL_DC_MA),
    "w": ("contactor", "weld", False, True),
    "k": ("contactor", "stuck_open", False, True),
    "l": ("lock", "jam", False, True),
}


def _turned(view: View, what: str, where: object) -> bool:
    """Turn something on that was off, or off; return what it is now."""
    view.on ^= {(what, where)}
    return (what, where) in view.on


def undo(view: View, key: str) -> None:
    """Forget a turn that was refused."""
    if key in _TURNED:
        view.on ^= {(key, view.chosen)}
    elif key == "i" and view.rig.get("inputs"):
        view.on ^= {("input", view.rig["inputs"][view.input])}


# -- drawing ------------------------------------------------------------------------------------


def picture(view: View) -> Group:
    """Return the whole page."""
    rig = view.rig.get("rig", "?")
    board = f", board {view.rig['board']}" if view.rig.get("board") else ""
    inputs = view.rig.get("inputs") or ["none"]
    head = Text.assemble(
        (f"bench {view.at}, rig {rig}{board}", "bold"),
        f"  cable {CABLES_MA[view.cable] // 1_000} A  input {inputs[view.input]}",
        no_wrap=True, overflow="ellipsis",
    )  # fmt: skip
    wide = (_WIDTH - 1) // 2 if len(view.outlets) > 1 else _WIDTH
    panels = [_outlet(view, number, wide) for number in sorted(view.outlets)]
    ring = Text.assemble("ring ", *[("●", colour) for colour in view.led], no_wrap=True)
    refused = [Text(f"refused: {why}", style="red") for why in view.refusals]
    lines = [Text(line, style="dim") for line in view.events]
    lines += [Text("")] * (EVENTS - len(lines))
    for line in (*refused, *lines):
        line.no_wrap, line.overflow = True, "ellipsis"
    return Group(
        head,
        Columns(panels, padding=(0, 0)),
        ring if view.led else Text("ring: this rig sees none", style="dim"),
        *(refused or [Text("")]),
        *lines,
        _keys(view),
    )


def line(view: View, number: int) -> str:
    """Return an outlet in one line, for where there is no terminal."""
    seen = view.outlets[number]
    parts = [f"outlet {number}", *_pilot(view, number), _switches(seen), _flow(seen), _plug(seen)]
    return "  ".join(part for part in parts if part)


def _outlet(view: View, number: int, wide: int) -> RenderableType:
    seen = view.outlets[number]
    strip = view.strips.get(number, ())
    rows: list[str | Text] = [
        *_pilot(view, number),
        _wave(seen),
        Text(f"{'12 V':>5} {''.join(_block(high) for high, _ in strip)}", style="blue"),
        Text(f"{'K1':>5} {''.join('█' if closed else '·' for _, closed in strip)}", style="yellow"),
        _switches(seen),
        _flow(seen),
        _plug(seen),
    ]
    body = Group(*(row if isinstance(row, Text) else Text(row, no_wrap=True) for row in rows))
    chosen = number == view.chosen
    title = f"outlet {number}" + (" (keys act here)" if chosen else "")
    return Panel(body, title=title, width=wide, border_style="green" if chosen else "dim")


def _pilot(view: View, number: int) -> tuple[str, str]:
    seen = view.outlets[number]
    high_mv, low_mv, duty = (seen.get(k) for k in ("cp_high_mv", "cp_low_mv", "duty_permille"))
    if high_mv is None or low_mv is None or duty is None:
        return "CP    not measured by this rig", ""
    wave = pwm_on(duty)
    diode = "" if not wave or diode_good(high_mv, low_mv) else "  no diode"
    volts = f"CP {high_mv / 1_000:6.2f} V {low_mv / 1_000:7.2f} V"
    offer = f"{offered_ma(duty) / 1_000:g} A" if offered_ma(duty) else "no offer"
    shown = f"{duty / 10:g} %" if wave else ("state F" if duty == 0 else "no PWM")
    return f"{volts}  state {view.letters[number]}{diode}", f"duty {shown}, {offer}"


def _switches(seen: Mapping[str, Any]) -> str:
    contactor = _word(seen.get("contactor_closed"), "closed", "open")
    return f"contactor {contactor}, lock {_word(seen.get('locked'), 'locked', 'free')}"


def _word(value: bool | None, yes: str, no: str) -> str:
    return "unseen" if value is None else yes if value else no


def _flow(seen: Mapping[str, Any]) -> str:
    currents_ma = seen.get("currents_ma")
    if currents_ma is None:
        return "currents not measured"
    energy = "" if seen.get("energy_wh") is None else f", {seen['energy_wh'] / 1_000:.3f} kWh"
    return " ".join(f"{ma / 1_000:.1f}" for ma in currents_ma) + f" A{energy}"


def _plug(seen: Mapping[str, Any]) -> str:
    car = seen.get("car") or {}
    ohm = seen.get("pp_ohm")
    cable = "no cable" if ohm is None else f"cable {ohm} ohm"
    if not car:
        return f"{cable}, no car"
    full = f", {car['stored_wh'] * 100 // car['battery_wh']} %" if car.get("battery_wh") else ""
    return f"{cable}, car {car.get('state', '?')} {car.get('manner', '')}{full}"


def _wave(seen: Mapping[str, Any]) -> Text:
    """Two periods of the pilot."""
    duty = seen.get("duty_permille") or 0
    half = STRIP // 2
    up = round(duty / 1_000 * half)
    shape = "▔" * up + "▁" * (half - up)
    return Text(f"{'1 ms':>5} {shape * 2}", style="cyan", no_wrap=True)


def _block(high_mv: int | None) -> str:
    if high_mv is None:
        return " "
    return _BLOCKS[min(max(high_mv * len(_BLOCKS) // 12_500, 0), len(_BLOCKS) - 1)]


def _keys(view: View) -> Table:
    grid = Table.grid(padding=(0, 1))
    cells = []
    for key, words, verb in KEYS:
        able = view.can(verb)
        cells.append(Text.assemble((key, "bold" if able else "dim"), " ", (words, _style(able))))
    for begin in range(0, len(cells), 5):
        grid.add_row(*cells[begin : begin + 5])
    return grid


def _style(able: bool) -> str:
    return "default" if able else "dim strike"
