"""The drivers that ship, on the virtual pins: pilot line, contactor, lock, sensor."""

import select

import pytest

from hal.board import load_board
from hal.drivers.pins_board import PinsBoard
from hal.ports import LockPosition, OutletDrive
from tests.gpiosim.inside.bench import BOARD, LINE_MV, Outside
from tools.uml import outside

# In real time the guest's own 1 kHz tick takes the same phase of each period away; on a Pi no
# tick runs beside the pilot. So short phases are told where time travels.
DUTIES = (100, 266, 533, 892, 1_000) if outside.TIME_TRAVEL else (266, 533, 1_000)
NEAR_MV, NEAR_OHM = 300, 5

pytestmark = pytest.mark.usefixtures("own_modules")


@pytest.fixture
def world():
    outlets = {number: Outside(number) for number in (1, 2)}
    board = PinsBoard(load_board(BOARD))
    yield outlets[1], board
    board.close()


def near(line_mv, expected_mv):
    return abs(line_mv - expected_mv) <= NEAR_MV


@pytest.mark.parametrize("letter", "ABCD")
@pytest.mark.parametrize("duty", DUTIES)
def test_the_pilot_is_read_in_every_state_at_every_duty(world, letter, duty):
    around, board = world
    around.line(letter)
    board.outlets[1].drive(OutletDrive(duty_permille=duty))
    for _ in range(20):
        sample = board.outlets[1].sample()
        assert sample.duty_permille == duty
        assert near(sample.cp_high_mv, LINE_MV[letter]), sample
        assert near(sample.cp_low_mv, -12_000 if duty < 1_000 else LINE_MV[letter]), sample


def test_state_f_and_a_missing_diode_are_seen(world):
    around, board = world
    board.outlets[1].drive(OutletDrive(duty_permille=0))
    assert near(board.outlets[1].sample().cp_high_mv, -12_000)
    around.line("C", diode=False)
    board.outlets[1].drive(OutletDrive(duty_permille=266))
    assert near(board.outlets[1].sample().cp_low_mv, -6_000)


@pytest.mark.parametrize("ohm", [None, 100, 220, 680, 1_500])
def test_the_plug_is_read(world, ohm):
    around, board = world
    around.plug(ohm)
    around.run(0.05)
    seen = board.outlets[1].sample().pp_ohm
    assert seen is None if ohm is None else abs(seen - ohm) <= NEAR_OHM


def test_a_contactor_closes_and_its_mirror_tells_and_each_order_kicks_the_deadman(world):
    around, board = world
    assert board.outlets[1].sample().contactor_closed is False
    kicks = []
    for _ in range(4):
        board.outlets[1].drive(OutletDrive(contactor_on=True))
        kicks.append(around.level("deadman"))
    assert kicks in ([True, False, True, False], [False, True, False, True])
    around.until(lambda: board.outlets[1].sample().contactor_closed is True, 1)
    board.outlets[1].drive(OutletDrive())
    assert not around.level("contactor")
    around.until(lambda: board.outlets[1].sample().contactor_closed is False, 1)


def test_the_lock_gets_its_pulse_and_tells_where_it_is(world):
    around, board = world
    port = board.outlets[1]
    port.drive(OutletDrive())
    port.drive(OutletDrive(lock_on=True))
    assert (around.level("lock_forward"), around.level("lock_backward")) == (True, False)
    around.look()
    assert port.sample().lock is LockPosition.LOCKED
    around.run(0.7)
    port.drive(OutletDrive(lock_on=True))
    assert not around.level("lock_forward")
    port.drive(OutletDrive())
    assert around.level("lock_backward")
    around.look()
    assert port.sample().lock is LockPosition.UNLOCKED


def test_an_edge_of_the_sensor_wakes_the_loop_and_reads_as_a_trip(world):
    around, board = world
    board.lines.drain()
    poll = select.poll()
    poll.register(board.lines.fileno(), select.POLLIN)
    around.put("residual_fault", True)
    assert poll.poll(1_000) != []
    board.lines.drain()
    assert board.outlets[1].sample().residual_tripped
    around.put("residual_fault", False)
    around.until(lambda: not board.outlets[1].sample().residual_tripped, 1)


def test_the_sensor_is_tested_through_its_pins(world):
    around, board = world
    port = board.outlets[1]
    port.drive(OutletDrive(residual_test=True))
    around.until(lambda: port.sample().residual_test_ok is True, 3)
    assert not port.sample().residual_tripped


def test_what_a_board_lets_go_of_is_off(world):
    around, board = world
    board.outlets[1].drive(OutletDrive(duty_permille=266, contactor_on=True))
    board.close()
    assert not around.level("contactor")
    assert outside.pwm(0).duty_ns == outside.PERIOD_NS
