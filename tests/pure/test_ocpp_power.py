"""Power may fail after any step: what was kept is sent again, in order, and nothing else is."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.model.backend import BackendLost
from firmware.model.machine import TICK
from firmware.model.session import EnergySampled, TransactionBegan, TransactionEnded
from firmware.model.storage import (
    DropOutbox,
    DropTransaction,
    Memory,
    PutOutbox,
    PutTransactionId,
)
from firmware.model.values import Reading, Stamp
from tests.pure.ocpp_rig import NOON_MS, connect, ended, frames, hear, others, station, transaction

KINDS = {"StartTransaction": "start", "MeterValues": "meter", "StopTransaction": "stop"}


def kept(store, wishes):
    """Do what storage does: one durable step."""
    for wish in wishes:
        match wish:
            case PutOutbox(entry):
                store["outbox"][entry.seq] = entry
            case DropOutbox(seq):
                store["outbox"].pop(seq, None)
            case PutTransactionId(key, transaction_id):
                known = store["transactions"][key]
                store["transactions"][key] = replace(known, transaction_id=transaction_id)
            case DropTransaction(key):
                store["transactions"].pop(key)


def memory(store):
    transactions, outbox = tuple(store["transactions"].values()), tuple(store["outbox"].values())
    return Memory(boot=store["boot"], transactions=transactions, outbox=outbox)


def name_of(call):
    """Name a transaction message so that a repeated one has the same name."""
    payload = {key: value for key, value in call[3].items() if key != "transactionId"}
    return json.dumps([call[2], payload])


def one_day(events):
    """Run events against a core and a back end; return what was queued and what arrived."""
    store = {"boot": 1, "transactions": {}, "outbox": {}}
    queued, arrived, ids = [], [], {}
    life = {"core": station(memory(store), ocpp__TransactionMessageAttempts=99), "call": None}
    clock = {"now_ms": 0}

    def take(fact):
        return heard(life["core"].handle(fact, clock["now_ms"]))

    def heard(wishes):
        kept(store, wishes)
        for wish in others(wishes):
            if isinstance(wish, PutOutbox):
                entry = wish.entry
                message = (entry.kind, entry.transaction_key, entry.payload, entry.at)
                queued.extend({message} - set(queued))
        for call in frames(wishes):
            life["call"] = call

    def process():
        name = name_of(life["call"])
        if name not in arrived:
            arrived.append(name)
        return ids.setdefault(name, len(ids) + 1)

    def answer(kind):
        call, life["call"] = life["call"], None
        if call is None:
            return
        now_ms = clock["now_ms"]
        if call[2] == "BootNotification":
            conf = {"status": "Accepted", "currentTime": "2026-01-31T12:00:00Z", "interval": 0}
            heard(hear(life["core"], [3, call[1], conf], now_ms))
        elif call[2] not in KINDS:
            heard(hear(life["core"], [3, call[1], {}], now_ms))
        elif kind == "refused":
            heard(hear(life["core"], [4, call[1], "InternalError", "", {}], now_ms))
        else:
            life["call"] = call
            number = process()
            life["call"] = None
            if kind == "good":
                heard(hear(life["core"], [3, call[1], {"transactionId": number}], now_ms))

    def begin_one(outlet):
        key = f"{store['boot']}-{outlet}-{clock['now_ms']}"
        now_ms = clock["now_ms"]
        at = Stamp(store["boot"], now_ms, NOON_MS + now_ms)
        begun = replace(transaction(key, outlet, meter_start_wh=now_ms), began=at)
        if not any(old.outlet == outlet and not old.ended for old in running()):
            store["transactions"][key] = begun
            take(TransactionBegan(begun))

    def running():
        return store["transactions"].values()

    for event, outlet in [*events, *END]:
        clock["now_ms"] += 1_000
        open_now = next((t for t in running() if t.outlet == outlet and not t.ended), None)
        match event:
            case "begin":
                begin_one(outlet)
            case "sample" if open_now:
                at = Stamp(store["boot"], 0, NOON_MS + clock["now_ms"])
                reading = Reading(clock["now_ms"], 0, (0, 0, 0), 0)
                word = ("Energy.Active.Import.Register",)
                key = open_now.key
                take(EnergySampled(key, outlet, reading, at, "Sample.Periodic", word))
            case "end" if open_now:
                done = ended(open_now, at_ms=clock["now_ms"], wh=clock["now_ms"])
                store["transactions"][open_now.key] = done
                take(TransactionEnded(done))
            case "connect":
                heard(connect(life["core"], clock["now_ms"]))
            case "lose":
                life["call"] = None
                take(BackendLost(clock["now_ms"], "gone"))
            case "good" | "refused" | "unheard":
                answer(event)
            case "tick":
                clock["now_ms"] = min(life["core"].deadline_ms(), clock["now_ms"] + 10_000_000)
                take(TICK)
            case "crash":
                store["boot"] += 1
                life["call"] = None
                life["core"] = station(memory(store), ocpp__TransactionMessageAttempts=99)
    return store, queued, arrived


END = [("end", 1), ("end", 2), ("lose", 0), ("connect", 0), *[("good", 0), ("tick", 0)] * 80]
EVENTS = st.sampled_from(
    ["begin", "sample", "end", "connect", "lose", "good", "good", "refused", "unheard", "tick"]
)


@pytest.mark.covers("B-OCP-34")
@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(EVENTS | st.just("crash"), st.sampled_from([1, 2])), max_size=40))
def test_every_message_arrives_in_order_whenever_the_power_fails(events):
    store, queued, arrived = one_day(events)
    assert store["outbox"] == {}
    assert store["transactions"] == {}
    sent = [json.loads(name) for name in arrived]
    assert [KINDS[action] for action, _ in sent] == [kind for kind, *_ in queued]
    times = [
        payload.get("timestamp") or payload["meterValue"][0]["timestamp"] for _, payload in sent
    ]
    assert times == sorted(times)
