"""A signal leaves the whole station a power: how it is shared, and in which order it changes."""

import pytest
from hypothesis import given
from hypothesis import settings as law
from hypothesis import strategies as st

from firmware.limits.dimming import Dimming
from firmware.limits.signals import REST_MS
from firmware.model.devices import InputChanged, InputsAnswered, InputsSilent
from firmware.model.machine import NEVER_MS, TICK
from firmware.model.outlet import EndPermit, GivePermit
from firmware.model.session import EnergyWanted
from firmware.model.settings import SettingsChanged
from firmware.model.values import FOLLOW_MS, LimitLifted, LimitSet
from firmware.station.snapshot import snapshot, why
from tests.pure.rigs import settings
from tests.pure.test_supply_line import ONE, TWO, Dual

WIRED = {"dimming_input": "ext1_active_high"}


class Dimmed:
    """The machine with what it allows: mA by outlet, `None` where it limits nothing."""

    def __init__(self, power_w=4_200, outlets=(1, 2), inputs=("ext1", "ext2"), **texts):
        known = settings(**{**WIRED, "dimming_power_w": str(power_w), **texts})
        self.core, self.now_ms = Dimming(known, outlets, inputs), 0
        self.limits, self.reasons = dict.fromkeys(outlets), {}
        self.take(self.core.first())

    def take(self, wishes):
        for wish in wishes:
            match wish:
                case LimitSet(outlet, limit):
                    assert (limit.source, limit.expires_ms) == ("dimming", NEVER_MS)
                    self.limits[outlet], self.reasons[outlet] = limit.limit_ma, limit.reason
                case LimitLifted(outlet, "dimming"):
                    self.limits[outlet] = None
                case _:
                    raise AssertionError(wish)

    def tell(self, *facts):
        for fact in facts:
            self.take(self.core.handle(fact, self.now_ms))

    def wait(self, span_ms):
        then_ms = self.now_ms + span_ms
        while (due_ms := self.core.deadline_ms()) <= then_ms:
            self.now_ms = due_ms
            self.tell(TICK)
        self.now_ms = then_ms

    def signal(self, active=True, name="ext1"):
        self.tell(InputChanged(name, active, self.now_ms))

    def want(self, *outlets, wanted=True):
        for outlet in outlets:
            self.tell(EnergyWanted(outlet, wanted, "why"))


@pytest.mark.covers("B-CUR-13")
@pytest.mark.parametrize(
    "power_w, volts, fed, limit_ma",
    [
        (4_200, 230, "three_phase", 6_086),  # 4200 W / (230 V x 3), rounded down
        (4_200, 230, "single_phase", 18_260),
        (4_200, 220, "three_phase", 6_363),
        (4_200, 240, "three_phase", 0),  # 5.83 A are too little to charge with
        (1_380, 230, "single_phase", 6_000),
        (1_380, 230, "three_phase", 0),
        (11_000, 230, "three_phase", 15_942),
    ],
)
def test_the_power_is_a_current_on_the_phases_that_feed_the_outlet(power_w, volts, fed, limit_ma):
    dim = Dimmed(power_w, (1,), power_source_voltage=str(volts), phases_connected_1=fed)
    dim.want(1)
    dim.signal()
    assert dim.limits == {1: limit_ma}


def test_without_the_signal_nothing_is_limited():
    dim = Dimmed()
    dim.want(1, 2)
    dim.signal(name="ext2")
    assert dim.limits == {1: None, 2: None}


def test_it_is_lifted_when_the_signal_has_ended():
    dim = Dimmed()
    dim.want(1)
    dim.signal()
    dim.signal(False)
    assert dim.limits == {1: 6_086, 2: 0}
    dim.wait(REST_MS)
    assert dim.limits == {1: None, 2: None}


@pytest.mark.parametrize("sense, level", [("active_high", True), ("active_low", False)])
@pytest.mark.parametrize("name", ["ext1", "ext2"])
def test_every_input_in_both_senses(name, sense, level):
    dim = Dimmed(dimming_input=f"{name}_{sense}")
    for active in (True, False, True, False):
        dim.signal(active, name)
        dim.wait(REST_MS)
        assert (dim.limits[1] is not None) == (active is level)


def test_wired_active_low_it_dims_from_the_first_moment():
    assert Dimmed(dimming_input="ext1_active_low").limits == {1: 0, 2: 0}


def test_two_outlets_share_evenly_where_both_can_charge():
    dim = Dimmed(9_000)
    dim.want(2, 1)
    dim.signal()
    assert dim.limits == {1: 6_521, 2: 6_521}
    assert (
        dim.reasons[1]
        == "ext1 dims the station to 9000 W until the signal ends, shared by 2 outlets"
    )


def test_of_two_that_cannot_both_charge_the_first_come_is_served():
    dim = Dimmed()
    dim.want(2, 1)
    dim.signal()
    assert dim.limits == {1: 0, 2: 6_086}
    assert "the first come is served" in dim.reasons[1]


def test_a_first_come_that_cannot_charge_at_all_does_not_stand_in_the_way():
    dim = Dimmed(1_500, phases_connected_2="single_phase")
    dim.want(1, 2)
    dim.signal()
    assert dim.limits == {1: 0, 2: 6_521}


def test_an_outlet_on_one_phase_gets_the_same_power_and_so_more_current():
    dim = Dimmed(9_000, phases_connected_2="single_phase")
    dim.want(1, 2)
    dim.signal()
    assert dim.limits == {1: 6_521, 2: 19_565}


def test_the_other_one_rises_only_when_the_first_has_had_its_time():
    dim = Dimmed()
    dim.want(1, 2)
    dim.signal()
    dim.wait(60_000)
    dim.want(1, wanted=False)
    assert dim.limits == {1: 0, 2: 0}
    assert "rises once the other car has followed" in dim.reasons[2]
    dim.wait(FOLLOW_MS - 1)
    assert dim.limits == {1: 0, 2: 0}
    dim.wait(1)
    assert dim.limits == {1: 0, 2: 6_086}


def test_who_comes_right_after_the_dimming_waits_until_the_others_have_followed():
    dim = Dimmed(9_000)
    dim.want(1)
    dim.signal()
    assert dim.limits == {1: 13_043, 2: 0}
    dim.want(2)
    assert dim.limits == {1: 6_521, 2: 0}
    dim.wait(FOLLOW_MS)
    assert dim.limits == {1: 6_521, 2: 6_521}


def test_a_voltage_or_a_power_that_changes_acts_at_once():
    dim = Dimmed(9_000, (1,))
    dim.want(1)
    dim.signal()
    dim.tell(SettingsChanged(settings(**WIRED, dimming_power_w="5000", power_source_voltage="250")))
    assert dim.limits == {1: 6_666}
    dim.tell(SettingsChanged(settings()))
    assert dim.limits == {1: None}


def test_after_a_restart_nobody_rises_before_the_other_car_has_had_its_time():
    dim = Dimmed(dimming_input="ext1_active_low")
    dim.now_ms = 90_000
    dim.want(2)
    assert dim.limits == {1: 0, 2: 0}
    dim.wait(FOLLOW_MS)
    assert dim.limits == {1: 0, 2: 6_086}


@pytest.mark.parametrize("inputs", [("spd",), ()])
def test_a_signal_that_the_board_cannot_read_counts_as_given(inputs):
    dim = Dimmed(inputs=inputs)
    dim.want(1)
    dim.wait(FOLLOW_MS)
    assert dim.limits[1] == 6_086
    assert "ext1, which this board has not" in dim.reasons[1]


def test_inputs_that_fall_silent_dim_and_inputs_that_are_back_do_not():
    dim = Dimmed()
    dim.want(1)
    dim.tell(InputsSilent(0))
    assert dim.limits[1] == 6_086
    dim.tell(InputsAnswered(0))
    dim.wait(REST_MS)
    assert dim.limits[1] is None


STEPS = st.lists(
    st.tuples(
        st.sampled_from(("want 1", "want 2", "leave 1", "leave 2", "on", "off", "power")),
        st.sampled_from((0, 1, 400, 3_000, 6_000, 60_000)),
    ),
    max_size=30,
)


@law(max_examples=200, derandomize=True, deadline=None)
@given(
    steps=STEPS,
    powers_w=st.lists(st.integers(1_380, 20_000), min_size=2, max_size=2),
    fed=st.sampled_from(("three_phase", "single_phase")),
)
def test_once_all_have_followed_the_sum_never_exceeds_the_power(steps, powers_w, fed):
    """What may flow: the limits, and for 6 s after a lowering what was allowed before it.

    Only at the begin of a dimming, and when its power is lowered, is more in force for 6 s.
    """
    dim = Dimmed(powers_w[0], phases_connected_2=fed)
    volts, power_w, since_ms = {1: 690, 2: 690 if fed == "three_phase" else 230}, powers_w[0], 0
    history = {1: [(0, 0)], 2: [(0, 0)]}  # since when how much, while dimmed
    wanted = set()
    for act, pause_ms in steps:
        word, *more = act.split()
        was = dim.limits[1] is not None
        match word:
            case "want" | "leave":
                dim.want(int(more[0]), wanted=word == "want")
                (wanted.add if word == "want" else wanted.discard)(int(more[0]))
            case "power":
                power_w = powers_w[1] if power_w == powers_w[0] else powers_w[0]
                since_ms = dim.now_ms
                texts = {**WIRED, "dimming_power_w": str(power_w), "phases_connected_2": fed}
                dim.tell(SettingsChanged(settings(**texts)))
            case _:
                dim.signal(word == "on")
        if not was and dim.limits[1] is not None:
            since_ms = dim.now_ms
        until_ms = dim.now_ms + pause_ms
        while True:
            for outlet in history:
                history[outlet].append((dim.now_ms, dim.limits[outlet]))
            if dim.limits[1] is not None:
                assert all(ma == 0 or ma >= 6_000 for ma in dim.limits.values())
                assert all(dim.limits[n] == 0 for n in {1, 2} - wanted)
                if dim.now_ms >= since_ms + FOLLOW_MS:
                    flows = sum(volts[n] * _most(history[n], dim.now_ms) for n in (1, 2))
                    assert flows <= power_w * 1_000
            due_ms = min(dim.core.deadline_ms(), until_ms)
            if dim.now_ms >= until_ms:
                break
            dim.wait(due_ms - dim.now_ms)


def _most(history, now_ms):
    """Return the most that a car may draw that takes 6 s less a moment to follow."""
    told = [ma for at_ms, ma in history if at_ms > now_ms - FOLLOW_MS]
    before = [ma for at_ms, ma in history if at_ms <= now_ms - FOLLOW_MS][-1:]
    return max(ma for ma in (*before, *told) if ma is not None)


def test_in_a_whole_station_both_permits_fall_at_once_and_the_first_come_charges_on():
    station = Dual(32, station_single_supply="off", **WIRED)
    station.charge(1, ONE)
    station.charge(2, TWO)
    assert station.permits == {1: 32, 2: 32}
    station.wishes.clear()
    station.input("ext1", active=True)
    ended = [w for w in station.wishes if isinstance(w, GivePermit | EndPermit)]
    assert ended == [EndPermit(2, "dimming"), GivePermit(1, 6_086, 3)]
    assert "bound by dimming (ext1 dims the station to 4200 W" in why(station.core, 1)
    assert "paused, dimming leaves 0 A of 6 A" in why(station.core, 2)
    station.input("ext1", active=False)
    station.wait(REST_MS)
    assert station.permits == {1: 32, 2: 32}


def test_a_station_that_wakes_with_the_signal_unreadable_says_why_it_gives_so_little():
    station = Dual(32, station_single_supply="off", **WIRED)
    station.tell(InputsSilent(0))
    [said] = snapshot(station.core)["warnings"]
    assert "do not answer" in said
