"""A car that signals an error (state E or F) and its transaction. [A-05]"""

import pytest

from firmware.model.fault import Fault
from firmware.model.outlet import CpChanged, FaultCleared, FaultRaised
from firmware.model.session import ConnectorChanged, StopAsked, TransactionEnded
from firmware.model.session import SessionPhase as P
from firmware.model.values import ConnectorStatus, CpState, StopReason
from tests.pure.session_rig import ASKS, CAR, CLOSED, NO_CAR, OPEN, running

ERRORS = [CpChanged(1, cp, 0) for cp in (CpState.E, CpState.F)]
RAISED, CLEARED = FaultRaised(1, Fault.EV_ERROR, 0), FaultCleared(1, Fault.EV_ERROR, 0)


def ended(session):
    """Return why the transaction ended; `None` while it runs."""
    reasons = [w.transaction.stop_reason for w in session.wished if isinstance(w, TransactionEnded)]
    return reasons[0] if reasons else None


@pytest.mark.covers("F02")
@pytest.mark.parametrize("error", ERRORS)
def test_a_car_error_keeps_the_transaction_for_five_minutes(error):
    session = running()
    session.tell(error, OPEN, RAISED)
    assert session.shown[-1] == ConnectorChanged(
        1, ConnectorStatus.SUSPENDED_EV, "EVCommunicationError", "Vehicle signals error", "F02"
    )
    session.wait(299_999)
    assert session.phase is P.RUNNING
    session.wait(1)
    session.read(900)
    assert (session.phase, ended(session)) == (P.FINISHING, StopReason.OTHER)


def test_one_error_may_turn_into_the_other_without_more_time():
    session = running()
    session.tell(ERRORS[0], OPEN)
    session.wait(200_000)
    session.tell(ERRORS[1])
    session.wait(100_000)
    assert session.phase is P.ENDING


@pytest.mark.covers("F02")
def test_a_car_that_recovers_goes_on_and_has_five_minutes_again():
    session = running()
    for _ in range(3):
        session.tell(ERRORS[0], OPEN, RAISED)
        session.wait(200_000)
        session.tell(CAR, CLEARED, ASKS, CLOSED)
        session.wait(200_000)
    assert session.phase is P.RUNNING
    assert session.shown[-1] == ConnectorChanged(1, ConnectorStatus.CHARGING)


def test_a_car_that_leaves_in_its_error_ends_it_at_once_as_disconnected():
    session = running()
    session.tell(ERRORS[0], OPEN)
    session.wait(1_000)
    session.tell(NO_CAR)
    session.read(900)
    assert ended(session) is StopReason.EV_DISCONNECTED


def test_a_stop_that_was_asked_for_in_the_error_keeps_its_reason():
    session = running()
    session.tell(ERRORS[0], OPEN, StopAsked(1, StopReason.REMOTE))
    session.read(900)
    session.wait(400_000)
    assert ended(session) is StopReason.REMOTE
