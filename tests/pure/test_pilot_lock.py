"""The pin that holds the plug: attempts, failures, its budget, and never out under load."""

from dataclasses import replace

import pytest

from firmware.model.outlet import FaultRaised
from firmware.pilot.facts import LockAsked
from hal.ports import LockPosition
from tests.pure.rigs import HIGH_MV, Outlet, charging


def plugged():
    """Return an outlet with a car in B whose pin nobody moves yet."""
    outlet = Outlet()
    outlet.run(100)
    outlet.line("B", 100, pp_ohm=220)
    outlet.drives.clear()
    return outlet


def pinned(outlet, position, span_ms):
    """Let time pass with the pin at this place, whatever is driven; the contacts follow."""
    outlet.follow = False
    for _ in range(span_ms // 10):
        drive = outlet.core.state.drive
        outlet.world = replace(
            outlet.world, duty_permille=drive.duty_permille, contactor_closed=drive.contactor_on
        )
        outlet.run(10, lock=position)


def strokes(outlet, since_ms):
    """Return when the pin was driven where."""
    found, before = [], None
    for at_ms, drive in outlet.drives:
        if drive.lock_on is not before:
            found.append((at_ms - since_ms, drive.lock_on))
        before = drive.lock_on
    return found


@pytest.mark.covers("F10", "B-STP-14")
@pytest.mark.parametrize("position", [LockPosition.UNLOCKED, LockPosition.MOVING])
def test_a_pin_that_does_not_lock_is_tried_three_times_and_then_has_failed(position):
    outlet = plugged()
    outlet.permit()
    outlet.world = replace(outlet.world, cp_high_mv=HIGH_MV["C"])  # and the car asks
    outlet.drives.clear()
    outlet.give(LockAsked(True))
    began_ms = outlet.now_ms
    pinned(outlet, position, 6_990)
    assert outlet.faults == []
    pinned(outlet, position, 60_000)
    assert outlet.faults == ["F10"]
    (raised,) = (f for f in outlet.told if isinstance(f, FaultRaised))
    assert raised.at_ms - began_ms == 7_000
    assert not any(drive.contactor_on for _, drive in outlet.drives)
    assert strokes(outlet, began_ms) == [
        (0, True), (2_000, False), (2_500, True), (4_500, False), (5_000, True),
    ]  # fmt: skip


@pytest.mark.covers("F10")
def test_a_failed_locking_is_over_when_the_pin_locks():
    outlet = plugged()
    outlet.give(LockAsked(True))
    pinned(outlet, LockPosition.MOVING, 8_000)
    assert outlet.faults == ["F10"]
    pinned(outlet, LockPosition.LOCKED, 10)
    assert outlet.faults == []


@pytest.mark.covers("F10")
def test_a_failed_locking_is_over_when_the_plug_is_out():
    outlet = plugged()
    outlet.give(LockAsked(True))
    pinned(outlet, LockPosition.UNLOCKED, 8_000)
    outlet.line("A", pp_ohm=None)
    assert outlet.faults == []


def test_a_failed_locking_is_over_when_nobody_wants_the_plug_any_more():
    outlet = plugged()
    outlet.give(LockAsked(True))
    pinned(outlet, LockPosition.MOVING, 8_000)
    outlet.give(LockAsked(False))
    assert outlet.faults == []


@pytest.mark.covers("B-STP-14")
def test_a_pin_that_locks_at_the_second_attempt_lets_the_car_charge():
    outlet = plugged()
    outlet.give(LockAsked(True))
    outlet.permit()
    pinned(outlet, LockPosition.UNLOCKED, 2_600)
    assert not outlet.on
    outlet.follow = True
    outlet.line("C", 1_000)
    assert outlet.on
    assert outlet.faults == []


@pytest.mark.covers("F11")
def test_a_pin_that_does_not_free_the_plug_is_tried_three_times_and_then_has_failed():
    outlet = charging()
    outlet.line("B", 100)
    outlet.drives.clear()
    outlet.give(LockAsked(False))
    began_ms = outlet.now_ms
    pinned(outlet, LockPosition.LOCKED, 6_990)
    assert outlet.faults == []
    pinned(outlet, LockPosition.LOCKED, 60_000)
    assert outlet.faults == ["F11"]
    assert strokes(outlet, began_ms) == [
        (0, False), (2_000, True), (2_500, False), (4_500, True), (5_000, False),
    ]  # fmt: skip
    pinned(outlet, LockPosition.UNLOCKED, 10)
    assert outlet.faults == []


@pytest.mark.covers("F11")
def test_another_unlock_command_tries_again():
    outlet = charging()
    outlet.line("B", 100)
    outlet.give(LockAsked(False))
    pinned(outlet, LockPosition.LOCKED, 60_000)
    outlet.drives.clear()
    outlet.give(LockAsked(False))
    began_ms = outlet.now_ms
    pinned(outlet, LockPosition.LOCKED, 10_000)
    assert outlet.faults == ["F11"]
    assert [on for _, on in strokes(outlet, began_ms)] == [True, False, True, False]


@pytest.mark.covers("F11")
@pytest.mark.parametrize("span_ms", [2_200, 8_000])
def test_holding_the_plug_again_ends_the_failed_unlocking_in_the_same_step(span_ms):
    outlet = charging()
    outlet.line("B", 100)
    outlet.give(LockAsked(False))
    pinned(outlet, LockPosition.LOCKED, 8_000)
    outlet.give(LockAsked(False))
    pinned(outlet, LockPosition.LOCKED, span_ms)
    assert outlet.faults == ["F11"]
    outlet.give(LockAsked(True))
    assert outlet.faults == []


def test_the_pin_is_moved_ten_times_a_minute_at_most():
    outlet = plugged()
    began_ms = outlet.now_ms
    for _ in range(100):
        for wanted in (True, False):
            outlet.give(LockAsked(wanted))
            outlet.run(700)
    moves = [at_ms - began_ms for at_ms, _ in strokes(outlet, 0)]
    assert len(moves) > 15
    assert all(b - a >= 60_000 for a, b in zip(moves, moves[10:], strict=False))


@pytest.mark.covers("X06")
@pytest.mark.parametrize("position", [LockPosition.UNLOCKED, LockPosition.MOVING])
def test_a_pin_that_leaves_the_plug_under_load_opens_in_the_same_step(position):
    outlet = charging()
    outlet.follow = False
    outlet.sample(lock=position)
    assert [(at_ms, drive.contactor_on) for at_ms, drive in outlet.drives] == [
        (outlet.now_ms, False)
    ]
    assert outlet.faults == ["X06"]
    outlet.sample(lock=position, contactor_closed=False)
    assert outlet.faults == ["X06"]
    outlet.sample(lock=LockPosition.LOCKED)
    assert outlet.faults == []


@pytest.mark.covers("X06")
def test_a_plug_torn_out_ends_the_fault_of_its_pin():
    outlet = charging()
    outlet.follow = False
    outlet.sample(lock=LockPosition.UNLOCKED)
    outlet.sample(lock=LockPosition.UNLOCKED, pp_ohm=None, contactor_closed=False)
    assert outlet.faults == []


def test_under_load_the_pin_is_never_driven_out():
    outlet = charging()
    outlet.follow = False
    outlet.run(30_000, lock=LockPosition.UNLOCKED, contactor_closed=True)  # welded as well
    assert all(drive.lock_on for _, drive in outlet.drives)
    assert "F10" in outlet.faults


@pytest.mark.covers("X01")
def test_a_pin_that_is_held_without_a_plug_is_told_after_two_seconds():
    outlet = Outlet()
    outlet.give(LockAsked(True))
    outlet.sample()
    outlet.run(2_000)
    assert outlet.faults == ["X01"]
    outlet.line("B", pp_ohm=220)
    assert outlet.faults == []


@pytest.mark.covers("X01")
def test_letting_go_of_a_pin_without_a_plug_ends_its_fault():
    outlet = Outlet()
    outlet.give(LockAsked(True))
    outlet.run(3_000)
    assert outlet.faults == ["X01"]
    outlet.give(LockAsked(False))
    assert outlet.faults == []


def test_a_plug_that_only_happens_to_be_held_is_not_powered():
    outlet = plugged()
    outlet.permit()
    outlet.follow = False
    for _ in range(200):
        duty = outlet.core.state.drive.duty_permille
        outlet.world = replace(outlet.world, duty_permille=duty)
        outlet.line("C", 10, lock=LockPosition.LOCKED, contactor_closed=False)
    assert not any(drive.contactor_on for _, drive in outlet.drives)
