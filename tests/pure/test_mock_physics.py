"""The simulated world's physics: contacts, lock, sensor, energy. Virtual time only."""

from dataclasses import replace
from pathlib import Path

import pytest

from hal.board import load_board
from hal.mock.cable import offered_ma
from hal.mock.outlet import BenchError
from hal.mock.world import NEVER_MS, World
from hal.ports import HardwareSilent, LockPosition, OutletDrive

BOARD = load_board(Path(__file__).parents[2] / "boards" / "mock.toml")
OFFER_16_A = OutletDrive(duty_permille=266, contactor_on=True, lock_on=True)
OFFER_32_A = replace(OFFER_16_A, duty_permille=533)
DAY_MS = 86_400_000


def charging(seed: int = 1, **car: object) -> World:
    world = World(BOARD, seed)
    world.act("plug", {"outlet": 1, "cable_ma": 32_000, "car": {**car}}, 0)
    world.drive(1, OFFER_16_A, 0)
    world.advance(10_000)
    return world


def plateaus(world: World) -> tuple[int, int]:
    sample = world.sample(1)
    return sample.cp_high_mv, sample.cp_low_mv


@pytest.mark.parametrize(
    "asks, duty_permille, expected_mv",
    [
        ("B", 1_000, (9_000, 9_000)),
        ("B", 266, (9_000, -12_000)),
        ("C", 266, (6_000, -12_000)),
        ("D", 266, (3_000, -12_000)),
        ("E", 266, (0, 0)),
        ("F", 1_000, (-12_000, -12_000)),
        ("C", 0, (-12_000, -12_000)),
    ],
)
def test_the_pilot_line_takes_the_voltages_of_its_state(asks, duty_permille, expected_mv):
    world = World(BOARD)
    world.act("plug", {"outlet": 1, "cable_ma": 20_000, "car": {"asks": asks}}, 0)
    world.drive(1, OutletDrive(duty_permille=duty_permille), 0)
    assert plateaus(world) == expected_mv


def test_a_cable_without_a_car_shows_its_resistor_and_state_a():
    world = World(BOARD)
    assert world.sample(1).pp_ohm is None
    world.act("plug", {"outlet": 1, "cable_ma": 13_000}, 0)
    assert (world.sample(1).pp_ohm, plateaus(world)) == (1_500, (12_000, 12_000))


def test_a_missing_diode_mirrors_the_loaded_pilot():
    world = World(BOARD)
    world.act("plug", {"outlet": 1, "cable_ma": 32_000, "car": {"manner": "no_diode"}}, 0)
    world.drive(1, OutletDrive(duty_permille=266), 0)
    assert plateaus(world) == (9_000, -9_000)
    world.act("car", {"outlet": 1, "asks": "C"}, 1)
    assert plateaus(world) == (6_000, -6_000)


def test_a_lifted_pilot_reads_unloaded_and_the_car_lets_go():
    world = charging()
    world.drive(1, replace(OFFER_16_A, cp_connected=False), 10_000)
    assert plateaus(world) == (12_000, -12_000)
    world.advance(13_000)
    assert world.look(13_000)["outlets"][0]["currents_ma"] == [0, 0, 0]


@pytest.mark.parametrize(
    "duty_permille, offer_ma",
    [(0, 0), (50, 0), (79, 0), (80, 6_000), (100, 6_000), (266, 15_960), (533, 31_980),
     (850, 51_000), (892, 63_000), (960, 80_000), (970, 80_000), (971, 0), (1_000, 0)],
)  # fmt: skip
def test_a_car_reads_the_duty_by_the_standard_table(duty_permille, offer_ma):
    assert offered_ma(duty_permille) == offer_ma


def test_contacts_close_after_25_ms_and_open_after_15_ms():
    world = World(BOARD)
    world.drive(1, OutletDrive(contactor_on=True), 100)
    assert world.deadline_ms() == 125
    world.advance(124)
    assert world.sample(1).contactor_closed is False
    world.drive(1, OutletDrive(), 200)
    assert world.deadline_ms() == 215
    world.advance(215)
    events = [(e["closed"], e["at_ms"]) for e in world.changes() if e["event"] == "contactor"]
    assert events == [(True, 125), (False, 215)]


def test_a_welded_contactor_stays_closed_whatever_is_driven():
    world = charging()
    world.act("contactor", {"outlet": 1, "weld": True}, 10_000)
    world.drive(1, OutletDrive(), 10_000)
    world.advance(20_000)
    assert world.sample(1).contactor_closed is True
    world.act("contactor", {"outlet": 1, "weld": False}, 20_000)
    world.advance(20_015)
    assert world.sample(1).contactor_closed is False


def test_a_stuck_contactor_never_closes():
    world = World(BOARD)
    world.act("contactor", {"outlet": 1, "stuck_open": True}, 0)
    world.drive(1, OFFER_16_A, 0)
    world.advance(5_000)
    assert world.sample(1).contactor_closed is False


def test_the_lock_travels_and_holds_the_plug_until_it_is_forced():
    world = World(BOARD)
    world.act("plug", {"outlet": 1, "cable_ma": 32_000}, 0)
    world.drive(1, OutletDrive(lock_on=True), 0)
    assert world.sample(1).lock is LockPosition.MOVING
    world.advance(300)
    assert world.sample(1).lock is LockPosition.LOCKED
    with pytest.raises(BenchError) as refusal:
        world.act("unplug", {"outlet": 1}, 400)
    assert str(refusal.value) == "outlet 1: the plug is locked (force: true tears it out)"
    world.act("unplug", {"outlet": 1, "force": True}, 500)
    assert world.sample(1).pp_ohm is None


def test_a_jammed_lock_stays_where_it_is():
    world = World(BOARD)
    world.act("lock", {"outlet": 1, "jam": True}, 0)
    world.drive(1, OutletDrive(lock_on=True), 0)
    world.advance(5_000)
    assert world.sample(1).lock is LockPosition.UNLOCKED
    world.act("lock", {"outlet": 1, "jam": False}, 5_000)
    world.advance(5_300)
    assert world.sample(1).lock is LockPosition.LOCKED


def test_a_missing_lock_tells_so():
    world = World(BOARD)
    world.act("lock", {"outlet": 1, "missing": True}, 0)
    assert world.sample(1).lock is LockPosition.MISSING


@pytest.mark.parametrize("leak", [{"dc_ma": 6}, {"dc_ma": -6}, {"ac_ma": 30}])
def test_the_sensor_trips_20_ms_after_the_threshold_and_drops_the_coil_itself(leak):
    world = charging()
    world.act("residual", {"outlet": 1, **leak}, 10_000)
    world.advance(10_019)
    assert not world.sample(1).residual_tripped
    world.advance(10_020)
    assert world.sample(1).residual_tripped
    world.advance(10_035)
    assert world.sample(1).contactor_closed is False
    world.act("residual", {"outlet": 1, "dc_ma": 0}, 10_100)
    assert not world.sample(1).residual_tripped


def test_5_ma_dc_and_29_ma_ac_do_not_trip():
    world = charging()
    world.act("residual", {"outlet": 1, "dc_ma": 5, "ac_ma": 29}, 10_000)
    world.advance(60_000)
    assert not world.sample(1).residual_tripped


def test_a_board_without_the_interlock_leaves_opening_to_the_program():
    board = replace(BOARD, interlocks=replace(BOARD.interlocks, rcmb_in_coil_path=False))
    world = World(board)
    world.drive(1, OFFER_16_A, 0)
    world.act("residual", {"outlet": 1, "dc_ma": 60}, 1_000)
    world.advance(5_000)
    assert world.sample(1).residual_tripped and world.sample(1).contactor_closed


def test_the_self_test_gives_its_verdict_after_700_ms():
    world = World(BOARD)
    world.drive(1, OutletDrive(residual_test=True), 0)
    world.advance(699)
    assert world.sample(1).residual_test_ok is None
    world.advance(700)
    assert world.sample(1).residual_test_ok is True


@pytest.mark.covers("B-STP-13")
def test_when_the_power_fails_the_opener_of_the_lock_sets_the_plug_free():
    world = charging()
    world.on_power = [].append
    with pytest.raises(BenchError, match="locked"):
        world.act("unplug", {"outlet": 1}, 10_000)
    world.act("power", {"off_ms": 60_000}, 10_000)
    world.advance(12_000)  # nobody is there to drive the pin
    assert world.sample(1).lock is LockPosition.UNLOCKED
    world.act("unplug", {"outlet": 1}, 12_000)
    assert world.sample(1).pp_ohm is None


def test_without_power_outputs_fall_to_their_hardware_default():
    world = charging()
    world.unpowered(10_000)
    world.advance(10_300)
    sample = world.sample(1)
    assert (sample.duty_permille, sample.contactor_closed) == (1_000, False)
    assert sample.lock is LockPosition.UNLOCKED


def test_a_controller_that_was_switched_off_drives_nothing_until_it_is_back():
    world = charging()
    gone = []
    world.on_power = gone.append
    world.act("power", {"off_ms": 5_000}, 10_000)
    world.drive(1, OFFER_16_A, 12_000)
    assert (gone, world.sample(1).duty_permille) == ([5_000], 1_000)
    world.drive(1, OFFER_16_A, 15_000)
    assert world.sample(1).duty_permille == 266


@pytest.mark.parametrize(
    "verb, args",
    [
        ("power", {"off_ms": 1}),
        ("link", {"name": "lan", "up": True}),
        ("usb_stick", {"remove": True}),
    ],
)
def test_what_nobody_owns_is_refused(verb, args):
    with pytest.raises(BenchError, match="this rig cannot"):
        World(BOARD).act(verb, args, 0)


def test_energy_is_exact_over_ten_days():
    world = charging(battery_wh=1_000_000, soc_percent=0, max_ma=6_000)
    world.act("car", {"outlet": 1, "battery_wh": 1_000_000, "soc_percent": 0}, 10_000)
    start_wh = world.read_meter(1, 10_000).energy_wh
    last_wh = start_wh
    for day in range(1, 11):
        now_ms = 10_000 + day * DAY_MS
        world.act("car", {"outlet": 1, "soc_percent": 0}, now_ms)
        assert world.read_meter(1, now_ms).energy_wh >= last_wh
        last_wh = world.read_meter(1, now_ms).energy_wh
    assert last_wh - start_wh == 10 * 24 * 3 * 6 * 230


def test_looking_often_or_once_counts_the_same_energy():
    often, once = charging(7), charging(7)
    for now_ms in range(10_000, 3_610_000, 777):
        often.read_meter(1, now_ms)
        often.drive(1, OFFER_16_A, now_ms)
    assert often.read_meter(1, 3_610_000) == once.read_meter(1, 3_610_000)


def test_a_plug_without_a_car_schedules_nothing():
    world = World(BOARD)
    assert world.deadline_ms() == NEVER_MS
    world.act("plug", {"outlet": 2, "cable_ma": 32_000}, 0)
    assert world.deadline_ms() == NEVER_MS


def test_a_dead_phase_and_a_tripped_breaker_draw_nothing():
    world = charging(max_ma=10_000)
    assert world.look(10_000)["outlets"][0]["currents_ma"] == [10_000] * 3
    world.act("mains", {"volts": [230, 0, 230]}, 11_000)
    assert world.look(11_000)["outlets"][0]["currents_ma"] == [10_000, 0, 10_000]
    world.act("input", {"name": "mcb_1", "active": True}, 12_000)
    assert world.look(12_000)["outlets"][0]["currents_ma"] == [0, 0, 0]
    assert world.sample(1).mcb_tripped and not world.sample(2).mcb_tripped


def test_the_grid_meter_sees_every_outlet_and_the_load_of_the_house():
    world = charging(max_ma=10_000)
    world.act("meter", {"name": "grid", "currents_ma": [1_000, 2_000, 3_000]}, 10_000)
    reading = world.read_meter_named("grid", 11_000)
    assert reading.currents_ma == (11_000, 12_000, 13_000)
    assert reading.power_w == 36 * 230


def test_a_silent_meter_does_not_answer():
    world = World(BOARD)
    world.act("meter", {"name": "meter_1", "silent": True}, 0)
    with pytest.raises(HardwareSilent, match="meter meter_1"):
        world.read_meter(1, 1)
    assert world.read_meter(2, 1).energy_wh == 0


def test_each_presentation_of_a_card_is_read_once():
    world = World(BOARD)
    for now_ms in (0, 500, 5_000):
        world.act("swipe", {"uid": "0A0E9B83"}, now_ms)
        card = world.take_card(1)
        assert (card is None) == (now_ms == 500)
        assert world.take_card(1) is None


def test_a_silent_reader_raises_and_a_card_that_is_gone_is_not_read():
    world = World(BOARD)
    world.act("reader", {"silent": True}, 0)
    world.act("swipe", {"uid": "0a0e9b83", "hold_ms": 1_000}, 0)
    with pytest.raises(HardwareSilent):
        world.take_card(1)
    world.act("reader", {"silent": False}, 1_000)
    assert world.take_card(1) is None


def test_lights_are_seen_from_outside():
    world = World(BOARD)
    world.show_led(((255, 0, 16),) * 24)
    world.set_ready_led(True)
    look = world.look(5)
    assert (look["led"], look["ready_led"]) == (["#ff0010"] * 24, True)
    assert [event["event"] for event in world.changes()] == ["led", "ready_led"]


def test_forced_voltages_come_back_to_the_model():
    world = World(BOARD)
    world.act("cp", {"outlet": 1, "high_mv": 4_000, "low_mv": -3_000}, 0)
    world.act("pp", {"outlet": 1, "ohm": 150}, 0)
    assert (plateaus(world), world.sample(1).pp_ohm) == ((4_000, -3_000), 150)
    world.act("cp", {"outlet": 1, "release": True}, 1)
    world.act("pp", {"outlet": 1, "open": True}, 1)
    assert (plateaus(world), world.sample(1).pp_ohm) == ((12_000, 12_000), None)


def test_the_trace_tells_pilot_duty_and_contactor_with_their_times():
    world = charging()
    trace = world.act("trace", {"outlet": 1, "from_ms": 0, "to_ms": 50}, 10_000)
    assert trace["points"][-2:] == [
        [0, 9_000, -12_000, 266, False],
        [25, 9_000, -12_000, 266, True],
    ]


def test_changed_outlets_are_told_once():
    world = World(BOARD)
    assert world.take_changed() == {1, 2}
    assert world.take_changed() == set()
    world.drive(2, OFFER_16_A, 0)
    assert world.take_changed() == {2}


def test_a_tethered_cable_is_always_there_and_plug_means_the_car():
    tethered = replace(BOARD.outlets[0], tethered=True, lock=False)
    world = World(replace(BOARD, outlets=(tethered,)))
    assert (world.sample(1).pp_ohm, world.sample(1).lock) == (None, None)
    world.act("plug", {"outlet": 1}, 0)
    assert plateaus(world) == (9_000, 9_000)
    with pytest.raises(BenchError, match="a car is already on the cable"):
        world.act("plug", {"outlet": 1}, 1)
    world.act("unplug", {"outlet": 1}, 2)
    assert plateaus(world) == (12_000, 12_000)


def test_a_plug_does_not_go_in_while_the_pin_is_out():
    world = World(BOARD)
    world.drive(1, OutletDrive(lock_on=True), 0)
    with pytest.raises(BenchError, match="the locking pin is in the way"):
        world.act("plug", {"outlet": 1, "cable_ma": 32_000}, 300)


def test_a_lock_loses_its_plug_only_at_its_end_switch():
    world = World(BOARD)
    world.act("plug", {"outlet": 1, "cable_ma": 32_000}, 0)
    world.drive(1, OutletDrive(lock_on=True), 0)
    world.act("unplug", {"outlet": 1}, 299)
    world.act("plug", {"outlet": 1, "cable_ma": 32_000}, 299)
    world.drive(1, OutletDrive(), 1_000)
    with pytest.raises(BenchError, match="the plug is locked"):
        world.act("unplug", {"outlet": 1}, 1_299)
    world.act("unplug", {"outlet": 1}, 1_300)


def test_energy_stays_when_a_car_leaves_and_another_comes():
    world = charging(max_ma=10_000)
    world.drive(1, OutletDrive(), 3_610_000)
    before_wh = world.read_meter(1, 3_620_000).energy_wh
    assert before_wh >= 6_880
    world.act("unplug", {"outlet": 1}, 3_620_000)
    world.act("plug", {"outlet": 1, "cable_ma": 32_000, "car": True}, 3_630_000)
    assert world.read_meter(1, 3_640_000).energy_wh == before_wh
