"""Where a session goes: each row of its table, and plug and card in any order."""

import pytest

from firmware.model.fault import Fault
from firmware.model.outlet import (
    FaultCleared,
    HoldLock,
    PilotFound,
)
from firmware.model.session import (
    AuthorityExpired,
    EnergyWanted,
    MeterRead,
    OperativeChanged,
    ReadMeter,
    StopAsked,
    Transaction,
    TransactionBegan,
    UnlockAsked,
)
from firmware.model.session import SessionPhase as P
from firmware.model.storage import PutTransaction
from firmware.model.values import (
    ConnectorStatus,
    Reading,
    Stamp,
    StopReason,
)
from firmware.session.rules import RULES
from tests.pure.session_rig import (
    ACCEPT,
    CAR,
    LIMIT,
    NO_CAR,
    NO_PLUG,
    OPEN,
    PLUG,
    RAISED,
    Session,
    ending,
    finishing,
    running,
)  # fmt: skip

# -- the table -------------------------------------------------------------------------------

READ = MeterRead(1, Reading(500, 0, (0, 0, 0), 10**6))
ROWS = [
    (P.IDLE, "token", lambda: Session(), [ACCEPT], P.AUTHORISED),
    (P.IDLE, "plug", lambda: Session(), [PLUG], P.PLUGGED),
    (P.PLUGGED, "token", lambda: Session(PLUG), [ACCEPT], P.AUTHORISED),
    (P.PLUGGED, "ready", lambda: Session(PLUG, CAR), [ACCEPT], P.STARTING),
    (P.PLUGGED, "unplug", lambda: Session(PLUG), [NO_PLUG], P.IDLE),
    (P.AUTHORISED, "ready", lambda: Session(PLUG, ACCEPT), [CAR], P.STARTING),
    (P.AUTHORISED, "expired", lambda: Session(ACCEPT), [StopAsked(1, StopReason.REMOTE)], P.IDLE),
    (P.STARTING, "gone", lambda: Session(PLUG, CAR, ACCEPT), [NO_CAR], P.AUTHORISED),
    (P.STARTING, "gone", lambda: Session(PLUG, CAR, ACCEPT), [RAISED], P.AUTHORISED),
    (P.STARTING, "register", lambda: Session(PLUG, CAR, ACCEPT), [READ], P.RUNNING),
    (P.RUNNING, "stop", running, [StopAsked(1, StopReason.REMOTE)], P.ENDING),
    (P.RUNNING, "gone", running, [NO_CAR], P.ENDING),
    (P.RUNNING, "gone", running, [NO_PLUG], P.ENDING),
    (P.RUNNING, "fault", running, [RAISED], P.ENDING),
    (P.ENDING, "ended", ending, [OPEN, READ], P.FINISHING),
    (P.FINISHING, "unplug", finishing, [NO_PLUG], P.IDLE),
    (P.FINISHING, "ready", finishing, [ACCEPT], P.STARTING),
    (P.FINISHING, "token", lambda: _told(finishing(), NO_CAR), [ACCEPT], P.AUTHORISED),
]


def _told(session, *facts):
    session.tell(*facts)
    return session


@pytest.mark.parametrize("source, name, make, facts, target", ROWS)
def test_each_row_of_the_table_leads_where_it_says(source, name, make, facts, target):
    session = make()
    assert session.phase is source
    session.tell(*facts)
    assert session.phase is target


def test_no_row_of_the_table_is_without_its_test():
    table = {(rule.source, rule.name) for rule in RULES}
    assert table - {(source, name) for source, name, *_ in ROWS} == {(P.IDLE, "ready")}


def test_two_ways_at_once_are_gone_in_one_step():
    session = Session(ACCEPT, CAR)
    session.tell(PLUG)
    assert session.phase is P.STARTING


# -- starting --------------------------------------------------------------------------------


@pytest.mark.covers("B-AUT-15")
def test_plug_first_then_card_starts_a_transaction():
    session = Session(PLUG, CAR)
    assert session.news() == [HoldLock(1, True)]
    session.wait(2_000)
    session.tell(ACCEPT)
    assert session.news() == [ReadMeter(1)]
    session.read(1_234)
    stamp = Stamp(7, 2_000, None)
    transaction = Transaction("7-1-1", 1, "TAG", stamp, 1_234, 1_234, stamp, parent="PARENT")
    assert session.news() == [
        PutTransaction(transaction),
        TransactionBegan(transaction),
        EnergyWanted(1, True, "transaction"),
    ]


def test_card_first_then_plug_starts_a_transaction():
    session = Session(ACCEPT)
    assert session.phase is P.AUTHORISED
    session.wait(10_000)
    session.tell(PLUG, CAR)
    session.read(5)
    assert session.news()[:2] == [HoldLock(1, True), ReadMeter(1)]
    assert session.core.state.transaction.token == "TAG"


def test_a_register_from_before_the_start_does_not_begin_a_transaction():
    session = Session(PLUG, CAR)
    session.read(100)
    session.wait(1)
    session.tell(ACCEPT)
    assert session.phase is P.STARTING
    session.read(100)
    assert session.phase is P.RUNNING


def test_a_meter_that_does_not_answer_is_asked_every_five_seconds():
    session = Session(PLUG, CAR, ACCEPT)
    session.wait(14_000)
    assert session.news() == [HoldLock(1, True), *[ReadMeter(1)] * 3]


@pytest.mark.covers("B-AUT-14", "B-OCP-37")
def test_a_token_without_a_plug_expires_after_45_s():
    session = Session(ACCEPT)
    session.wait(44_999)
    assert (session.phase, session.news()) == (P.AUTHORISED, [])
    session.wait(1)
    assert session.phase is P.IDLE
    assert session.news() == [AuthorityExpired(1, "TAG"), HoldLock(1, False)]
    assert session.faces == [ConnectorStatus.AVAILABLE]
    session.tell(PLUG, CAR)
    assert session.phase is P.PLUGGED


@pytest.mark.covers("B-AUT-14")
def test_the_time_for_a_plug_is_a_parameter():
    session = Session(ACCEPT, vehicle_connection_timeout="10")
    assert session.core.deadline_ms() == 10_000


def test_an_inoperative_or_faulty_outlet_starts_nothing():
    session = Session(PLUG, CAR, OperativeChanged(1, False), ACCEPT)
    assert session.phase is P.AUTHORISED
    session.tell(RAISED, OperativeChanged(1, True))
    assert session.phase is P.AUTHORISED
    session.tell(FaultCleared(1, Fault.GROUND_FAILURE, 0))
    assert session.phase is P.STARTING


# -- the plug --------------------------------------------------------------------------------


@pytest.mark.covers("B-STP-10")
def test_a_plug_is_held_at_once_and_freed_when_nobody_comes_in_45_s():
    session = Session(PLUG)
    assert session.news() == [HoldLock(1, True)]
    session.wait(44_999)
    assert session.news() == []
    session.wait(1)
    assert session.news() == [HoldLock(1, False)]


@pytest.mark.covers("B-STP-10")
@pytest.mark.parametrize("fact", [CAR, LIMIT, PLUG, OPEN])
def test_a_fact_at_that_very_moment_frees_it_as_well(fact):
    session = Session(PLUG)
    session.news()
    session.now_ms = 45_000
    session.tell(fact)
    assert session.news() == [HoldLock(1, False)]


@pytest.mark.covers("B-STP-11")
def test_with_lock_only_if_authorised_the_plug_is_held_from_the_card_on():
    session = Session(PLUG, CAR, lock_actuator_only_if_authorized="on")
    assert session.news() == []
    session.tell(ACCEPT)
    assert session.news() == [HoldLock(1, True), ReadMeter(1)]


def test_an_unlock_that_was_asked_for_is_told_to_the_pilot_again_and_again():
    session = finishing()
    session.news()
    session.tell(UnlockAsked(1), UnlockAsked(1))
    assert session.news() == [HoldLock(1, False)] * 2


def test_a_pilot_that_has_just_come_is_told_to_hold_a_charging_plug():
    session = running()
    session.tell(PilotFound(0))
    assert session.news() == [HoldLock(1, True)]
