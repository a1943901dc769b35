"""Stories: a text of what happens and what is expected, parsed, and judged against a log.

A story is the same on every rig: it is played by a rig's player, which keeps a log of what
was seen and when; the judge reads only that log.

    board mock ; set vehicle_connection_timeout 45 ; csms accepts 0a0e9b83
    00:00  swipe 0a0e9b83
           expect led white-rotating within 200 ms
    00:20  plug 32 A cable ; car asks C
           expect contactor closed within 3 s ; expect ocpp StartTransaction
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

WITHIN_MS = 5_000  # where an expectation names no time
_SPAN = re.compile(r"^(\d+(?:\.\d+)?) (ms|s|min)$")
_CLOCK = re.compile(r"^(?:(\d+):)?(\d+):(\d\d(?:\.\d+)?)(?=\s|$)")
_AMOUNT = re.compile(r"\d+(?:\.\d+)?")
EXACT: Mapping[str, float] = {}
_WITHIN = re.compile(r"^(.*?)(?: within (\d+(?:\.\d+)? (?:ms|s|min)))?$")


class BadStory(ValueError):
    """A story that cannot be played; says file, line and what is wrong."""


@dataclass(frozen=True, slots=True)
class Act:
    """Do something in the world, or at the back end (`csms`)."""

    line: int
    at_ms: int
    verb: str
    arguments: Mapping[str, object]
    text: str = ""  # as it stands in the story


@dataclass(frozen=True, slots=True)
class Expect:
    """Something must be seen within a time of the last act, or `never` within it."""

    line: int
    at_ms: int
    kind: str
    words: tuple[str, ...]
    within_ms: int
    never: bool
    outlet: int


@dataclass(slots=True)
class Story:
    """A parsed story."""

    name: str
    board: str = "mock"
    settings: dict[str, str] = field(default_factory=dict)
    accepts: tuple[str, ...] | None = None
    steps: list[Act | Expect] = field(default_factory=list)
    text: str = ""

    @property
    def end_ms(self) -> int:
        """When the last thing is over."""
        ends = [s.at_ms + (s.within_ms if isinstance(s, Expect) else 0) for s in self.steps]
        return max(ends, default=0)


@dataclass(frozen=True, slots=True)
class Seen:
    """One line of a player's log: `kind`, for which outlet, and what; 0 is the station."""

    at_ms: int
    kind: str  # contactor lock duty current led ocpp
    outlet: int
    what: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What became of an expectation."""

    expect: Expect
    held: bool
    after_ms: int | None  # when it was seen, after its act
    text: str


# -- reading ------------------------------------------------------------------------------------


def parse(name: str, text: str) -> Story:
    """Return the story of a text; raise `BadStory` with every mistake."""
    story = Story(name, text=text)
    problems: list[str] = []
    at_ms: int | None = None
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.split("#", 1)[0].rstrip()
        clock = _CLOCK.match(line)
        if clock is not None:
            hours, minutes, seconds = clock.groups()
            at_ms = round((int(hours or 0) * 3_600 + int(minutes) * 60 + float(seconds)) * 1_000)
            line = line[clock.end() :]
        for part in (part.strip() for part in line.split(";")):
            if not part:
                continue
            try:
                _sentence(story, number, at_ms, part)
            except BadStory as problem:
                problems.append(f"{name}:{number}: {problem}")
    if problems:
        raise BadStory("\n".join(problems))
    return story


def _sentence(story: Story, line: int, at_ms: int | None, part: str) -> None:
    words, outlet = _outlet(part.split())
    if at_ms is None:
        _header(story, words)
    elif words[0] == "expect":
        story.steps.append(_expect(line, at_ms, words[1:], outlet))
    else:
        story.steps.append(_act(line, at_ms, words, outlet))


def _outlet(words: list[str]) -> tuple[list[str], int]:
    """`… at outlet 2`; outlet 1 where nothing is said."""
    if len(words) > 3 and words[-3:-1] == ["at", "outlet"] and words[-1].isdigit():
        return words[:-3], int(words[-1])
    return words, 1


def _header(story: Story, words: list[str]) -> None:
    match words:
        case ["board", board]:
            story.board = board
        case ["set", key, *value]:
            story.settings[key] = " ".join(value)
        case ["csms", "accepts", *tokens]:
            story.accepts = tuple(tokens)
        case _:
            raise BadStory(f"before the first time stand board, set, csms accepts; not {words}")


def _expect(line: int, at_ms: int, words: list[str], outlet: int) -> Expect:
    never = bool(words) and words[0] == "no"
    match = _WITHIN.match(" ".join(words[1:] if never else words))
    assert match is not None, words  # the pattern takes any text
    rest, within = match.groups()
    kind, *what = rest.split() or [""]
    if kind not in _KINDS or not what:
        raise BadStory(f"expect one of {', '.join(sorted(_KINDS))} and what; not {rest!r}")
    within_ms = WITHIN_MS if within is None else _span_ms(within)
    return Expect(line, at_ms, kind, tuple(what), within_ms, never, outlet)


def _act(line: int, at_ms: int, words: list[str], outlet: int) -> Act:
    for pattern, build in _ACTS:
        match = re.fullmatch(pattern, " ".join(words))
        if match is not None:
            verb, arguments = build(match, outlet)
            return Act(line, at_ms, verb, arguments, " ".join(words))
    raise BadStory(f"no such act: {' '.join(words)!r}; docs/stories.md lists them")


def _span_ms(text: str) -> int:
    match = _SPAN.match(text)
    if match is None:
        raise BadStory(f"{text!r} is no time; write 200 ms, 3 s or 5 min")
    return round(float(match[1]) * {"ms": 1, "s": 1_000, "min": 60_000}[match[2]])


def _number(text: str) -> int | str | bool:
    if text in ("true", "false"):
        return text == "true"
    return int(text) if re.fullmatch(r"-?\d+", text) else text


def _pairs(text: str) -> dict[str, object]:
    return {k: _number(v) for k, _, v in (pair.partition("=") for pair in text.split())}


_Built = tuple[str, dict[str, object]]
_ACTS: tuple[tuple[str, Callable[[re.Match[str], int], _Built]], ...] = (
    (r"swipe ([0-9a-f]+)", lambda m, _: ("swipe", {"uid": m[1]})),
    (r"swipe ([0-9a-f]+) (\w+)", lambda m, _: ("swipe", {"uid": m[1], "kind": m[2]})),
    (r"plug (\d+) A cable", lambda m, o: ("plug", {"outlet": o, "cable_ma": int(m[1]) * 1_000})),
    (
        r"plug (\d+) A cable with car ?(.*)",
        lambda m, o: ("plug", {"outlet": o, "cable_ma": int(m[1]) * 1_000, "car": _pairs(m[2])}),
    ),
    (r"unplug", lambda _, o: ("unplug", {"outlet": o})),
    (r"unplug force", lambda _, o: ("unplug", {"outlet": o, "force": True})),
    (r"car asks (\w+)", lambda m, o: ("car", {"outlet": o, "connected": True, "asks": m[1]})),
    (r"car leaves", lambda _, o: ("car", {"outlet": o, "connected": False})),
    (r"car ((?:\w+=\S+ ?)+)", lambda m, o: ("car", {"outlet": o, **_pairs(m[1])})),
    (r"residual (\d+) mA (dc|ac)", lambda m, o: ("residual", _residual(m, o))),
    (r"contactor (weld|stuck_open)", lambda m, o: ("contactor", {"outlet": o, m[1]: True})),
    (r"contactor normal", lambda _, o: ("contactor", {"outlet": o, "weld": False})),
    (r"lock (jam|missing)", lambda m, o: ("lock", {"outlet": o, m[1]: True})),
    (r"lock normal", lambda _, o: ("lock", {"outlet": o, "jam": False})),
    (r"input (\w+) (on|off)", lambda m, _: ("input", {"name": m[1], "active": m[2] == "on"})),
    (r"meter (\w+) (silent|answers)", lambda m, _: ("meter", _silence(m))),
    (r"power off (.+)", lambda m, _: ("power", {"off_ms": _span_ms(m[1])})),
    (r"backend (away|back)", lambda m, _: ("link", {"name": "backend", "up": m[1] == "back"})),
    (r"csms remote start (\S+)", lambda m, o: ("csms start", {"outlet": o, "token": m[1]})),
    (r"csms remote stop", lambda _, o: ("csms stop", {"outlet": o})),
    (r"csms reset (soft|hard)", lambda m, _: ("csms reset", {"kind": m[1].capitalize()})),
    (r"csms unlock", lambda _, o: ("csms unlock", {"outlet": o})),
    (
        r"csms (inoperative|operative)",
        lambda m, o: ("csms availability", {"outlet": o, "operative": m[1] == "operative"}),
    ),
    (r"csms set (\S+) (.+)", lambda m, _: ("csms set", {"key": m[1], "value": m[2]})),
)


def _residual(m: re.Match[str], outlet: int) -> dict[str, object]:
    ma = int(m[1])
    return {"outlet": outlet, "dc_ma": ma * (m[2] == "dc"), "ac_ma": ma * (m[2] == "ac")}


def _silence(m: re.Match[str]) -> dict[str, object]:
    return {"name": m[1], "silent": m[2] == "silent"}


# -- judging ------------------------------------------------------------------------------------

_STATES = frozenset(("contactor", "lock", "duty", "current", "led"))
_KINDS = _STATES | {"ocpp"}


def judge(
    story: Story,
    log: Iterable[Seen],
    *,
    slack: Callable[[int], int],
    near: Mapping[str, float] = EXACT,
) -> list[Judgement]:
    """Judge every expectation; `slack` turns a limit in ms into the one that fails.

    `near` says by how much a number that a rig has measured may differ, for each kind.
    """
    seen = list(log)
    expects = [step for step in story.steps if isinstance(step, Expect)]
    return [_judge(expect, seen, slack(expect.within_ms), near) for expect in expects]


def _judge(expect: Expect, seen: list[Seen], limit_ms: int, near: Mapping[str, float]) -> Judgement:
    until_ms = expect.at_ms + (expect.within_ms if expect.never else limit_ms)
    outlet = 0 if expect.kind in ("led", "ocpp") else expect.outlet
    mine = [s for s in seen if s.kind == expect.kind and s.outlet == outlet]
    hits = [s for s in mine if expect.at_ms <= s.at_ms <= until_ms and _means(expect, s, near)]
    before = [s for s in mine if s.at_ms < expect.at_ms]
    stands = not expect.never and expect.kind in _STATES and before
    if stands and _means(expect, before[-1], near):
        hits.insert(0, Seen(expect.at_ms, expect.kind, outlet, before[-1].what))
    after_ms = hits[0].at_ms - expect.at_ms if hits else None
    held = not hits if expect.never else bool(hits)
    wanted = f"{'no ' if expect.never else ''}{expect.kind} {' '.join(expect.words)}"
    found = "not seen" if after_ms is None else f"seen after {after_ms} ms"
    text = f"line {expect.line}: {wanted} within {expect.within_ms} ms: {found}"
    return Judgement(expect, held, after_ms, text)


def _means(expect: Expect, seen: Seen, near: Mapping[str, float]) -> bool:
    """Every word of the expectation stands in what was seen; a number may be near it."""
    margin = near.get(expect.kind)
    if margin is None or len(seen.what) != len(expect.words):
        return all(word in seen.what for word in expect.words)
    (wanted, *unit), (found, *its_unit) = expect.words, seen.what
    if not _AMOUNT.fullmatch(wanted) or unit != its_unit:
        return False
    return abs(float(wanted) - float(found)) <= margin + 1e-9


def colours(frame: Iterable[str]) -> tuple[str, ...]:
    """Return what a ring's frame shows, in the words of a story."""
    names = {"#00ff00": "green", "#ffb000": "yellow", "#0040ff": "blue", "#ffffff": "white"}
    lights = list(frame)
    there = {names[light] for light in lights if light in names}
    if not there:
        return ("dark",)
    if len(there) == 3:
        return ("three-colour",)
    rotating = "#000000" in lights
    (colour, *_) = sorted(there)
    return (f"{colour}-rotating",) if rotating else (colour,)
