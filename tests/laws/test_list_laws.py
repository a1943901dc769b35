"""Law 6 for list and reservation: power may fail after any wish, and neither is ever half there."""

import json

import pytest

from firmware.model import backend as b
from firmware.model import outlet as o
from firmware.model.session import CardSeen
from firmware.storage import rows
from tests.laws.bench import Bench, PowerCut

CARD = "0a0e9b83"
OLD, NEW = ("old", "both"), ("both", "new")


def ask(bench, number, action, **payload):
    bench.tell(b.FrameReceived(json.dumps([2, number, action, payload])))


def send_list(bench, version, tokens):
    entries = [{"idTag": token, "idTagInfo": {"status": "Accepted"}} for token in tokens]
    ask(bench, f"l{version}", "SendLocalList", listVersion=version, updateType="Full",
        localAuthorizationList=entries)  # fmt: skip


def online(bench):
    bench.tell(b.BackendConnected(0), o.PilotFound(0), o.CableChanged(1, None, 0))


def reserve_and_start(bench):
    online(bench)
    ask(bench, "r", "ReserveNow", connectorId=1, expiryDate="2026-01-31T14:00:00Z", idTag=CARD,
        reservationId=7)  # fmt: skip
    bench.plug()
    bench.tell(CardSeen(CARD, 1, 0))
    bench.wait(6_000)


def lists(bench):
    online(bench)
    send_list(bench, 1, OLD)
    send_list(bench, 2, NEW)


def cuts(story):
    """Yield the station and what its disk knows after a cut at each wish of a story."""
    whole = Bench()
    story(whole)
    assert whole.wishes > 10
    for cut in range(1, whole.wishes + 1):
        bench = Bench(cut=cut)
        with pytest.raises(PowerCut):
            story(bench)
        yield bench, rows.memory(bench.database.query)


@pytest.mark.covers("OCPP16-PITFALL-14", "OCPP16-PITFALL-46")
def test_6_a_reservation_is_kept_or_consumed_and_never_both():
    seen = set()
    for bench, memory in cuts(reserve_and_start):
        consumed = [t.reservation_id for t in memory.transactions]
        kept = [one.number for one in memory.reservations]
        seen.add((*kept, "kept") if kept else (*consumed, "consumed"))
        assert kept + consumed in ([], [7])
        assert "r" not in bench.judged or kept + consumed == [7]
    assert seen == {(7, "kept"), (7, "consumed"), ("consumed",)}


@pytest.mark.covers("OCPP16-PITFALL-39")
def test_6_a_full_list_is_there_as_a_whole_or_the_old_one_is():
    seen = []
    for bench, memory in cuts(lists):
        there = (memory.local_list_version, set(memory.local_list))
        assert there in [(0, set()), (1, set(OLD)), (2, set(NEW))]
        seen.append(there[0])
        assert "l2" not in bench.judged or there[0] == 2
    assert sorted(set(seen)) == [0, 1, 2] and seen == sorted(seen)
