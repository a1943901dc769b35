"""What the ring shows: which pattern wins, and the golden frames of every pattern."""

import pytest

from firmware.led.core import CARD_MS, LedCore
from firmware.led.patterns import BLUE, GREEN, OFF, PATTERNS, WHITE, YELLOW, frame
from firmware.model.backend import BackendLost, BackendReady
from firmware.model.machine import TICK
from firmware.model.session import (
    CardSeen,
    SessionPhase,
    SessionShown,
    ShowPattern,
    StartSource,
    TokenAccepted,
    TokenAsked,
    TokenJudged,
    TokenRefused,
    TokenWaits,
)
from tests.pure.rigs import settings

P = SessionPhase
LETTERS = {OFF: ".", GREEN: "g", YELLOW: "y", BLUE: "b", WHITE: "w"}
JUDGED = TokenJudged("T", None, StartSource.CARD, True, None, "a rule")


def shown(phase, outlet=1, *, faulted=False, operative=True):
    return SessionShown(outlet, phase, charging=False, faulted=faulted, operative=operative)


def ring(*facts, **texts):
    """Return a ring that was told these facts, each with its instant."""
    made = LedCore(settings(**texts))
    for now_ms, fact in facts:
        list(made.handle(fact, now_ms))
    return made


def tell(made, fact, now_ms):
    return [(wish.pattern, wish.since_ms) for wish in made.handle(fact, now_ms)]


# -- frames ----------------------------------------------------------------------------------


@pytest.mark.covers("B-LEDB-02")
@pytest.mark.parametrize(
    "name, frames",
    [
        ("ready", {0: "gggggg", 999: "gggggg", 5_000: "gggggg"}),
        ("plugged_unauthorized", {0: "gggggg", 999: "gggggg", 1_000: "......", 2_000: "gggggg"}),
        ("reserved_closing", {0: "yyyyyy", 30_000: "yyyyyy"}),
        ("charging", {0: "bbbbbb", 999: "bbbbbb", 1_000: "......", 1_999: "......"}),
        ("authorized_wait", {0: "bbbbbb", 249: "bbbbbb", 250: "......", 500: "bbbbbb"}),
        ("learn_mode", {0: "b...bb", 334: "bb...b", 1_000: ".bbb..", 2_000: "b...bb"}),
        ("authorizing", {0: "w...ww", 167: "ww...w", 500: ".www..", 1_000: "w...ww"}),
        ("rejected", {0: "ggyybb", 249: "ggyybb", 250: "......", 2_249: "ggyybb", 2_250: "......"}),
        ("out_of_order", {0: "ggyybb", 500: "......", 9_000: "ggyybb"}),
        ("usb_stick_busy", {0: "wwwwww", 500: "......"}),
        ("updating", {0: "ggyybb", 600_000: "ggyybb"}),
        ("booting", {0: "yyyyyy", 500: "......"}),
        ("lights_test", {0: "ggybbw", 60_000: "ggybbw"}),
    ],
)  # fmt: skip
def test_each_pattern_has_these_frames(name, frames):
    got = {
        at_ms: "".join(LETTERS[light] for light in frame(PATTERNS[name], at_ms, 6))
        for at_ms in frames
    }
    assert got == frames


def test_no_pattern_is_without_golden_frames_and_every_length_of_ring_is_filled():
    assert len(PATTERNS) == 13
    for pattern in PATTERNS.values():
        assert [len(frame(pattern, 0, lights)) for lights in (1, 5, 24)] == [1, 5, 24]


@pytest.mark.covers("B-LEDB-02")
def test_a_refusal_is_five_flashes():
    made = ring((0, TokenRefused("T", "why")))
    instants = range(0, made.deadline_ms(), 10)
    lit = [frame(PATTERNS["rejected"], at_ms, 1) != (OFF,) for at_ms in instants]
    flashes = [now and not before for before, now in zip([False, *lit], lit, strict=False)]
    assert sum(flashes) == 5


def test_no_two_patterns_have_the_same_priority():
    assert len({pattern.priority for pattern in PATTERNS.values()}) == len(PATTERNS)


# -- which pattern ---------------------------------------------------------------------------


@pytest.mark.covers("B-LEDB-01")
@pytest.mark.parametrize(
    "fact, pattern",
    [
        (shown(P.IDLE), "ready"),
        (shown(P.PLUGGED), "plugged_unauthorized"),
        (shown(P.AUTHORISED), "authorized_wait"),
        (shown(P.STARTING), "authorized_wait"),
        (shown(P.RUNNING), "charging"),
        (shown(P.ENDING), "reserved_closing"),
        (shown(P.FINISHING), "reserved_closing"),
        (shown(P.IDLE, operative=False), "out_of_order"),
        (shown(P.RUNNING, operative=False), "charging"),
        (shown(P.RUNNING, faulted=True), "out_of_order"),
    ],
)
def test_an_outlet_shows_the_pattern_of_its_phase_in_the_same_step(fact, pattern):
    assert tell(ring(), fact, 70) == [(pattern, 70)]


@pytest.mark.covers("B-LEDB-01")
def test_of_two_outlets_the_higher_pattern_is_shown():
    made = ring((0, shown(P.RUNNING, 1)))
    assert tell(made, shown(P.IDLE, 2), 1) == []
    assert tell(made, shown(P.IDLE, 2, faulted=True), 2) == [("out_of_order", 2)]
    assert tell(made, shown(P.IDLE, 2), 3) == [("charging", 3)]


@pytest.mark.covers("B-LEDB-02", "B-AUT-09")
def test_a_refusal_shows_for_its_five_flashes_then_the_pattern_before():
    made = ring((0, shown(P.PLUGGED)))
    assert tell(made, TokenRefused("T", "why"), 100) == [("rejected", 100)]
    assert made.deadline_ms() == 2_600
    assert tell(made, TICK, 2_599) == []
    assert tell(made, TICK, 2_600) == [("plugged_unauthorized", 2_600)]


def test_a_second_refusal_begins_its_flashes_anew():
    made = ring((0, TokenRefused("T", "why")))
    assert tell(made, TokenRefused("T", "why"), 1_000) == [("rejected", 1_000)]
    assert made.deadline_ms() == 3_500


@pytest.mark.covers("B-RFD-01")
def test_a_card_turns_the_white_ring_for_a_second_at_least():
    made = ring((0, shown(P.IDLE)))
    assert tell(made, CardSeen("00", 1, 0), 10) == [("authorizing", 10)]
    assert tell(made, JUDGED, 20) == []
    assert made.deadline_ms() == 10 + CARD_MS
    assert tell(made, TICK, 1_010) == [("ready", 1_010)]


def test_a_question_turns_it_until_the_verdict():
    made = ring((0, shown(P.IDLE)), (0, CardSeen("00", 1, 0)), (0, TokenAsked("T")))
    assert tell(made, TICK, 30_000) == []
    assert tell(made, JUDGED, 30_001) == [("ready", 30_001)]


def test_a_waiting_token_shows_until_it_has_its_outlet_or_expires():
    accepted = TokenAccepted(1, "T", StartSource.CARD)
    for fact, at_ms in ((accepted, 500), (TICK, 9_000)):
        made = ring((0, shown(P.IDLE)))
        assert tell(made, TokenWaits("T", 9_000), 0) == [("authorized_wait", 0)]
        assert tell(made, fact, at_ms) == [("ready", at_ms)]


@pytest.mark.covers("B-OCP-13", "B-OCP-14")
@pytest.mark.parametrize("flag, patterns", [("on", ["out_of_order", "ready"]), ("off", [])])
def test_a_lost_back_end_shows_only_if_the_setting_says_so(flag, patterns):
    made = ring((0, shown(P.IDLE)), display_backend_disconnect_as_error=flag)
    told = tell(made, BackendLost(0, "gone"), 1) + tell(made, BackendReady(0), 2)
    assert [pattern for pattern, _ in told] == patterns


def test_the_ring_is_told_only_what_changes():
    made = LedCore(settings())
    assert list(made.handle(shown(P.IDLE), 0)) == [ShowPattern("ready", 0)]
    assert list(made.handle(shown(P.IDLE), 5)) == []
