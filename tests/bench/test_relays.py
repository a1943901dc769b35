"""Patterns of relays: every way from one state to another, and what is closed on it."""

from itertools import product

import pytest

from firmware.pilot.classify import letter
from tests.bench.network import Network
from tools.bench.boxfile import load_box
from tools.bench.relays import PP_BY_OHM, STATES, allowed, line_of, moves, windings

PATTERNS = [
    line_of(state, diode=diode) | ({pp} if pp else set())
    for state, diode, pp in product(STATES, (True, False), (None, *PP_BY_OHM.values()))
]


def _through(now, wanted):
    closed = set(now)
    for batch in moves(now, wanted):
        for relay in batch.relays:
            closed = closed | {relay} if batch.on else closed - {relay}
            yield frozenset(closed)


@pytest.mark.parametrize("now", PATTERNS, ids=lambda p: "+".join(sorted(p)) or "none")
def test_no_way_passes_through_a_forbidden_combination(now):
    for wanted in PATTERNS:
        way = list(_through(now, wanted))
        assert all(allowed(step) for step in way), (now, wanted)
        assert (way[-1] if way else now) == wanted


def test_between_c_and_d_the_car_never_seems_to_let_go():
    for now, wanted in (("C", "D"), ("D", "C")):
        way = list(_through(STATES[now], STATES[wanted]))
        assert all({"c", "d"} & step for step in way)


def test_a_plug_is_pulled_pilot_first_and_put_in_proximity_first():
    plugged = STATES["C"] | {"pp_220"}
    pulled = [relay for batch in moves(plugged, ()) for relay in batch.relays]
    assert pulled == ["c", "car", "pp_220"]
    put = [relay for batch in moves((), plugged) for relay in batch.relays]
    assert put == ["pp_220", "car", "c"]


def test_a_cable_is_never_two_cables_on_the_way():
    steps = list(_through({"pp_1500", "car"}, {"pp_100", "car"}))
    assert frozenset({"car"}) in steps


@pytest.mark.parametrize("fitted, wanted_ma, some", [
    ((6, 8, 30), 8, (8,)), ((6, 30), 36, (6, 30)), ((6, 30), 8, None), ((), 0, ()), ((6,), 0, ()),
])  # fmt: skip
def test_windings_add_up_to_a_current_or_there_is_none(fitted, wanted_ma, some):
    assert windings(fitted, wanted_ma) == some


@pytest.mark.parametrize("state", STATES)
def test_the_resistors_of_a_state_read_as_that_state_in_the_station_itself(repository, state):
    network = Network(load_box(repository / "tools/bench/box.toml"))
    for relay in STATES[state]:
        network.factory.pin(network.file.outlets[0].relays[relay]).function = "output"
        network.factory.pin(network.file.outlets[0].relays[relay]).state = 1
    assert letter(round(network.volts(1, 0) * 1_000), "A") == state
    network.factory.close()
