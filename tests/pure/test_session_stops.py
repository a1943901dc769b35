"""Each way to stop a transaction, what is billed, and what a power loss leaves."""

from dataclasses import replace

import pytest

from firmware.model.backend import ClockSynced
from firmware.model.fault import Fault
from firmware.model.machine import NEVER_MS
from firmware.model.outlet import (
    FaultCleared,
    FaultRaised,
    HoldLock,
    PilotFound,
)
from firmware.model.session import (
    ConnectorChanged,
    EnergyWanted,
    ReadMeter,
    StopAsked,
    Transaction,
    TransactionConfirmed,
    TransactionEnded,
)
from firmware.model.session import SessionPhase as P
from firmware.model.storage import PutTransaction
from firmware.model.values import (
    ConnectorStatus,
    Stamp,
    StopReason,
    TokenInfo,
    Verdict,
)
from firmware.session.face import face
from firmware.session.rules import CONTACTOR_WAIT_MS, METER_WAIT_MS, RESUME_WAIT_MS
from tests.pure.session_rig import (
    ACCEPT,
    CAR,
    NO_CAR,
    NO_PLUG,
    OPEN,
    PLUG,
    RAISED,
    Session,
    ending,
    finishing,
    running,
)

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
    wishes = session.news()
    if isinstance(facts[0], StopAsked):  # kept first, so that a power cut does not forget it
        kept = wishes.pop(0).transaction
        assert (kept.ended, kept.stop_reason, kept.stop_token) == (None, reason, token)
    assert wishes == [
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
    kept, wish = session.news()
    assert kept.transaction.stop_reason is StopReason.DEAUTHORIZED
    assert wish == EnergyWanted(1, False, "DeAuthorized")


@pytest.mark.covers("TC_037_2_CS")
def test_where_the_key_says_so_an_unaccepted_token_stops_the_energy_only():
    session = running(**{"ocpp:StopTransactionOnInvalidId": "off"})
    session.tell(TransactionConfirmed("7-1-1", 1, 5, TokenInfo(Verdict.INVALID)))
    kept, wish = session.news()
    assert (kept.transaction.denied, kept.transaction.stop_reason) == (True, None)
    assert wish == EnergyWanted(1, False, "token not accepted")
    shown = face(1, session.core.state, session.core.settings)
    assert (session.phase, shown.status) == (P.RUNNING, ConnectorStatus.SUSPENDED_EVSE)


@pytest.mark.parametrize("flag, freed", [("on", True), ("off", False)])
def test_a_car_that_left_frees_its_plug_only_where_the_key_says_so(flag, freed):
    session = running(**{"ocpp:UnlockConnectorOnEVSideDisconnect": flag})
    session.tell(NO_CAR, OPEN)
    session.news()
    session.read(900)
    assert (HoldLock(1, False) in session.news()) is freed


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


@pytest.mark.covers("X02", "X09", "S09")
@pytest.mark.parametrize("fault", [Fault.UPDATING, Fault.USB_BUSY, Fault.STORAGE])
def test_a_token_that_was_accepted_before_does_not_begin_a_session_in_spite(fault):
    session = Session(ACCEPT, FaultRaised(0, fault, 0), PLUG, CAR)
    assert session.phase is P.AUTHORISED
    session.tell(FaultCleared(0, fault, 0))
    assert session.phase is P.STARTING


@pytest.mark.covers("B-ERRB-01", "B-ERRB-03")
def test_a_fault_shows_faulted_and_its_end_no_error():
    session = Session(RAISED)
    assert session.shown[-1] == ConnectorChanged(
        1, ConnectorStatus.FAULTED, "GroundFailure", "Residual current detected via sensor", "F01"
    )
    session.tell(FaultCleared(1, Fault.GROUND_FAILURE, 0))
    assert session.shown[-1] == ConnectorChanged(
        1, ConnectorStatus.AVAILABLE, "NoError", "Residual current situation resolved", "F01"
    )


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
def test_with_the_car_gone_meanwhile_it_ends_with_power_loss_and_the_meters_word(facts):
    session = Session(resumed=LEFT)  # no cable was reported
    session.tell(*facts)
    session.read(650)  # drawn before the power went, after the last register that was kept
    ended = replace(LEFT, ended=LEFT.last_at, stop_reason=StopReason.POWER_LOSS, last_wh=650)
    assert [w for w in session.news() if isinstance(w, PutTransaction)] == [PutTransaction(ended)]
    assert session.phase is P.IDLE


@pytest.mark.covers("B-OCP-33")
def test_a_pilot_that_is_silent_for_30_s_counts_as_a_car_that_is_gone():
    session = Session(resumed=LEFT)
    assert (session.core.deadline_ms(), session.shown) == (RESUME_WAIT_MS, [])
    session.wait(RESUME_WAIT_MS - 1)
    assert session.phase is P.RUNNING
    session.wait(1)
    assert session.phase is P.ENDING
    session.wait(CONTACTOR_WAIT_MS + METER_WAIT_MS)  # the meter is silent, too
    assert session.phase is P.IDLE


def test_a_resting_session_has_no_deadline():
    assert Session().core.deadline_ms() == NEVER_MS
