"""The desk: which outlet a token is for, and how each request of the back end is answered."""

from dataclasses import replace

import pytest

from firmware.model.backend import (
    Answer,
    AvailabilityRequested,
    RemoteStartRequested,
    RemoteStopRequested,
    ResetRequested,
    Restart,
    UnlockRequested,
)
from firmware.model.fault import Fault
from firmware.model.machine import TICK
from firmware.model.outlet import CableChanged, FaultCleared, FaultRaised, LockMoved
from firmware.model.session import (
    AuthorityExpired,
    CardSeen,
    ConnectorChanged,
    OperativeChanged,
    SessionPhase,
    SessionShown,
    StartSource,
    StopAsked,
    TokenAccepted,
    TokenJudged,
    TokenPresented,
    TokenRefused,
    TokenWaits,
    Transaction,
    TransactionBegan,
    TransactionConfirmed,
    TransactionEnded,
    UnlockAsked,
)
from firmware.model.storage import PutNote
from firmware.model.tokens import RANDOM, UNPROVED, written
from firmware.model.values import ConnectorStatus, Stamp, StopReason, TokenInfo, Verdict
from firmware.session.desk import Desk
from firmware.session.requests import UNLOCK_WAIT_MS
from tests.pure.rigs import settings

CARD, REMOTE = StartSource.CARD, StartSource.REMOTE
NO_OUTLET = "no outlet is free: all are in use or out of order"


def desk(*facts, outlets=(1, 2), **texts):
    """Return a desk that was told these facts at 0 ms."""
    made = Desk(settings(**texts), outlets)
    for fact in (TICK, *facts):
        list(made.handle(fact, 0))
    return made


def tell(made, fact, now_ms=0):
    return list(made.handle(fact, now_ms))


def plug(outlet):
    return CableChanged(outlet, 32_000, 0)


def began(outlet=1, token="0a0e9b83", parent=None, transaction_id=None):
    stamp = Stamp(7, 0, None)
    key = f"7-{outlet}-1"
    return TransactionBegan(
        Transaction(key, outlet, token, stamp, 0, 0, stamp, transaction_id, parent)
    )


def ended(fact):
    return TransactionEnded(replace(fact.transaction, ended=Stamp(7, 9, None)))


def judged(token="T", outlet=None, source=CARD, accepted=True, parent=None):
    return TokenJudged(token, outlet, source, accepted, parent, "a rule")


# -- cards -----------------------------------------------------------------------------------


@pytest.mark.covers("B-RFD-02")
@pytest.mark.parametrize(
    "letter_case, token",
    [
        ("lower", "0a0e9b83"), ("upper", "0A0E9B83"), ("lower_reversed", "839b0e0a"),
        ("upper_reversed", "839B0E0A"),
    ],
)  # fmt: skip
def test_a_uid_is_written_in_the_chosen_form(letter_case, token):
    assert written("0a0e9b83", letter_case) == token
    made = desk(rfid_letter_case=letter_case)
    assert tell(made, CardSeen("0a0e9b83", 1, 0)) == [TokenPresented(token, None, CARD)]


@pytest.mark.covers("B-RFD-03")
@pytest.mark.parametrize(
    "letter_case, stops", [("lower", True), ("upper", True), ("lower_reversed", False)]
)
def test_the_same_card_stops_in_any_case_but_not_in_another_byte_order(letter_case, stops):
    made = desk(began(token="0a0E9b83"), rfid_letter_case=letter_case)
    token = written("0a0e9b83", letter_case)
    expected = StopAsked(1, StopReason.LOCAL, token) if stops else TokenPresented(token, None, CARD)
    assert tell(made, CardSeen("0a0e9b83", 1, 0)) == [expected]


@pytest.mark.covers("B-AUT-16", "B-STP-02")
def test_the_card_of_a_running_transaction_stops_it_without_asking_anybody():
    made = desk(began(1, "aa"), began(2, "bb"))
    assert tell(made, CardSeen("bb", 1, 0)) == [StopAsked(2, StopReason.LOCAL, "bb")]


SECURE = {
    "rfid_enforce_secure": "on",
    "rfid_secure_key": "00112233445566778899aabbccddeeff",
    "rfid_secure_application": "f51cd0",
}


@pytest.mark.covers("B-RFD-20")
def test_where_a_proof_is_demanded_a_bare_number_is_refused_and_a_proved_one_asked_for():
    made = desk(**SECURE)
    assert tell(made, CardSeen("0a0e9b83", 1, 0)) == [TokenRefused("0a0e9b83", UNPROVED)]
    proved = CardSeen("0a0e9b83", 1, 0, "mifare_desfire", secure=True)
    assert tell(made, proved) == [TokenPresented("0a0e9b83", None, CARD)]


@pytest.mark.covers("B-RFD-20")
def test_a_copied_number_does_not_stop_the_transaction_of_a_card_that_proved_itself():
    made = desk(began(token="0a0e9b83"), **SECURE)
    assert tell(made, CardSeen("0a0e9b83", 1, 0)) == [TokenRefused("0a0e9b83", UNPROVED)]
    proved = CardSeen("0a0e9b83", 1, 0, "mifare_desfire", secure=True)
    assert tell(made, proved) == [StopAsked(1, StopReason.LOCAL, "0a0e9b83")]


def test_a_number_that_is_drawn_each_time_is_refused_for_what_it_is():
    assert tell(desk(), CardSeen("08112233", 1, 0, "random")) == [TokenRefused("08112233", RANDOM)]


@pytest.mark.parametrize("kind", ["mifare_classic", "random"])
def test_free_charging_takes_any_card_whatever_a_proof_would_be(kind):
    made = desk(free_charging="on", free_charging_mode="full_any_rfid", **SECURE)
    card = CardSeen("08112233", 1, 0, kind)
    assert tell(made, card) == [TokenPresented("08112233", None, CARD)]


@pytest.mark.covers("B-AUT-17")
def test_another_card_is_refused_while_all_outlets_are_in_use():
    made = desk(began(1), began(2))
    assert tell(made, judged("T")) == [TokenRefused("T", NO_OUTLET)]


@pytest.mark.covers("B-AUT-17")
def test_a_card_of_the_same_parent_stops_the_transaction():
    made = desk(began(1, parent="P"))
    assert tell(made, judged("T", parent="P")) == [StopAsked(1, StopReason.LOCAL, "T")]


@pytest.mark.parametrize("source, outlet", [(REMOTE, 2), (REMOTE, None), (CARD, 2)])
def test_only_a_card_at_its_reader_stops_for_its_parent(source, outlet):
    told = tell(desk(began(1, parent="P")), judged("T", outlet, source, parent="P"))
    assert told == [TokenAccepted(2, "T", source, "P")]


def test_the_parent_may_be_known_only_from_the_confirmation():
    made = desk(began(1))
    tell(made, TransactionConfirmed("7-1-1", 1, 5, TokenInfo(Verdict.ACCEPTED, "P")))
    assert tell(made, judged("T", parent="P")) == [StopAsked(1, StopReason.LOCAL, "T")]


def test_two_tokens_without_parent_are_no_family():
    made = desk(began(1), plug(2))
    assert tell(made, judged("T")) == [TokenAccepted(2, "T", CARD)]


def test_a_refused_token_is_told_with_its_rule():
    assert tell(desk(), judged("T", accepted=False)) == [TokenRefused("T", "a rule")]


# -- which outlet ----------------------------------------------------------------------------


@pytest.mark.covers("B-RFD-22")
@pytest.mark.parametrize(
    "plugs, outlet", [([1], 1), ([2], 2), ([1, 2], 2), ([2, 1], 1)]
)  # fmt: skip
def test_a_token_goes_to_the_outlet_that_was_plugged_last(plugs, outlet):
    made = desk()
    for now_ms, number in enumerate(plugs, start=1):
        tell(made, plug(number), now_ms)
    assert tell(made, judged("T"), 9) == [TokenAccepted(outlet, "T", CARD)]


@pytest.mark.covers("B-RFD-22")
def test_a_token_waits_for_the_next_plug_where_both_outlets_are_free():
    made = desk()
    assert tell(made, judged("T"), 1_000) == [TokenWaits("T", 46_000)]
    assert made.deadline_ms() == 46_000
    assert tell(made, plug(2), 45_999) == [TokenAccepted(2, "T", CARD)]
    assert tell(made, plug(1), 45_999) == []


@pytest.mark.covers("B-RFD-22", "B-AUT-14")
def test_a_waiting_token_expires_without_a_plug():
    made = desk()
    tell(made, judged("T"), 1_000)
    tell(made, TICK, 46_000)
    assert tell(made, plug(2), 46_001) == []


def test_the_only_free_outlet_gets_the_token_before_any_plug():
    assert tell(desk(outlets=(1,)), judged("T")) == [TokenAccepted(1, "T", CARD)]
    assert tell(desk(began(1)), judged("T")) == [TokenAccepted(2, "T", CARD)]


BUSY = [
    [began(1)],
    [SessionShown(1, SessionPhase.IDLE, charging=False, faulted=True, operative=True)],
    [AvailabilityRequested("a", 1, operative=False)],
    [judged("OTHER", outlet=1)],
]


@pytest.mark.parametrize("facts", BUSY)
def test_an_outlet_in_use_or_out_of_order_gets_no_token(facts):
    made = desk(*facts)
    assert tell(made, judged("T", outlet=1)) == [TokenRefused("T", NO_OUTLET)]
    assert tell(made, judged("T")) == [TokenAccepted(2, "T", CARD)]


def test_an_expired_authority_sets_its_outlet_free():
    made = desk(judged("OTHER", outlet=1), AuthorityExpired(1, "OTHER"))
    assert tell(made, judged("T", outlet=1)) == [TokenAccepted(1, "T", CARD)]


# -- remote start and stop -------------------------------------------------------------------


@pytest.mark.parametrize("outlet", [None, 1, 2])
def test_a_remote_start_is_accepted_and_its_token_presented(outlet):
    assert tell(desk(), RemoteStartRequested("c", outlet, "T")) == [
        Answer("c", "Accepted"), TokenPresented("T", outlet, REMOTE),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "facts, outlet", [([began(1)], 1), ([], 9), ([began(1), began(2)], None)]
)  # fmt: skip
def test_a_remote_start_that_finds_no_outlet_is_rejected(facts, outlet):
    made = desk(*facts)
    assert tell(made, RemoteStartRequested("c", outlet, "T")) == [Answer("c", "Rejected")]


@pytest.mark.covers("B-STP-03")
def test_a_remote_stop_names_the_transaction_of_the_back_end():
    made = desk(began(1, transaction_id=41), began(2, transaction_id=42))
    assert tell(made, RemoteStopRequested("c", 42)) == [
        Answer("c", "Accepted"), StopAsked(2, StopReason.REMOTE),
    ]  # fmt: skip
    assert tell(made, RemoteStopRequested("d", 43)) == [Answer("d", "Rejected")]


def test_an_id_that_came_with_the_confirmation_can_be_stopped():
    made = desk(began(1))
    assert tell(made, RemoteStopRequested("c", 5)) == [Answer("c", "Rejected")]
    tell(made, TransactionConfirmed("7-1-1", 1, 5, TokenInfo(Verdict.ACCEPTED)))
    assert tell(made, RemoteStopRequested("d", 5))[0] == Answer("d", "Accepted")


# -- unlock ----------------------------------------------------------------------------------


@pytest.mark.covers("B-STP-12")
def test_an_unlock_stops_the_transaction_and_is_answered_when_the_pin_is_free():
    made = desk(began(1), LockMoved(1, True, 0))
    assert tell(made, UnlockRequested("c", 1)) == [
        StopAsked(1, StopReason.UNLOCK_COMMAND), UnlockAsked(1),
    ]  # fmt: skip
    assert tell(made, LockMoved(1, False, 0), 7_000) == [Answer("c", "Unlocked")]
    assert tell(made, TICK, UNLOCK_WAIT_MS) == []


@pytest.mark.covers("B-STP-12")
def test_an_unlock_that_does_not_come_has_failed_after_15_s():
    made = desk(LockMoved(1, True, 0))
    tell(made, UnlockRequested("c", 1), 100)
    assert made.deadline_ms() == 15_100
    assert tell(made, TICK, 15_099) == []
    assert tell(made, TICK, 15_100) == [Answer("c", "UnlockFailed")]


def test_a_plug_that_is_free_is_unlocked_and_an_outlet_that_is_not_there_not_supported():
    made = desk()
    assert tell(made, UnlockRequested("c", 1)) == [UnlockAsked(1), Answer("c", "Unlocked")]
    assert tell(made, UnlockRequested("d", 9)) == [Answer("d", "NotSupported")]


# -- reset -----------------------------------------------------------------------------------


def test_a_hard_reset_is_noted_for_the_next_boot_and_done_at_once():
    assert tell(desk(began(1)), ResetRequested("c", hard=True)) == [
        Answer("c", "Accepted"),
        PutNote("restart", "HardReset"),
        Restart(StopReason.HARD_RESET),
    ]


def test_a_soft_reset_ends_the_transactions_and_waits_for_their_ends():
    first, second = began(1), began(2)
    made = desk(first, second)
    assert tell(made, ResetRequested("c", hard=False)) == [
        Answer("c", "Accepted"),
        StopAsked(1, StopReason.SOFT_RESET),
        StopAsked(2, StopReason.SOFT_RESET),
    ]
    assert tell(made, ended(first)) == []
    assert tell(made, ended(second)) == [Restart(StopReason.SOFT_RESET)]
    assert tell(made, TICK, 1) == []


def test_a_soft_reset_of_an_idle_station_is_done_at_once():
    assert tell(desk(), ResetRequested("c", hard=False)) == [
        Answer("c", "Accepted"), Restart(StopReason.SOFT_RESET),
    ]  # fmt: skip


def test_a_transaction_that_begins_meanwhile_does_not_hold_up_a_soft_reset():
    first, second = began(1), began(2)
    made = desk(first)
    tell(made, ResetRequested("c", hard=False))
    assert tell(made, second) == [StopAsked(2, StopReason.SOFT_RESET)]
    assert tell(made, ended(first)) == []
    assert tell(made, ended(second)) == [Restart(StopReason.SOFT_RESET)]


# -- availability ----------------------------------------------------------------------------


def test_an_idle_outlet_is_closed_at_once_and_that_lasts():
    made = desk()
    assert tell(made, AvailabilityRequested("c", 1, operative=False)) == [
        Answer("c", "Accepted"), PutNote("inoperative:1", "1"), OperativeChanged(1, False),
    ]  # fmt: skip
    assert tell(made, AvailabilityRequested("d", 1, operative=True)) == [
        Answer("d", "Accepted"), PutNote("inoperative:1", None), OperativeChanged(1, True),
    ]  # fmt: skip


def test_an_outlet_in_use_is_closed_after_its_transaction():
    first = began(1)
    made = desk(first)
    assert tell(made, AvailabilityRequested("c", 1, operative=False)) == [Answer("c", "Scheduled")]
    assert tell(made, ended(first)) == [
        PutNote("inoperative:1", "1"), OperativeChanged(1, False),
    ]  # fmt: skip


def test_a_scheduled_closing_is_taken_back_by_operative():
    first = began(1)
    made = desk(first, AvailabilityRequested("c", 1, operative=False))
    assert tell(made, AvailabilityRequested("d", 1, operative=True)) == [Answer("d", "Accepted")]
    assert tell(made, ended(first)) == []


def test_outlet_0_is_all_outlets_and_its_own_face():
    made = desk(began(1))
    assert tell(made, AvailabilityRequested("c", 0, operative=False)) == [
        Answer("c", "Scheduled"), PutNote("inoperative:2", "1"), OperativeChanged(2, False),
    ]  # fmt: skip
    assert tell(made, ended(began(1))) == [
        PutNote("inoperative:1", "1"),
        OperativeChanged(1, False),
        ConnectorChanged(0, ConnectorStatus.UNAVAILABLE),
    ]
    assert tell(made, AvailabilityRequested("d", 9, operative=False)) == [Answer("d", "Rejected")]


def test_a_fault_of_the_station_shows_on_connector_0_until_it_ends():
    made = desk()
    assert tell(made, FaultRaised(0, Fault.READER, 0)) == [
        ConnectorChanged(
            0, ConnectorStatus.AVAILABLE, "ReaderFailure", "RFID reader not communicating", "F15"
        )
    ]
    assert tell(made, FaultCleared(0, Fault.READER, 0)) == [
        ConnectorChanged(0, ConnectorStatus.AVAILABLE, "NoError", "RFID reader recovered", "F15")
    ]


@pytest.mark.covers("F09")
def test_that_the_back_end_was_away_is_told_once_it_is_back_and_not_before():
    made = desk()
    assert tell(made, FaultRaised(0, Fault.BACKEND, 0)) == []
    assert tell(made, FaultCleared(0, Fault.BACKEND, 0)) == [
        ConnectorChanged(0, ConnectorStatus.AVAILABLE, "NoError", "Backend connected", "F09")
    ]
