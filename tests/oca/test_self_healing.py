"""The line heals by itself: half-open, silent, closing after each message, a jumping clock."""

from datetime import timedelta

import pytest

from tests.oca.octt import CARD, HOST, NAME
from tests.oca.test_troubles import told

EVERYTHING = ("BootNotification", "Heartbeat", "StatusNotification", "Authorize",
              "StartTransaction", "MeterValues", "StopTransaction")  # fmt: skip


def test_a_half_open_connection_is_noticed_without_pings_and_made_anew(octt):
    lab = octt(ocpp_ws_keepalive_interval="0", backend_connection_timeout="20")
    lab.set("HeartbeatInterval", "60")
    lab.cut()
    lab.wait(400)
    assert not lab.station.core.ocpp.line().connected
    lab.heal()
    lab.expect("Heartbeat", 240)
    assert lab.station.core.ocpp.line().connected
    lab.silence("BootNotification", 5)


def test_a_server_that_is_silent_is_left_and_tried_again(octt):
    lab = octt(ocpp_ws_keepalive_interval="0", backend_connection_timeout="20")
    lab.set("HeartbeatInterval", "60")
    for action in EVERYTHING:
        lab.backend.misbehave(action, "never", times=1_000)
    opened = []
    lab.backend.on_frame = lambda *frame: (opened.append(frame[1]), lab._frame(*frame))
    lab.wait(900)
    assert opened.count("open") >= 2
    lab.backend.misdeeds.clear()
    lab.wait(60)
    lab.plug()
    lab.swipe()
    lab.expect("StartTransaction", 120, idTag=CARD)
    lab.expect("StatusNotification", 120, connectorId=1, status="Charging")
    assert len(lab.bookings) == 1


def test_a_server_that_closes_after_each_message_gets_them_all(octt):
    lab = octt(
        ocpp__MeterValueSampleInterval="60",
        local_whitelist_enabled="on",
        local_whitelist_entries=CARD,
        ocpp__TransactionMessageAttempts="10",
        ocpp__TransactionMessageRetryInterval="2",
    )
    for action in EVERYTHING:
        lab.backend.misbehave(action, "close", times=4)
    lab.plug()
    lab.swipe()
    lab.wait(1_800)
    lab.swipe()
    lab.wait(1_800)
    (one,) = lab.bookings
    assert one.meter_stop_wh == lab.station.world.read_meter(1, lab.station.world.now_ms).energy_wh
    ledger = lab.backend.ledger(NAME)
    assert (ledger.duplicates, ledger.orphans) == (0, [])


@pytest.mark.covers("OCPP16-PITFALL-28")
@pytest.mark.parametrize("step_s", [-86_400, -240, 240, 86_400])
def test_a_clock_that_jumps_moves_stamps_and_no_timer(octt, step_s):
    lab = octt(ocpp__MeterValueSampleInterval="60")
    lab.set("HeartbeatInterval", "30")
    lab.charge()
    began_s = lab.now_s
    now = lab._utc_now
    lab.backend.utc_now = lambda: now() + timedelta(seconds=step_s)
    lab.expect("Heartbeat", 40)
    times = []
    for _ in range(4):
        lab.expect("MeterValues", 70)
        times.append(lab.now_s)
    waits = [later - sooner for sooner, later in zip(times, times[1:], strict=False)]
    assert all(59 < wait < 61 for wait in waits), waits
    lab.swipe()
    stop = lab.expect("StopTransaction")
    seconds = told(stop["timestamp"]) - told(lab.bookings[0].started)
    assert seconds > 0
    if step_s < 0:  # by the clock with which it began
        assert abs(seconds - lab.now_s + began_s) < 5
    assert HOST not in lab.loop.network.down
