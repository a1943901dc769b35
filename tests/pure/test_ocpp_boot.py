"""BootNotification, heartbeats, clock and connection."""

import pytest

from firmware.model.backend import (
    AskBackend,
    BackendAnswered,
    BackendConnected,
    BackendLost,
    BackendReady,
    ClockSynced,
    DropConnection,
    SampleRequested,
    SendFrame,
)
from firmware.model.machine import NEVER_MS, TICK
from firmware.model.session import ConnectorChanged, TransactionBegan
from firmware.model.settings import SettingsChanged
from firmware.model.storage import PutNote, PutOutbox
from firmware.model.values import ConnectorStatus, TokenInfo, Verdict
from tests.pure.ocpp_rig import (
    NOON,
    NOON_MS,
    boot,
    connect,
    frames,
    hear,
    others,
    sample,
    settings,
    station,
    transaction,
)


@pytest.mark.covers("TC_001_CS")
def test_the_first_message_says_who_we_are():
    (call,) = frames(connect(station()))
    assert call == [
        2, "7-1", "BootNotification",
        {
            "chargePointModel": "Model", "chargePointVendor": "Vendor", "firmwareVersion": "1.0",
            "chargePointSerialNumber": "S1", "chargeBoxSerialNumber": "S1",
        },
    ]  # fmt: skip


@pytest.mark.covers("OCPP16-PITFALL-17")
@pytest.mark.covers("TC_001_CS")
def test_rejected_is_silence_until_the_interval_is_over():
    core = station()
    boot(core, status="Rejected", interval_s=60)
    assert core.handle(ConnectorChanged(1, ConnectorStatus.AVAILABLE), 1) == []
    assert hear(core, [2, "a", "DataTransfer", {"vendorId": "x"}], 2) == []
    assert hear(core, [2, "b", 5, {}], 2) == []
    assert core.deadline_ms() == 60_000
    assert core.handle(TICK, 59_999) == []
    (call,) = frames(core.handle(TICK, 60_000))
    assert call[1:3] == ["7-2", "BootNotification"]
    conf = {"status": "Accepted", "currentTime": NOON, "interval": 300}
    wishes = hear(core, [3, "7-2", conf], 60_010)
    assert BackendReady(60_010) in wishes
    assert [frame[2] for frame in frames(wishes)] == ["StatusNotification"]


@pytest.mark.covers("OCPP16-PITFALL-16")
@pytest.mark.covers("TC_002_CS")
def test_pending_answers_but_says_only_what_was_asked_for():
    core = station()
    core.handle(ConnectorChanged(1, ConnectorStatus.AVAILABLE), 0)
    boot(core, status="Pending", interval_s=60)
    assert core.handle(sample(None, context="Sample.Clock"), 1) == []
    assert [type(wish) for wish in core.handle(TransactionBegan(transaction()), 1)] == [PutOutbox]
    assert core.handle(AskBackend("T"), 1) == [BackendAnswered("T", None)]
    start = [2, "a", "RemoteStartTransaction", {"idTag": "T", "connectorId": 1}]
    assert frames(hear(core, start, 2)) == [[3, "a", {"status": "Rejected"}]]
    stop = [2, "b", "RemoteStopTransaction", {"transactionId": 5}]
    assert frames(hear(core, stop, 2)) == [[3, "b", {"status": "Rejected"}]]
    trigger = [2, "c", "TriggerMessage", {"requestedMessage": "StatusNotification"}]
    conf, status = frames(hear(core, trigger, 3))
    assert conf == [3, "c", {"status": "Accepted"}]
    assert status[2] == "StatusNotification"
    hear(core, [3, status[1], {}], 4)
    trigger = [2, "d", "TriggerMessage", {"requestedMessage": "MeterValues", "connectorId": 1}]
    assert others(hear(core, trigger, 5)) == [SampleRequested(1)]
    (values,) = frames(core.handle(sample(None, context="Trigger"), 6))
    assert values[2] == "MeterValues"
    hear(core, [3, values[1], {}], 7)
    assert core.deadline_ms() == 60_000


def test_trigger_of_boot_while_pending_goes_out_at_once():
    core = station()
    boot(core, status="Pending", interval_s=600)
    trigger = [2, "c", "TriggerMessage", {"requestedMessage": "BootNotification"}]
    conf, call = frames(hear(core, trigger, 3))
    assert (conf[2], call[2]) == ({"status": "Accepted"}, "BootNotification")
    conf = {"status": "Accepted", "currentTime": NOON, "interval": 300}
    assert BackendReady(5) in hear(core, [3, call[1], conf], 5)


@pytest.mark.covers("OCPP16-PITFALL-15")
def test_a_boot_without_an_answer_is_repeated_with_a_growing_wait():
    core = station()
    connect(core)
    times = []
    for _ in range(4):
        core.handle(TICK, core.deadline_ms())  # 30 s without an answer
        times.append(core.deadline_ms())
        core.handle(TICK, core.deadline_ms())
    assert times == [40_000, 90_000, 160_000, 270_000]


@pytest.mark.parametrize("conf", [{}, {"status": "Perhaps"}, {"status": []}, []])
def test_an_answer_to_boot_that_says_nothing_is_a_failure(conf):
    core = station()
    connect(core)
    assert frames(hear(core, [3, "7-1", conf], 5)) == []
    assert core.deadline_ms() == 10_005
    assert core.status()["boot"] == "Unknown"


@pytest.mark.covers("OCPP16-PITFALL-18")
def test_a_reconnect_of_the_same_start_sends_no_boot():
    core = station()
    boot(core)
    core.handle(BackendLost(5, "gone"), 5)
    assert connect(core, 10) == [BackendReady(10)]


def test_a_repeated_connection_fact_changes_nothing():
    core = station()
    boot(core)
    assert core.handle(BackendConnected(0), 10) == []


@pytest.mark.covers("B-OCP-07")
def test_a_forced_heartbeat_comes_every_interval_whatever_else_is_said():
    core = station(ocpp_force_heartbeat=True)
    boot(core, interval_s=100)
    hear(core, [2, "a", "DataTransfer", {"vendorId": "x"}], 60_000)
    assert core.deadline_ms() == 100_000
    assert core.status()["heartbeat_in_s"] == 40
    (beat,) = frames(core.handle(TICK, 100_000))
    assert beat[2:] == ["Heartbeat", {}]
    hear(core, [3, beat[1], {"currentTime": NOON}], 100_050)
    assert core.deadline_ms() == 200_000


@pytest.mark.covers("OCPP16-PITFALL-27")
@pytest.mark.covers("B-OCP-08")
def test_other_traffic_spares_the_heartbeat_but_not_for_more_than_a_day():
    core = station(ocpp_force_heartbeat=False)
    boot(core, interval_s=100)
    beats = []
    for now_ms in range(50_000, 172_800_000, 50_000):
        for frame in frames(core.handle(TICK, now_ms)):
            beats.append(now_ms)
            hear(core, [3, frame[1], {"currentTime": "?"}], now_ms)
        hear(core, [2, f"a{now_ms}", "DataTransfer", {"vendorId": "x"}], now_ms)
    assert beats == [86_400_000]
    assert core.deadline_ms() <= 172_800_000 + 50_000


@pytest.mark.covers("OCPP16-PITFALL-27")
@pytest.mark.parametrize("interval_s", [0, -5, 10**12])
def test_an_odd_interval_is_survived(interval_s):
    core = station(ocpp__HeartbeatInterval=0)
    boot(core, interval_s=interval_s)
    assert core.deadline_ms() == 86_400_000


@pytest.mark.covers("OCPP16-PITFALL-36")
def test_a_changed_heartbeat_interval_counts_at_once():
    core = station()
    boot(core, interval_s=100)
    core.handle(SettingsChanged(settings()), 1)
    assert core.deadline_ms() == 100_000  # unchanged: the back end's own interval stays
    core.handle(SettingsChanged(settings(ocpp__HeartbeatInterval=20)), 2)
    assert core.deadline_ms() == 20_000


@pytest.mark.covers("OCPP16-PITFALL-28")
def test_the_clock_is_told_when_unknown_or_wrong_by_more_than_a_second():
    core = station()
    assert others(boot(core, now_ms=500)) == [
        PutNote("utc", str(NOON_MS)),
        ClockSynced(NOON_MS - 500, "ocpp"),
        BackendReady(500),
    ]
    clocks = []
    for now_ms, text in [
        (300_500, "2026-01-31T13:05:00.9+01:00"),  # 0.9 s off
        (600_500, "2026-01-31T12:10:02Z"),
        (900_500, "1970-01-01T00:00:00Z"),
        (1_200_500, "soon"),
    ]:
        (beat,) = frames(core.handle(TICK, now_ms))
        clocks += hear(core, [3, beat[1], {"currentTime": text}], now_ms)
    assert clocks == [ClockSynced(NOON_MS + 2_000 - 500, "ocpp")]


@pytest.mark.covers("B-OCP-09")
def test_three_calls_without_any_answer_end_the_connection():
    core = station(ocpp_force_heartbeat=True)
    boot(core, interval_s=40)
    drops = []
    while not drops:
        drops = others(core.handle(TICK, core.deadline_ms()))
    assert drops == [DropConnection("3 requests without any answer")]


def test_an_answer_in_the_very_millisecond_of_the_time_out_is_late():
    core = station()
    boot(core)
    (ask,) = frames(core.handle(AskBackend("A"), 0))
    yes = [3, ask[1], {"idTagInfo": {"status": "Accepted"}}]
    assert hear(core, yes, 30_000) == [BackendAnswered("A", None)]


@pytest.mark.covers("OCPP16-PITFALL-62")
def test_a_late_answer_does_not_answer_the_next_question():
    core = station()
    boot(core)
    (first,) = frames(core.handle(AskBackend("A"), 0))
    core.handle(TICK, 30_000)
    core.handle(AskBackend("B"), 30_001)
    assert hear(core, [3, first[1], {"idTagInfo": {"status": "Accepted"}}], 30_002) == []
    assert hear(core, [4, first[1], "InternalError", "", {}], 30_003) == []


@pytest.mark.covers("OCPP16-PITFALL-62", "OCPP16-PITFALL-69")
def test_late_and_double_answers_are_ignored():
    core = station()
    boot(core)
    (ask,) = frames(core.handle(AskBackend("A"), 0))
    yes = [3, ask[1], {"idTagInfo": {"status": "Accepted"}}]
    assert core.handle(TICK, 30_000) == [BackendAnswered("A", None)]
    assert hear(core, yes, 30_001) == []
    (again,) = frames(core.handle(AskBackend("A"), 30_002))
    assert again[1] != ask[1]
    yes[1] = again[1]
    info = TokenInfo(Verdict.ACCEPTED)
    assert hear(core, yes, 30_003) == [BackendAnswered("A", info)]
    assert hear(core, yes, 30_004) == []


@pytest.mark.covers("OCPP16-PITFALL-69")
@pytest.mark.parametrize(
    ("conf", "info"),
    [
        ({}, TokenInfo(Verdict.ACCEPTED)),
        ({"idTagInfo": {"status": "Blocked"}}, TokenInfo(Verdict.BLOCKED)),
        ({"idTagInfo": {"status": "Sometimes"}}, TokenInfo(Verdict.INVALID)),
        ({"idTagInfo": {"status": []}}, TokenInfo(Verdict.INVALID)),
        ({"idTagInfo": 5}, TokenInfo(Verdict.INVALID)),
        (
            {"idTagInfo": {"status": "Accepted", "parentIdTag": "P", "expiryDate": NOON, "x": 1}},
            TokenInfo(Verdict.ACCEPTED, "P", NOON_MS),
        ),
    ],
)
def test_a_verdict_is_read_liberally(conf, info):
    core = station()
    boot(core)
    (ask,) = frames(core.handle(AskBackend("A"), 0))
    assert hear(core, [3, ask[1], conf], 1) == [BackendAnswered("A", info)]


@pytest.mark.covers("OCPP16-PITFALL-68")
def test_a_question_ends_with_the_connection_or_is_answered_none_at_once():
    core = station()
    assert core.handle(AskBackend("A"), 0) == [BackendAnswered("A", None)]
    boot(core)
    core.handle(AskBackend("A"), 1)
    assert core.handle(AskBackend("A"), 2) == []
    core.handle(AskBackend("B"), 3)
    lost = core.handle(BackendLost(4, "gone"), 4)
    assert lost == [BackendAnswered("B", None), BackendAnswered("A", None)]
    assert core.deadline_ms() == NEVER_MS


def test_a_token_too_long_for_any_back_end_is_invalid():
    core = station()
    boot(core)
    answer = BackendAnswered("x" * 21, TokenInfo(Verdict.INVALID))
    assert core.handle(AskBackend("x" * 21), 1) == [answer]


@pytest.mark.covers("OCPP16-PITFALL-61")
def test_one_call_at_a_time_and_requests_are_answered_meanwhile():
    core = station()
    boot(core)
    sent = core.handle(AskBackend("A"), 1)
    assert core.handle(AskBackend("B"), 2) == []
    assert frames(hear(core, [2, "q", "DataTransfer", {"vendorId": "x"}], 3))[0][0] == 3
    (call,) = frames(sent)
    wishes = hear(core, [4, call[1], "InternalError", "", {}], 4)
    assert wishes[0] == BackendAnswered("A", None)
    assert isinstance(wishes[1], SendFrame)
    assert core.status()["problem"] == "The back end refused Authorize: InternalError"
