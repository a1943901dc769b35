"""What the ring shows: which pattern wins, and the golden frames of every pattern."""

from datetime import UTC, datetime

import pytest

from firmware.led.brightness import changes_in_ms, percent
from firmware.led.core import CARD_MS, LedCore
from firmware.led.patterns import OFF, PATTERNS, PROFILES, frame
from firmware.led.patterns import shown as lit
from firmware.model.backend import BackendLost, BackendReady, ClockSynced
from firmware.model.machine import NEVER_MS, TICK
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
from firmware.model.settings import SettingsChanged
from tests.pure.rigs import settings
from tools import rings

P = SessionPhase
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
def test_every_frame_of_every_pattern_of_both_profiles_is_the_golden_one():
    assert rings.golden() == rings.GOLDEN.read_text()


@pytest.mark.parametrize("profile, count", [("cc613", 13), ("bender_5_33", 13)])
def test_no_pattern_is_without_golden_frames_and_every_length_of_ring_is_filled(profile, count):
    patterns = PROFILES[profile]
    assert len(patterns) == count
    for pattern in patterns.values():
        assert f"\n{profile} {pattern.name} " in rings.GOLDEN.read_text()
        assert [len(frame(pattern, 0, lights)) for lights in (1, 5, 24)] == [1, 5, 24]


def test_the_other_profile_shows_errors_steady_and_an_update_flashing_and_nothing_else_new():
    ours, bender = PROFILES["cc613"], PROFILES["bender_5_33"]
    assert {name for name in ours if ours[name] != bender[name]} == {"out_of_order", "updating"}
    assert [(bender[n].mode, bender[n].period_ms) for n in ("out_of_order", "updating")] == [
        ("steady", 0), ("blink", 2_000),
    ]  # fmt: skip
    assert [p.priority for p in bender.values()] == [p.priority for p in ours.values()]


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


# -- profile and brightness --------------------------------------------------------------------

HOUR_MS = 3_600_000
NIGHT = {"led_night_intensity": "10", "led_night_from": "22", "led_night_to": "6"}


def utc(day, hour, minute=0):
    """Return an instant of a month of 2026, in ms of UTC."""
    month, day = day
    return int(datetime(2026, month, day, hour, minute, tzinfo=UTC).timestamp() * 1_000)


@pytest.mark.covers("B-LEDB-01")
def test_a_change_of_profile_or_brightness_is_shown_at_once_without_a_new_beginning():
    made = ring((0, shown(P.IDLE, faulted=True)))
    change = SettingsChanged(
        settings(**{"led_profile": "bender_5_33", "ocpp:LightIntensity": "40"})
    )
    assert list(made.handle(change, 700)) == [ShowPattern("out_of_order", 0, "bender_5_33", 40)]
    assert list(made.handle(change, 701)) == []


def test_a_wish_is_drawn_by_its_profile_as_old_as_it_is_and_as_bright():
    wish = ShowPattern("out_of_order", 1_000, "cc613", 50)
    assert lit(wish, 1_000, 3) == ((0, 127, 0), (127, 88, 0), (0, 32, 127))
    assert lit(wish, 1_500, 3) == (OFF,) * 3
    steady = ShowPattern("out_of_order", 1_000, "bender_5_33")
    assert lit(steady, 1_500, 3) == ((0, 255, 0), (255, 176, 0), (0, 64, 255))
    assert lit(ShowPattern("ready", 0, percent=0), 0, 2) == (OFF,) * 2


@pytest.mark.parametrize(
    "hour, bright", [(21, 100), (22, 10), (23, 10), (0, 10), (5, 10), (6, 100), (12, 100)]
)
def test_the_night_goes_over_midnight(hour, bright):
    assert percent(settings(**NIGHT), utc((3, 1), hour)) == bright


@pytest.mark.parametrize("hour, bright", [(0, 100), (1, 10), (5, 10), (6, 100), (23, 100)])
def test_a_night_may_lie_within_one_day(hour, bright):
    assert percent(settings(**{**NIGHT, "led_night_from": "1"}), utc((3, 1), hour)) == bright


@pytest.mark.parametrize(
    "day, hour, bright",
    [((1, 15), 20, 100), ((1, 15), 21, 10), ((7, 15), 19, 100), ((7, 15), 20, 10)],
)
def test_hours_are_those_of_the_time_zone_summer_and_winter(day, hour, bright):
    zoned = settings(**NIGHT, time_zone="Europe/Berlin")
    assert percent(zoned, utc(day, hour)) == bright


@pytest.mark.parametrize(
    "changed, bright",
    [
        ({"ocpp:LightIntensity": "5"}, 5),  # darker than the night
        ({"ocpp:LightIntensity": "80"}, 10),
        ({"led_night_to": "22"}, 100),  # no night
        ({"led_night_intensity": "100"}, 100),
        ({"led_night_intensity": "0"}, 0),
    ],
)
def test_at_night_the_ring_is_at_most_as_bright_as_the_night_is(changed, bright):
    assert percent(settings(**{**NIGHT, **changed}), utc((3, 1), 23)) == bright


def test_while_the_time_is_not_known_it_is_day():
    assert percent(settings(**NIGHT, **{"ocpp:LightIntensity": "70"}), None) == 70
    made = ring((0, shown(P.IDLE)), **NIGHT)
    assert made.deadline_ms() == NEVER_MS


def test_the_ring_is_dimmed_when_the_night_begins_and_bright_when_it_ends():
    made = LedCore(settings(**NIGHT))
    list(made.handle(ClockSynced(utc((3, 1), 21, 30), "ntp"), 0))
    told = [(0, wish.percent) for wish in made.handle(shown(P.IDLE), 0)]
    while (now_ms := made.deadline_ms()) <= 24 * HOUR_MS:
        told += [(now_ms, wish.percent) for wish in made.handle(TICK, now_ms)]
    assert told == [(0, 100), (HOUR_MS // 2, 10), (HOUR_MS * 17 // 2, 100)]


@pytest.mark.parametrize(
    "zone, utc_ms, minutes",
    [
        ("", utc((3, 1), 21, 59), 1),
        ("Asia/Kathmandu", utc((3, 1), 12, 0), 15),  # 5:45 ahead of UTC
        ("Australia/Lord_Howe", utc((4, 4), 14, 59), 1),  # at 2:00 it goes back half an hour,
        ("Australia/Lord_Howe", utc((4, 4), 15, 0), 30),  # and is asked again half an hour later
    ],
)
def test_the_ring_looks_at_the_clock_at_each_full_hour_of_the_zone(zone, utc_ms, minutes):
    assert changes_in_ms(settings(**NIGHT, time_zone=zone), utc_ms) == minutes * 60_000
