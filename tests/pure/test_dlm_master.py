"""Load management between units: who gets how much, when, and what is left without a master."""

from dataclasses import replace

import pytest

from firmware.dlm.master import Master, lease_of
from firmware.dlm.slave import LEASE_MAX_MS
from firmware.model.dlm import MasterSeen, SiteRoomChanged, UnitAnswered, UnitAsked
from tests.pure.dlm_rig import CYCLE_MS, LEASE_MS, Lan, record, site

SETTLED_MS = LEASE_MAX_MS + 5_000  # a master that has just woken up waits for old leases


def lan(*args, **words):
    """Return a site on which nobody waits for an earlier master any more."""
    one = Lan(*args, **words)
    one.wait(SETTLED_MS)
    one.sums.clear()
    return one


@pytest.mark.parametrize("cars, amps", [(1, 32), (2, 25), (3, 16), (4, 12)])
def test_fifty_amperes_are_shared_by_one_to_four_cars(cars, amps):
    here = lan(site(50))
    for unit in list(here.slaves)[:cars]:
        here.car(unit)
    here.wait(3_000)
    assert here.amps() == [amps] * cars + [0] * (4 - cars)


def test_a_new_car_is_served_at_once_and_not_at_the_next_cycle():
    here = lan(site(50))
    here.wait(CYCLE_MS - here.now_ms % CYCLE_MS + 1_000)
    here.car("u1")
    assert here.amps()[0] == 32
    here.car("u2")
    here.wait(2_000)
    assert here.amps()[:2] == [25, 25]


def test_nobody_is_raised_before_what_others_hold_is_known_to_be_lower():
    here = lan(site(50))
    here.car("u1")
    here.cut.add("u1")  # it holds 32 A and does not hear that it should have 25
    here.car("u2")
    here.wait(3_000)
    assert here.amps()[:2] == [32, 18]
    here.cut.clear()
    here.wait(3_000)
    assert here.amps()[:2] == [25, 25]
    assert max(here.sums) <= 50_000


@pytest.mark.parametrize("cycle_s, falls_s", [(5, 15), (10, 30), (15, 45), (30, 60), (60, 60)])
def test_a_unit_without_its_master_falls_back_after_three_periods_at_most_a_minute(
    cycle_s, falls_s
):
    here = lan(site(50, cycle_ms=cycle_s * 1_000))
    here.car("u1")
    here.car("u2", amps=0)
    here.wait(2_000)
    here.master = None
    lost_ms = here.now_ms
    here.wait(falls_s * 1_000 // 2 + 1_500)
    assert here.amps()[:2] == [7, 0]  # lowered at half time, raised by nothing
    here.wait(lost_ms + falls_s * 1_000 - here.now_ms - 1_500)
    assert here.amps()[:2] == [7, 0]
    here.wait(3_000)
    assert here.amps() == [7, 7, 7, 7]
    here.start_master()
    here.wait(SETTLED_MS)
    assert here.amps()[:2] == [32, 0]


def test_the_disconnected_limit_of_a_unit_that_is_not_heard_is_kept_free():
    here = lan(site(50), records=[record("away")])
    here.car("u1")
    here.car("u2")
    here.wait(3_000)
    assert here.amps()[:2] == [21, 21]  # of 43 A


def test_a_unit_that_falls_silent_is_counted_before_it_helps_itself():
    here = lan(site(50))
    here.cut.add("u2")
    here.car("u1")
    here.wait(2 * LEASE_MS + 5_000)
    assert here.amps()[:2] == [32, 7]
    assert max(here.sums) <= 50_000


@pytest.mark.covers("B-DLM-11", "B-DLM-16")
@pytest.mark.parametrize("amps, kept", [(0, [29, 7]), (32, [18, 18])])
def test_a_unit_that_asks_and_hears_no_answer_is_counted_before_it_helps_itself(amps, kept):
    here = lan(site(36), units=2)
    here.car("u1")
    here.car("u2", amps=amps)
    here.wait(5_000)
    here.sums.clear()
    here.deaf.add("u2")  # its questions arrive, the answers to them do not
    here.wait(LEASE_MS // 2 + 3_000)
    assert here.amps()[0] == kept[0]
    here.wait(2 * LEASE_MS)
    assert here.amps()[1] == 7
    assert max(here.sums) <= 36_000


def test_what_joins_is_kept_and_survives_a_restart_of_the_master():
    here = lan(site(50))
    here.car("u1", amps=16)
    here.wait(1_000)
    kept = {one.unit: one for one in here.kept}
    assert list(kept) == ["u1", "u2", "u3", "u4"]
    assert dict(kept["u1"].most_ma) == {"u1": 16_000}


def test_after_a_restart_of_the_master_nobody_is_raised_while_old_grants_may_be_in_force():
    here = lan(site(50))
    here.car("u1")
    here.cut.add("u1")
    here.start_master()
    here.car("u2")
    here.wait(4_000)
    assert here.amps()[:2] == [32, 18]
    assert max(here.sums) <= 50_000
    here.wait(LEASE_MAX_MS + 2_000)
    assert here.amps()[:2] == [7, 32]


def test_an_answer_to_an_earlier_question_counts_no_more():
    here = lan(site(50))
    slave = here.slaves["u1"]
    here.master = None
    here.car("u1")
    asked = [one for one in here.asked if one.unit == "u1"][-1]
    here.wait(1_500)  # it has asked again
    late = UnitAnswered("u1", asked.life, asked.number, asked.epoch, LEASE_MS, (("u1", 32_000),))
    here.tell(slave, late)
    assert here.amps()[0] == 0


@pytest.mark.parametrize("change", [
    {"epoch": 0}, {"life": 9}, {"unit": "u2"}, {"lease_ms": LEASE_MAX_MS + 1}, {"lease_ms": 0},
])  # fmt: skip
def test_an_answer_that_is_not_for_this_question_is_not_taken(change):
    here = lan(site(50))
    here.master = None
    here.car("u1")
    asked = [one for one in here.asked if one.unit == "u1"][-1]
    mine = UnitAnswered("u1", asked.life, asked.number, asked.epoch, LEASE_MS, (("u1", 32_000),))
    here.tell(here.slaves["u1"], replace(mine, **change))
    assert here.amps()[0] == 0
    here.tell(here.slaves["u1"], mine)
    assert here.amps()[0] == 32


def test_less_room_takes_from_those_who_charge_within_a_second():
    here = lan(site(50))
    here.car("u1")
    here.car("u2")
    here.wait(3_000)
    here.tell(here.master, SiteRoomChanged((("site", (20_000, 20_000, 20_000)),)))
    here.wait(1_100)
    assert here.amps()[:2] == [10, 10]


def test_a_master_that_another_has_followed_answers_nobody():
    here = lan(site(50))
    here.tell(here.master, MasterSeen("other", 0, 99))
    here.car("u1")
    here.wait(2_000)
    assert here.amps()[0] == 0


@pytest.mark.parametrize("seen", [MasterSeen("other", 1, 99), MasterSeen("m", 0, 99)])
def test_a_master_of_another_network_and_its_own_beacon_are_nothing_to_it(seen):
    here = lan(site(50))
    here.tell(here.master, seen)
    here.car("u1")
    assert here.amps()[0] == 32


def test_with_a_standby_only_one_that_hears_more_than_half_gives():
    here = lan(site(50, quorum=True))
    here.cut |= {"u3", "u4"}
    here.wait(LEASE_MS)
    here.car("u1")
    here.wait(2_000)
    assert here.amps()[0] == 0  # two of four are not more than half
    here.cut.remove("u3")
    here.wait(3 * LEASE_MS)
    assert here.amps()[0] == 32


def test_a_question_that_was_overtaken_is_not_answered():
    here = lan(site(50))
    here.car("u1")
    last = [one for one in here.asked if one.unit == "u1"][-1]
    assert list(here.master.handle(last, here.now_ms)) == []


def test_the_lease_is_half_of_what_may_pass_until_a_unit_falls_back():
    assert [lease_of(s * 1_000) for s in (5, 10, 15, 30, 60)] == [
        7_500, 15_000, 22_500, 30_000, 30_000,
    ]  # fmt: skip


def test_a_car_that_leaves_takes_its_grant_with_it():
    here = lan(site(50))
    here.car("u1")
    here.master = None
    here.car("u1", amps=0)
    here.car("u1", amps=32)  # another one, before anybody could be asked
    assert here.amps()[0] == 0


def test_a_master_that_forgot_its_epoch_is_asked_by_nobody():
    here = lan(site(50))
    here.master = Master("m", 1, here.place, (), here.now_ms)
    asked = UnitAsked("u1", 1, 10_000, 2, -1, 7_000, ())
    assert list(here.master.handle(asked, here.now_ms)) == []
