"""Masters and slaves of load management: roles, rivals, silence, and what is remembered."""

import pytest

from firmware.dlm.core import LoadManagement
from firmware.model import dlm
from firmware.model.machine import TICK
from firmware.model.storage import Memory
from firmware.storage import rows
from tests.pure.rigs import settings
from tests.pure.site_rig import FREE, SETTLED_MS, Lan, plugged, site


@pytest.mark.covers("B-DLM-01")
@pytest.mark.parametrize(
    "mode, amps",
    [
        ("off", 32),
        ("master_internal_slave", 20),
        ("master_standalone", 32),
        ("slave_auto_discovery", 7),
        ("slave_fixed_ip", 7),
    ],
)
def test_each_role_alone_gives_its_own_outlet_what_it_may(mode, amps):
    lan = Lan()
    alone = lan.join(
        "m", mode, dlm_operator_evse_subdistribution_limit="20/20/20", dlm_master_address="m:8883"
    )
    lan.wait(2 * SETTLED_MS)
    alone.plug()
    lan.wait(3_000)
    assert lan.amps == [amps]


@pytest.mark.covers("B-DLM-02", "B-DLM-04")
def test_slaves_join_the_master_of_their_network_and_no_other():
    lan = Lan()
    for number in (0, 1):
        lan.join(f"m{number}", "master_standalone", dlm_network_id=str(number))
    one, two = (lan.join(f"s{n}", "slave_auto_discovery", dlm_network_id="1") for n in (1, 2))
    lan.wait(SETTLED_MS)
    one.plug()
    two.plug()
    lan.wait(5_000)
    assert lan.amps[2:] == [25, 25]
    known = [sorted(m.core.dlm.master.book.units) for m in lan.members[:2]]
    assert known == [[], ["s1", "s2"]]


@pytest.mark.covers("B-DLM-05")
def test_a_second_master_with_the_same_id_does_not_distribute_and_says_so():
    lan = site(1)
    second = lan.join("a", "master_internal_slave")
    lan.wait(2 * SETTLED_MS)
    second.plug()
    lan.members[1].plug()
    lan.wait(5_000)
    assert second.announced == [0]
    assert "another master with the same network id is in the LAN (m)" in second.core.dlm.problem()
    assert "does not distribute" in second.core.dlm.problem()
    assert lan.amps == [0, 32, 7]  # its own outlet is at the disconnected limit [B-DLM-17]
    first = lan.members[0]
    assert "this one goes on" in first.core.dlm.problem()


@pytest.mark.covers("B-DLM-05")
def test_of_two_masters_that_wake_up_together_one_begins():
    lan = Lan()
    for unit in ("a", "b"):
        lan.join(unit, "master_internal_slave")
    lan.wait(SETTLED_MS)
    assert [member.announced for member in lan.members] == [[0, 1], [0]]


def test_a_master_begins_when_the_other_one_has_gone():
    lan = site(0)
    second = lan.join("z", "master_internal_slave")
    lan.wait(SETTLED_MS)
    lan.members.remove(lan.members[0])
    lan.show("m", None)
    lan.wait(1_000)
    assert second.announced == [0, 2]  # higher than any that was seen
    assert second.core.dlm.problem() == ""


def test_two_masters_that_meet_after_a_cut_cable_become_one():
    lan = Lan()
    lan.cut = {"a"}
    for unit in ("a", "b"):
        lan.join(unit, "master_internal_slave")
    lan.wait(SETTLED_MS)
    assert [member.announced for member in lan.members] == [[0, 1], [0, 1]]
    lan.cut = set()
    lan.show("a", lan.shown["a"])
    assert [member.announced for member in lan.members] == [[0, 1, 0], [0, 1]]


@pytest.mark.covers("B-DLM-16", "B-DLM-17", "B-DLM-18")
def test_a_slave_that_loses_its_master_falls_back_and_is_counted_for_the_others():
    lan = plugged(2)
    lan.cut = {"s1"}
    lan.wait(15_100)
    assert lan.amps[1] == 7  # half of three periods after its last question
    lan.wait(17_000)
    assert lan.amps[:2] == [32, 7]
    assert "the disconnected limit holds" in lan.members[1].core.limits.why(1)
    lan.cut = set()
    lan.wait(5_000)
    assert lan.amps[:2] == [25, 25]
    assert lan.most_ma <= 50_000


@pytest.mark.covers("B-DLM-16")
def test_without_a_master_a_slave_gives_its_disconnected_limit_within_a_minute():
    lan = plugged(2, dlm_sample_rate="30")
    lan.members[0].die()
    lan.members[1].unplug()
    lan.wait(29_000)
    lan.members[1].plug()
    lan.wait(1_000)
    assert lan.amps[1] == 0
    lan.wait(31_000)
    assert lan.amps[1] == 7


@pytest.mark.covers("B-DLM-17")
def test_the_outlet_beside_a_master_that_stops_falls_back_too():
    lan = plugged(1)
    lan.show("z", dlm.FoundMaster("z", 0, 99))
    lan.wait(16_000)
    assert lan.members[0].announced == [0, 1, 0]
    assert lan.amps[0] == 7


@pytest.mark.covers("B-DLM-18", "B-DLM-20")
def test_a_master_that_wakes_up_remembers_its_slaves_and_keeps_their_limit_free():
    lan = plugged(2)
    lan.cut = {"s1", "s2", "s3"}
    master = lan.members[0]
    master.die()
    lan.wait(60_000)
    master.boot()
    lan.wait(SETTLED_MS)
    master.plug()
    lan.wait(3_000)
    assert master.amps == 50 - 3 * 7
    kept = rows.memory(master.database.query).units
    assert [one.unit for one in kept] == ["m", "s1", "s2", "s3"]
    assert kept[1] == dlm.UnitRecord(
        "s1", "site", 7_000, (("s1/1", 32_000),), (("s1/1", "RST"),), "powerstation"
    )  # fmt: skip


@pytest.mark.covers("B-DLM-21", "P122")
def test_slaves_that_are_silent_are_forgotten_on_demand_and_those_that_talk_stay():
    lan = plugged(1)
    lan.cut = {"s1", "s2"}
    lan.wait(SETTLED_MS)
    assert lan.amps[0] == 32
    master = lan.members[0]
    answer, facts = master.command("clear_slaves")
    assert answer["text"] == "2 stations are forgotten: s1, s2"
    master.tell(*facts)
    kept = [one.unit for one in rows.memory(master.database.query).units]
    assert kept == ["m", "s3"]
    lan.cut = set()
    lan.wait(5_000)
    kept = [one.unit for one in rows.memory(master.database.query).units]
    assert kept == ["m", "s1", "s2", "s3"]


@pytest.mark.parametrize("mistyped, shown", [(True, "12345678"), (False, "")])
def test_a_code_is_shown_after_a_wrong_try_and_no_more_once_it_is_used(mistyped, shown):
    lan = site(1)
    master = lan.members[0]
    master.tell(dlm.PairingOpened("12345678", lan.now_ms + 600_000))
    master.tell(dlm.PairingTold("what came of it", open=mistyped))
    answer, _ = master.command("pairing")
    assert (answer["code"], answer["text"], answer["told"]) == (shown, "what came of it", 2)


@pytest.mark.covers("B-DLM-19")
def test_disconnected_limits_that_are_too_much_together_are_a_warning():
    calm, loud = site(3, dlm_disconnected_limit="12"), site(3, dlm_disconnected_limit="13")
    told = [lan.members[0].status()["dlm"]["warnings"] for lan in (calm, loud)]
    warning = (
        "without a master 4 outlets may draw 52 A together, above the EVSE limit of 50 A on L1; "
        "lower dlm_disconnected_limit at the stations"
    )
    assert told == [[], [warning]]


@pytest.mark.covers("B-DLM-22")
def test_a_master_that_stands_alone_does_not_limit_its_own_outlet_and_says_so():
    lan = site(1, master="master_standalone")
    lan.members[0].plug()
    lan.members[1].plug()
    lan.wait(5_000)
    assert lan.amps == [32, 32]
    (warning,) = lan.members[0].status()["dlm"]["warnings"]
    assert warning == (
        "this station is a stand-alone master: nobody counts or limits what a car draws at its "
        "own outlets; make it a master with internal slave to include them"
    )


def test_nothing_is_given_before_a_master_is_heard():
    machine = LoadManagement(
        settings(**FREE, dlm_mode="slave_auto_discovery"), Memory(1), "u", (1, 2)
    )
    assert [(one.outlet, one.limit.limit_ma) for one in machine.first()] == [(1, 0), (2, 0)]


def test_words_of_load_management_are_nothing_to_a_station_without_it():
    lan = Lan()
    lan.join("m", "off").tell(dlm.MasterSeen("x", 0, 1), dlm.MastersFound(()), TICK)
    assert lan.members[0].core.dlm.deadline_ms() > 10**12


def test_a_change_of_the_sample_rate_begins_a_new_epoch_and_nobody_is_over_the_fuse():
    lan = plugged(4)
    lan.members[0].write(dlm_sample_rate="5")
    lan.wait(5_000)
    assert lan.members[0].announced == [0, 1, 2]
    assert lan.amps == [12, 12, 12, 12]
    assert lan.most_ma <= 50_000


def test_the_epoch_is_on_the_disk_before_anybody_hears_of_it():
    lan = site(1)
    master = lan.members[0]
    for boot in (2, 3):
        master.die()
        master.boot()
        lan.wait(6_000)
        assert master.announced[-1] == boot


def test_a_unit_whose_memory_was_replaced_is_taken_again():
    lan = plugged(2)
    unit = lan.members[1]
    for _ in range(3):
        unit.die()
        unit.boot()
        lan.wait(2_000)
    unit.die()
    unit.forget()
    lan.wait(61_000)
    unit.boot()
    lan.wait(3_000)
    unit.plug()
    lan.wait(3_000)
    assert unit.amps == 25
