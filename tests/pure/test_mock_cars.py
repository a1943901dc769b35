"""How simulated cars behave: each manner, the full battery, and the same story from a seed."""

from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from hal.board import load_board
from hal.mock.outlet import BenchError
from hal.mock.verbs import VERBS
from hal.mock.world import NEVER_MS, World
from hal.ports import DUTY_X1, OutletDrive

BOARD = load_board(Path(__file__).parents[2] / "boards" / "mock.toml")
OFFER_16_A = OutletDrive(duty_permille=266, contactor_on=True, lock_on=True)
OFFER_6_A = replace(OFFER_16_A, duty_permille=100)
PAUSE = replace(OFFER_16_A, duty_permille=DUTY_X1)
SEEDS = range(20)


def plugged(seed: int, **car: object) -> World:
    world = World(BOARD, seed)
    world.act("plug", {"outlet": 1, "cable_ma": 32_000, "car": {**car}}, 0)
    return world


def charging(seed: int, **car: object) -> World:
    world = plugged(seed, **car)
    world.drive(1, OFFER_16_A, 0)
    world.advance(10_000)
    assert (state(world), drawn_ma(world)) == ("C", 15_960)
    return world


def drawn_ma(world: World) -> int:
    return world.look(world.now_ms)["outlets"][0]["currents_ma"][0]


def state(world: World) -> str:
    return world.look(world.now_ms)["outlets"][0]["car"]["state"]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_car_asks_200_to_1500_ms_after_an_offer_and_draws_within_3_s(seed):
    world = plugged(seed)
    world.advance(60_000)
    assert state(world) == "B"
    world.drive(1, OFFER_16_A, 60_000)
    world.advance(60_199)
    assert state(world) == "B"
    world.advance(61_500)
    assert state(world) == "C"
    world.advance(64_500)
    assert drawn_ma(world) == 15_960


def test_no_car_draws_through_an_open_contactor():
    world = plugged(1, asks="C")
    world.drive(1, replace(OFFER_16_A, contactor_on=False), 0)
    world.advance(60_000)
    assert drawn_ma(world) == 0


@pytest.mark.parametrize("manner, within_ms", [("polite", 3_000), ("slow", 5_000)])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_lower_offer_is_followed_in_time(seed, manner, within_ms):
    world = charging(seed, manner=manner)
    world.drive(1, OFFER_6_A, 10_000)
    world.advance(10_000 + within_ms)
    assert drawn_ma(world) == 6_000


def test_a_slow_car_takes_5_s_for_each_change():
    world = charging(3, manner="slow")
    world.drive(1, OFFER_6_A, 10_000)
    world.drive(1, OFFER_16_A, 12_000)
    world.advance(14_999)
    assert drawn_ma(world) == 15_960
    world.advance(15_000)
    assert drawn_ma(world) == 6_000
    world.advance(17_000)
    assert drawn_ma(world) == 15_960


@pytest.mark.parametrize("seed", SEEDS)
def test_at_x1_a_polite_car_stops_within_1_s_and_opens_s2_within_3_s(seed):
    world = charging(seed)
    world.drive(1, PAUSE, 10_000)
    world.advance(11_000)
    assert drawn_ma(world) == 0
    world.advance(13_000)
    assert state(world) == "B"
    world.drive(1, OFFER_16_A, 20_000)
    world.advance(25_000)
    assert (state(world), drawn_ma(world)) == ("C", 15_960)


def test_a_rude_car_ignores_limits_and_x1():
    world = plugged(1, manner="rude", max_ma=20_000)
    world.drive(1, OFFER_6_A, 0)
    world.advance(10_000)
    assert drawn_ma(world) == 20_000
    world.drive(1, PAUSE, 10_000)
    world.advance(60_000)
    assert (state(world), drawn_ma(world)) == ("C", 20_000)
    world.drive(1, OutletDrive(), 60_000)
    world.advance(60_015)
    assert drawn_ma(world) == 0


@pytest.mark.parametrize(
    "wake_up, lasting_ms, wakes",
    [
        (OutletDrive(duty_permille=266, cp_connected=False), 3_000, True),
        (OutletDrive(duty_permille=266, cp_connected=False), 2_999, False),
        (OutletDrive(duty_permille=0), 3_000, True),
        (OutletDrive(duty_permille=0), 100, False),
    ],
)
def test_a_sleepy_car_asks_only_after_a_wake_up(wake_up, lasting_ms, wakes):
    world = plugged(1, manner="sleepy")
    world.drive(1, OFFER_16_A, 5_000)
    world.advance(60_000)
    assert state(world) == "B"
    world.drive(1, wake_up, 60_000)
    world.drive(1, OFFER_16_A, 60_000 + lasting_ms)
    world.advance(70_000)
    assert state(world) == ("C" if wakes else "B")


def test_a_one_shot_car_does_not_resume_until_it_is_plugged_again():
    world = charging(1, manner="one_shot")
    world.drive(1, PAUSE, 10_000)
    world.drive(1, OFFER_16_A, 20_000)
    world.advance(60_000)
    assert state(world) == "B"
    world.drive(1, OutletDrive(), 60_000)
    world.act("unplug", {"outlet": 1}, 61_000)
    world.act("plug", {"outlet": 1, "cable_ma": 32_000, "car": {"manner": "one_shot"}}, 70_000)
    world.drive(1, OFFER_16_A, 70_000)
    world.advance(80_000)
    assert state(world) == "C"


def test_a_full_battery_stops_exactly_full_and_then_goes_to_b():
    world = charging(1, battery_wh=10_000, soc_percent=90)
    world.advance(3_600_000)
    car = world.look(3_600_000)["outlets"][0]["car"]
    assert (car["state"], car["full"], car["stored_wh"]) == ("B", True, 10_000)
    assert world.read_meter(1, 3_600_000).energy_wh == 1_000
    assert world.deadline_ms() == NEVER_MS


@pytest.mark.parametrize("phases, expected_ma", [(1, [9_000, 0, 0]), (2, [9_000, 9_000, 0])])
def test_a_car_draws_on_its_own_phases(phases, expected_ma):
    world = plugged(1, phases=phases, max_ma=9_000)
    world.drive(1, OFFER_16_A, 0)
    world.advance(10_000)
    assert world.look(10_000)["outlets"][0]["currents_ma"] == expected_ma


def test_a_car_that_is_taken_off_the_cable_leaves_state_a():
    world = charging(1)
    world.act("car", {"outlet": 1, "connected": False}, 10_000)
    assert (world.sample(1).cp_high_mv, drawn_ma(world)) == (12_000, 0)
    world.act("car", {"outlet": 1, "connected": True}, 20_000)
    world.advance(30_000)
    assert (world.sample(1).cp_high_mv, drawn_ma(world)) == (6_000, 15_960)


def history(seed: int, hurry: bool) -> tuple[list[dict[str, object]], int]:
    """Play a random story; `hurry` moves time only at events, else every 20 ms."""
    world, random = World(BOARD, seed), Random(seed)
    now_ms = 0
    for _ in range(60):
        outlet = random.choice((1, 2))
        verb, args = random.choice(
            [
                ("plug", {"outlet": outlet, "cable_ma": 20_000, "car": True}),
                ("unplug", {"outlet": outlet, "force": True}),
                ("car", {"outlet": outlet, "manner": random.choice(("polite", "slow", "rude"))}),
                ("car", {"outlet": outlet, "soc_percent": random.choice((0, 50, 99))}),
                ("residual", {"outlet": outlet, "dc_ma": random.choice((0, 0, 8))}),
                ("mains", {"volts": random.choice(([230, 230, 230], [230, 0, 231]))}),
            ]
        )
        try:
            world.act(verb, args, now_ms)
        except BenchError as refusal:
            assert "outlet" in str(refusal)
        for number in (1, 2):
            duty_permille = random.choice((1_000, 0, 100, 266, 533))
            order = OutletDrive(duty_permille, contactor_on=random.random() < 0.8, lock_on=True)
            world.drive(number, order, now_ms)
        later_ms = now_ms + random.randint(1, 20_000)
        for step_ms in () if hurry else range(now_ms, later_ms, 20):
            world.advance(step_ms)
        now_ms = later_ms
    energies = [world.read_meter(number, now_ms).energy_wh for number in (1, 2)]
    return world.changes(), sum(energies)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_same_seed_tells_the_same_story_in_jumps_and_in_steps(seed):
    first = history(seed, hurry=True)
    assert len(first[0]) > 50
    assert first == history(seed, hurry=True)
    assert first == history(seed, hurry=False)
    times = [event["at_ms"] for event in first[0]]
    assert times == sorted(times)


def test_another_seed_is_another_story():
    stops = {tuple(str(e) for e in history(seed, hurry=True)[0]) for seed in range(5)}
    assert len(stops) == 5


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_refuses_an_argument_that_it_does_not_know(verb):
    with pytest.raises(BenchError, match=f"^{verb}: "):
        World(BOARD).act(verb, {"nonsense": 1}, 0)
