"""A site with two masters: who leads, that never both give, and that nobody is over the fuse."""

import pytest

from tests.pure.site_rig import SETTLED_MS, Lan

LEASES_MS = 31_000  # two, at a sample rate of 10 s


def pair(slaves=3):
    """Return a settled site whose second master is the first of its slaves; all cars charge."""
    lan = Lan()
    lan.join("m", "master_internal_slave", dlm_standby="on")
    lan.join("s1", "slave_auto_discovery", dlm_standby="on")
    for number in range(2, slaves + 1):
        lan.join(f"s{number}", "slave_auto_discovery")
    lan.wait(SETTLED_MS)
    for member in lan.members:
        member.plug()
    lan.wait(3_000)
    return lan


def leaders(lan):
    return [member.unit for member in lan.members if member.core and member.core.dlm.master]


def test_the_first_master_leads_and_the_second_one_knows_its_units():
    lan = pair()
    assert leaders(lan) == ["m"]
    assert lan.amps == [12, 12, 12, 12]
    assert sorted(lan.members[1].core.dlm.records) == ["m", "s1", "s2", "s3"]
    told = [member.status()["dlm"]["text"] for member in lan.members[:2]]
    assert told == [
        "master; its own outlets are under it; network 0, 4 stations known",
        "second master in network 0; the first one leads",
    ]


def test_when_the_first_one_dies_the_second_leads_and_the_fuse_holds_all_the_time():
    lan = pair()
    lan.members[0].die()
    lan.wait(16_000)
    assert leaders(lan) == ["s1"]
    lan.wait(2 * LEASES_MS)
    assert lan.amps == [0, 14, 14, 14]  # 43 A: the limit of the dark one is kept free
    assert lan.most_ma <= 50_000
    text = lan.members[1].status()["dlm"]["text"]
    assert text == "second master in network 0; it leads, 4 stations known"


def test_the_first_one_that_is_back_waits_until_the_second_is_silent():
    lan = pair()
    first, second = lan.members[:2]
    first.die()
    lan.wait(16_000 + 2 * LEASES_MS)
    first.boot()
    first.plug()
    lan.wait(LEASES_MS)
    assert leaders(lan) == ["s1"]
    assert lan.amps == [12, 12, 12, 12]
    second.die()
    lan.wait(12_000)
    assert leaders(lan) == ["m"]
    lan.wait(2 * LEASES_MS)
    assert lan.amps == [14, 0, 14, 14]
    assert lan.most_ma <= 50_000


@pytest.mark.parametrize("apart, giver", [({"m"}, "s1"), ({"s1"}, "m")])
def test_of_two_that_do_not_hear_each_other_only_the_one_with_most_units_gives(apart, giver):
    lan = pair()
    lan.cut = set(apart)
    lan.wait(3 * LEASES_MS)
    assert giver in leaders(lan)
    alone = lan.members[0 if apart == {"m"} else 1]
    assert alone.amps == 7  # its disconnected limit
    assert lan.most_ma <= 50_000
    lan.cut = set()
    lan.wait(LEASES_MS)
    assert len(leaders(lan)) == 1
    assert lan.amps == [12, 12, 12, 12]
    assert lan.most_ma <= 50_000


def test_both_apart_from_the_rest_give_nothing():
    lan = pair()
    lan.cut = {"m", "s1"}
    lan.wait(3 * LEASES_MS)
    assert lan.amps == [7, 7, 7, 7]
    assert lan.most_ma <= 50_000


def test_their_epochs_are_never_the_same():
    lan = pair()
    lan.cut = {"m"}
    lan.wait(3 * LEASES_MS)
    epochs = [member.core.dlm.epoch for member in lan.members[:2]]
    assert [epoch % 2 for epoch in epochs] == [0, 1]


def test_a_restart_of_both_leaves_one_that_leads():
    lan = pair()
    for member in lan.members[:2]:
        member.die()
    for member in lan.members[:2]:
        member.boot()
        member.plug()
    lan.wait(SETTLED_MS + LEASES_MS)
    assert leaders(lan) == ["m"]
    assert lan.amps == [12, 12, 12, 12]
    assert lan.most_ma <= 50_000


@pytest.mark.parametrize("slaves, warned", [(1, True), (2, False)])
def test_two_masters_of_too_few_stations_are_warned_of(slaves, warned):
    told = pair(slaves).members[0].status()["dlm"]["warnings"]
    assert any("two masters need three stations" in one for one in told) is warned
