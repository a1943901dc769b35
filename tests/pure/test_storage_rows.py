"""Every write comes back as memory: rows, as the disk would have them."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.io.sqlite import Database
from firmware.model import storage as s
from firmware.model.dlm import ForgetUnit, KeepUnit, UnitRecord
from firmware.model.fault import Fault
from firmware.model.reservation import Reservation
from firmware.model.session import Transaction
from firmware.model.settings import SettingChange
from firmware.model.storage import FAULTS_KEPT, FaultRecord, Memory, OutboxEntry
from firmware.model.values import Stamp, StopReason, TokenInfo, Verdict
from firmware.storage.rows import NEW_BOOT, history, memory, statements
from firmware.storage.schema import MIGRATIONS

WH, MS = st.integers(0, 10**9), st.integers(0, 2**53)
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=20)
MAYBE = st.none() | TEXT
STAMPS = st.builds(Stamp, st.integers(1, 99), MS, st.none() | MS)
TRANSACTIONS = st.builds(
    Transaction, TEXT, st.integers(1, 2), TEXT, STAMPS, WH, WH, STAMPS,
    transaction_id=st.none() | st.integers(), parent=MAYBE, ended=st.none() | STAMPS,
    stop_reason=st.none() | st.sampled_from(StopReason), stop_token=MAYBE,
    reservation_id=st.none() | st.integers(-(2**63), 2**63 - 1),
)  # fmt: skip
ENTRIES = st.builds(
    OutboxEntry, st.integers(1, 2**40), st.sampled_from(["start", "meter", "stop"]), TEXT, TEXT,
    STAMPS, st.integers(0, 99),
)  # fmt: skip
INFOS = st.builds(TokenInfo, st.sampled_from(Verdict), MAYBE, st.none() | MS)
QUICK = settings(max_examples=60, derandomize=True, deadline=None)
EMPTY = Memory(boot=0)
STAMP = Stamp(1, 5, None)
CHANGE = SettingChange(1, STAMP, "operator", "web", (("operator_current_limit_1", "16", "10"),))
UNIT = UnitRecord("u", "site", 7_000, (("u/1", 16_000),), (("u/1", "STR"),), "yard")
RESERVATION = Reservation(1, 2, "T", None, 5)
TX = Transaction("1-1-1", 1, "T", STAMP, 100, 100, STAMP)
OLD_SQL = (  # as it was written before schema 5
    "INSERT INTO transactions (key, outlet, token, began, meter_start_wh, last_wh, last_at) "
    "VALUES (?, ?, ?, ?, ?, ?, ?)"
)
OLD_TX = (OLD_SQL, ("1-1-1", 1, "T", "[1, 5, null]", 100, 100, "[1, 5, null]"))


def kept(*writes):
    """Return the memory after these writes, one durable step each."""
    database = Database(None, MIGRATIONS)
    for write in writes:
        database.apply(statements(write))
    return memory(database.query)


# whole numbers of SQLite have 64 bits
IDS = st.integers(-(2**63), 2**63 - 1)


@QUICK
@given(TRANSACTIONS, st.none() | IDS)
def test_a_transaction_comes_back_as_it_was_put(transaction, number):
    put = replace(transaction, transaction_id=number)
    assert kept(s.PutTransaction(put)) == replace(EMPTY, transactions=(put,))


@QUICK
@given(TRANSACTIONS, TRANSACTIONS)
def test_a_later_state_replaces_what_may_change_and_never_loses_the_id(first, second):
    first = replace(first, transaction_id=42)
    later = replace(second, key=first.key, transaction_id=None)
    expected = replace(
        first, last_wh=later.last_wh, last_at=later.last_at, parent=later.parent,
        ended=later.ended, stop_reason=later.stop_reason, stop_token=later.stop_token,
    )  # fmt: skip
    assert kept(s.PutTransaction(first), s.PutTransaction(later)).transactions == (expected,)


@QUICK
@given(st.lists(ENTRIES, max_size=5, unique_by=lambda entry: entry.seq))
def test_the_outbox_comes_back_in_its_order(entries):
    writes = [s.PutOutbox(entry) for entry in entries]
    in_order = tuple(sorted(entries, key=lambda entry: entry.seq))
    assert kept(*writes).outbox == in_order
    assert kept(*writes, *(s.DropOutbox(e.seq) for e in entries)) == EMPTY


@QUICK
@given(ENTRIES, st.integers(0, 9))
def test_a_message_put_again_is_the_same_message(entry, attempts):
    again = replace(entry, attempts=attempts)
    assert kept(s.PutOutbox(entry), s.PutOutbox(again)).outbox == (again,)


@QUICK
@given(st.dictionaries(TEXT, TEXT, max_size=4))
def test_settings_and_notes_come_back_and_none_forgets_them(texts):
    settings_ = [s.PutSetting(key, value) for key, value in texts.items()]
    notes = [s.PutNote(key, value) for key, value in texts.items()]
    assert kept(*settings_, *notes) == replace(EMPTY, settings=texts, notes=texts)
    gone = [put(key, None) for key in texts for put in (s.PutSetting, s.PutNote)]
    assert kept(*settings_, *notes, *gone) == EMPTY


@QUICK
@given(st.dictionaries(TEXT, INFOS, max_size=4))
def test_verdicts_come_back_in_the_order_in_which_they_were_put(infos):
    writes = [s.PutCache(token, info) for token, info in infos.items()]
    assert list(kept(*writes).cache.items()) == list(infos.items())
    assert kept(*writes, s.ClearCache()) == EMPTY


@QUICK
@given(WH, STAMPS)
def test_a_register_only_ever_grows_and_not_after_the_end(energy_wh, at):
    put = s.PutRegister("1-1-1", energy_wh, at)
    grown = replace(TX, last_wh=energy_wh, last_at=at) if energy_wh >= 100 else TX
    assert kept(s.PutTransaction(TX), put).transactions == (grown,)
    ended = replace(TX, ended=STAMP, stop_reason=StopReason.LOCAL)
    assert kept(s.PutTransaction(ended), put).transactions == (ended,)


def test_the_id_of_the_back_end_is_kept_and_a_delivered_transaction_is_only_history():
    database = Database(None, MIGRATIONS)
    for write in (s.PutTransaction(TX), s.PutTransactionId("1-1-1", 7)):
        database.apply(statements(write))
    known = replace(TX, transaction_id=7)
    assert memory(database.query).transactions == (known,)
    database.apply(statements(s.DropTransaction("1-1-1")))
    assert memory(database.query).transactions == ()
    assert history(database.query) == (known,)


RECORDS = st.builds(
    FaultRecord, st.integers(1, 400), st.integers(0, 2), st.sampled_from(Fault), STAMPS,
    st.none() | STAMPS, st.integers(1, 99),
)  # fmt: skip


@QUICK
@given(st.lists(RECORDS, max_size=5, unique_by=lambda record: record.number))
def test_the_fault_book_comes_back_in_its_order(records):
    in_order = tuple(sorted(records, key=lambda record: record.number))
    assert kept(*map(s.PutFault, records)).faults == in_order
    again = [replace(record, ended=STAMP, times=7) for record in in_order]
    assert kept(*map(s.PutFault, [*records, *again])).faults == tuple(again)


def test_of_the_fault_book_the_last_records_are_kept_and_every_open_one():
    many = [FaultRecord(n, 0, Fault.READER, STAMP, STAMP) for n in range(1, FAULTS_KEPT + 11)]
    many[3] = replace(many[3], ended=None)
    left = kept(*map(s.PutFault, many)).faults
    assert [r.number for r in left] == [4, *range(11, FAULTS_KEPT + 11)]


def test_a_fault_that_this_firmware_does_not_know_is_left_out():
    database = Database(None, MIGRATIONS)
    stamp = "[1, 5, null]"
    database.apply([("INSERT INTO faults VALUES (1, 0, 'Z99', ?, NULL, 1)", (stamp,))])
    assert memory(database.query).faults == ()


def test_a_database_from_before_the_fault_book_keeps_what_it_has(tmp_path):
    path = tmp_path / "station.db"
    old = Database(path, MIGRATIONS[:1])
    old.apply([NEW_BOOT, OLD_TX, *statements(s.PutNote("a", "b"))])
    old.close()
    database = Database(path, MIGRATIONS)
    put = s.PutFault(FaultRecord(1, 0, Fault.TILT, STAMP))
    database.apply(statements(put))
    kept_all = memory(database.query)
    assert (kept_all.transactions, kept_all.notes, kept_all.faults) == (
        (TX,), {"a": "b"}, (put.record,),
    )  # fmt: skip


def test_the_history_of_parameters_is_kept_and_bounded():
    many = [replace(CHANGE, number=n) for n in range(1, s.CHANGES_KEPT + 11)]
    left = kept(*map(s.PutSettingChange, many)).changes
    assert left == tuple(many[10:])


def test_every_kind_of_write_has_its_statements():
    writes = [
        s.PutTransaction(TX), s.PutTransactionId("k", 1), s.DropTransaction("k"),
        s.PutOutbox(OutboxEntry(1, "start", "k", "{}", STAMP)), s.DropOutbox(1),
        s.PutSetting("k", "v"), s.PutCache("t", TokenInfo(Verdict.BLOCKED)), s.ClearCache(),
        s.PutNote("n", "v"), s.PutRegister("k", 1, STAMP),
        s.PutFault(FaultRecord(1, 0, Fault.TILT, STAMP)),
        s.PutProfile(s.ProfileRecord(0, 1, "{}")), s.DropProfile(0, 1),
        s.PutSecurityRecord(s.SecurityRecord(1, "StartupOfTheDevice", "", STAMP, True)),
        s.PutLocalList(1, (), True), s.PutReservation(RESERVATION), s.DropReservation(1),
        s.PutSettingChange(CHANGE), KeepUnit(UNIT), ForgetUnit("u"),
    ]  # fmt: skip
    assert {type(write) for write in writes} == {*s.DURABLE_WRITES, s.PutRegister}
    assert all(statements(write) for write in writes)


def test_boots_are_counted():
    database = Database(None, MIGRATIONS)
    for boot in (1, 2, 3):
        database.apply([NEW_BOOT])
        assert memory(database.query).boot == boot


@pytest.mark.covers("OCPP16-PITFALL-55")
def test_a_charging_profile_is_kept_by_connector_and_id_until_it_is_dropped():
    first = s.ProfileRecord(1, 7, '{"a":1}', "1-1-1")
    again, other = s.ProfileRecord(1, 7, "{}"), s.ProfileRecord(0, 7, "{}")
    assert kept(s.PutProfile(first)).profiles == (first,)
    assert kept(*map(s.PutProfile, (first, other, again))).profiles == (other, again)
    assert kept(s.PutProfile(first), s.DropProfile(1, 7)).profiles == ()


@pytest.mark.covers("OCPP16-PITFALL-46")
def test_a_reservation_is_kept_by_its_number_until_it_is_dropped():
    again, other = replace(RESERVATION, outlet=0), replace(RESERVATION, number=-3, parent="P")
    assert kept(*map(s.PutReservation, (RESERVATION, other, again))).reservations == (other, again)
    assert kept(s.PutReservation(RESERVATION), s.DropReservation(1)) == EMPTY


@QUICK
@given(st.dictionaries(TEXT, INFOS, max_size=4), st.dictionaries(TEXT, INFOS, max_size=4))
def test_a_full_list_replaces_all_and_a_change_what_it_names(first, second):
    full = s.PutLocalList(3, tuple(first.items()), True)
    change = s.PutLocalList(4, (*second.items(), ("gone", None)), False)
    assert kept(s.PutLocalList(2, (("old", None),), True), full) == replace(
        EMPTY, local_list=first, local_list_version=3
    )
    after = {token: info for token, info in (first | second).items() if token != "gone"}
    assert kept(full, change) == replace(EMPTY, local_list=after, local_list_version=4)


def test_a_database_from_before_the_list_keeps_its_transactions(tmp_path):
    path = tmp_path / "station.db"
    old = Database(path, MIGRATIONS[:4])
    old.apply([NEW_BOOT, OLD_TX])
    old.close()
    assert memory(Database(path, MIGRATIONS).query).transactions == (TX,)
