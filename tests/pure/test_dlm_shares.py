"""Load management between whole stations: who may draw how much, and why."""

import pytest

from firmware.model.backend import ClockSynced
from firmware.model.devices import InputChanged
from firmware.model.outlet import CableChanged, CpChanged
from firmware.model.values import CpState
from tests.pure.site_rig import SETTLED_MS, Lan, plugged, site
from tests.pure.station_rig import Station

CYCLE_MS = 10_000
MORNING_MS = 1_769_860_800_000 - 30_000  # half a minute before noon of a January day


@pytest.mark.covers("B-DLM-09", "B-DLM-11")
@pytest.mark.parametrize("cars, amps", [(1, 32), (2, 25), (3, 16), (4, 12)])
def test_fifty_amperes_are_shared_by_the_cars_of_four_stations(cars, amps):
    lan = plugged(cars)
    assert lan.amps == [amps] * cars + [0] * (4 - cars)
    assert lan.most_ma <= 50_000


@pytest.mark.covers("B-DLM-06")
def test_a_master_hears_of_each_outlet_what_it_wants_draws_and_loads():
    lan = plugged(2)
    lan.members[1].most_ma = 9_000
    lan.wait(3_000)
    (told,) = lan.members[0].core.dlm.master.book.units["s1"].points.values()
    assert (told.most_ma, told.drawn_ma, told.uses) == (32_000, (9_000,) * 3, (0, 1, 2))
    assert told.in_force_ma == lan.members[1].permit_ma


@pytest.mark.covers("B-DLM-06", "B-DLM-13")
def test_what_a_car_leaves_for_two_periods_is_given_to_others_and_given_back():
    lan = plugged(2)
    assert lan.amps[:2] == [25, 25]
    lan.members[1].most_ma = 9_000
    lan.wait(3 * CYCLE_MS + 3_000)
    assert lan.amps[:2] == [32, 11]  # what it draws, and 2 A
    lan.members[1].most_ma = 32_000
    lan.wait(5_000)
    assert lan.amps[:2] == [25, 25]
    assert lan.most_ma <= 50_000


@pytest.mark.covers("B-DLM-07")
def test_a_car_that_comes_between_two_periods_is_served_at_once():
    lan = plugged(1, dlm_sample_rate="60")
    lan.wait(20_000)
    lan.members[1].plug()
    lan.wait(2_500)
    assert lan.amps[:2] == [25, 25]


@pytest.mark.covers("B-DLM-12")
def test_the_phases_that_a_single_phase_car_leaves_are_free_for_others():
    lan = site(1)
    lan.members[0].plug(phases=1)
    lan.members[1].plug()
    lan.wait(5_000)
    assert lan.amps == [25, 25]
    lan.members[1].unplug()
    lan.join("s9", "slave_auto_discovery", phase_rotation_1="STR")
    lan.wait(SETTLED_MS)
    lan.members[2].plug(phases=1)
    lan.wait(15_000)
    assert lan.amps == [32, 0, 32]  # they load unlike phases


@pytest.mark.covers("B-DLM-36")
@pytest.mark.parametrize("amps, shares", [("16", [8, 16, 16, 8]), ("32", [16, 32, 32, 16])])
def test_cars_on_one_phase_share_only_with_those_on_the_same(amps, shares):
    lan = Lan()
    limit = "/".join([amps] * 3)
    for number, rotation in enumerate(("RST", "STR", "TRS", "RST")):
        mode = "slave_auto_discovery" if number else "master_internal_slave"
        lan.join(
            f"s{number}", mode, phase_rotation_1=rotation, phases_connected_1="single_phase",
            dlm_evse_subdistribution_limit=limit, dlm_operator_evse_subdistribution_limit=limit,
        )  # fmt: skip
    lan.wait(SETTLED_MS)
    for member in lan.members:
        member.plug(phases=1)
    lan.wait(5_000)
    assert lan.amps == shares


@pytest.mark.covers("B-DLM-14", "B-DLM-15")
def test_where_the_minimum_does_not_suffice_for_all_one_waits_and_places_change():
    limits = {"dlm_operator_evse_subdistribution_limit": "20/20/20"}
    lan = plugged(3, **limits, dlm_rotation_minutes="2")
    assert sorted(lan.amps[:3]) == [0, 10, 10]
    waits = lan.amps.index(0)
    assert "at its own turn" in lan.members[waits].core.limits.why(1)
    seen = set()
    for _ in range(3):
        lan.wait(2 * 60_000)
        seen.add(lan.amps.index(0))
    assert seen == {0, 1, 2}
    assert site(0).members[0].core.dlm.master.site.policy.slot_ms == 15 * 60_000  # as it ships


@pytest.mark.covers("B-DLM-15")
def test_a_share_below_the_minimum_is_a_pause():
    lan = plugged(
        2, dlm_operator_evse_subdistribution_limit="15/15/15", dlm_minimum_current_limit="8"
    )
    assert sorted(lan.amps[:2]) == [0, 15]


@pytest.mark.covers("B-DLM-10")
def test_the_operator_limit_is_distributed_and_changes_at_once():
    lan = plugged(2)
    lan.members[0].write(dlm_operator_evse_subdistribution_limit="30/30/30")
    lan.wait(1_500)
    assert lan.amps[:2] == [15, 15]
    lan.members[0].write(dlm_operator_evse_subdistribution_limit="50/50/50")
    lan.wait(2_500)
    assert lan.amps[:2] == [25, 25]


@pytest.mark.covers("B-DLM-35")
def test_a_lower_limit_of_the_station_itself_applies_and_the_rest_is_for_others():
    lan = Lan()
    lan.join("m", "master_internal_slave", operator_current_limit_1="10")
    lan.join("s1", "slave_auto_discovery")
    lan.wait(SETTLED_MS)
    for member in lan.members:
        member.plug()
    lan.wait(5_000)
    assert lan.amps == [10, 32]


@pytest.mark.covers("B-DLM-30")
@pytest.mark.parametrize("texts", [
    {"dlm_it_network": "on", "phases_connected_1": "single_phase"},
    {"phases_connected_1": "single_phase_it"},
])  # fmt: skip
def test_without_a_neutral_a_single_phase_car_counts_on_two_conductors(texts):
    lan = site(1, phase_rotation_1="RST", **texts)
    lan.join("t", "slave_auto_discovery", phase_rotation_1="STR", **texts)
    lan.wait(SETTLED_MS)
    for member in lan.members:
        member.plug(phases=1)
    lan.wait(5_000)
    assert lan.amps == [16, 16, 16]  # L1-L2 twice and L2-L3 once: L2 carries all three


@pytest.mark.covers("B-DLM-29")
def test_a_single_phase_car_alone_keeps_to_the_imbalance_limit():
    imbalance = {"dlm_imbalance_prevention": "on", "dlm_imbalance_limit": "20"}
    lan = site(1, phases_connected_1="single_phase", **imbalance)
    lan.members[0].plug(phases=1)
    lan.wait(3_000)
    assert lan.amps == [20, 0]
    other = lan.join("t", "slave_auto_discovery", phase_rotation_1="STR",
                     phases_connected_1="single_phase", **imbalance)  # fmt: skip
    third = lan.join("u", "slave_auto_discovery", phase_rotation_1="TRS",
                     phases_connected_1="single_phase", **imbalance)  # fmt: skip
    lan.wait(2 * SETTLED_MS)
    other.plug(phases=1)
    third.plug(phases=1)
    lan.wait(20_000)
    assert lan.amps == [32, 0, 32, 32]


@pytest.mark.covers("B-DLM-28", "P105", "P107")
def test_a_signal_at_the_masters_input_limits_the_whole_site_within_a_second_and_back():
    signal = {"dlm_ext_input_1": "active_high", "dlm_ext_input_limit": "20/20/20"}
    lan = plugged(2, **signal)
    assert lan.amps[:2] == [25, 25]
    master = lan.members[0]
    master.tell(InputChanged("ext1", True, lan.now_ms))
    lan.wait(1_100)
    assert lan.amps[:2] == [10, 10]
    assert "the input ext1 gives its signal" in master.command("site")[0]["available"]
    master.tell(InputChanged("ext1", False, lan.now_ms))
    lan.wait(3_000)
    assert lan.amps[:2] == [25, 25]


@pytest.mark.covers("B-DLM-32", "P123", "P124")
def test_the_table_of_the_master_limits_the_whole_site_by_the_clock():
    table = {
        "dlm_max_current_scheduler": "on",
        "dlm_max_current_schedule": "mon-sun 00:00 40/40/40;mon-sun 12:00 20/20/20",
    }
    lan = plugged(2, **table)
    assert lan.amps[:2] == [10, 10]  # the clock is not known [B-DLM-33]
    assert lan.members[0].status()["dlm"]["warnings"]
    lan.members[0].tell(ClockSynced(MORNING_MS - lan.now_ms, "system clock"))
    lan.wait(3_000)
    assert lan.amps[:2] == [20, 20]
    lan.wait(60_000)
    assert lan.amps[:2] == [10, 10]


def test_a_fuse_of_the_site_holds_the_stations_behind_it():
    fuses = {
        "dlm_fuses": "deck 40/40/40; row 20/20/20 behind deck",
        "dlm_places": "s1 at row; s2 at row; s3 at deck",
    }
    lan = plugged(4, **fuses)
    assert lan.amps == [15, 10, 10, 15]  # the row leaves 30 of the site to the two others
    assert "fuse row on L1" in lan.members[1].core.limits.why(1)
    assert [one["fuse"] for one in lan.members[0].command("site")[0]["fuses"]] == [
        "site", "deck", "row",
    ]  # fmt: skip
    lan.members[0].write(dlm_places="s1 at row; s3 at deck")
    lan.wait(5_000)
    assert lan.amps == [12, 12, 12, 12]
    assert lan.most_ma <= 50_000


@pytest.mark.covers("B-CUR-09")
@pytest.mark.parametrize("site_a, amps", [(50, 10), (16, 8)])
def test_under_a_master_the_supply_line_of_a_station_is_kept_in_addition(site_a, amps):
    limit = "/".join([str(site_a)] * 3)
    station = Station(
        connected=False, free_charging="on", free_charging_mode="no_ocpp",
        dlm_mode="master_internal_slave", dlm_evse_subdistribution_limit=limit,
        dlm_operator_evse_subdistribution_limit=limit, station_single_supply="on",
        station_supply_line_limit="20",
    )  # fmt: skip
    station.wait(6_000)
    for outlet in (1, 2):
        station.tell(
            CableChanged(outlet, 32_000, station.now_ms),
            CpChanged(outlet, CpState.B2, station.now_ms),
            CpChanged(outlet, CpState.C2, station.now_ms),
        )
    station.wait(20_000)
    books = station.core.limits.books.values()
    assert [book.permit.limit_ma for book in books] == [1_000 * amps] * 2
    assert [book.limits["supply line"].limit_ma for book in books] == [10_000] * 2
