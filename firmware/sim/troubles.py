"""What a swarm may do to a world: each trouble begins with a verb and, mostly, ends with one.

The verbs are those of the bench protocol, and a few that only the swarm knows: `network`,
`misbehave`, `remote_stop`, `true_pp` (the plug's own resistance again).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random

Act = tuple[str, Mapping[str, object]]
Draw = Callable[[Random, int], Act]

SECOND_MS, MINUTE_MS = 1_000, 60_000
SHORT = (50, 400, 2 * SECOND_MS, 20 * SECOND_MS)
LONG = (2 * SECOND_MS, 30 * SECOND_MS, 5 * MINUTE_MS, 20 * MINUTE_MS)
CP_MV = ((12_000, -12_000), (9_000, -12_000), (7_500, -12_000), (6_000, -12_000), (6_000, -6_000),
         (4_500, -12_000), (3_000, -12_000), (0, 0), (-5_000, -5_000), (-12_000, -12_000),
         (1_000, -1_000), (13_500, -12_000), (8_200, -11_000))  # fmt: skip
MISDEEDS = ("late", "never", "twice", "garbage", "error", "close")
TOLD = ("Authorize", "StartTransaction", "MeterValues", "StopTransaction", "Heartbeat")


@dataclass(frozen=True, slots=True)
class Trouble:
    """One kind; `ends` is `None` where it is over at once."""

    begins: Draw
    ends: Draw | None
    spans_ms: tuple[int, ...] = SHORT


def _on(verb: str, **arguments: object) -> Draw:
    return lambda _random, outlet: (verb, {"outlet": outlet, **arguments})


def _drawn(verb: str, name: str, choices: tuple[object, ...]) -> Draw:
    return lambda random, outlet: (verb, {"outlet": outlet, name: random.choice(choices)})


def _all(verb: str, **arguments: object) -> Draw:
    return lambda _random, _outlet: (verb, arguments)


def _cp(random: Random, outlet: int) -> Act:
    high_mv, low_mv = random.choice(CP_MV)
    return "cp", {"outlet": outlet, "high_mv": high_mv, "low_mv": low_mv}


def _breaker(kind: str, active: bool) -> Draw:
    return lambda _random, outlet: ("input", {"name": f"{kind}_{outlet}", "active": active})


def _dip(random: Random, _outlet: int) -> Act:
    return "mains", {"volts": random.choice(([0, 0, 0], [0, 230, 230], [150, 230, 230], [255] * 3))}


def _misdeed(random: Random, _outlet: int) -> Act:
    return "misbehave", {"action": random.choice(TOLD), "kind": random.choice(MISDEEDS)}


_AUTO = _on("car", asks="auto")
TROUBLES: Mapping[str, Trouble] = {
    "the car shows an error": Trouble(_drawn("car", "asks", ("D", "E", "F")), _AUTO),
    "the car toggles": Trouble(_on("car", asks="B"), _AUTO, (20, 50, 200, 400, 1_000)),
    "the car is torn off": Trouble(_on("car", connected=False), _on("car", connected=True)),
    "the diode is lost": Trouble(_on("car", manner="no_diode"), _on("car", manner="polite"), LONG),
    "the plug is torn out": Trouble(_on("unplug", force=True), None),
    "residual dc": Trouble(_drawn("residual", "dc_ma", (6, 8, -40)), _on("residual", dc_ma=0)),
    "residual ac": Trouble(_drawn("residual", "ac_ma", (30, 300)), _on("residual", ac_ma=0)),
    "welded": Trouble(_on("contactor", weld=True), _on("contactor", weld=False), LONG),
    "stuck open": Trouble(_on("contactor", stuck_open=True), _on("contactor", stuck_open=False),
                          LONG),
    "the pin is jammed": Trouble(_on("lock", jam=True), _on("lock", jam=False), LONG),
    "no actuator": Trouble(_on("lock", missing=True), _on("lock", missing=False), LONG),
    "the pilot line is forced": Trouble(_cp, _on("cp", release=True)),
    "proximity lost": Trouble(_on("pp", open=True), _on("true_pp")),
    "proximity changed": Trouble(_drawn("pp", "ohm", (20, 100, 680, 1_500)), _on("true_pp"), LONG),
    "mcb": Trouble(_breaker("mcb", True), _breaker("mcb", False), LONG),
    "rcd": Trouble(_breaker("rcd", True), _breaker("rcd", False), LONG),
    "the mains are bad": Trouble(_dip, _all("mains", volts=[230, 230, 230])),
    "hot": Trouble(lambda r, _n: ("temperature", {"name": "controller",
                                                  "deci_celsius": r.choice((650, 800, 1_000))}),
                   _all("temperature", name="controller", deci_celsius=250), LONG),
    "the meter is silent": Trouble(lambda _r, n: ("meter", {"name": f"meter_{n}", "silent": True}),
                                   lambda _r, n: ("meter", {"name": f"meter_{n}", "silent": False}),
                                   LONG),
    "the reader is silent": Trouble(_all("reader", silent=True), _all("reader", silent=False),
                                    LONG),
    "the power is lost": Trouble(lambda r, _n: ("power", {"off_ms": r.choice(LONG)}),
                                 None),
    "the back end is away": Trouble(_all("network", up=False), _all("network", up=True), LONG),
    "the back end misbehaves": Trouble(_misdeed, None),
    "somebody stops it from afar": Trouble(_on("remote_stop"), None),
    "a strange card": Trouble(_all("swipe", uid="00112233"), None),
}  # fmt: skip


def healing(outlets: tuple[int, ...]) -> list[Act]:
    """Return the acts that end every trouble, cars included."""
    acts: list[Act] = []
    random = Random(0)
    for outlet in outlets:
        for trouble in TROUBLES.values():
            if trouble.ends is not None:
                acts.append(trouble.ends(random, outlet))
        car = {"battery_wh": 200_000, "soc_percent": 0, "max_ma": 32_000, "phases": 3}
        acts.append(("car", {"outlet": outlet, "manner": "polite", "connected": True, **car}))
    return acts
