"""One supply line for both outlets: never more than it carries, phase by phase. [CC613 7.3a]"""

import pytest

from firmware.dlm.supply import FOLLOW_MS
from firmware.model.outlet import EndPermit, GivePermit, OfferChanged
from firmware.model.session import CardSeen, MeterRead, ReadMeter
from firmware.model.values import Reading
from firmware.station.snapshot import why
from tests.pure.free_rig import Free

ONE, TWO = CardSeen("0a0e9b83", 1, 0), CardSeen("04aabbcc", 1, 0)
FED = {"station_single_supply": "on", "local_whitelist_entries": "0a0e9b83:04aabbcc",
       "station_hardware_limit": "80"}  # fmt: skip


class Dual(Free):
    """A dual station on one supply line, its permits and its cars; outlet phases in A."""

    def __init__(self, amps=32, **texts):
        self.permits, self.drawn = {1: 0, 2: 0}, {1: (0, 0, 0), 2: (0, 0, 0)}
        self.follows = True
        own = {f"operator_current_limit_{n}": str(min(32, amps)) for n in (1, 2)}
        line = {"station_supply_line_limit": str(amps)}
        super().__init__(None, **{**FED, **own, **line, **texts})

    def _perform(self, wish):
        if isinstance(wish, GivePermit | EndPermit):
            offered_ma = wish.limit_ma if isinstance(wish, GivePermit) else 0
            self.permits[wish.outlet] = offered_ma // 1_000
            told = OfferChanged(wish.outlet, offered_ma, self.now_ms)
            return [*super()._perform(wish), told]
        if isinstance(wish, ReadMeter):
            return [self.reading(wish.outlet)]
        return super()._perform(wish)

    def charge(self, outlet, card, drawn=(32, 32, 32)):
        """A car charges, and draws what it likes of what it may."""
        self.plug(outlet)
        self.tell(card)
        self.draw(outlet)
        self.drawn[outlet] = drawn
        self.wait(15_000)

    def reading(self, outlet):
        """Return what the meter of an outlet shows."""
        most = self.permits[outlet] if self.follows else 32
        currents_ma = tuple(min(amps, most) * 1_000 for amps in self.drawn[outlet])
        return MeterRead(outlet, Reading(1_000, 0, currents_ma, self.now_ms))


@pytest.mark.covers("B-CUR-06", "P127", "P151")
def test_one_car_may_have_the_whole_line():
    station = Dual()
    station.charge(1, ONE)
    assert station.permits[1] == 32


@pytest.mark.covers("B-CUR-07")
@pytest.mark.parametrize("line, each", [(32, 16), (40, 20), (25, 12)])
def test_two_cars_on_the_same_phases_share_it(line, each):
    station = Dual(line)
    station.charge(1, ONE)
    station.charge(2, TWO)
    assert station.permits == {1: each, 2: each}


@pytest.mark.covers("B-CUR-07")
def test_the_second_car_waits_until_the_first_has_followed():
    station = Dual()
    station.charge(1, ONE)
    station.follows = False
    station.plug(2)
    station.tell(TWO)
    assert station.permits == {1: 16, 2: 0}
    still = MeterRead(1, Reading(1_000, 0, (32_000,) * 3, station.now_ms))
    station.tell(still)
    assert station.permits == {1: 16, 2: 0}
    station.tell(MeterRead(1, Reading(1_000, 0, (16_000,) * 3, station.now_ms)))
    assert station.permits == {1: 16, 2: 16}


def test_a_car_that_does_not_follow_has_its_six_seconds_and_no_more():
    station = Dual()
    station.charge(1, ONE)
    station.follows = False
    station.plug(2)
    station.tell(TWO)
    station.wait(FOLLOW_MS - 1)
    assert station.permits == {1: 16, 2: 0}
    station.wait(1)
    assert station.permits == {1: 16, 2: 16}


@pytest.mark.covers("B-CUR-08", "B-CUR-11", "P131", "P132")
@pytest.mark.parametrize("second, amps", [("RST", 16), ("STR", 32), ("TRS", 32)])
def test_single_phase_cars_on_other_supply_phases_do_not_share(second, amps):
    station = Dual(phase_rotation_1="RST", phase_rotation_2=second)
    station.charge(1, ONE, drawn=(32, 0, 0))
    station.charge(2, TWO, drawn=(32, 0, 0))
    station.wait(30_000)
    assert station.permits == {1: amps, 2: amps}


@pytest.mark.covers("B-CUR-12")
def test_an_outlet_that_is_wired_with_one_phase_counts_on_one():
    station = Dual(phases_connected_1="single_phase", phases_connected_2="single_phase",
                   phase_rotation_2="STR")  # fmt: skip
    station.charge(1, ONE, drawn=(32, 0, 0))
    station.charge(2, TWO, drawn=(32, 0, 0))
    assert station.permits == {1: 32, 2: 32}


def test_a_car_that_leaves_gives_its_share_back():
    station = Dual()
    station.charge(1, ONE)
    station.charge(2, TWO)
    station.drawn[1] = (0, 0, 0)
    station.unplug(1)
    station.wait(15_000)
    assert station.permits[2] == 32


def test_what_a_full_car_does_not_take_is_the_others_until_it_wakes_up():
    station = Dual()
    station.charge(1, ONE)
    station.charge(2, TWO)
    station.drawn[1] = (0, 0, 0)
    station.wait(90_000)
    assert station.permits == {1: 6, 2: 26}
    station.drawn[1] = (32, 32, 32)
    station.wait(10_000)
    assert station.permits == {1: 16, 2: 16}


def test_why_a_share_is_what_it_is():
    station = Dual()
    station.charge(1, ONE)
    station.charge(2, TWO)
    said = why(station.core, 1)
    assert "16 A, bound by supply line" in said and "shared by 2" in said


def test_a_line_that_carries_one_minimum_takes_turns():
    station = Dual(8)
    station.charge(1, ONE)
    station.charge(2, TWO)
    assert station.permits == {1: 8, 2: 0}
    station.wait(16 * 60_000)
    assert station.permits == {1: 0, 2: 8}


@pytest.mark.parametrize("single, source, other", [
    ("on", "supply line", "installation"), ("off", "installation", "supply line"),
])  # fmt: skip
def test_installation_limits_count_only_where_each_outlet_has_its_own_line(single, source, other):
    limits = Dual(station_single_supply=single).core.limits.books[1].limits
    assert source in limits and other not in limits


def test_what_a_car_was_seen_to_use_is_not_believed_of_the_next_one_on_the_same_cable():
    station = Dual(phase_rotation_2="STR")
    station.charge(1, ONE, drawn=(32, 0, 0))
    station.charge(2, TWO, drawn=(32, 0, 0))
    assert station.permits == {1: 32, 2: 32}
    station.drawn[1] = (0, 0, 0)
    station.open(1)
    station.tell(ONE)  # it ends; the cable stays
    station.wait(15_000)
    station.tell(ONE)
    station.wait(1_000)
    assert station.permits == {1: 16, 2: 16}  # on three phases, until it is seen
