"""Every short sequence of what can happen to an outlet, and what may never be.

Four events here, six in `make soak`; `firmware/sim/search.py` says how equal states are merged.
"""

from dataclasses import replace
from itertools import product

import pytest

from firmware.model.fault import Fault
from firmware.sim.search import (
    NAMES,
    STARTS,
    Situation,
    Watched,
    judge,
    search,
    sequences_of,
    start,
)


@pytest.mark.parametrize("name", STARTS)
def test_no_sequence_of_four_events_leaves_power_on_where_a_reason_is_missing(name):
    found = search(start(name), 4)
    print(f"{found.sequences:,} sequences, {found.steps:,} distinct steps")
    assert found.problems == []
    assert found.sequences == sequences_of(4) == sum(len(NAMES) ** n for n in (1, 2, 3, 4))
    assert found.ends_on > 0
    assert found.states < found.steps < found.sequences


@pytest.mark.parametrize("name", STARTS)
def test_merging_equal_states_loses_no_sequence_and_no_state(name):
    begin = start(name)
    powered, ends = 0, set()
    for sequence in product(NAMES, repeat=2):
        watched = Watched()
        watched.load(begin)
        for event in sequence:
            watched.event(event)
        powered += watched.book.drive.contactor_on
        ends.add(watched.saved())
    assert search(begin, 2).ends_on - search(begin, 1).ends_on == powered
    assert search(begin, 3).states - search(begin, 2).states == len(ends)


def test_a_state_that_was_saved_goes_on_as_if_it_had_not_been():
    straight = Watched()
    straight.load(start("charging"))
    broken_off = Watched()
    broken_off.load(start("charging"))
    for event in ("pin out", "A", "test fails", "another permit", "C", "6.1 s", "B", "C"):
        straight.event(event)
        broken_off.event(event)
        assert broken_off.saved() == straight.saved()
        broken_off.load(broken_off.saved())


def charging():
    """Return an outlet that charges at 8 A under a permit of 1.8 s."""
    watched = Watched()
    watched.load(start("charging"))
    return watched


def ready():
    """Return the book and the core of an outlet that may close now, and that does."""
    watched = charging()
    order = watched.book.drive
    watched.book.drive = replace(order, contactor_on=False)
    return watched, order


def test_the_rules_allow_what_the_outlet_does():
    watched = charging()
    assert judge(watched.book, watched.core, watched.book.drive) is None
    watched, order = ready()
    assert judge(watched.book, watched.core, order) is None


@pytest.mark.parametrize(
    "change, sentence",
    [
        ({"duty_permille": 134}, "offers more than the least limit"),
        ({"duty_permille": 50}, None),
        ({"lock_on": False}, "lets the plug go under load"),
        ({"residual_test": True}, "tests the sensor under load"),
    ],
)
def test_an_order_that_may_not_be_is_found(change, sentence):
    watched = charging()
    order = replace(watched.book.drive, **change)
    assert judge(watched.book, watched.core, order) == sentence


@pytest.mark.parametrize(
    "book, sentence",
    [
        ({"situation": Situation(lost=True)}, "on without a sample to trust"),
        ({"line": "B"}, "on in B"),
        ({"line_ms": 10**8}, "on before the line has settled"),
        ({"situation": Situation(pp_ohm=None)}, "offers more than the least limit"),
        ({"situation": Situation(tripped=True)}, "on with a residual current"),
        ({"situation": Situation(pin_out=True)}, "on although the pin is out"),
        ({"no_diode_ms": 0}, "on without a diode"),
    ],
)
def test_power_where_the_world_forbids_it_is_found(book, sentence):
    watched = charging()
    for name, value in book.items():
        setattr(watched.book, name, value)
    assert judge(watched.book, watched.core, watched.book.drive) == sentence


def test_power_six_seconds_after_the_permit_ended_is_found():
    watched = charging()
    b = watched.book
    order = b.drive = replace(b.drive, duty_permille=1_000)
    b.now_ms = b.until_ms + 5_999
    assert judge(b, watched.core, order) is None
    b.now_ms = b.until_ms + 6_000
    assert judge(b, watched.core, order) == "on without a permit, its 6 s over"
    b.drive = replace(order, duty_permille=133)
    assert judge(b, watched.core, b.drive) == "offers more than the least limit"


def test_power_on_a_fault_that_stops_a_transaction_is_found():
    watched = charging()
    watched.core.state.faults.add(Fault.CONTACTOR_WELDED)
    assert judge(watched.book, watched.core, watched.book.drive) == "on with ['F08']"


@pytest.mark.parametrize(
    "book, sentence",
    [
        ({"situation": Situation(contacts_hang=True)}, "closes on contacts that are not open"),
        ({"diode_ms": None}, "closes before the diode is proven"),
        ({"tested_ms": None}, "closes with a sensor not tested for a day"),
        ({"tested_ms": -(10**8)}, "closes with a sensor not tested for a day"),
        ({"testing_ms": 0, "verdict": None}, "closes while the sensor tests itself"),
    ],
)
def test_closing_where_one_reason_is_missing_is_found(book, sentence):
    watched, order = ready()
    for name, value in book.items():
        setattr(watched.book, name, value)
    assert judge(watched.book, watched.core, order) == sentence


def test_closing_on_a_plug_that_is_not_held_is_found():
    watched, order = ready()
    watched.book.drive = replace(watched.book.drive, lock_on=False)
    assert judge(watched.book, watched.core, order) == "closes with a plug that is not held"
