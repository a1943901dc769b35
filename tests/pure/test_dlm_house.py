"""Load management beside a house: what the meter at its connection leaves to the cars."""

import pytest

from tests.pure.site_rig import SETTLED_MS, site

HOUSE = {
    "dlm_external_meter_support": "on",
    "meter2_type": "siemens_7km2200_tcp",
    "meter2_ip": "192.168.1.9",
    "dlm_main_distribution_limit": "63/63/63",
    "dlm_evse_subdistribution_limit": "63/63/63",
    "dlm_operator_evse_subdistribution_limit": "63/63/63",
}
CYCLE_MS = 10_000


def home(house=(0, 0, 0), *, including=True, cars=1, **texts):
    """Return a site with cars that take what they get, and so many amperes for the house."""
    lan = site(1, **{**HOUSE, **texts})
    lan.including = including
    lan.house_ma = tuple(1_000 * amps for amps in house)
    for member in lan.members[:cars]:
        member.plug()
    lan.wait(8 * CYCLE_MS + 5_000)  # what stations tell is a second older than the meter
    return lan


@pytest.mark.covers("B-DLM-23", "B-DLM-24", "B-DLM-25")
@pytest.mark.parametrize("location", ["including_evse", "excluding_evse"])
def test_the_house_and_the_headroom_come_first(location):
    lan = home(
        (30, 10, 45), including=location == "including_evse",
        dlm_external_meter_location=location, dlm_external_load_headroom="4/4/4",
    )  # fmt: skip
    assert lan.amps == [14, 0]  # of L3
    given = lan.members[0].status()["dlm"]
    assert given["role"] == "master_internal_slave"
    assert lan.members[0].core.dlm.room.given_ma() == (29_000, 49_000, 14_000)


@pytest.mark.covers("B-DLM-08")
def test_between_two_periods_a_rise_of_the_house_is_averaged_and_an_overload_is_not():
    lan = home((20, 20, 20), dlm_sample_rate="60")
    lan.wait(60_000)
    assert lan.amps[0] == 32
    lan.house_ma = (30_000,) * 3  # 62 of 63 A: no overload
    lan.wait(5_000)
    assert lan.amps[0] == 32
    lan.house_ma = (45_000,) * 3
    lan.wait(2_500)
    assert lan.amps[0] == 18
    lan.house_ma = (20_000,) * 3
    lan.wait(10_000)
    assert lan.amps[0] == 18  # only the next period raises
    lan.wait(130_000)
    assert lan.amps[0] == 32


@pytest.mark.covers("B-DLM-26", "B-MET-07", "F14")
def test_a_silent_meter_counts_as_its_fallback_and_a_fault_until_it_answers():
    lan = home((20, 20, 20), dlm_external_load_fallback="50/50/50")
    lan.house_ma = None
    lan.wait(6_000)
    assert lan.amps[0] == 13
    master = lan.members[0]
    assert [r.fault.row.id for r in master.core.book.there()] == ["F14"]
    assert "the external meter is silent" in master.command("site")[0]["available"]
    lan.house_ma = (20_000,) * 3
    lan.wait(3_000)
    assert lan.amps[0] == 32
    assert master.core.book.there() == []


@pytest.mark.covers("B-DLM-26", "2.12.1 (d)")
def test_with_the_fallback_as_it_ships_all_cars_pause_after_three_polls_and_no_sooner():
    lan = home((20, 20, 20), cars=2)
    assert lan.amps == [21, 21]
    lan.house_ma = None
    lan.wait(2_000)
    assert lan.amps == [21, 21]
    lan.wait(3_000)  # the third poll, and the slave's next question
    assert lan.amps == [0, 0]
    lan.house_ma = (20_000,) * 3
    lan.wait(3_000)
    assert lan.amps == [21, 21]


@pytest.mark.covers("B-DLM-26")
def test_before_the_first_reading_the_fallback_counts():
    lan = site(0, **HOUSE)
    master = lan.members[0]
    lan.house_ma = None
    master.die()
    master.boot()
    master.plug()
    lan.wait(3_000)
    assert master.core.dlm.room.given_ma() == (0, 0, 0)
    lan.wait(SETTLED_MS)
    assert lan.amps == [0]


@pytest.mark.covers("B-DLM-27")
@pytest.mark.parametrize("use, amps", [("off", 16), ("on", 24)])
def test_what_the_house_feeds_in_is_for_the_cars_only_where_that_is_allowed(use, amps):
    lan = home(
        (-8, -8, -8), including=False, dlm_use_export=use, dlm_main_distribution_limit="16/16/16",
        dlm_external_meter_location="excluding_evse",
    )  # fmt: skip
    assert lan.amps[0] == amps
