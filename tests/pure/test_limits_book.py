"""The LimitBook: the least of all limits binds, a permit follows it, and it can say why."""

import pytest

from firmware.limits.core import LimitBook
from firmware.model.fault import Fault
from firmware.model.machine import NEVER_MS, TICK
from firmware.model.outlet import (
    CableChanged,
    EndPermit,
    FaultCleared,
    FaultRaised,
    GivePermit,
    PilotFound,
)
from firmware.model.session import EnergyWanted, LimitChanged
from firmware.model.settings import SettingsChanged
from firmware.model.values import Limit, LimitSet, OwnLimitChanged
from tests.pure.rigs import settings

WANTED, UNWANTED = EnergyWanted(1, True, "transaction"), EnergyWanted(1, False, "Local")
CABLE = CableChanged(1, 20_000, 0)


def book(*facts, outlets=(1,), **texts):
    made = LimitBook(settings(**texts), outlets)
    for fact in (TICK, *facts):
        list(made.handle(fact, 0))
    return made


def tell(made, fact, now_ms=0):
    told = made.handle(fact, now_ms)
    return [wish for wish in told if not isinstance(wish, OwnLimitChanged)]


def limit(source, limit_ma, expires_ms=NEVER_MS, outlet=1):
    return LimitSet(outlet, Limit(source, limit_ma, f"word of {source}", expires_ms))


AMPS = {
    "maximum_current_1": "63",
    "installation_current_limit_1": "63",
    "operator_current_limit_1": "63",
}


@pytest.mark.covers("B-CUR-01", "B-CUR-05")
@pytest.mark.parametrize(
    "texts, facts, limit_ma, source",
    [
        ({}, [], 16_000, "operator"),
        ({"operator_current_limit_1": "32"}, [], 32_000, "hardware"),
        (
            {"installation_current_limit_1": "20", "operator_current_limit_1": "20"},
            [], 20_000, "installation",
        ),
        (AMPS, [CABLE], 20_000, "cable"),
        (AMPS, [CABLE, limit("dlm", 19_000)], 19_000, "dlm"),
        (AMPS, [CABLE, limit("dlm", 19_000), limit("profile", 7_000)], 7_000, "profile"),
        (AMPS, [limit("dlm", 0)], 0, "dlm"),
        (AMPS, [CABLE, CableChanged(1, None, 0)], 63_000, "hardware"),
    ],
)  # fmt: skip
def test_the_least_limit_binds(texts, facts, limit_ma, source):
    made = book(*facts, **texts)
    told = made.books[1].told
    assert (told.limit_ma, told.source) == (limit_ma, source)
    expected = [GivePermit(1, limit_ma)] if limit_ma else []
    assert tell(made, WANTED) == expected


def test_a_permit_is_given_while_energy_is_wanted_and_taken_back_with_the_reason():
    made = book()
    assert tell(made, WANTED) == [GivePermit(1, 16_000)]
    assert tell(made, WANTED) == []
    assert tell(made, UNWANTED) == [EndPermit(1, "Local")]
    assert tell(made, UNWANTED) == []


@pytest.mark.covers("B-CUR-01")
@pytest.mark.parametrize(
    "limit_ma, expected", [(6_000, GivePermit(1, 6_000)), (5_999, EndPermit(1, "dlm"))]
)
def test_below_six_ampere_nothing_is_permitted(limit_ma, expected):
    changed = LimitChanged(1, limit_ma, "dlm", "word of dlm")
    told = tell(book(WANTED), limit("dlm", limit_ma))
    assert sorted(told, key=str) == sorted([changed, expected], key=str)


@pytest.mark.covers("B-CUR-04", "B-OCP-41")
def test_a_new_operator_limit_is_permitted_at_once():
    made = book(CableChanged(1, 32_000, 0), WANTED, operator_current_limit_1="32")
    changed = SettingsChanged(settings(operator_current_limit_1="16"))
    assert tell(made, changed) == [
        LimitChanged(1, 16_000, "operator", "operator_current_limit_1"), GivePermit(1, 16_000),
    ]  # fmt: skip


def test_a_limit_ends_at_its_time_and_not_before():
    made = book(WANTED, limit("dlm", 7_000, expires_ms=5_000))
    assert made.deadline_ms() == 5_000
    assert tell(made, TICK, 4_999) == []
    assert tell(made, TICK, 5_000) == [
        LimitChanged(1, 16_000, "operator", "operator_current_limit_1"), GivePermit(1, 16_000),
    ]  # fmt: skip


def test_permits_are_taken_back_before_any_is_given():
    made = book(
        EnergyWanted(2, True, "transaction"), limit("dlm", 0, 9, outlet=1), WANTED, outlets=(1, 2)
    )
    tell(made, limit("x", 0, outlet=2), 1)
    tell(made, limit("x", 16_000, outlet=2), 2)
    made.books[2].limits["x"] = Limit("x", 0, "shared fuse", NEVER_MS)
    wishes = tell(made, TICK, 9)
    assert [type(w) for w in wishes if isinstance(w, GivePermit | EndPermit)] == [
        EndPermit, GivePermit,
    ]  # fmt: skip


def test_a_pilot_that_has_just_come_is_given_its_permits_again():
    made = book(WANTED, outlets=(1, 2))
    assert tell(made, PilotFound(0)) == [GivePermit(1, 16_000)]


def test_outlets_have_limits_of_their_own():
    made = book(limit("dlm", 8_000, outlet=2), outlets=(1, 2))
    assert tell(made, WANTED) == [GivePermit(1, 16_000)]
    assert tell(made, EnergyWanted(2, True, "x")) == [GivePermit(2, 8_000)]


def test_what_is_told_of_an_outlet_that_is_not_there_changes_nothing():
    made = book()
    for fact in (CableChanged(2, 32_000, 0), EnergyWanted(2, True, "x"), limit("x", 0, outlet=2)):
        assert tell(made, fact) == []


@pytest.mark.parametrize(
    "facts, sentence",
    [
        ([], "outlet 1: no power asked for (no session); it could be 16 A"),
        ([UNWANTED], "outlet 1: no power asked for (Local); it could be 16 A"),
        (
            [WANTED],
            (
                "outlet 1: 16 A, bound by operator (operator_current_limit_1); "
                "then hardware 32 A, installation 32 A"
            ),
        ),
        (
            [WANTED, CABLE, limit("dlm", 9_500)],
            (
                "outlet 1: 9.5 A, bound by dlm (word of dlm); "
                "then operator 16 A, cable 20 A, hardware 32 A, installation 32 A"
            ),
        ),
        (
            [WANTED, limit("dlm", 5_000)],
            "outlet 1: paused, dlm leaves 5 A of 6 A (word of dlm)",
        ),
    ],
)
def test_the_book_says_why(facts, sentence):
    assert book(*facts).why(1) == sentence


@pytest.mark.covers("S04", "B-CUR-01")
def test_a_hot_station_is_a_limit_with_a_reason_until_it_has_cooled_down():
    made = book(WANTED)
    assert GivePermit(1, 10_000) in tell(made, FaultRaised(1, Fault.HOT_DERATED, 0))
    assert made.why(1) == (
        "outlet 1: 10 A, bound by thermal (too hot, charging current reduced); "
        "then operator 16 A, hardware 32 A, installation 32 A"
    )
    assert GivePermit(1, 16_000) in tell(made, FaultCleared(1, Fault.HOT_DERATED, 0))


def test_other_faults_are_no_limits():
    assert tell(book(WANTED), FaultRaised(1, Fault.HOT, 0)) == []


@pytest.mark.parametrize("source", ["hardware", "installation", "operator", "cable", "thermal"])
def test_nobody_from_outside_may_speak_for_the_station_itself(source):
    made = book()
    with pytest.raises(AssertionError, match=source):
        tell(made, limit(source, 63_000, expires_ms=5))
    assert made.books[1].told.limit_ma == 16_000


@pytest.mark.covers("B-CUR-12")
@pytest.mark.parametrize(
    "fed, phases", [("three_phase", 3), ("single_phase", 1), ("single_phase_it", 1)]
)
def test_an_outlet_that_is_fed_by_one_phase_is_given_one(fed, phases):
    assert tell(book(phases_connected_1=fed), WANTED) == [GivePermit(1, 16_000, phases)]


@pytest.mark.covers("S05")
def test_too_hot_the_permit_ends_and_comes_back():
    made = book(WANTED)
    assert tell(made, FaultRaised(1, Fault.HOT_STOPPED, 1)) == [
        LimitChanged(1, 0, "thermal stop", "too hot, charging stopped"),
        EndPermit(1, "thermal stop"),
    ]
    assert GivePermit(1, 16_000) in tell(made, FaultCleared(1, Fault.HOT_STOPPED, 2))


def test_load_management_is_told_of_every_limit_but_its_own():
    made = book()
    told = [
        [one.limit_ma for one in made.handle(fact, 0) if isinstance(one, OwnLimitChanged)]
        for fact in (
            limit("load management", 7_000),
            limit("ems", 9_000),
            CABLE,
            limit("ems", 8_000),
        )
    ]
    assert told == [[], [9_000], [], [8_000]]


@pytest.mark.covers("B-DLM-31", "P102")
def test_a_permit_tells_whether_a_sleeping_car_may_be_woken():
    made = book(WANTED)
    off = SettingsChanged(settings(dlm_allow_ev_wakeup="off"))
    assert tell(made, off) == [GivePermit(1, 16_000, wake=False)]
    assert tell(made, off) == []
