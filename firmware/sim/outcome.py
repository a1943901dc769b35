"""What became of a story on a rig: plain data, so that any process may produce it.

`powerstation story` prints it and writes its reports from it alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from firmware.sim.story import Act, Expect, Judgement, Seen, Story

HELD, FAILED, SKIPPED, UNPLAYABLE = "held", "failed", "skipped", "unplayable"
TracePoint = tuple[int, int | None, int | None, int | None, bool | None]


@dataclass(frozen=True, slots=True)
class Finding:
    """One expectation, judged: its text, its limit, the one that fails, and what was measured."""

    text: str
    held: bool
    line: int
    at_ms: int
    within_ms: int
    limit_ms: int
    after_ms: int | None
    never: bool
    outlet: int


@dataclass(frozen=True, slots=True)
class Mark:
    """One act, for a picture; outlet 0 is the station."""

    at_ms: int
    line: int
    text: str
    outlet: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """A story that was played on a rig, or the reason why not.

    Times are ms since the story's beginning. A point of a trace is time, high and low plateau of
    the pilot in mV, duty in permille and contactor, and stands until the next one.
    """

    story: str
    rig: str
    verdict: str
    reason: str = ""
    judgements: tuple[Finding, ...] = ()
    seconds: float = 0.0
    log: tuple[Seen, ...] = ()
    acts: tuple[Mark, ...] = ()
    traces: Mapping[int, tuple[TracePoint, ...]] = field(default_factory=dict)

    def plain(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return asdict(self) | {"traces": {str(n): list(t) for n, t in self.traces.items()}}


def from_plain(told: Mapping[str, Any]) -> Outcome:
    """Return the outcome that another process has told."""
    return Outcome(
        **{name: told[name] for name in ("story", "rig", "verdict", "reason", "seconds")},
        judgements=tuple(Finding(**one) for one in told["judgements"]),
        log=tuple(Seen(**{**one, "what": tuple(one["what"])}) for one in told["log"]),
        acts=tuple(Mark(**one) for one in told["acts"]),
        traces={int(n): _points(trace) for n, trace in told["traces"].items()},
    )


def skipped(story: str, rig: str, reasons: Iterable[str]) -> Outcome:
    """Return the outcome of a story that this rig cannot play."""
    return Outcome(story, rig, SKIPPED, "; ".join(reasons))


def judged(
    story: Story,
    rig: str,
    judgements: Sequence[Judgement],
    *,
    slack: Callable[[int], int],
    reason: str = "",
    seconds: float = 0.0,
    log: Iterable[Seen] = (),
    traces: Mapping[int, Iterable[Sequence[Any]]] | None = None,
) -> Outcome:
    """Return the outcome of a story that was played; a `reason` is a failure of its own."""
    held = not reason and all(one.held for one in judgements)
    return Outcome(
        story.name,
        rig,
        HELD if held else FAILED,
        reason,
        tuple(_finding(one, slack(one.expect.within_ms)) for one in judgements),
        seconds,
        tuple(log),
        tuple(_mark(step) for step in story.steps if isinstance(step, Act)),
        {number: _points(trace) for number, trace in (traces or {}).items()},
    )


def lacks(story: Story, rig: Mapping[str, Any], look: Mapping[str, Any]) -> list[str]:
    """Return a sentence for all that a story wants and this rig can neither do nor see.

    `rig` and `look` are the rig's own answers to these verbs; what it cannot see is `null` there.
    """
    found: list[str] = []
    for step in story.steps:
        lack = _undone(step, rig) if isinstance(step, Act) else _unseen(step, rig, look)
        if lack:
            found.append(f"line {step.line}: this rig {lack}")
    return found


def _undone(act: Act, rig: Mapping[str, Any]) -> str:
    given = act.arguments
    if "outlet" in given and given["outlet"] not in rig["outlets"]:
        return f"has no outlet {given['outlet']}"
    if act.verb.startswith("csms "):
        return ""
    if act.verb not in rig["verbs"]:
        return f"cannot do {act.verb}"
    if act.verb == "input" and given["name"] not in rig["inputs"]:
        return f"has no input {given['name']}"
    return ""


_SHOWN_AS = {
    "contactor": "contactor_closed",
    "lock": "locked",
    "duty": "duty_permille",
    "current": "currents_ma",
}


def _unseen(expect: Expect, rig: Mapping[str, Any], look: Mapping[str, Any]) -> str:
    if expect.kind == "led":
        return "" if look.get("led") else "sees no ring"
    if expect.kind not in _SHOWN_AS:
        return ""
    outlets = {outlet["outlet"]: outlet for outlet in look["outlets"]}
    if expect.outlet not in outlets:
        return f"has no outlet {expect.outlet}"
    seen = outlets[expect.outlet].get(_SHOWN_AS[expect.kind])
    return f"does not see the {expect.kind} of outlet {expect.outlet}" if seen is None else ""


def _finding(one: Judgement, limit_ms: int) -> Finding:
    expect = one.expect
    return Finding(
        one.text,
        one.held,
        expect.line,
        expect.at_ms,
        expect.within_ms,
        expect.within_ms if expect.never else limit_ms,
        one.after_ms,
        expect.never,
        0 if expect.kind in ("led", "ocpp") else expect.outlet,
    )


def _mark(act: Act) -> Mark:
    outlet = act.arguments.get("outlet", 0)
    return Mark(act.at_ms, act.line, act.text, outlet if isinstance(outlet, int) else 0)


def _points(trace: Iterable[Sequence[Any]]) -> tuple[TracePoint, ...]:
    return tuple((p[0], p[1], p[2], p[3], p[4]) for p in trace)
