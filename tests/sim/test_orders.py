"""Every order of cards, plugs, back end and power: short ones here, up to five in `make soak`."""

import pytest

from firmware.sim.leave import FIXED, Policy, Wrong, policies
from firmware.sim.order_search import search
from firmware.sim.orders import NAMES, Rig

POLICIES = {policy.name: policy for policy in policies()}


@pytest.mark.covers("B-AUT-01", "B-AUT-03", "B-AUT-06", "B-AUT-09", "B-AUT-10", "B-AUT-11",
                    "B-STP-04", "B-STP-05", "B-FRE-07")  # fmt: skip
@pytest.mark.parametrize("name", POLICIES)
def test_no_order_gives_power_without_leave_or_leaves_a_transaction_open(name):
    found = search(POLICIES[name], 2)
    assert found.problems == []
    assert found.orders == len(NAMES) + len(NAMES) ** 2


def test_orders_that_lead_to_the_same_state_are_played_once():
    found = search(POLICIES["the back end accepts; normal; ends after a power cut"], 3)
    assert found.problems == [] and found.transactions > 0
    assert found.orders == 9 + 81 + 729 and found.steps < found.orders


@pytest.mark.parametrize("order", [
    ("back end away", "back end away", "plug", "remote start"),
    ("plug", "back end away", "back end away", "card"),
])  # fmt: skip
def test_a_line_that_is_back_is_asked_again_without_another_boot(order):
    for name in ("the back end accepts", "remembered", "in doubt yes, refused"):
        rig = Rig(POLICIES[f"{name}; normal; ends after a power cut"])
        for event in order:
            rig.event(event)
        rig.heal()
        assert rig.leave.online


def test_a_problem_is_told_with_the_order_that_leads_to_it():
    policy = Policy("", {"local_whitelist_entries": "0a0e9b83"})
    book = Policy("", {"local_whitelist_entries": ""}, card_accepted=False)
    found = search(book, 2, settings=policy.parameters)
    assert "0a0e9b83 charges without leave: after card, plug" in found.problems


# -- the outsider is no yes-man: a station that was set otherwise than he thinks is found out ----


def _found_out(thinks, station, order):
    known = {"local_whitelist_entries": "", "ocpp_whitelist_enabled": "off"}
    policy = Policy("", {**known, **thinks}, card_accepted=False)
    rig = Rig(policy, Policy("", {**known, **station}).parameters)
    with pytest.raises(Wrong) as problem:
        for name in order:
            rig.event(name)
        rig.heal()
    return str(problem.value)


@pytest.mark.parametrize("station, order", [
    ({"local_whitelist_entries": "0a0e9b83"}, ("card", "plug")),
    ({"if_in_doubt_allow_charging": "on"}, ("back end away", "card", "plug")),
    ({"if_in_doubt_allow_charging": "immediate_plug_in"}, ("back end away", "plug")),
    ({"free_charging": "on", "free_charging_mode": "full_any_rfid"}, ("card", "plug")),
])  # fmt: skip
def test_a_station_that_lets_more_people_charge_is_found_out(station, order):
    assert "without leave" in _found_out({}, station, order)


def test_where_an_invalid_id_may_not_stop_only_the_energy_ends():
    thinks = {"if_in_doubt_allow_charging": "on"}
    station = {**thinks, "ocpp:StopTransactionOnInvalidId": "false"}
    order = ("back end away", "card", "plug", "back end away")
    rig = Rig(Policy("", {"local_whitelist_entries": "", **thinks}, card_accepted=False),
              Policy("", {"local_whitelist_entries": "", **station}).parameters)  # fmt: skip
    for name in order:
        rig.event(name)
    assert rig.around.open.denied and not rig.around.permit  # only its energy ends [ER 3.17]


def test_a_transaction_that_is_left_open_is_found_out():
    rig = Rig(POLICIES["the back end accepts; normal; ends after a power cut"])
    for name in ("card", "plug"):
        rig.event(name)
    with pytest.raises(Wrong, match="left open"):
        rig.judge_end()


def test_energy_that_nobody_is_billed_for_is_found_out():
    rig = Rig(POLICIES["the back end accepts; normal; ends after a power cut"])
    for name in ("card", "plug"):
        rig.event(name)
    rig.heal()
    rig.around.energy_wh += 1
    with pytest.raises(Wrong, match="the ledger has"):
        rig.judge_end()


def test_a_car_that_stays_does_not_charge_again_by_itself_after_a_remote_stop():
    policy = next(p for p in policies() if "full_fixed_without_auth" in p.name)
    rig = Rig(policy)
    for name in ("plug", "remote stop", "answers late", "answers late"):
        rig.event(name)
    assert [one.token for one in rig.around.ledger.transactions] == [FIXED]
