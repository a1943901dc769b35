"""Which meters are opened for which parameters, on which board."""

from dataclasses import replace

import pytest

from firmware.apps.devices import other_meter_ask
from firmware.apps.meters import with_meters
from firmware.config.meters import SERIAL_TYPES, TCP_TYPES, WITH_INPUT
from hal.board import BoardErrors, load_board
from hal.opening import open_station
from hal.ports import HardwareSilent
from hal.registers import known_maps, load_map, with_input
from tests.pure.rigs import settings
from tools.meters import MeterServer

SIEMENS = {"meter1_type": "siemens_7km2200_tcp", "meter1_ip": "10.0.0.9"}
PHOENIX = {"dlm_external_meter_support": "on", "meter2_type": "phoenix_eem_mb371_tcp",
           "meter2_ip": "10.0.0.8", "meter2_port": "503"}  # fmt: skip


@pytest.fixture
def boards(repository):
    return lambda name: load_board(repository / "boards" / f"{name}.toml")


def alone(profile):
    """Return a board that has nothing but meters, and of them none that is simulated."""
    meters = tuple(m for m in profile.meters if m.driver != "world")
    names = {m.name for m in meters}
    outlets = tuple(
        replace(o, meter=o.meter if o.meter in names else None) for o in profile.outlets
    )
    return replace(profile, outlets=outlets, meters=meters, readers=(), led=None, input_driver=None)


def places(profile):
    """Return name, driver, place and map of each meter, and whose it is."""
    whose = {o.meter: o.number for o in profile.outlets}
    return [(whose.get(m.name), m.name, m.driver, m.device, m.map) for m in profile.meters]


@pytest.mark.parametrize("name", ["mock", "cm4_dual", "pi4_single"])
def test_without_a_choice_a_board_keeps_its_meters(boards, name):
    profile = boards(name)
    assert with_meters(profile, settings()) == profile


@pytest.mark.covers("P133", "P134", "P135")
def test_a_charging_meter_on_tcp_is_outlet_1_s_and_the_board_s_is_not_asked_any_more(boards):
    profile = with_meters(boards("cm4_dual"), settings(**SIEMENS, meter1_port="5020"))
    assert places(profile) == [
        (2, "meter_2", "modbus", "/dev/ttyAMA3?unit=2", "sdm630"),
        (1, "meter1", "modbus", "10.0.0.9:5020?unit=1", "pac2200"),
    ]


@pytest.mark.covers("P110", "P111", "P112")
def test_the_meter_of_the_house_is_beside_the_board_s_and_comes_first(boards):
    profile = with_meters(boards("mock"), settings(**PHOENIX))
    assert places(profile) == [
        (None, "meter2", "modbus", "10.0.0.8:503?unit=1", "eem_mb370"),
        (1, "meter_1", "world", "", ""),
        (2, "meter_2", "world", "", ""),
        (None, "grid", "world", "", ""),
    ]


@pytest.mark.covers("P110")
def test_a_meter_of_the_house_without_support_for_it_is_not_opened(boards):
    texts = PHOENIX | {"dlm_external_meter_support": "off"}
    assert with_meters(boards("mock"), settings(**texts)) == boards("mock")


@pytest.mark.covers("P133")
def test_a_serial_type_changes_the_map_of_every_charging_meter_and_not_its_place(boards):
    profile = with_meters(boards("cm4_dual"), settings(meter1_type="abb_b23_rtu"))
    assert places(profile) == [
        (1, "meter_1", "modbus", "/dev/ttyAMA3?unit=1", "abb_b23"),
        (2, "meter_2", "modbus", "/dev/ttyAMA3?unit=2", "abb_b23"),
    ]


def test_a_serial_type_on_a_board_without_a_serial_bus_is_a_meter_that_never_answers(
    boards, tmp_path
):
    profile = with_meters(boards("mock"), settings(meter1_type="abb_b23_rtu"))
    ports = open_station(alone(profile), tmp_path)
    for number in (1, 2):
        with pytest.raises(HardwareSilent, match="meter1_type abb_b23_rtu: no serial bus"):
            ports.meters[number].read()
    ports.close()


@pytest.mark.covers("P133")
def test_a_meter_of_one_phase_is_not_opened_where_an_outlet_has_three(boards):
    one = {"meter1_type": "eastron_sdm120_rtu", "phases_connected_1": "single_phase"}
    why = "meter1_type eastron_sdm120_rtu: one phase of three"
    first = (1, "meter_1", "modbus", "/dev/ttyAMA3?unit=1", "sdm120")
    profile = with_meters(boards("cm4_dual"), settings(**one))
    assert places(profile) == [first, (2, "meter_2", "absent", why, "")]


def test_no_board_file_may_take_the_name_of_a_meter_of_parameters(repository, tmp_path):
    text = (repository / "boards" / "mock.toml").read_text()
    board = tmp_path / "board.toml"
    board.write_text(text.replace('"meter_2"', '"meter1"'))
    with pytest.raises(BoardErrors, match="meter meter1: is a name of parameters; call it meter_1"):
        load_board(board)


def test_no_board_file_may_call_a_meter_absent(repository, tmp_path):
    text = (repository / "boards" / "mock.toml").read_text()
    board = tmp_path / "board.toml"
    meter = '[[meter]]\nname = "meter_1"\ndriver = '
    assert f'{meter}"world"' in text
    board.write_text(text.replace(f'{meter}"world"', f'{meter}"absent"'))
    with pytest.raises(ValueError, match='"absent"'):
        load_board(board)


def test_every_type_has_a_map_and_every_map_a_type():
    assert {*TCP_TYPES.values(), *SERIAL_TYPES.values()} == set(known_maps())
    assert [kind for kind in TCP_TYPES if load_map(TCP_TYPES[kind]).phases != 3] == []


@pytest.mark.parametrize("kind", TCP_TYPES)
def test_each_type_on_tcp_is_read_at_its_address(boards, tmp_path, kind):
    server = MeterServer(load_map(TCP_TYPES[kind]))
    server.put("current_l2", 7)
    host, _, port = server.where.rpartition(":")
    texts = {"meter1_type": kind, "meter1_ip": host, "meter1_port": port}
    ports = open_station(alone(with_meters(boards("mock"), settings(**texts))), tmp_path)
    assert ports.meters[1].read().currents_ma == (0, 7_000, 0)
    ports.close()
    server.close()


@pytest.mark.covers("P108")
@pytest.mark.parametrize(
    "sense, words, told",
    [
        ("active_high", (0, 1), True),
        ("active_low", (0x0100, 0), True),  # whichever end of the word byte 3 is
        ("active_high", (0, 0), False),
        ("active_high", (0xFFFF, 0xFFFF), None),  # the meter has no value of it
        ("off", (0, 1), None),
    ],
)
def test_the_input_of_the_house_s_meter_is_read_where_it_is_asked_for(
    boards, tmp_path, sense, words, told
):
    server = MeterServer(with_input(load_map("pac2200")))
    server.words |= {209: words[0], 210: words[1]}
    host, _, port = server.where.rpartition(":")
    house = {"dlm_external_meter_support": "on", "meter2_type": "siemens_7km2200_tcp",
             "meter2_ip": host, "meter2_port": port, "dlm_meter_digital_input": sense}  # fmt: skip
    ports = open_station(alone(with_meters(boards("mock"), settings(**house))), tmp_path)
    ask = other_meter_ask("meter2", ports.other_meters["meter2"])
    assert ask().reading.digital_input is told
    assert ((3, 209, 2) in server.asked) == (sense != "off")
    ports.close()
    server.close()


@pytest.mark.covers("P108")
def test_the_charging_meter_s_input_is_not_asked_for(boards):
    texts = {"dlm_external_meter_support": "on", "meter2_type": "siemens_7km2200_tcp",
             "meter2_ip": "10.0.0.8", "dlm_meter_digital_input": "active_low"}  # fmt: skip
    profile = with_meters(boards("mock"), settings(**SIEMENS, **texts))
    assert [m.name for m in profile.meters if m.asks_input] == ["meter2"]


def test_every_type_with_an_input_has_a_map_with_one():
    with_one = [kind for kind in TCP_TYPES if load_map(TCP_TYPES[kind]).digital_input]
    assert with_one == list(WITH_INPUT)
