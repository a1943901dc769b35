"""Transaction messages: all of them, in order, whatever happens to line, back end and power."""

import json
from dataclasses import replace

import pytest

from firmware.model.backend import BackendLost, ClockSynced
from firmware.model.machine import TICK
from firmware.model.session import (
    TransactionBegan,
    TransactionConfirmed,
    TransactionEnded,
)
from firmware.model.storage import (
    DropOutbox,
    DropTransaction,
    Memory,
    OutboxEntry,
    PutNote,
    PutOutbox,
    PutTransactionId,
)
from firmware.model.values import Stamp, StopReason, TokenInfo, Verdict
from firmware.ocpp.outbox import METER_BYTES_MAX, Outbox
from tests.pure.ocpp_rig import (
    NOON_MS,
    boot,
    connect,
    ended,
    frames,
    hear,
    others,
    sample,
    station,
    transaction,
)

ACCEPTED = {"idTagInfo": {"status": "Accepted"}}


def begin(core, begun, now_ms):
    return list(core.handle(TransactionBegan(begun), now_ms))


@pytest.mark.covers("OCPP16-PITFALL-8")
def test_a_start_is_written_before_it_is_sent_and_confirmed_with_its_id():
    core = station()
    boot(core)
    put, send = begin(core, transaction(), 1_000)
    assert isinstance(put, PutOutbox)
    (call,) = frames([send])
    assert call[2:] == [
        "StartTransaction",
        {
            "connectorId": 1, "idTag": "TAG", "meterStart": 100,
            "timestamp": "2026-01-31T12:00:01.000Z",
        },
    ]  # fmt: skip
    assert hear(core, [3, call[1], {"transactionId": 0, **ACCEPTED}], 1_100) == [
        PutTransactionId("7-1-1", 0),
        PutNote("utc", "1769860801000"),
        DropOutbox(1),
        TransactionConfirmed("7-1-1", 1, 0, TokenInfo(Verdict.ACCEPTED)),
    ]


@pytest.mark.covers("OCPP16-PITFALL-8", "OCPP16-PITFALL-69")
@pytest.mark.parametrize(
    ("conf", "transaction_id", "verdict"),
    [
        ({"transactionId": "5"}, 5, Verdict.ACCEPTED),
        ({"transactionId": -1, "idTagInfo": {"status": "Invalid"}}, -1, Verdict.INVALID),
        ({"transactionId": 6.0, "idTagInfo": {"status": "New"}, "extra": 1}, 6, Verdict.INVALID),
    ],
)
def test_an_odd_answer_to_a_start_is_read_for_what_it_means(conf, transaction_id, verdict):
    core = station()
    boot(core)
    (call,) = frames(begin(core, transaction(), 1))
    confirmed = hear(core, [3, call[1], conf], 2)[-1]
    assert confirmed == TransactionConfirmed("7-1-1", 1, transaction_id, TokenInfo(verdict))


@pytest.mark.covers("OCPP16-PITFALL-1")
@pytest.mark.covers("B-OCP-34", "TC_039_CS")
def test_a_whole_offline_transaction_is_sent_in_order_with_its_own_times():
    core = station()
    begun = transaction()
    begin(core, begun, 1_000)
    core.handle(sample(), 30_000)
    stopped = ended(begun, reason=StopReason.EV_DISCONNECTED, stop_token="OTHER")
    core.handle(TransactionEnded(stopped), 60_000)
    seen, wishes = [], boot(core, now_ms=90_000)
    while calls := frames(wishes):
        (call,) = calls
        seen.append(call[2:])
        conf = {"transactionId": 42, **ACCEPTED} if call[2] == "StartTransaction" else {}
        wishes = hear(core, [3, call[1], conf], 90_001)
    assert [action for action, _ in seen] == ["StartTransaction", "MeterValues", "StopTransaction"]
    assert seen[1][1] == {
        "connectorId": 1,
        "transactionId": 42,
        "meterValue": [
            {
                "timestamp": "2026-01-31T12:00:30.000Z",
                "sampledValue": [
                    {"value": "500", "measurand": "Energy.Active.Import.Register", "unit": "Wh",
                     "context": "Sample.Periodic"},
                ],
            }
        ],
    }  # fmt: skip
    assert seen[2][1] == {
        "transactionId": 42, "meterStop": 900, "timestamp": "2026-01-31T12:01:00.000Z",
        "reason": "EVDisconnected", "idTag": "OTHER",
    }  # fmt: skip
    assert wishes[-2:] == [DropOutbox(3), DropTransaction("7-1-1")]


@pytest.mark.covers("OCPP16-PITFALL-10")
def test_a_stop_by_hand_names_neither_reason_nor_token():
    begun = transaction(transaction_id=5)
    core = station(Memory(boot=8, transactions=(begun,)))
    boot(core)
    (call,) = frames(core.handle(TransactionEnded(ended(begun)), 1))
    assert sorted(call[3]) == ["meterStop", "timestamp", "transactionId"]


@pytest.mark.covers("OCPP16-PITFALL-31", "OCPP16-PITFALL-33")
def test_all_measurands_and_phases_are_strings_with_units():
    core = station()
    boot(core)
    measurands = ("Power.Active.Import", "Current.Import", "Voltage", "Unheard.Of")
    wishes = core.handle(sample(None, context="Sample.Clock", measurands=measurands), 30_000)
    (call,) = frames(wishes)
    values = call[3]["meterValue"][0]["sampledValue"]
    assert [(v["value"], v["unit"], v.get("phase")) for v in values] == [
        ("11000", "W", None), ("16.000", "A", "L1"), ("15.900", "A", "L2"), ("16.100", "A", "L3"),
        ("230.000", "V", "L1-N"), ("231.500", "V", "L2-N"), ("229.000", "V", "L3-N"),
    ]  # fmt: skip
    assert "transactionId" not in call[3]


@pytest.mark.covers("OCPP16-PITFALL-33")
def test_a_sample_with_nothing_to_say_is_not_sent():
    core = station()
    boot(core)
    assert core.handle(sample(None, measurands=()), 1) == []
    assert core.handle(sample(None, measurands=("Unheard.Of",)), 1) == []


@pytest.mark.covers("OCPP16-PITFALL-3")
def test_a_triggered_sample_of_a_transaction_goes_past_the_queue_with_its_id():
    core = station()
    boot(core)
    (call,) = frames(begin(core, transaction(), 1))
    hear(core, [3, call[1], {"transactionId": 9}], 2)
    (call,) = frames(core.handle(sample(context="Trigger"), 3))
    assert (call[2], call[3]["transactionId"]) == ("MeterValues", 9)


@pytest.mark.covers("OCPP16-PITFALL-1", "OCPP16-PITFALL-4")
@pytest.mark.covers("B-OCP-09")
def test_the_wait_grows_with_each_transmission_and_then_the_message_is_given_up():
    core = station(ocpp_force_heartbeat=False)
    boot(core, interval_s=86_400)
    times, wishes = [], begin(core, transaction(), 0)
    core.handle(TransactionEnded(ended(transaction())), 0)
    while (call := frames(wishes)[-1])[2] == "StartTransaction":
        now_ms = core._now_ms
        times.append(now_ms)
        refused = hear(core, [4, call[1], "InternalError", "", {}], now_ms)
        wishes = core.handle(TICK, core.deadline_ms()) if not frames(refused) else refused
    assert times == [0, 60_000, 180_000]
    assert DropOutbox(1) in refused
    assert call[3]["transactionId"] == -1  # the start never arrived
    assert call[2] == "StopTransaction"


@pytest.mark.covers("OCPP16-PITFALL-5")
@pytest.mark.parametrize("conf", [{}, {"transactionId": None}, {"transactionId": "x"}, []])
def test_a_start_whose_answer_has_no_id_counts_as_not_processed(conf):
    core = station()
    boot(core)
    (call,) = frames(begin(core, transaction(), 1))
    (put,) = hear(core, [3, call[1], conf], 2)
    assert put.entry.attempts == 1


def test_meter_values_of_a_start_that_was_given_up_are_dropped():
    core = station(ocpp__TransactionMessageAttempts=1)
    boot(core)
    (call,) = frames(begin(core, transaction(), 1))
    core.handle(sample(), 2)
    assert hear(core, [4, call[1], "InternalError", "", {}], 3) == [DropOutbox(1), DropOutbox(2)]
    assert core.handle(sample(at_ms=60_000), 4) == []


@pytest.mark.covers("OCPP16-PITFALL-4")
def test_a_lost_connection_is_no_attempt_and_the_same_message_comes_again():
    core = station()
    boot(core)
    (first,) = frames(begin(core, transaction(), 1))
    assert core.handle(BackendLost(2, "gone"), 2) == []
    (again,) = frames(connect(core, 10))
    assert again[1] != first[1]
    assert again[2:] == first[2:]


@pytest.mark.covers("OCPP16-PITFALL-2")
def test_a_status_may_overtake_but_no_transaction_message_may():
    core = station(ocpp_force_heartbeat=False)
    boot(core)
    (start,) = frames(begin(core, transaction(), 1))
    begin(core, transaction("7-2-1", 2), 2)
    hear(core, [4, start[1], "InternalError", "", {}], 3)
    assert core.deadline_ms() == 60_003
    (again,) = frames(core.handle(TICK, 60_003))
    assert again[3]["connectorId"] == 1


@pytest.mark.covers("OCPP16-PITFALL-6")
@pytest.mark.covers("B-OCP-31", "TC_032_2_CS")
def test_after_power_loss_the_stop_carries_the_id_that_was_known():
    begun = transaction(transaction_id=77, meter_start_wh=5)
    core = station(Memory(boot=8, transactions=(begun,)))
    boot(core)
    assert begin(core, begun, 1) == []
    (call,) = frames(core.handle(TransactionEnded(ended(begun, reason=StopReason.POWER_LOSS)), 2))
    assert call[1].startswith("8-")
    assert (call[3]["transactionId"], call[3]["reason"]) == (77, "PowerLoss")


def test_beginnings_and_ends_count_once():
    core = station()
    boot(core)
    (call,) = frames(begin(core, transaction(), 1))
    assert begin(core, transaction(), 2) == []
    hear(core, [3, call[1], {"transactionId": 9}], 3)
    (call,) = frames(core.handle(TransactionEnded(ended(transaction())), 4))
    assert core.handle(TransactionEnded(ended(transaction())), 5) == []
    assert core.handle(sample(), 5) == []
    hear(core, [3, call[1], {}], 6)
    assert core.handle(TransactionEnded(ended(transaction())), 7) == []
    assert begin(core, transaction(), 8) == []


def test_a_stop_that_waits_since_the_last_boot_is_the_only_one():
    begun = transaction(transaction_id=5)
    before = station()
    begin(before, begun, 1)
    (put,) = before.handle(TransactionEnded(ended(begun)), 2)
    core = station(Memory(boot=8, transactions=(begun,), outbox=(put.entry,)))
    assert core.handle(TransactionEnded(ended(begun)), 1) == []
    assert core.handle(sample(), 1) == []


def test_the_order_is_that_of_the_numbers_not_of_the_memory():
    before = station()
    puts = [begin(before, transaction(f"7-{n}-1", n, meter_start_wh=n), n)[0] for n in (1, 2)]
    core = station(Memory(boot=8, outbox=tuple(put.entry for put in reversed(puts))))
    (call,) = frames(boot(core))
    assert call[3]["meterStart"] == 1


def test_a_stamp_without_utc_is_dated_back_and_stays_the_same_when_repeated():
    core = station()
    early = replace(transaction(), began=Stamp(7, 2_000, None))
    begin(core, early, 2_000)
    wishes = boot(core, now_ms=10_000)
    (put,) = [wish for wish in others(wishes) if isinstance(wish, PutOutbox)]
    assert put.entry.at == Stamp(7, 2_000, NOON_MS - 8_000)
    (call,) = frames(wishes)
    assert call[3]["timestamp"] == "2026-01-31T11:59:52.000Z"
    core.handle(ClockSynced(NOON_MS + 3_600_000, "ntp"), 10_001)
    core.handle(BackendLost(10_002, "gone"), 10_002)
    (again,) = frames(connect(core, 10_003))
    assert again[3] == call[3]


def test_a_stamp_of_an_earlier_boot_without_utc_gets_the_earliest_plausible_time():
    payload = json.dumps({"connectorId": 1, "idTag": "A", "meterStart": 0, "timestamp": ""})
    entry = OutboxEntry(4, "start", "6-1-1", payload, Stamp(6, 5_000, None))
    core = station(Memory(boot=7, outbox=(entry,)))
    (call,) = frames(boot(core))
    assert call[3]["timestamp"] == "2015-10-08T00:00:00.000Z"


def test_the_queue_is_bounded_and_only_meter_values_give_way():
    outbox = Outbox(Memory(boot=7))
    begun, dropped, stored = transaction(), [], {}
    for write in outbox.began(begun):
        stored[write.entry.seq] = write.entry
    number = 0
    while len(dropped) < 100:
        number += 1
        for write in outbox.sampled(sample(at_ms=number * 1_000)):
            if isinstance(write, DropOutbox):
                dropped.append(write.seq)
            else:
                stored[write.entry.seq] = write.entry
    outbox.ended(ended(begun))
    kept = [entry for seq, entry in stored.items() if seq not in dropped]
    assert outbox.meter_bytes == sum(len(e.payload) for e in kept if e.kind == "meter")
    assert outbox.meter_bytes <= METER_BYTES_MAX
    assert outbox.kind_of_first() == "start" and len(outbox) == len(kept) + 1
    assert dropped == list(range(3, 3 + 2 * len(dropped), 2)), "every second, the whole way"


def test_where_values_stand_alone_the_oldest_gives_way():
    outbox = Outbox(Memory(boot=7))
    drops = []
    number = 0
    while not drops:
        number += 1
        begun = transaction(f"7-1-{number}")
        outbox.began(begun)
        measurands = ("Energy.Active.Import.Register", "Current.Import", "Voltage") * 20
        writes = outbox.sampled(sample(begun.key, measurands=measurands))
        drops = [write.seq for write in writes if isinstance(write, DropOutbox)]
        outbox.ended(ended(begun))
    assert drops == [2]
