"""All short sequences of what can happen to an outlet; every distinct step is executed once.

States that are equal in every field, in the same world and at the same instant are one, and
carry the number of sequences that lead there: nothing is sampled and nothing is clipped. Beside
the pilot an outsider keeps his own book of line, permit, diode and sensor, and judges each order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from functools import lru_cache
from operator import attrgetter
from typing import Any, NamedTuple

from firmware.model.annex import DIODE_MS, ENTER_C_MS, GRACE_MS
from firmware.model.machine import NEVER_MS, TICK
from firmware.model.values import MIN_CURRENT_MA
from firmware.pilot.cable import cable_ma
from firmware.pilot.classify import diode_good, pwm_on
from firmware.pilot.core import PilotCore
from firmware.pilot.duty import offered_ma
from firmware.pilot.facts import (
    Drive,
    LockAsked,
    PermitGiven,
    PermitTaken,
    PilotIn,
    Sampled,
    SampleLost,
    Traits,
)
from firmware.pilot.residual import TEST_VALID_MS
from firmware.pilot.state import PilotState
from hal.ports import DUTY_STATE_F, LockPosition, OutletDrive, OutletSample

TRAITS = Traits(1, 32_000, lock=True, mirror=True, residual=True)
DWELL_MS = 600  # a situation stays for a while: longer than any debouncing
WAIT_MS = 6_100  # a lease and the grace of a permit end within two of these
LEASE_MS = 3_000
TEST_MS = 2_000  # of the sensor here: long enough to be met by any other event
PROBLEMS_MAX = 10

Line = str
F_MV = -12_000
LETTERS: Mapping[int, Line] = {12_000: "A", 9_000: "B", 6_000: "C"}


@dataclass(frozen=True, slots=True)
class Situation:
    """What stands around the outlet until the next situation."""

    cp_high_mv: int = 6_000
    diode: bool = True
    pp_ohm: int | None = 220
    tripped: bool = False
    contacts_hang: bool = False  # closed although the coil is off
    pin_out: bool = False
    test_good: bool = True
    lost: bool = False  # no sample to trust


PERMITS_MA = (8_000, 16_000)  # in turn
# what an event is: a situation, a fact for the pilot whose value the book decides, or time
EVENTS: Mapping[str, Situation | PilotIn | int] = {
    "A": Situation(12_000),
    "B": Situation(9_000),
    "C": Situation(),
    "no diode": Situation(diode=False),
    "no plug": Situation(pp_ohm=None),
    "residual": Situation(tripped=True),
    "test fails": Situation(12_000, test_good=False),
    "closed though off": Situation(contacts_hang=True),
    "pin out": Situation(pin_out=True),
    "sample lost": Situation(lost=True),
    "another permit": PermitGiven(0, LEASE_MS),
    "no permit": PermitTaken("revoked"),
    "lock asked otherwise": LockAsked(False),
    "6.1 s": WAIT_MS,
}
NAMES = tuple(EVENTS)
STARTS = ("charging", "ready")


@dataclass(slots=True)
class Book:
    """The world, and what an outsider knows of it; plain values only."""

    now_ms: int = 0
    situation: Situation = Situation(12_000)
    testing_ms: int | None = None  # since when the sensor is told to test itself
    verdict: bool | None = None
    tested_ms: int | None = None  # last good verdict
    permit_ma: int = 0
    until_ms: int = 0  # when the permit ends or ended
    line: Line = "A"
    line_ms: int = 0
    diode_ms: int | None = None  # since when it is seen good, without a break
    no_diode_ms: int | None = None
    lock_asked: bool = True
    drive: OutletDrive = OutletDrive()


@dataclass(slots=True)
class Found:
    """What a search has found."""

    sequences: int = 0
    states: int = 0
    steps: int = 0  # distinct ones, executed
    ends_on: int = 0  # sequences that end with power on
    problems: list[str] = field(default_factory=list)


class Wrong(AssertionError):
    """An order that may not be; str() says which rule."""


class Saved(NamedTuple):
    """A state as one hashable value."""

    core: tuple[Any, ...]
    book: tuple[Any, ...]


_CORE_NAMES = tuple(f.name for f in fields(PilotState))
_CORE_VALUES = attrgetter(*_CORE_NAMES)
_BOOK_VALUES = attrgetter(*(f.name for f in fields(Book)))
_FROZEN: tuple[tuple[type, type], ...] = ((set, frozenset), (list, tuple))
_MUTABLE = tuple(
    (number, kind, frozen)
    for number, value in enumerate(_CORE_VALUES(PilotState()))
    for kind, frozen in _FROZEN
    if type(value) is kind
)


_NOTHING = object()  # not even a lost sample


class Watched:
    """An outlet, the world that answers its orders, and the outsider's book."""

    def __init__(self, traits: Traits = TRAITS) -> None:
        self.core = PilotCore(traits)
        self.book = Book()
        self.given: object = _NOTHING

    def load(self, saved: Saved) -> None:
        """Go on from a saved state; the first fact of each event finds its deadline again."""
        values = list(saved.core)
        for number, kind, _ in _MUTABLE:
            values[number] = kind(values[number])
        self.core.state = PilotState(*values)
        self.book = Book(*saved.book)
        self.given = _NOTHING

    def saved(self) -> Saved:
        """Return all that matters of now."""
        values = list(_CORE_VALUES(self.core.state))
        for number, _, frozen in _MUTABLE:
            values[number] = frozen(values[number])
        return Saved(tuple(values), _BOOK_VALUES(self.book))

    def event(self, name: str) -> None:
        """Let one event happen, and the time that it takes."""
        b, what = self.book, EVENTS[name]
        span_ms = 0
        match what:
            case Situation():
                b.situation, span_ms = what, DWELL_MS
            case int():
                span_ms = what
            case PermitGiven():
                b.permit_ma = PERMITS_MA[b.permit_ma == PERMITS_MA[0]]
                b.until_ms = b.now_ms + LEASE_MS
                self._give(PermitGiven(b.permit_ma, b.until_ms))
            case PermitTaken():
                b.until_ms = min(b.until_ms, b.now_ms)
                self._give(what)
            case LockAsked():
                b.lock_asked = not b.lock_asked
                self._give(LockAsked(b.lock_asked))
        self._answer()
        self._pass(b.now_ms + span_ms)

    def _pass(self, then_ms: int) -> None:
        """Let time pass from deadline to deadline, of the pilot and of the sensor."""
        b = self.book
        while True:
            test_ms = NEVER_MS if b.testing_ms is None else b.testing_ms + TEST_MS
            if b.verdict is not None or test_ms <= b.now_ms:
                test_ms = NEVER_MS
            due_ms = min(self.core.deadline_ms(), test_ms)
            if due_ms > then_ms:
                break
            b.now_ms = due_ms
            if test_ms == due_ms:
                b.verdict = b.situation.test_good
                b.tested_ms = due_ms if b.verdict else None
            self._give(TICK)
            self._answer()
        b.now_ms = then_ms
        self._give(TICK)
        self._answer()

    def _answer(self) -> None:
        """Show the pilot what its orders made of the world, until nothing changes."""
        for _ in range(12):
            b = self.book
            testing = b.drive.residual_test
            if testing != (b.testing_ms is not None):
                b.testing_ms = b.now_ms if testing else None
                b.verdict = None if testing else b.verdict
            sample = _sample(b.situation, b.drive, b.verdict)
            if sample is self.given:
                return
            self.given = sample
            if sample is None:
                self._give(SampleLost())
            else:
                self._see(sample)
                self._give(Sampled(sample))
        raise Wrong("outlet and world do not come to rest")

    def _see(self, sample: OutletSample) -> None:
        """Write down what this sample shows."""
        b = self.book
        line = LETTERS.get(sample.cp_high_mv, b.line)  # our own F tells nothing about the car
        if line != b.line:
            b.line, b.line_ms = line, b.now_ms
        good = diode_good(sample.cp_high_mv, sample.cp_low_mv)
        told = pwm_on(sample.duty_permille) and line in "BCD"
        b.diode_ms = (b.now_ms if b.diode_ms is None else b.diode_ms) if told and good else None
        bad = told and not good
        b.no_diode_ms = (b.now_ms if b.no_diode_ms is None else b.no_diode_ms) if bad else None

    def _give(self, fact: PilotIn) -> None:
        """Judge each order that a fact makes, and at least the one that stays."""
        told = [w.drive for w in self.core.handle(fact, self.book.now_ms) if type(w) is Drive]
        for order in told or (self.core.state.drive,):
            problem = judge(self.book, self.core, order)
            if problem:
                raise Wrong(problem)
            self.book.drive = order


@lru_cache(maxsize=4_096)
def _sample(at: Situation, drive: OutletDrive, verdict: bool | None) -> OutletSample | None:
    """Return what the sensors see of a situation under these orders."""
    if at.lost:
        return None
    high_mv = low_mv = at.cp_high_mv
    if pwm_on(drive.duty_permille) and at.cp_high_mv:
        low_mv = -12_000 if at.diode else -at.cp_high_mv
    elif drive.duty_permille == DUTY_STATE_F:
        high_mv = low_mv = F_MV
    locked = drive.lock_on and not at.pin_out
    return OutletSample(
        at_ms=0,
        cp_high_mv=high_mv,
        cp_low_mv=low_mv,
        pp_ohm=at.pp_ohm,
        duty_permille=drive.duty_permille,
        contactor_closed=drive.contactor_on or at.contacts_hang,
        lock=LockPosition.LOCKED if locked else LockPosition.UNLOCKED,
        residual_tripped=at.tripped,
        residual_test_ok=verdict,
        mains_mv=(230_000, 230_000, 230_000),
        temperature_dc=250,
    )


# -- the rules ------------------------------------------------------------------------------


def judge(b: Book, core: PilotCore, after: OutletDrive) -> str | None:
    """Return the rule that this order breaks, by the outsider's book and the last order."""
    live_ma = b.permit_ma if b.now_ms < b.until_ms and b.permit_ma >= MIN_CURRENT_MA else 0
    contacts = b.drive.contactor_on or b.situation.contacts_hang
    rating_ma = cable_ma(b.situation.pp_ohm) or 0
    limit_ma = min(live_ma, core.traits.max_ma)
    if not b.situation.lost:
        limit_ma = min(limit_ma, rating_ma)
    rules = (
        (offered_ma(after.duty_permille) <= limit_ma, "offers more than the least limit"),
        (live_ma > 0 or not pwm_on(after.duty_permille), "PWM without a permit"),
        (not after.contactor_on or after.duty_permille != DUTY_STATE_F, "shows F under load"),
        (after.lock_on or not (b.drive.lock_on and contacts), "lets the plug go under load"),
        (not (after.residual_test and contacts), "tests the sensor under load"),
        *(_rules_of_power(b, core, live=live_ma > 0) if after.contactor_on else ()),
        *(
            _rules_of_closing(b, core, live=live_ma > 0)
            if after.contactor_on and not b.drive.contactor_on
            else ()
        ),
    )
    return next((sentence for kept, sentence in rules if not kept), None)


def _rules_of_power(b: Book, core: PilotCore, *, live: bool) -> Iterable[tuple[bool, str]]:
    """What must be as long as the contactor is on."""
    s, at = core.state, b.situation
    asking = "CD" if getattr(core.traits, "ventilation", False) else "C"
    barred = sorted(f.row.id for f in s.faults if f.row.stops_transaction)
    no_diode_ms = 0 if b.no_diode_ms is None else b.now_ms - b.no_diode_ms
    return (
        (not at.lost and s.fresh, "on without a sample to trust"),
        (b.line in asking and s.seen == b.line == s.settled, f"on in {b.line}"),
        (b.now_ms >= b.line_ms + ENTER_C_MS, "on before the line has settled"),
        (live or b.now_ms < b.until_ms + GRACE_MS, "on without a permit, its 6 s over"),
        (not barred, f"on with {barred}"),
        (at.pp_ohm is not None, "on without a plug"),
        (not at.tripped, "on with a residual current"),
        (not at.pin_out, "on although the pin is out"),
        (no_diode_ms < DIODE_MS, "on without a diode"),
    )


def _rules_of_closing(b: Book, core: PilotCore, *, live: bool) -> Iterable[tuple[bool, str]]:
    """What must be at the instant of closing, too."""
    tested_ms = -NEVER_MS if b.tested_ms is None else b.tested_ms
    diode_ms = b.now_ms if b.diode_ms is None else b.diode_ms
    return (
        (live, "closes without a permit"),
        (not b.situation.contacts_hang, "closes on contacts that are not open"),
        (b.drive.lock_on, "closes with a plug that is not held"),
        (b.now_ms >= diode_ms + DIODE_MS, "closes before the diode is proven"),
        (b.now_ms < tested_ms + TEST_VALID_MS, "closes with a sensor not tested for a day"),
        (b.testing_ms is None or b.verdict is True, "closes while the sensor tests itself"),
    )


# -- the search -----------------------------------------------------------------------------


def start(name: str, traits: Traits = TRAITS) -> Saved:
    """Return the state from which all sequences begin: a car charges, or one is plugged in.

    The second was tested a day ago less 1 s, so that the daily test falls into the sequences.
    """
    watched = Watched(traits)
    watched._give(LockAsked(True))
    for event in ("A", "6.1 s"):
        watched.event(event)
    if name == "ready":
        watched._pass(watched.book.now_ms + TEST_VALID_MS - WAIT_MS)
    for event in ("B", *(("another permit", "B", "C") if name == "charging" else ())):
        watched.event(event)
    assert watched.book.drive.contactor_on is (name == "charging"), name
    return watched.saved()


def sequences_of(length: int) -> int:
    """Return how many sequences of one to so many events there are."""
    return sum(len(NAMES) ** n for n in range(1, length + 1))


def search(begin: Saved, length: int, advance: Callable[[int], None] = lambda _n: None) -> Found:
    """Execute every distinct step of all sequences of up to so many events.

    `advance` is told how many sequences each state stood for.
    """
    found = Found()
    watched = Watched()
    layer: dict[Saved, tuple[int, bytes]] = {begin: (1, b"")}
    for depth in range(1, length + 1):
        after: dict[Saved, tuple[int, bytes]] = {}
        for saved, (count, path) in layer.items():
            for number, name in enumerate(NAMES):
                watched.load(saved)
                found.steps += 1
                found.sequences += count
                try:
                    watched.event(name)
                except Wrong as problem:
                    _note(found, problem, path + bytes((number,)))
                    continue
                found.ends_on += count * watched.book.drive.contactor_on
                if depth < length:
                    then = watched.saved()
                    known, way = after.get(then, (0, None))
                    after[then] = (known + count, way or path + bytes((number,)))
            advance(count * len(NAMES))
        found.states += len(layer)
        layer = after
    return found


def _note(found: Found, problem: Wrong, path: bytes) -> None:
    if len(found.problems) < PROBLEMS_MAX:
        words = ", ".join(NAMES[number] for number in path)
        found.problems.append(f"{problem}: after {words}")
