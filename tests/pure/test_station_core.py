"""The station as a whole: nothing leaves before it is kept, safety never waits, parts agree."""

import pytest

from firmware.model import storage as st
from firmware.model.backend import BackendAnswered
from firmware.model.devices import ReadOtherMeter
from firmware.model.fault import Fault
from firmware.model.machine import TICK
from firmware.model.outlet import (
    CableChanged,
    ContactorMoved,
    CpChanged,
    EndPermit,
    FaultRaised,
    GivePermit,
    HoldLock,
    PilotFound,
)
from firmware.model.session import (
    CardSeen,
    MeterRead,
    ReadMeter,
    SessionPhase,
    ShowPattern,
    Transaction,
    TransactionConfirmed,
)
from firmware.model.storage import Memory, PutRegister, PutTransaction, Store, Stored
from firmware.model.values import CpState, Reading, Stamp, StopReason, TokenInfo, Verdict
from firmware.ocpp import StationInfo
from firmware.station.core import KEEP_REGISTERS_MS, Options, StationCore
from firmware.station.wiring import AT_ONCE, ROUTES, Part
from tests.pure.rigs import settings

STAMP = Stamp(6, 5, None)
LEFT = Transaction("6-1-1", 1, "0a0e9b83", STAMP, 100, 600, STAMP, transaction_id=42)
CARD = CardSeen("0a0e9b83", 1, 0)


class Station:
    """A station in the hand; the disk answers when `store` is called."""

    def __init__(self, *facts, memory=None, outlets=2, **texts):
        info = StationInfo("Vendor", "Model", "S1", "1.0", outlets)
        known = {"local_whitelist_entries": "0a0e9b83", **texts}
        self.core = StationCore(settings(**known), memory or Memory(7), Options(info))
        self.now_ms = 0
        self.left, self.stores = [], []
        self.tell(TICK, *facts)

    def tell(self, *facts):
        for fact in facts:
            for wish in self.core.handle(fact, self.now_ms):
                (self.stores if isinstance(wish, Store) else self.left).append(wish)

    def store(self):
        """The disk has kept everything."""
        while self.stores:
            self.tell(Stored(self.stores.pop(0).ticket))

    def news(self):
        left, self.left = self.left, []
        return [wish for wish in left if not isinstance(wish, ShowPattern)]

    def wait(self, span_ms):
        then_ms = self.now_ms + span_ms
        while (due_ms := max(self.core.deadline_ms(), self.now_ms)) <= then_ms:
            self.now_ms = due_ms
            self.tell(TICK)
            self.store()
        self.now_ms = then_ms

    def read(self, energy_wh):
        self.tell(MeterRead(1, Reading(energy_wh, 0, (0, 0, 0), self.now_ms)))

    def writes(self):
        return [write for store in self.stores for write in store.writes]


def plugged(**texts):
    station = Station(
        PilotFound(0), CableChanged(1, 32_000, 0), CpChanged(1, CpState.B1, 0), **texts
    )
    station.store()
    station.now_ms = 1_000
    station.news()
    return station


def running(**texts):
    station = plugged(**texts)
    station.tell(CARD)
    station.read(100)
    station.store()
    station.tell(CpChanged(1, CpState.C2, 0), ContactorMoved(1, True, "car_asks", 0))
    station.store()
    station.news()
    return station


# -- output commit ---------------------------------------------------------------------------


def test_power_is_permitted_only_after_the_transaction_is_on_the_disk():
    station = plugged()
    station.tell(CARD)
    assert station.news() == [ReadMeter(1)]
    station.read(100)
    assert station.news() == []
    (write, *_) = station.writes()
    assert isinstance(write, PutTransaction)
    station.store()
    assert station.news() == [GivePermit(1, 16_000)]


def test_a_permit_is_ended_without_waiting_for_the_disk():
    station = plugged()
    station.tell(CARD)
    station.read(100)
    station.tell(FaultRaised(1, Fault.GROUND_FAILURE, 0))
    assert station.news() == [ReadMeter(1), EndPermit(1, "Other")]


@pytest.mark.parametrize("fact", [FaultRaised(1, Fault.RCD, 0), CARD, CpChanged(1, CpState.A, 0)])
def test_a_permit_that_waits_for_the_disk_dies_with_its_end(fact):
    station = plugged()
    station.tell(CARD)
    station.read(100)
    station.now_ms += 5
    station.tell(fact)
    station.store()
    permits = [w for w in station.news() if isinstance(w, GivePermit | EndPermit)]
    assert [type(wish) for wish in permits] == [EndPermit]


def test_the_end_of_one_permit_leaves_those_of_other_outlets_waiting():
    station = plugged()
    station.tell(CARD)
    station.read(100)
    station.tell(st.PutNote("x", "y"))
    station.core._commit([], [EndPermit(2, "why")], station.now_ms)
    station.store()
    assert GivePermit(1, 16_000) in station.news()


def test_what_waits_leaves_in_the_order_in_which_it_was_wished():
    station = plugged()
    station.tell(CARD)
    station.read(100)
    station.tell(CableChanged(2, 20_000, 0))
    assert station.news() == [ReadMeter(1)]
    station.store()
    assert station.news() == [GivePermit(1, 16_000), HoldLock(2, True)]


def test_a_late_answer_of_the_disk_releases_everything_up_to_its_ticket():
    station = plugged()
    station.tell(CARD)
    station.read(100)
    for key in ("operator_current_limit_1", "vehicle_connection_timeout"):
        station.tell(st.PutSetting(key, "10"))
    station.news()
    first, *_, last = [store.ticket for store in station.stores]
    assert first < last
    station.tell(Stored(last))
    assert station.news() == [GivePermit(1, 16_000)]
    station.tell(Stored(first))
    assert station.news() == []


def test_all_writes_of_a_step_are_one_transaction_of_the_disk():
    station = plugged()
    station.tell(CARD)
    station.read(100)
    (store,) = station.stores
    assert [type(write) for write in store.writes] == [PutTransaction, st.PutOutbox]


def test_only_what_makes_safer_or_tells_what_is_goes_at_once():
    assert set(AT_ONCE) == {EndPermit, ShowPattern, ReadMeter, ReadOtherMeter}


def test_every_durable_write_has_one_way_to_the_disk():
    for kind in (*st.DURABLE_WRITES, PutRegister):
        assert ROUTES[kind] == (Part.KEEP,)


def test_registers_are_kept_once_a_minute_and_with_every_other_write():
    station = running()
    station.now_ms += 10_000
    station.read(200)
    station.now_ms += 10_000
    station.read(300)
    assert station.stores == []
    station.tell(st.PutNote("x", "y"))
    kept = [write for write in station.writes() if isinstance(write, PutRegister)]
    assert kept == [PutRegister("7-1-1", 300, Stamp(7, 21_000, None))]
    station.store()
    station.read(400)
    station.now_ms += KEEP_REGISTERS_MS
    station.tell(TICK)
    assert [w.energy_wh for w in station.writes() if isinstance(w, PutRegister)] == [400]


# -- stories ---------------------------------------------------------------------------------


@pytest.mark.covers("B-AUT-03", "B-AUT-16", "B-STP-02")
def test_the_same_card_starts_and_stops():
    station = running()
    station.tell(CARD)
    assert station.news() == [EndPermit(1, "Local")]
    station.now_ms += 2_000
    station.tell(CpChanged(1, CpState.B2, 0), ContactorMoved(1, False, "cp_b", 0))
    station.read(900)
    *_, ended = [w.transaction for w in station.writes() if isinstance(w, PutTransaction)]
    assert (ended.last_wh, ended.stop_reason, ended.stop_token) == (
        900, StopReason.LOCAL, "0a0e9b83",
    )  # fmt: skip
    station.store()
    assert station.news() == [ReadMeter(1), HoldLock(1, False)]


@pytest.mark.covers("B-ERRB-01")
def test_a_fault_that_stops_ends_the_permit_and_shows_on_the_ring_in_the_same_step():
    station = running()
    station.tell(FaultRaised(1, Fault.RCD, 0))
    assert station.left == [
        EndPermit(1, "Other"), ShowPattern("out_of_order", station.now_ms),
    ]  # fmt: skip


@pytest.mark.covers("B-CUR-04", "B-OCP-41")
def test_a_new_limit_reaches_the_pilot_as_soon_as_it_is_kept():
    station = running()
    messages = station.core.configuration.write({"operator_current_limit_1": "10"})
    station.tell(*messages)
    station.store()
    assert GivePermit(1, 10_000) in station.news()


@pytest.mark.covers("B-OCP-31")
@pytest.mark.parametrize("cp", [CpState.B1, CpState.C1])
def test_after_a_power_loss_the_transaction_goes_on_with_the_same_token_and_id(cp):
    station = Station(memory=Memory(7, transactions=(LEFT,)))
    station.tell(PilotFound(0), CableChanged(1, 32_000, 0), CpChanged(1, cp, 0))
    station.store()
    assert GivePermit(1, 16_000) in station.news()
    assert station.core.sessions[1].state.transaction == LEFT


@pytest.mark.covers("B-OCP-32")
@pytest.mark.parametrize(
    "texts, notes, reason, last_wh",
    [
        ({"restart_transaction_after_power_loss": "off"}, {}, StopReason.POWER_LOSS, 600),
        ({}, {"restart": "HardReset"}, StopReason.HARD_RESET, 650),
    ],
    ids=["its last durable register", "what the meter says"],
)
def test_where_it_may_not_go_on_it_ends_with(texts, notes, reason, last_wh):
    station = Station(memory=Memory(7, transactions=(LEFT,), notes=notes), **texts)
    first = station.writes()
    station.tell(PilotFound(0), CableChanged(1, 32_000, 0), CpChanged(1, CpState.B1, 0))
    station.read(650)
    ended = [w.transaction for w in station.writes() if isinstance(w, PutTransaction)]
    expected = (reason, last_wh, LEFT.last_at)
    assert [(t.stop_reason, t.last_wh, t.ended) for t in ended if t.ended] == [expected]
    assert (st.PutNote("restart", None) in first) is bool(notes)
    station.store()
    assert not any(isinstance(wish, GivePermit) for wish in station.news())
    assert station.core.sessions[1].state.phase is SessionPhase.FINISHING


@pytest.mark.covers("B-AUT-10")
def test_a_session_begun_in_doubt_ends_when_the_back_end_does_not_accept_it():
    station = running()
    info = TokenInfo(Verdict.INVALID)
    station.tell(BackendAnswered("nobody", info))
    assert station.news() == []
    station.tell(TransactionConfirmed("7-1-1", 1, 5, info))
    station.store()
    assert station.news() == [EndPermit(1, "DeAuthorized")]


def test_an_outlet_switched_off_stays_so_after_a_restart():
    station = Station(memory=Memory(7, notes={"inoperative:1": "1"}))
    states = {n: session.state.operative for n, session in station.core.sessions.items()}
    assert states == {1: False, 2: True}
    station.tell(CableChanged(1, 32_000, 0), CpChanged(1, CpState.B1, 0), CARD)
    station.store()
    assert not any(isinstance(wish, ReadMeter) for wish in station.news())


def test_a_pilot_with_more_outlets_than_the_station_does_not_end_it():
    station = Station(outlets=1)
    station.store()
    station.news()
    for fact in (
        CableChanged(2, 32_000, 0), CpChanged(2, CpState.C2, 0), ContactorMoved(2, True, "x", 0),
        FaultRaised(2, Fault.RCD, 0), MeterRead(2, Reading(1, 0, (0, 0, 0), 0)),
    ):  # fmt: skip
        station.tell(fact)
    assert (station.news(), station.stores) == ([], [])
