"""Seeded worlds of a day full of trouble: a slice here, a thousand in `make soak`."""

from pathlib import Path

import pytest

from firmware.sim.loop import VirtualLoop
from firmware.sim.station import SimPlan, SimStation
from firmware.sim.swarm import CARDS, DAY_MS, drawn, play
from firmware.sim.troubles import TROUBLES
from firmware.sim.watch import Watcher
from hal.board import load_board
from hal.ports import OutletDrive

ROOT = Path(__file__).parents[2]
BOARD = load_board(ROOT / "boards" / "mock.toml")
SLICE = (1, 4, 5, 6, 8, 9, 13, 18)
ONCE_FAILED = [
    int(line.split()[0])
    for line in (ROOT / "tests" / "sim" / "swarm_seeds.txt").read_text().splitlines()
    if not line.startswith("#")
]


@pytest.mark.parametrize("seed", SLICE)
def test_a_day_of_trouble_leaves_no_power_where_none_may_be_and_all_charge_afterwards(seed):
    day = play(seed, BOARD)
    assert day.problems == []
    assert day.again == day.healed
    assert day.closings > 0


@pytest.mark.parametrize("seed", ONCE_FAILED)
def test_a_seed_that_once_failed_does_not_fail_again(seed):
    assert play(seed, BOARD).problems == []


def test_the_same_seed_tells_the_same_day():
    assert play(8, BOARD) == play(8, BOARD)


def test_seeds_differ_in_what_they_try():
    plans = [drawn(seed, (1, 2)) for seed in range(60)]
    kinds = [{a["kind"] for _, (verb, a) in plan if verb == "trouble"} for _, plan in plans]
    assert set().union(*kinds) == set(TROUBLES)
    assert min(map(len, kinds)) < 4 < 20 < max(map(len, kinds))
    assert {settings["operator_current_limit_1"] for settings, _ in plans} == {"10", "16", "32"}
    assert all(at_ms <= at_ms_after for _, plan in plans for (at_ms, _), (at_ms_after, _) in zip(
        plan, plan[1:], strict=False
    ))  # fmt: skip
    assert all(any(at_ms < DAY_MS for at_ms, _ in plan) for _, plan in plans)


# -- the watcher ----------------------------------------------------------------------------


def charging():
    """Return a loop, a station that charges on outlet 1 by card, and its watcher."""
    loop = VirtualLoop()
    settings = {"local_whitelist_entries": CARDS[1], "ocpp:WebSocketPingInterval": "0"}
    station = SimStation(loop, SimPlan("W1", BOARD, 1, settings=settings))
    watcher = Watcher(station)
    station.power_on()
    until(loop, 1)
    station.act("plug", outlet=1, cable_ma=20_000, car={"battery_wh": 60_000})
    station.act("swipe", uid=CARDS[1])
    until(loop, 30)
    assert station.world.sample(1).contactor_closed
    assert watcher.problems == []
    return loop, station, watcher


def until(loop, second):
    """Let the world go on until this second."""
    done = loop.create_future()
    loop.call_at(second, done.set_result, None)
    loop.run_until_complete(done)


@pytest.mark.parametrize(
    "verb, arguments, reason",
    [
        ("car", {"asks": "B"}, "the line shows no C"),
        ("residual", {"dc_ma": 6}, "the residual sensor has tripped"),
        ("pp", {"open": True}, "no plug is seen"),
        ("lock", {"missing": True}, "the plug is not held"),
        ("car", {"manner": "no_diode"}, "the line shows no diode"),
    ],
)
def test_power_that_stays_although_the_world_changed_is_found(verb, arguments, reason):
    loop, station, watcher = charging()
    station._pilots.clear()  # nobody acts any more
    station.world._supply.rcmb_in_coil_path = False
    station.act(verb, outlet=1, **arguments)
    until(loop, loop.time() + 0.05)  # the sensor has its time
    watcher.look_at_all()
    until(loop, loop.time() + 1)
    assert [p for p in watcher.problems if p.endswith(reason)] != []
    station.power_off()


def test_a_breaker_that_opens_nothing_is_found():
    loop, station, watcher = charging()
    station._pilots.clear()
    station.act("input", name="mcb_1", active=True)
    watcher.look_at_all()
    until(loop, loop.time() + 1)
    assert "power for 101 ms although a breaker has tripped" in watcher.problems[0]
    station.power_off()


def test_power_on_an_outlet_that_nobody_uses_is_found_with_every_reason():
    loop, station, watcher = charging()
    station.world.drive(2, OutletDrive(contactor_on=True), round(loop.time() * 1_000))
    station._pilots.clear()
    until(loop, loop.time() + 0.05)
    station._pump()
    until(loop, loop.time() + 8)
    reasons = {p.split(" although ")[-1] for p in watcher.problems if "outlet 2" in p}
    assert reasons == {
        "the line shows no C", "no plug is seen", "the plug is not held", "there is no permit",
        "there is no transaction",
    }  # fmt: skip
    station.power_off()


def test_an_offer_above_the_least_limit_is_found():
    loop, station, watcher = charging()
    drive = station._pilots[1].state.drive
    assert drive.duty_permille == 266  # 16 A by the operator, 20 A by the cable
    station._pilots.clear()
    more = OutletDrive(duty_permille=270, contactor_on=True, lock_on=True)
    station.world.drive(1, more, round(loop.time() * 1_000))
    station._pump()
    until(loop, loop.time() + 1)
    assert watcher.problems[0].endswith("16200 mA are offered, 16000 mA are allowed")
    station.power_off()


def test_a_welded_contactor_is_excused_until_it_was_let_go():
    loop, station, watcher = charging()
    watcher.welds(1, True)
    station.act("contactor", outlet=1, weld=True)
    station.act("car", outlet=1, asks="B")
    until(loop, loop.time() + 20)
    assert watcher.problems == []
    station._pilots.clear()
    watcher.welds(1, False)
    watcher.look_at_all()
    until(loop, loop.time() + 1)
    assert "the line shows no C" in watcher.problems[0]
    station.power_off()
