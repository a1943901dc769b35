"""For whom outlets are kept: parents, the station's reservations, time, and the way to Reserved."""

import pytest

from firmware.auth.core import AuthCore
from firmware.model.backend import (
    Answer,
    AskBackend,
    BackendAnswered,
    BackendReady,
    ClockSynced,
    RemoteStartRequested,
    Restart,
)
from firmware.model.machine import TICK
from firmware.model.outlet import CableChanged
from firmware.model.reservation import (
    CancelReservationRequested,
    DropReservation,
    OutletReserved,
    PutReservation,
    Reservation,
    ReserveRequested,
)
from firmware.model.session import (
    ConnectorChanged,
    SessionPhase,
    SessionShown,
    StartSource,
    TokenAccepted,
    TokenJudged,
    TokenPresented,
    TokenRefused,
    Transaction,
    TransactionBegan,
)
from firmware.model.values import ConnectorStatus, Stamp, StopReason, TokenInfo, Verdict
from firmware.session.desk import Desk
from firmware.session.reservation import BLIND_MS, Bearer
from tests.pure.ocpp_rig import boot, frames, hear, station
from tests.pure.rigs import settings

NOON_MS = 1_769_860_800_000
HOUR_MS = 3_600_000
MINE = Reservation(7, 1, "MINE", None, NOON_MS + HOUR_MS)
OURS = Reservation(8, 0, "MINE", "GROUP", NOON_MS + HOUR_MS)
CARD = StartSource.CARD


def desk(*held, clock=True, **texts):
    made = Desk(settings(**texts), (1, 2))
    made.remember(held)
    facts = [ClockSynced(NOON_MS, "ntp")] if clock else []
    for fact in (TICK, *facts):
        list(made.handle(fact, 0))
    return made


def tell(made, fact, now_ms=0):
    return list(made.handle(fact, now_ms))


def judged(token, outlet=None, parent=None, guess=False):
    return TokenJudged(token, outlet, CARD, True, parent, "a rule", guess)


def began(outlet, reservation_id=None):
    stamp, key = Stamp(7, 0, None), f"7-{outlet}-1"
    return TransactionBegan(
        Transaction(key, outlet, "T", stamp, 0, 0, stamp, reservation_id=reservation_id)
    )


def word(made, outlet, number=9, token="T"):
    """Return the answer to ReserveNow."""
    wanted = Reservation(number, outlet, token, None, NOON_MS + HOUR_MS)
    return next(
        w for w in tell(made, ReserveRequested("q", wanted)) if isinstance(w, Answer)
    ).status


# -- who may ---------------------------------------------------------------------------------


@pytest.mark.covers("OCPP16-PITFALL-11", "OCPP16-PITFALL-12")
@pytest.mark.parametrize(
    "who, fits",
    [
        (Bearer("mine"), True), (Bearer("X"), False), (Bearer("X", "group"), True),
        (Bearer("GROUP"), False), (Bearer("X", "MINE"), False), (Bearer("X", guess=True), True),
    ],
)  # fmt: skip
def test_a_token_or_its_parent_fits_and_never_one_for_the_other(who, fits):
    assert who.fits(OURS) is fits


def test_a_reserved_token_goes_to_its_outlet_before_any_other_that_is_plugged():
    made = desk(MINE)
    tell(made, CableChanged(2, 32_000, 0))
    assert tell(made, judged("MINE")) == [
        TokenAccepted(1, "MINE", CARD, None, 7), OutletReserved(1, True, 7),
    ]  # fmt: skip


def test_another_token_waits_for_the_plug_of_an_outlet_that_is_not_kept():
    made = desk(MINE)
    tell(made, CableChanged(1, 32_000, 0))
    assert tell(made, judged("X")) == [TokenAccepted(2, "X", CARD)]
    assert tell(made, judged("Y")) == [
        TokenRefused("Y", "what is free is reserved for somebody else")
    ]


def test_two_reservations_of_the_station_keep_both_outlets_and_a_third_finds_none():
    made = desk()
    assert word(made, 0, 1, "A") == "Accepted"
    assert word(made, 0, 2, "B") == "Accepted"
    assert word(made, 0, 3, "C") == "Occupied"
    assert word(made, 1, 3, "C") == "Occupied"
    assert word(made, 0, 2, "B") == "Accepted"  # again
    assert tell(made, judged("C"))[0].reason.startswith("what is free is reserved")
    assert tell(made, judged("B", 2))[0] == TokenAccepted(2, "B", CARD, None, 2)
    out = tell(made, began(2, 2))
    assert DropReservation(2) in out
    assert OutletReserved(2, False) in out
    assert tell(made, judged("A", 1))[0] == TokenAccepted(1, "A", CARD, None, 1)


def test_a_reservation_of_an_outlet_comes_before_one_of_the_station():
    made = desk(MINE, OURS)
    assert tell(made, judged("MINE", 1))[0].reservation_id == 7
    assert tell(made, judged("MINE", 2))[0].reservation_id == 8


@pytest.mark.covers("OCPP16-PITFALL-46")
def test_a_parent_that_nobody_asked_for_is_asked_for_once():
    made = desk(OURS)
    assert tell(made, judged("X", 1, guess=True)) == [TokenPresented("X", 1, CARD, thorough=True)]
    assert tell(made, judged("X", 1)) == [TokenAccepted(1, "X", CARD), OutletReserved(2, True)]
    assert tell(desk(MINE), judged("X", 2, guess=True)) == [TokenAccepted(2, "X", CARD)]
    asked = tell(desk(OURS), judged("MINE", 1, guess=True))
    assert asked[0] == TokenAccepted(1, "MINE", CARD, None, 8)


@pytest.mark.covers("OCPP16-PITFALL-46")
@pytest.mark.parametrize("online", [True, False])
def test_the_back_end_is_asked_past_the_lists_and_when_it_is_away_they_decide(online):
    made = AuthCore(settings(local_whitelist_entries="X"), 7, {})
    if online:
        list(made.handle(BackendReady(0), 0))
    assert list(made.handle(TokenPresented("X", 1, CARD), 0))[0].guess
    out = list(made.handle(TokenPresented("X", 1, CARD, thorough=True), 0))
    if not online:
        assert out == [TokenJudged("X", 1, CARD, True, None, "on the local whitelist")]
        return
    assert AskBackend("X") in out
    answer = BackendAnswered("X", TokenInfo(Verdict.ACCEPTED, "GROUP"))
    (verdict,) = [w for w in made.handle(answer, 0) if isinstance(w, TokenJudged)]
    assert (verdict.accepted, verdict.parent, verdict.guess) == (True, "GROUP", False)


@pytest.mark.covers("OCPP16-PITFALL-42")
def test_a_remote_start_without_a_connector_finds_one_that_is_not_kept():
    made = desk(MINE)
    assert Answer("a", "Accepted") in tell(made, RemoteStartRequested("a", None, "X"))
    tell(made, judged("X", 2))
    assert tell(made, RemoteStartRequested("b", None, "Y")) == [Answer("b", "Rejected")]


# -- answers -----------------------------------------------------------------------------------


def shown(outlet, phase=SessionPhase.IDLE, *, faulted=False, operative=True):
    return SessionShown(outlet, phase, charging=False, faulted=faulted, operative=operative)


PLUGGED = SessionPhase.PLUGGED


@pytest.mark.covers("OCPP16-PITFALL-46", "TC_048_1_CS", "TC_050_1_CS")
@pytest.mark.parametrize(
    "facts, words",
    [
        ((), ("Accepted", "Accepted")),
        ((shown(1, faulted=True),), ("Faulted", "Accepted")),
        ((shown(1, PLUGGED),), ("Occupied", "Accepted")),
        ((shown(1, operative=False),), ("Unavailable", "Accepted")),
        ((shown(1, faulted=True), shown(2, faulted=True)), ("Faulted", "Faulted")),
        ((shown(1, faulted=True), shown(2, PLUGGED)), ("Faulted", "Occupied")),
        ((shown(1, operative=False), shown(2, operative=False)), ("Unavailable", "Unavailable")),
    ],
)
def test_the_answer_is_what_the_outlet_and_the_station_are(facts, words):
    for outlet, expected in zip((1, 0), words, strict=True):
        made = desk()
        for fact in facts:
            tell(made, fact)
        assert word(made, outlet) == expected


def test_nothing_is_reserved_while_a_soft_reset_is_under_way():
    made = desk()
    made.state.restart = StopReason.SOFT_RESET
    made.state.outlets[1].transaction = began(1).transaction
    assert word(made, 2) == "Rejected"
    assert not any(isinstance(w, Restart) for w in tell(made, TICK))


def test_it_is_kept_before_it_is_answered_and_forgotten_before_the_cancel_is():
    made = desk()
    out = tell(made, ReserveRequested("q", MINE))
    assert out == [PutReservation(MINE), Answer("q", "Accepted"), OutletReserved(1, True)]
    out = tell(made, CancelReservationRequested("c", 7))
    assert out == [DropReservation(7), Answer("c", "Accepted"), OutletReserved(1, False)]


# -- ends ----------------------------------------------------------------------------------------


@pytest.mark.covers("OCPP16-PITFALL-46")
def test_without_wall_time_a_reservation_lasts_a_few_hours_at_most():
    made = desk(MINE, clock=False)
    assert made.deadline_ms() == BLIND_MS
    assert tell(made, TICK, BLIND_MS - 1) == []
    assert tell(made, TICK, BLIND_MS) == [DropReservation(7), OutletReserved(1, False)]


@pytest.mark.covers("OCPP16-PITFALL-46")
@pytest.mark.parametrize("early_ms", [1, 0])
def test_once_the_time_is_known_it_counts(early_ms):
    made = desk(MINE, clock=False)
    zero_ms = MINE.expires_utc_ms - 5_000 - early_ms
    gone = [] if early_ms else [DropReservation(7), OutletReserved(1, False)]
    assert tell(made, ClockSynced(zero_ms, "ocpp"), 5_000) == gone


@pytest.mark.covers("OCPP16-PITFALL-46")
@pytest.mark.parametrize(
    "facts, left",
    [
        ((shown(1, faulted=True),), {8}),
        ((shown(1, operative=False),), {8}),
        ((shown(2, operative=False),), {7, 8}),
        ((shown(1, operative=False), shown(2, faulted=True)), set()),
    ],
)
def test_a_reservation_ends_with_its_outlet_and_the_stations_with_the_last(facts, left):
    made = desk(MINE, OURS)
    for fact in facts:
        tell(made, fact)
    assert set(made.state.reserved.held) == left


def test_a_reservation_of_an_outlet_that_is_no_more_is_dropped():
    made = Desk(settings(), (1,))
    made.remember([Reservation(7, 2, "MINE", None, NOON_MS)])
    assert DropReservation(7) in tell(made, TICK)


# -- the status ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path, told",
    [
        (("Preparing", "Reserved"), ["Preparing", "Available", "Reserved"]),
        (("Finishing", "Reserved"), ["Finishing", "Available", "Reserved"]),
        (("Reserved", "Charging"), ["Reserved", "Preparing", "Charging"]),
        (("Available", "Reserved", "Preparing"), ["Available", "Reserved", "Preparing"]),
        (("Reserved", "Available"), ["Reserved", "Available"]),
        (("Reserved", "Faulted"), ["Reserved", "Faulted"]),
        (("Reserved", "Unavailable"), ["Reserved", "Unavailable"]),
    ],
)
def test_the_way_to_and_from_reserved_is_that_of_the_table(path, told):
    core = station()
    boot(core)
    heard = []
    for now_ms, status in enumerate(path):
        sent = core.handle(ConnectorChanged(1, ConnectorStatus(status)), now_ms)
        while calls := frames(sent):
            heard += [call[3]["status"] for call in calls]
            sent = [w for call in calls for w in hear(core, [3, call[1], {}], now_ms)]
    assert heard == told
