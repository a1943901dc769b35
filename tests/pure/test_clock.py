"""Wall time: unknown until told, and from then on for every instant of this boot."""

from firmware.model.clock import WallClock
from firmware.model.machine import TICK, Tick
from firmware.model.values import Stamp, token_key


def test_before_the_time_is_known_a_stamp_has_none():
    assert WallClock(7).stamp(1_500) == Stamp(7, 1_500, None)


def test_once_it_is_known_every_instant_of_the_boot_has_its_utc():
    clock = WallClock(7)
    clock.utc_at_zero_ms = 1_000_000
    assert clock.stamp(1_500) == Stamp(7, 1_500, 1_001_500)
    assert clock.utc_ms(0) == 1_000_000


def test_ticks_are_equal_and_tokens_are_compared_without_case():
    assert Tick() == TICK
    assert {Tick(), TICK} == {TICK}
    assert token_key("0A0e") == token_key("0a0E")
