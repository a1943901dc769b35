"""The allocation by examples: the catalogue's vectors, who waits, phases, imbalance, order."""

from dataclasses import replace

import pytest

from firmware.dlm.admit import turns
from firmware.dlm.allocate import allocate
from firmware.dlm.changes import order_of_changes
from firmware.dlm.claims import SLOT_MS, Bound, Claim, Policy, Turn
from firmware.dlm.phases import lines_of, on_grid
from firmware.dlm.tree import BadTree, Fuse, Load, room, tree_of
from firmware.dlm.why import sentence

ALL = (0, 1, 2)


def feeder(amps):
    """Return the tree of one fuse with so many amperes a phase."""
    phases = (amps,) * 3 if isinstance(amps, int) else amps
    return tree_of([Fuse("feeder", tuple(1_000 * x for x in phases))])


def car(point, lines=ALL, most=32, **more):
    """Return a claim at the feeder, amperes in, the minimum 7 A."""
    told = {"fuse": "feeder", "least_ma": 7_000, "turn": Turn(0)} | more
    return Claim(point=point, lines=lines, most_ma=most * 1_000, **told)


def amps(tree, claims, policy=None, now_ms=0, left_ma=None):
    """Return the grants in A."""
    left_ma = room(tree) if left_ma is None else left_ma
    grants = allocate(tree, claims, left_ma, policy or Policy(), now_ms)
    return [grants[claim.point].limit_ma / 1_000 for claim in claims]


def three(count, **more):
    """Return so many three-phase cars."""
    return [car(f"CP{n}", **more) for n in range(1, count + 1)]


@pytest.mark.parametrize("count, each", [(1, 32), (2, 25), (3, 16), (4, 12)])
def test_fifty_amperes_give_one_to_four_cars_whole_equal_shares(count, each):
    assert amps(feeder(50), three(count)) == [each] * count


@pytest.mark.covers("2.12.1 (a)")
def test_two_cars_behind_63_a_get_31_a_each():
    assert amps(feeder(63), three(2)) == [31, 31]


@pytest.mark.covers("2.12.1 (b)")
def test_three_cars_behind_20_a_with_a_minimum_of_7_a_are_two_at_10_a_and_one_paused():
    assert amps(feeder(20), three(3)) == [10, 10, 0]


@pytest.mark.covers("2.12.1 (c)")
def test_single_phase_cars_on_rotated_outlets_share_only_where_they_meet():
    turned = [lines_of(rotation, (0,)) for rotation in ("RST", "STR", "TRS", "RST")]
    cars = [car(f"CP{n}", lines, 16) for n, lines in enumerate(turned, start=1)]
    assert amps(feeder(16), cars) == [8, 16, 16, 8]
    assert amps(feeder(16), cars[:3]) == [16, 16, 16]


@pytest.mark.covers("2.12.1 (e)")
def test_a_building_that_keeps_37_a_of_its_100_leaves_63_a_to_the_cars():
    tree = tree_of([Fuse("building", (100_000,) * 3), Fuse("feeder", (80_000,) * 3, "building")])
    left_ma = room(tree, held=[Load("building", ALL, 37_000)])
    assert amps(tree, three(2), left_ma=left_ma) == [31, 31]
    assert amps(tree, three(3), left_ma=left_ma) == [21, 21, 21]


@pytest.mark.parametrize("minimum, got", [(7_000, [7, 7]), (8_000, [15, 0])])
def test_a_share_below_the_minimum_is_a_pause(minimum, got):
    assert amps(feeder(15), three(2, least_ma=minimum)) == got


def test_every_fuse_on_the_way_binds_and_the_rest_goes_to_others():
    tree = tree_of([
        Fuse("house", (60_000,) * 3),
        Fuse("row", (20_000, 40_000, 40_000), "house"),
        Fuse("end", (40_000, 40_000, 9_000), "row"),
    ])  # fmt: skip
    cars = [car("a", fuse="end"), car("b", fuse="row"), car("c", fuse="house"),
            car("d", (1,), fuse="row")]  # fmt: skip
    grants = allocate(tree, cars, room(tree), Policy(), 0)
    assert [g.limit_ma // 1_000 for g in grants.values()] == [9, 11, 20, 20]


def test_weight_shares_above_the_minima():
    assert amps(feeder(40), [car("a", weight=3), car("b")]) == [30, 10]
    assert amps(feeder(20), [car("a", weight=3), car("b")]) == [13, 7]


@pytest.mark.parametrize(
    "rotation, grid", [("RST", (1, 2, 3)), ("STR", (3, 1, 2)), ("TRS", (2, 3, 1))]
)
def test_outlet_phases_are_counted_on_the_grid_phases_that_feed_them(rotation, grid):
    assert on_grid(rotation, (1, 2, 3)) == grid
    assert [lines_of(rotation, (n,)) for n in range(3)] == [(grid.index(n),) for n in (1, 2, 3)]


def test_a_single_phase_car_in_an_it_network_counts_on_both_of_its_conductors():
    pairs = [lines_of(rotation, (0,), it_network=True) for rotation in ("RST", "STR", "TRS")]
    assert pairs == [(0, 1), (1, 2), (0, 2)]
    assert lines_of("STR", ALL, it_network=True) == ALL
    cars = [car(f"CP{n}", lines) for n, lines in enumerate(pairs)]
    assert amps(feeder(40), cars) == [20, 20, 20]
    assert on_grid("TRS", (9, 0, 0), it_network=True) == (9, 0, 9)


# -- turns ------------------------------------------------------------------------------------


def history(tree, claims, slots, policy=None):
    """Return who is served in each slot, three allocations in each."""
    policy, told = policy or Policy(), []
    for step in range(3 * slots):
        now_ms = step * SLOT_MS // 3
        grants = allocate(tree, claims, room(tree), policy, now_ms)
        after = turns(claims, grants, policy, now_ms)
        claims = [replace(c, turn=after[c.point]) for c in claims]
        told.append("".join(point for point, grant in grants.items() if grant.limit_ma))
    return told


def test_places_change_with_the_slots_and_only_then_and_everybody_has_the_same_share():
    told = history(feeder(20), [car(point) for point in "abc"], 6)
    assert told[::3] == ["ab", "ac", "bc", "ab", "ac", "bc"]
    assert told[::3] == told[1::3] == told[2::3]


def test_a_slot_can_have_another_length():
    told = history(feeder(8), [car("a"), car("b")], 2, Policy(slot_ms=SLOT_MS // 3))
    assert told == ["a", "b", "a", "b", "a", "b"]


def test_a_three_phase_car_is_not_starved_by_single_phase_cars_around_it():
    cars = [car(f"{n}", (n % 3,), least_ma=8_000) for n in range(9)] + [car("X", least_ma=8_000)]
    told = history(feeder(16), cars, 12)[::3]
    assert sum("X" in served for served in told) >= 3
    assert min(sum(f"{n}" in served for served in told) for n in range(9)) >= 4


def test_a_higher_priority_is_served_first_and_takes_a_place_at_once():
    low, high = [car("a", turn=Turn(0, served=True, slot=0)), car("b")], car("z", priority=1)
    assert amps(feeder(14), [*low, high]) == [7, 0, 7]


def test_the_longest_waiting_comes_first_where_a_place_is_free():
    cars = [car("a", turn=Turn(50)), car("b", turn=Turn(20)), car("c", turn=Turn(70))]
    assert amps(feeder(8), cars) == [0, 8, 0]


# -- imbalance --------------------------------------------------------------------------------

EVEN = Policy(imbalance_ma=20_000)


@pytest.mark.parametrize(
    "cars, got",
    [
        ([car("a", (0,))], [20]),
        ([car("a", (0,)), car("b", (1,))], [20, 20]),
        ([car("a", (0,)), car("b", (1,)), car("c", (2,))], [32, 32, 32]),
        ([car("a", (0,)), car("b", (1,), 8), car("c", (2,))], [28, 8, 28]),
        ([car("a", (0,)), car("x")], [20, 32]),
        ([car("a", (0,)), car("d", (0,)), car("b", (1,), 16), car("c", (2,), 16)],
         [18, 18, 16, 16]),
    ],
)  # fmt: skip
def test_phases_differ_by_no_more_than_the_imbalance_limit(cars, got):
    assert amps(feeder(100), cars, EVEN) == got


def test_what_a_car_does_not_draw_balances_nothing():
    cars = [car("a", (0,)), car("b", (1,), drawn_ma=3_000), car("c", (2,), drawn_ma=0)]
    assert amps(feeder(100), cars, EVEN) == [20, 20, 23]


def test_a_third_car_on_a_phase_waits_until_the_others_are_loaded():
    crowd = [car(f"{n}", (0,)) for n in range(3)]
    assert amps(feeder(100), crowd, EVEN) == [10, 10, 0]
    assert amps(feeder(100), [*crowd, car("b", (1,)), car("c", (2,))], EVEN) == [17, 17, 17, 32, 32]


# -- reasons ----------------------------------------------------------------------------------


def test_each_grant_tells_what_binds_it_and_what_would_raise_it():
    tree = feeder((16, 30, 6))
    cars = [
        car("own", (1,), 13), car("two", (0,)), car("too", (0,)), car("wait", (0,)),
        car("none", (2,)), car("low", (1,), 6), car("full", (1,)),
    ]  # fmt: skip
    grants = allocate(tree, cars, room(tree), Policy(), 0)
    told = {point: sentence(point, grant).split(": ", 1)[1] for point, grant in grants.items()}
    shared = "is full, shared by 2; it rises when one of them takes less or the fuse may carry more"
    assert told == {
        "own": "13 A: as much as it can take; only a higher limit of its own would raise it",
        "two": f"8 A: fuse feeder on L1 {shared}",
        "too": f"8 A: fuse feeder on L1 {shared}",
        "wait": "paused: fuse feeder on L1 lacks 5 A for its minimum beside those whose turn it "
        "is; it starts when one of them ends or at its own turn",
        "none": "paused: fuse feeder on L3 lacks 1 A for its minimum even if it were alone; it "
        "starts when the fuse may carry more",
        "low": "paused: its own limit is 1 A below its minimum; raise the one or lower the other",
        "full": f"17 A: fuse feeder on L2 {shared}",
    }
    below = tree_of([Fuse("house", (6_000,) * 3), Fuse("row", (7_000,) * 3, "house")])
    pair = [car(point, fuse="row") for point in "ab"]
    reasons = [grant[1:3] for grant in allocate(below, pair, room(below), Policy(), 0).values()]
    assert reasons == [(Bound.NO_ROOM, "house")] * 2
    uneven = allocate(feeder(63), [car("a", (0,))], room(feeder(63)), EVEN, 0)
    assert sentence("a", uneven["a"]) == (
        "a: 20 A: L1 may not carry more beside L2; it rises when L2 is loaded more"
    )
    alone = allocate(feeder(16), [car("a")], room(feeder(16)), Policy(), 0)["a"]
    assert (alone.bound, alone.fuse, alone.phase, alone.sharing) == (Bound.FUSE, "feeder", 0, 1)


# -- the order of sending ---------------------------------------------------------------------


def loads(**amps_):
    """Return three-phase loads at the feeder."""
    return {unit: Load("feeder", ALL, 1_000 * x) for unit, x in amps_.items()}


def test_decreases_go_at_once_and_increases_when_the_decreases_are_confirmed():
    tree = feeder(50)
    wanted = loads(a=16, b=16, c=16)
    now, later = order_of_changes(tree, room(tree), loads(a=25, b=25), wanted)
    assert (now, later) == (loads(a=16, b=16), loads(c=16))
    now, later = order_of_changes(tree, room(tree), loads(a=16, b=25), wanted)
    assert (now, later) == (loads(b=16), loads(c=16))
    now, later = order_of_changes(tree, room(tree), loads(a=16, b=16), wanted)
    assert (now, later) == (loads(c=16), {})


def test_a_unit_that_is_silent_counts_with_what_it_may_still_have():
    tree = feeder(50)
    now, later = order_of_changes(tree, room(tree), loads(gone=32), loads(a=16, b=16))
    assert (now, later) == (loads(a=16), loads(b=16))


def test_an_increase_on_other_phases_does_not_wait_and_one_on_new_phases_does():
    tree = feeder(32)
    old = {"a": Load("feeder", (0,), 32_000), "b": Load("feeder", (1,), 32_000)}
    wanted = {"a": Load("feeder", (0,), 16_000), "b": Load("feeder", (0, 1), 16_000),
              "c": Load("feeder", (2,), 16_000)}  # fmt: skip
    now, later = order_of_changes(tree, room(tree), old, wanted)
    assert (set(now), set(later)) == ({"a", "c"}, {"b"})
    now, later = order_of_changes(tree, room(tree), old | {"a": wanted["a"]}, wanted)
    assert (set(now), set(later)) == ({"b", "c"}, set())


@pytest.mark.parametrize(
    "fuses, sentence_",
    [
        ([("a", None), ("a", None)], "fuse a stands there twice; give each a name of its own"),
        ([("a", "b")], "fuse a hangs on b, which is not there"),
        ([("a", "b"), ("b", "a")], "fuse a hangs, in the end, on itself"),
    ],
)
def test_fuses_that_make_no_tree_are_told(fuses, sentence_):
    with pytest.raises(BadTree, match=sentence_):
        tree_of([Fuse(name, (1, 1, 1), parent) for name, parent in fuses])
