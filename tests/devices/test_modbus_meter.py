"""The driver of Modbus meters, through pymodbus, against meters that are none of the library."""

import termios
import time
from pathlib import Path

import pytest

from hal.drivers.modbus_meter import (
    DEADLINE_MS,
    ModbusLine,
    ModbusMeter,
    Place,
    open_meter,
    place_of,
)
from hal.ports import HardwareSilent
from hal.registers import MapError, known_maps, load_map
from tests.devices.meters import wrong
from tools.played.coding import measured
from tools.played.meter import FAULTS, QUICK_FAULTS, SerialMeter, TcpMeter

QUICK_MS = 150  # a shorter deadline for tests that are about something else
BUSY_MS = 1_000  # what a loaded machine may add to a deadline


@pytest.fixture
def bus(tmp_path):
    bus = SerialMeter(tmp_path / "ttyAMA3", load_map("sdm630"))
    yield bus
    bus.unplug()


@pytest.fixture
def tcp():
    tcp = TcpMeter(load_map("pac2200"))
    yield tcp
    tcp.unplug()


def descriptors():
    return len(list(Path("/proc/self/fd").iterdir()))


def meter_at(emulated, unit=1, deadline_ms=QUICK_MS):
    line = ModbusLine(place_of(emulated.where), deadline_ms=deadline_ms)
    return ModbusMeter("meter_1", line, unit, emulated.map)


def silence_ms(meter, told="meter meter_1"):
    since_s = time.monotonic()
    with pytest.raises(HardwareSilent, match=told):
        meter.read()
    return 1_000 * (time.monotonic() - since_s)


def sound(meter):
    """Read; a played meter without a turn on a loaded machine is asked again."""
    for _ in range(10):
        try:
            return meter.read()
        except HardwareSilent as silence:
            problem = silence
    raise problem


@pytest.mark.parametrize("name", known_maps())
@pytest.mark.parametrize("kind", ["serial", "tcp"])
def test_a_meter_tells_its_register_power_currents_and_voltages(tmp_path, name, kind):
    registers = load_map(name)
    path = tmp_path / "ttyAMA3"
    emulated = SerialMeter(path, registers) if kind == "serial" else TcpMeter(registers)
    told = measured(registers, (229.5, 230.25, 231.1), (16.125, -0.0625, 0), 123_456)
    for quantity, number in told.items():
        emulated.put(quantity, number)
    meter = meter_at(emulated, deadline_ms=DEADLINE_MS)
    read = meter.read()
    meter.close()
    emulated.unplug()
    assert wrong(registers, read, told) == []
    assert 0 <= 1_000 * time.monotonic() - read.at_ms < BUSY_MS + DEADLINE_MS
    assert emulated.asked == [(1, registers.function, *block) for block in registers.blocks]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_spoiled_answer_raises_and_the_next_reading_is_sound(bus, fault):
    bus.put("current_l1", 7)
    meter = meter_at(bus)
    bus.fail(fault)
    assert silence_ms(meter) < QUICK_MS + BUSY_MS
    assert sound(meter).currents_ma == (7_000, 0, 0)
    meter.close()


def test_after_each_of_twenty_failures_the_meter_is_back_and_nothing_has_leaked(bus):
    meter = meter_at(bus, deadline_ms=DEADLINE_MS)
    sound(meter)
    before = descriptors()
    for number in range(20):
        bus.fail(QUICK_FAULTS[number % len(QUICK_FAULTS)])
        silence_ms(meter)
        bus.put("current_l1", number)
        assert meter.read().currents_ma == (1_000 * number, 0, 0)
    assert descriptors() == before
    meter.close()


def test_a_silent_meter_is_told_within_a_second_and_comes_back(bus):
    meter = meter_at(bus, deadline_ms=DEADLINE_MS)
    bus.silent = True
    told = r"meter meter_1 \(Eastron SDM630, unit 1 at /.*\): no whole answer in \d+ ms"
    assert silence_ms(meter, told) < DEADLINE_MS + BUSY_MS
    bus.silent = False
    assert sound(meter).energy_wh == 0
    meter.close()


def test_a_meter_that_drips_its_answer_meets_the_same_deadline(bus):
    meter = meter_at(bus)
    bus.dripping = True
    assert silence_ms(meter) < QUICK_MS + BUSY_MS
    meter.close()


def test_a_meter_that_stops_within_its_answer_gets_no_second_second(bus):
    meter = meter_at(bus, deadline_ms=300)
    bus.fail("half")
    assert silence_ms(meter) < 800
    meter.close()


def test_a_refusal_is_told_with_its_registers_and_its_code(bus):
    bus.fail("exception")
    silence_ms(meter_at(bus), told="registers 0 to [0-9]+ refused with code 2")


def test_an_answer_that_is_not_what_was_asked_for_is_refused(bus):
    meter = meter_at(bus)
    bus.fail("fewer")
    silence_ms(meter, "73 registers came, 74 were asked for")
    bus.fail("exception")
    silence_ms(meter, "registers 0 to 73 refused with code 2")
    meter.close()


def test_an_answer_that_comes_too_late_does_not_pass_for_the_next_one(bus):
    meter = meter_at(bus)
    bus.put("current_l1", 1)
    bus.fail("mute")
    silence_ms(meter)
    bus.say_again()
    bus.put("current_l1", 2)
    assert sound(meter).currents_ma == (2_000, 0, 0)
    bus.say_again()
    bus.put("current_l1", 3)
    assert sound(meter).currents_ma == (3_000, 0, 0)
    meter.close()


def test_an_implausible_value_is_no_reading(bus):
    meter = meter_at(bus)
    bus.put("current_l2", float("nan"))
    silence_ms(meter, "implausible: current_l2 = nan")
    bus.put("current_l2", 1)
    assert sound(meter).currents_ma == (0, 1_000, 0)
    meter.close()


def test_a_port_that_goes_away_and_returns_is_opened_again(bus):
    meter = meter_at(bus)
    sound(meter)
    before = descriptors()
    bus.unplug()
    silence_ms(meter)
    silence_ms(meter)
    bus.plug()
    assert sound(meter).energy_wh == 0
    assert descriptors() == before
    meter.close()


def test_two_meters_share_one_bus(bus):
    for name in bus.map.values:
        bus.put(name, 2, unit=2)
    lines = {}
    meters = [open_meter(f"meter_{n}", f"{bus.where}?unit={n}", "sdm630", lines) for n in (1, 2)]
    assert [sound(meter).power_w for meter in meters] == [0, 2]
    assert list(lines) == [bus.where]
    meters[0].close()
    assert sound(meters[1]).power_w == 2
    meters[1].close()


def test_a_port_is_set_as_the_board_file_says_and_given_back(bus):
    line = ModbusLine(place_of(f"{bus.where}?unit=1&baud=38400&frame=8N2"))
    meter = ModbusMeter("meter_1", line, 1, bus.map)
    sound(meter)
    set_to = termios.tcgetattr(bus.port.slave)
    assert set_to[5] == termios.B38400
    assert set_to[2] & termios.CSTOPB
    before = descriptors()
    meter.close()
    assert descriptors() < before


def test_the_library_is_told_the_parity_which_a_pseudo_terminal_has_not(bus):
    line = ModbusLine(place_of(f"{bus.where}?unit=1&frame=8E1"))
    assert line._client.comm_params.parity == "E"
    with pytest.raises(HardwareSilent, match="no connection"):
        ModbusMeter("meter_1", line, 1, bus.map).read()


def test_two_meters_on_one_bus_at_two_speeds_are_refused():
    lines = {}
    open_meter("meter_1", "/dev/ttyAMA3?unit=1", "sdm630", lines)
    with pytest.raises(ValueError, match="meter meter_2: /dev/ttyAMA3 is in use at another speed"):
        open_meter("meter_2", "/dev/ttyAMA3?unit=2&baud=19200", "sdm630", lines)


def test_a_meter_waits_no_longer_than_a_second_for_the_other_one(bus):
    meter = meter_at(bus)
    with meter._line.turn("meter_2"):
        assert silence_ms(meter, "was busy for 1000 ms") < 1_000 + BUSY_MS


def test_a_meter_that_ended_an_idle_connection_is_asked_on_a_new_one(tcp):
    meter = meter_at(tcp, deadline_ms=DEADLINE_MS)
    meter.read()
    tcp.hang_up()
    assert meter.read().energy_wh == 0
    assert len(tcp.accepted) == 2
    meter.close()


@pytest.mark.parametrize("fault", ["mute", "half", "exception", "fewer"])
def test_a_spoiled_answer_over_tcp_raises_and_the_next_reading_is_sound(tcp, fault):
    meter = meter_at(tcp)
    tcp.fail("", fault)
    assert silence_ms(meter) < QUICK_MS + BUSY_MS
    assert sound(meter).energy_wh == 0
    meter.close()


def test_a_meter_that_does_not_listen_is_told_and_leaks_nothing(tcp):
    meter = meter_at(tcp)
    tcp.unplug()
    before = descriptors()
    silence_ms(meter)
    silence_ms(meter)
    assert descriptors() == before


@pytest.mark.parametrize(
    "device, place",
    [
        ("/dev/ttyAMA3", Place("/dev/ttyAMA3", 1)),
        ("/dev/ttyAMA3?unit=247", Place("/dev/ttyAMA3", 247)),
        (
            "/dev/ttyAMA3?unit=2&baud=19200&frame=8E1",
            Place("/dev/ttyAMA3", 2, None, 19_200, "E", 1),
        ),
        ("/dev/ttyS0?frame=8N2", Place("/dev/ttyS0", 1, stop_count=2)),
        ("172.16.23.9:502?unit=1", Place("172.16.23.9:502", 1, 502)),
        ("meter.local:1502", Place("meter.local:1502", 1, 1_502)),
    ],
)
def test_a_meter_is_where_its_board_file_says(device, place):
    assert place_of(device) == place


@pytest.mark.parametrize(
    "device",
    [
        "",
        "ttyAMA3",
        "172.16.23.9",
        "/dev/ttyAMA3?unit=0",
        "/dev/ttyAMA3?unit=248",
        "/dev/ttyAMA3?unit=one",
        "/dev/ttyAMA3?baud=fast",
        "/dev/ttyAMA3?frame=7E1",
        "/dev/ttyAMA3?speed=9600",
        "/dev/tty; reboot?unit=1",
    ],
)
def test_a_place_that_cannot_be_meant_is_refused(device):
    with pytest.raises(ValueError, match="is no meter; write /dev/ttyAMA3"):
        place_of(device)


def test_a_meter_of_an_unknown_map_is_refused():
    with pytest.raises(ValueError, match="'sdm631' is no known meter"):
        open_meter("meter_1", "10.0.0.1:502", "sdm631", {})


def test_a_wrong_map_is_a_wrong_value():
    assert issubclass(MapError, ValueError)


def test_nothing_is_opened_before_the_first_reading(tmp_path):
    path = tmp_path / "nowhere"
    meter = open_meter("grid", f"{path}?baud=19200&frame=8E1", "sdm630", {})
    silence_ms(meter, "meter grid .*nowhere")
