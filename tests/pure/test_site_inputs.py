"""External inputs limit the site within a second, and what cannot be read counts as given."""

import pytest

from firmware.limits.signals import REST_MS
from firmware.limits.site_inputs import SiteInputs
from firmware.model.devices import InputChanged, InputsAnswered, InputsSilent
from firmware.model.dlm import SiteLimitLifted, SiteLimitSet
from firmware.model.load import ExternalLoad, ExternalLoadLost
from firmware.model.machine import NEVER_MS, TICK
from firmware.model.settings import SettingsChanged
from firmware.station.snapshot import page_status, snapshot
from firmware.station.wiring import ROUTES
from tests.pure.rigs import settings
from tests.pure.station_rig import Station

BOTH = ("ext1", "ext2")
LIMIT = {"dlm_ext_input_limit": "10/12/0"}
LIMIT_MA = (10_000, 12_000, 0)
METERED = {"dlm_external_meter_support": "on", "meter2_type": "siemens_7km2200_tcp",
           "meter2_ip": "192.168.2.9", "dlm_meter_digital_input": "active_high"}  # fmt: skip


def woken(inputs=BOTH, **texts):
    """Return the machine and what it told when it woke."""
    machine = SiteInputs(settings(**LIMIT, **texts), inputs)
    assert machine.deadline_ms() == 0
    return machine, list(machine.handle(TICK, 0))


def sources(told):
    return [(type(one).__name__, one.source) for one in told]


@pytest.mark.covers("B-DLM-28", "P105", "P106", "P107")
@pytest.mark.parametrize("number", [1, 2])
def test_an_active_input_limits_the_site_at_once_and_back_within_a_second(number):
    machine, told = woken(**{f"dlm_ext_input_{number}": "active_high"})
    assert told == []
    [set_] = machine.handle(InputChanged(f"ext{number}", True, 5_000), 5_000)
    assert (set_.source, set_.limit_ma) == (f"external input {number}", LIMIT_MA)
    assert "grid operator" in set_.reason
    assert list(machine.handle(InputChanged(f"ext{number}", False, 9_000), 9_000)) == []
    assert machine.deadline_ms() == 9_000 + REST_MS <= 10_000
    lifted = SiteLimitLifted(f"external input {number}")
    assert list(machine.handle(TICK, machine.deadline_ms())) == [lifted]
    assert machine.deadline_ms() == NEVER_MS


@pytest.mark.covers("B-DLM-28", "P105")
def test_an_idle_input_that_is_wired_active_low_limits_from_the_start():
    machine, told = woken(dlm_ext_input_1="active_low")
    assert sources(told) == [("SiteLimitSet", "external input 1")]
    machine.handle(InputChanged("ext1", True, 1_000), 1_000)
    assert sources(machine.handle(TICK, 1_000 + REST_MS)) == [
        ("SiteLimitLifted", "external input 1")
    ]


@pytest.mark.covers("B-DLM-28", "P105", "P106")
def test_an_input_that_is_disabled_or_another_one_limits_nothing():
    machine, told = woken(dlm_ext_input_1="active_high")
    assert told == []
    assert list(machine.handle(InputChanged("ext2", True, 0), 0)) == []
    assert list(machine.handle(InputChanged("spd", True, 0), 0)) == []


def test_each_input_speaks_for_itself():
    machine, _ = woken(dlm_ext_input_1="active_high", dlm_ext_input_2="active_high")
    first = machine.handle(InputChanged("ext1", True, 0), 0)
    second = machine.handle(InputChanged("ext2", True, 0), 0)
    assert sources([*first, *second]) == [
        ("SiteLimitSet", "external input 1"), ("SiteLimitSet", "external input 2")
    ]  # fmt: skip


def test_a_relay_that_chatters_does_not_let_the_limit_go():
    machine, _ = woken(dlm_ext_input_1="active_high")
    told = []
    for at_ms in range(0, 3_000, 100):
        told += machine.handle(InputChanged("ext1", at_ms % 200 == 0, at_ms), at_ms)
    assert sources(told) == [("SiteLimitSet", "external input 1")]


@pytest.mark.covers("B-DLM-28")
def test_an_input_that_the_board_has_not_counts_as_given_and_says_so():
    machine, [set_] = woken(("ext1",), dlm_ext_input_2="active_high")
    assert set_.limit_ma == LIMIT_MA
    assert "ext2, which this board has not" in set_.reason
    assert machine.warnings() == [set_.reason]


def test_inputs_that_do_not_answer_count_as_given_until_they_do():
    machine, _ = woken(dlm_ext_input_1="active_high")
    [set_] = machine.handle(InputsSilent(0), 0)
    assert "do not answer" in set_.reason
    assert machine.warnings()
    assert list(machine.handle(InputsAnswered(2_000), 2_000)) == []
    assert machine.warnings() == []
    assert sources(machine.handle(TICK, 2_000 + REST_MS)) == [
        ("SiteLimitLifted", "external input 1")
    ]


@pytest.mark.covers("P105", "P107")
def test_changed_parameters_act_without_a_restart():
    machine, _ = woken(dlm_ext_input_1="active_high")
    machine.handle(InputChanged("ext1", True, 0), 0)
    other = settings(dlm_ext_input_1="active_high", dlm_ext_input_limit="6/6/6")
    [set_] = machine.handle(SettingsChanged(other), 1_000)
    assert set_.limit_ma == (6_000, 6_000, 6_000)
    off = SettingsChanged(settings(dlm_ext_input_limit="6/6/6"))
    assert sources(machine.handle(off, 2_000)) == [("SiteLimitLifted", "external input 1")]


def load(digital_input, at_ms=0):
    return ExternalLoad((0, 0, 0), (False, False, False), at_ms, digital_input)


@pytest.mark.covers("P108")
def test_the_meters_input_limits_like_an_external_one():
    machine, [unread] = woken(**METERED)
    assert "does not tell its digital input" in unread.reason
    machine.handle(load(False), 1_000)
    assert sources(machine.handle(TICK, 1_000 + REST_MS)) == [("SiteLimitLifted", "meter input")]
    [set_] = machine.handle(load(True, 4_000), 4_000)
    assert (set_.source, set_.limit_ma) == ("meter input", LIMIT_MA)
    assert "the external meter's input gives its signal, wired active high" in set_.reason


@pytest.mark.covers("P108")
@pytest.mark.parametrize("unknown", [load(None), ExternalLoadLost(0)])
def test_a_meter_that_does_not_tell_its_input_counts_as_a_given_signal(unknown):
    machine, _ = woken(**METERED)
    machine.handle(load(False), 1_000)
    machine.handle(TICK, 1_000 + REST_MS)
    assert sources(machine.handle(unknown, 3_000)) == [("SiteLimitSet", "meter input")]


@pytest.mark.covers("P108")
def test_without_a_house_meter_its_input_is_not_asked_for():
    _, told = woken(dlm_meter_digital_input="active_low")
    assert told == []


def test_a_station_tells_its_site_and_warns_where_it_is_the_master():
    lonely = Station(dlm_ext_input_1="active_high")
    assert snapshot(lonely.core)["warnings"] == []
    lonely.tell(InputsSilent(0))
    assert snapshot(lonely.core)["warnings"] == []
    master = Station(dlm_ext_input_1="active_high", dlm_mode="master_internal_slave")
    master.tell(InputsSilent(0))
    [said] = snapshot(master.core)["warnings"]
    assert "do not answer" in said
    assert said in page_status(master.core, 0)["dlm"]["warnings"]


@pytest.mark.covers("B-DLM-28")
def test_in_a_whole_station_the_board_s_input_becomes_a_limit_of_the_site():
    station = Station(dlm_ext_input_1="active_high", **LIMIT)
    told = list(_talked(station, InputChanged("ext1", True, 0)))
    assert [one.limit_ma for one in told if isinstance(one, SiteLimitSet)] == [LIMIT_MA]


def _talked(station, fact):
    """Return what the parts that this fact goes to say to it."""
    for part in ROUTES[type(fact)]:
        yield from station.core.parts[part].handle(fact, station.now_ms)
