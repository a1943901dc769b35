"""The TCP watchdog: a station that cannot reach its back end for hours starts anew."""

import pytest

from firmware.model.backend import BackendConnected, BackendLost, Restart
from firmware.model.machine import NEVER_MS, TICK
from firmware.model.session import TransactionBegan, TransactionEnded
from firmware.model.settings import SettingsChanged
from firmware.model.values import StopReason
from firmware.ocpp.watchdog import BackendWatchdog
from tests.pure.ocpp_rig import ended, transaction
from tests.pure.rigs import settings

URL = {"ocpp_ws_url": "wss://backend.lan/ocpp"}
LOST = BackendLost(0, "gone")
AGAIN = [Restart(StopReason.REBOOT)]
PATIENCE_MS = 10_800_000


def watchdog(*facts, running=(), **texts):
    made = BackendWatchdog(settings(**{**URL, **texts}), running)
    for at_ms, fact in enumerate((TICK, *facts)):
        assert list(made.handle(fact, at_ms)) == []
    return made


@pytest.mark.covers("B-OCP-10")
def test_three_hours_after_the_last_connection_it_starts_anew_once():
    made = watchdog(BackendConnected(1))
    assert made.deadline_ms() == NEVER_MS
    made.handle(LOST, 5_000)
    made.handle(LOST, 900_000)  # another try that failed
    assert made.deadline_ms() == 5_000 + PATIENCE_MS
    assert list(made.handle(TICK, made.deadline_ms() - 1)) == []
    assert list(made.handle(TICK, made.deadline_ms())) == AGAIN
    assert made.deadline_ms() == NEVER_MS


@pytest.mark.covers("B-OCP-10")
def test_a_back_end_that_never_came_counts_from_the_start_and_one_that_comes_is_forgiven():
    made = watchdog(LOST)
    assert made.deadline_ms() == PATIENCE_MS
    made.handle(BackendConnected(1), PATIENCE_MS - 1)
    assert list(made.handle(TICK, PATIENCE_MS)) == []
    made.handle(LOST, PATIENCE_MS + 7)
    assert made.deadline_ms() == 2 * PATIENCE_MS + 7


@pytest.mark.covers("B-OCP-11")
def test_a_transaction_is_not_cut_for_it():
    made = watchdog(LOST, TransactionBegan(transaction()))
    assert made.deadline_ms() == NEVER_MS
    assert list(made.handle(TICK, 2 * PATIENCE_MS)) == []
    assert list(made.handle(TransactionEnded(ended(transaction())), 3 * PATIENCE_MS)) == AGAIN
    resumed = watchdog(LOST, running=(transaction(),))
    assert list(resumed.handle(TICK, PATIENCE_MS)) == []


@pytest.mark.covers("B-OCP-12")
@pytest.mark.parametrize(
    "texts",
    [{"tcp_watchdog_timeout": "0"}, {"ocpp_ws_url": ""}, {"backend_connection_type": "none"}],
)
def test_switched_off_or_alone_it_never_does(texts):
    made = watchdog(LOST, **texts)
    assert made.deadline_ms() == NEVER_MS
    assert list(made.handle(TICK, 100 * PATIENCE_MS)) == []


def test_a_new_patience_counts_from_the_same_moment():
    made = watchdog(LOST)
    changed = SettingsChanged(settings(**URL, tcp_watchdog_timeout="60"))
    assert list(made.handle(changed, 59_999)) == []
    assert list(made.handle(TICK, 60_000)) == AGAIN
