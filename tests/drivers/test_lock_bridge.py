"""The H-bridge of the lock: pulses end by themselves, and both sides are never on at once."""

from types import SimpleNamespace

import pytest

from hal.drivers.lock_bridge import LockBridge
from hal.ports import LockPosition


def bridge(*, locked=False, unlocked=True, two=True):
    made = SimpleNamespace(log=[], forward=False, backward=False, locked=locked, unlocked=unlocked)

    def side(name):
        def switch(on):
            setattr(made, name, on)
            assert not (made.forward and made.backward)
            made.log.append((name, on))

        return switch

    made.lock = LockBridge(
        side("forward"), side("backward"), lambda: made.locked,
        (lambda: made.unlocked) if two else None, 600,
    )  # fmt: skip
    return made


def test_a_pulse_lasts_as_long_as_its_motor_needs_and_no_longer():
    made = bridge()
    made.lock.step(True, 1_000)
    assert (made.forward, made.backward) == (True, False)
    made.lock.step(True, 1_599)
    assert made.forward
    made.lock.step(True, 1_600)
    assert (made.forward, made.backward) == (False, False)
    made.log.clear()
    made.lock.step(True, 9_999)
    assert made.log == []


def test_turning_round_within_a_pulse_lets_the_other_side_go_first():
    made = bridge()
    made.lock.step(True, 0)
    made.lock.step(False, 100)
    assert (made.forward, made.backward) == (False, True)
    made.lock.step(False, 700)
    assert not made.backward


@pytest.mark.parametrize("order", [True, False])
def test_a_pin_that_is_found_where_it_is_wanted_is_not_moved(order):
    made = bridge(locked=order, unlocked=not order)
    made.lock.step(order, 0)
    assert made.log == []


def test_a_pin_that_is_found_elsewhere_is_moved_at_the_start():
    made = bridge(locked=True, unlocked=False)
    made.lock.step(False, 0)
    assert made.backward


@pytest.mark.parametrize(
    "locked, unlocked, position",
    [(True, False, LockPosition.LOCKED), (False, True, LockPosition.UNLOCKED),
     (False, False, LockPosition.MOVING), (True, True, LockPosition.MISSING)],
)  # fmt: skip
def test_two_switches_tell_four_things(locked, unlocked, position):
    assert bridge(locked=locked, unlocked=unlocked).lock.position(0) is position


@pytest.mark.parametrize("locked, position", [(True, "LOCKED"), (False, "UNLOCKED")])
def test_one_switch_tells_two(locked, position):
    assert bridge(locked=locked, two=False).lock.position(0) is LockPosition[position]
