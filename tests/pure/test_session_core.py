"""One outlet's session: plug and card in any order, each way to stop, each row of the table."""

from dataclasses import replace

import pytest

from firmware.model.backend import ClockSynced
from firmware.model.fault import Fault
from firmware.model.machine import NEVER_MS, TICK
from firmware.model.outlet import (
    CableChanged,
    ContactorMoved,
    CpChanged,
    FaultCleared,
    FaultRaised,
    HoldLock,
    PilotFound,
)
from firmware.model.session import (
    AuthorityExpired,
    ConnectorChanged,
    EnergyWanted,
    LimitChanged,
    MeterRead,
    OperativeChanged,
    ReadMeter,
    SessionShown,
    StartSource,
    StopAsked,
    TokenAccepted,
    Transaction,
    TransactionBegan,
    TransactionConfirmed,
    TransactionEnded,
    UnlockAsked,
)
from firmware.model.session import SessionPhase as P
from firmware.model.storage import PutTransaction
from firmware.model.values import (
    ConnectorStatus,
    CpState,
    Reading,
    Stamp,
    StopReason,
    TokenInfo,
    Verdict,
)
from firmware.session.core import RESUME_WAIT_MS, SessionCore
from firmware.session.rules import RULES
from tests.pure.rigs import settings

ACCEPT = TokenAccepted(1, "TAG", StartSource.CARD, "PARENT")
NO_PLUG, PLUG = CableChanged(1, None, 0), CableChanged(1, 32_000, 0)
NO_CAR, CAR, ASKS = (CpChanged(1, cp, 0) for cp in (CpState.A, CpState.B1, CpState.C2))
CLOSED, OPEN = ContactorMoved(1, True, "car_asks", 0), ContactorMoved(1, False, "cp_b", 0)
LIMIT = LimitChanged(1, 16_000, "operator", "why")
SHOWN = (SessionShown, ConnectorChanged)


class Session:
    """A session in the hand; `wished` is what it wished since it was last looked at."""

    def __init__(self, *facts, resumed=None, reason=None, operative=True, **texts):
        self.core = SessionCore(
            1, settings(**texts), 7, resumed=resumed, resume_reason=reason, operative=operative
        )
        self.now_ms = 0
        self.wished, self.shown = [], []
        self.tell(LIMIT, *facts)

    def tell(self, *facts):
        for fact in facts:
            for wish in self.core.handle(fact, self.now_ms):
                (self.shown if isinstance(wish, SHOWN) else self.wished).append(wish)

    def read(self, energy_wh):
        self.tell(MeterRead(1, Reading(energy_wh, 0, (0, 0, 0), self.now_ms)))

    def wait(self, span_ms):
        then_ms = self.now_ms + span_ms
        while (due_ms := self.core.deadline_ms()) <= then_ms:
            self.now_ms = due_ms
            self.tell(TICK)
        self.now_ms = then_ms

    def news(self):
        wished, self.wished = self.wished, []
        return wished

    @property
    def phase(self):
        return self.core.state.phase

    @property
    def faces(self):
        return [shown.status for shown in self.shown if isinstance(shown, ConnectorChanged)]


def running(**texts):
    session = Session(PLUG, CAR, ACCEPT, **texts)
    session.wait(1_000)
    session.read(100)
    session.tell(ASKS, CLOSED)
    session.wait(1_000)
    assert session.phase is P.RUNNING
    session.news()
    return session


def ending(**texts):
    session = running(**texts)
    session.tell(StopAsked(1, StopReason.LOCAL, "TAG"))
    return session


def finishing(**texts):
    session = ending(**texts)
    session.tell(CAR, OPEN)
    session.read(900)
    session.wait(1_000)
    return session


# -- the table -------------------------------------------------------------------------------

RAISED = FaultRaised(1, Fault.GROUND_FAILURE, 0)
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


# -- stopping --------------------------------------------------------------------------------

STOPS = [
    ([StopAsked(1, StopReason.LOCAL, "TAG")], StopReason.LOCAL, "TAG"),
    ([StopAsked(1, StopReason.REMOTE)], StopReason.REMOTE, None),
    ([StopAsked(1, StopReason.UNLOCK_COMMAND)], StopReason.UNLOCK_COMMAND, None),
    ([StopAsked(1, StopReason.SOFT_RESET)], StopReason.SOFT_RESET, None),
    ([NO_CAR], StopReason.EV_DISCONNECTED, None),
    ([NO_PLUG], StopReason.EV_DISCONNECTED, None),
    ([RAISED], StopReason.OTHER, None),
    ([StopAsked(1, StopReason.LOCAL, "TAG"), NO_CAR, RAISED], StopReason.LOCAL, "TAG"),
]


@pytest.mark.covers("B-STP-01", "B-STP-02", "B-STP-03", "B-STP-09", "B-ERRB-01")
@pytest.mark.parametrize("facts, reason, token", STOPS)
def test_power_ends_first_then_the_register_is_read_then_it_is_billed(facts, reason, token):
    session = running()
    session.tell(*facts)
    assert session.news() == [
        *([HoldLock(1, False)] if facts == [NO_PLUG] else []),
        EnergyWanted(1, False, reason.value),
    ]
    session.wait(3_000)
    session.read(700)  # while power is still on: not the register that counts
    session.wait(10)
    assert session.phase is P.ENDING
    session.tell(OPEN)
    assert session.news() == [ReadMeter(1)]
    session.wait(200)
    session.read(900)
    ended = session.core.state
    assert ended.transaction is None
    put, told, *rest = session.news()
    assert (told, rest) == (
        TransactionEnded(put.transaction),
        [] if facts == [NO_PLUG] else [HoldLock(1, False)],
    )
    bill = put.transaction
    assert (bill.meter_start_wh, bill.last_wh, bill.ended) == (100, 900, Stamp(7, 5_210, None))
    assert (bill.stop_reason, bill.stop_token) == (reason, token)


@pytest.mark.covers("B-AUT-10")
@pytest.mark.parametrize("verdict", [v for v in Verdict if v is not Verdict.ACCEPTED])
def test_a_back_end_that_does_not_accept_the_start_ends_it_as_deauthorized(verdict):
    session = running()
    session.tell(TransactionConfirmed("7-1-1", 1, 5, TokenInfo(verdict)))
    assert session.news() == [EnergyWanted(1, False, "DeAuthorized")]


@pytest.mark.parametrize("key", ["7-1-2", "6-1-1"])
def test_the_answer_to_another_start_does_not_touch_this_one(key):
    session = running()
    session.tell(TransactionConfirmed(key, 1, 5, TokenInfo(Verdict.INVALID)))
    assert (session.phase, session.news()) == (P.RUNNING, [])


@pytest.mark.covers("B-ERRB-02")
def test_a_fault_that_does_not_stop_a_transaction_only_shows():
    session = running()
    session.tell(FaultRaised(1, Fault.LOCK_FAILED, 0))
    assert (session.phase, session.news()) == (P.RUNNING, [])
    assert session.shown[-1] == ConnectorChanged(
        1, ConnectorStatus.CHARGING, "ConnectorLockFailure", "Plug locking failed", "F10"
    )


@pytest.mark.covers("B-ERRB-01", "B-ERRB-03")
def test_a_fault_shows_faulted_and_its_end_no_error():
    session = Session(RAISED)
    assert session.shown[-1] == ConnectorChanged(
        1, ConnectorStatus.FAULTED, "GroundFailure", "Residual current detected via sensor", "F01"
    )
    session.tell(FaultCleared(1, Fault.GROUND_FAILURE, 0))
    assert session.shown[-1] == ConnectorChanged(1, ConnectorStatus.AVAILABLE)


@pytest.mark.parametrize("first", [OPEN, None])
def test_an_ending_waits_ten_seconds_for_the_contactor_and_five_for_the_meter(first):
    session = ending()
    if first is not None:
        session.tell(first)
    session.wait(14_999)
    assert session.phase is P.ENDING
    session.wait(1)
    assert session.phase is P.FINISHING


def test_a_register_that_runs_backwards_never_makes_a_bill_smaller():
    session = running()
    session.read(800)
    session.read(200)
    assert session.core.state.transaction.last_wh == 800


def test_transactions_of_a_boot_are_numbered():
    session = finishing()
    session.tell(NO_PLUG, PLUG, CAR, ACCEPT)
    session.read(1_000)
    assert session.core.state.transaction.key == "7-1-2"


def test_stamps_carry_utc_as_soon_as_it_is_known():
    session = Session(ClockSynced(1_000_000, "ntp"), PLUG, CAR, ACCEPT)
    session.wait(500)
    session.read(1)
    assert session.core.state.transaction.began == Stamp(7, 500, 1_000_500)


# -- after a power loss ----------------------------------------------------------------------

LEFT = Transaction("6-1-4", 1, "TAG", Stamp(6, 5, None), 10, 600, Stamp(6, 9, 77), 42, "PARENT")


@pytest.mark.covers("B-OCP-31")
def test_with_the_car_still_there_the_same_transaction_goes_on():
    session = Session(resumed=LEFT)
    session.tell(PilotFound(0), PLUG, CAR)
    assert session.phase is P.RUNNING
    assert session.core.state.transaction == LEFT
    assert session.news() == [HoldLock(1, True), EnergyWanted(1, True, "resumed")]


@pytest.mark.covers("B-OCP-32")
def test_where_it_must_not_go_on_it_ends_with_what_was_on_the_disk():
    session = Session(resumed=LEFT, reason=StopReason.POWER_LOSS)
    session.tell(PLUG)
    assert session.phase is P.RUNNING
    session.tell(CAR)
    ended = replace(LEFT, ended=LEFT.last_at, stop_reason=StopReason.POWER_LOSS)
    assert (
        session.news()
        == [
            HoldLock(1, True),
            EnergyWanted(1, False, "PowerLoss"),
            ReadMeter(1),
            PutTransaction(ended),
            TransactionEnded(ended),
            HoldLock(1, False),
        ]
        or session.phase is P.FINISHING
    )
    assert PutTransaction(ended) in session.wished or session.phase is P.FINISHING


@pytest.mark.covers("B-OCP-33")
@pytest.mark.parametrize("facts", [[NO_CAR], [CAR]])
def test_with_the_car_gone_meanwhile_it_ends_with_power_loss(facts):
    session = Session(resumed=LEFT)  # no cable was reported
    session.tell(*facts)
    ended = replace(LEFT, ended=LEFT.last_at, stop_reason=StopReason.POWER_LOSS)
    assert [w for w in session.news() if isinstance(w, PutTransaction)] == [PutTransaction(ended)]
    assert session.phase is P.IDLE


@pytest.mark.covers("B-OCP-33")
def test_a_pilot_that_is_silent_for_30_s_counts_as_a_car_that_is_gone():
    session = Session(resumed=LEFT)
    assert (session.core.deadline_ms(), session.shown) == (RESUME_WAIT_MS, [])
    session.wait(RESUME_WAIT_MS - 1)
    assert session.phase is P.RUNNING
    session.wait(1)
    assert session.phase is P.IDLE


def test_a_resting_session_has_no_deadline():
    assert Session().core.deadline_ms() == NEVER_MS
