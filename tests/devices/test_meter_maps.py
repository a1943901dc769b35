"""Every map through the driver that ships, against a server of the library."""

import random
import struct
from pathlib import Path

import pytest

from hal.drivers.modbus_meter import open_meter
from hal.ports import HardwareSilent
from hal.registers import known_maps, load_map, reading
from tests.devices.meters import wrong
from tools.meters import MeterServer, main, triple, wander
from tools.played.coding import measured


def words(*hex_words):
    """Return registers by address: pairs of an address and its words in hex."""
    told = {}
    for address, text in hex_words:
        told |= {address + i: int(word, 16) for i, word in enumerate(text.split())}
    return told


# 230 V, 16 A on L1; L2 exports 4 A, 920 W; L3 carries nothing; 1,234.5 kWh. Written down from
# IEEE 754 and from each meter's list, not by the code that they test.
V230, A16, W3680, W_920, W2760 = "4366 0000", "4180 0000", "4566 0000", "C466 0000", "452C 8000"
EXAMPLES = {
    "pac2200": words((1, V230), (3, V230), (5, V230), (13, A16), (15, "4080 0000"),
                     (25, W3680), (27, W_920), (65, W2760), (801, "4132 D644 0000 0000")),
    "eem_mb370": words((32774, "0000 4366"), (32776, "0000 4366"), (32778, "0000 4366"),
                       (32782, "0000 4180"), (32784, "0000 4080"), (32798, "0000 4566"),
                       (32800, "0000 C466"), (32790, "8000 452C"), (33030, "B220 4996")),
    "sdm630": words((0, V230), (2, V230), (4, V230), (6, A16), (8, "4080 0000"),
                    (12, W3680), (14, W_920), (52, W2760), (72, "449A 5000")),
    "sdm72d": words((0, V230), (2, V230), (4, V230), (6, A16), (8, "4080 0000"),
                    (12, W3680), (14, W_920), (52, W2760), (72, "449A 5000")),
    "em340": words((0, "08FC 0000"), (2, "08FC 0000"), (4, "08FC 0000"), (12, "3E80 0000"),
                   (14, "F060 FFFF"), (18, "8FC0 0000"), (20, "DC10 FFFF"), (40, "6BD0 0000"),
                   (52, "3039 0000")),
    "em24_e1": words((0, "08FC 0000"), (2, "08FC 0000"), (4, "08FC 0000"), (12, "3E80 0000"),
                     (14, "F060 FFFF"), (18, "8FC0 0000"), (20, "DC10 FFFF"), (40, "6BD0 0000"),
                     (52, "3039 0000")),
    "abb_b23": words((0x5B00, "0000 08FC"), (0x5B02, "0000 08FC"), (0x5B04, "0000 08FC"),
                     (0x5B0C, "0000 0640"), (0x5B0E, "0000 0190"), (0x5B16, "0005 9D80"),
                     (0x5B18, "FFFE 98A0"), (0x5B14, "0004 3620"),
                     (0x5000, "0000 0000 0001 E23A")),
    "iem3155": words((3027, V230), (3029, V230), (3031, V230), (2999, A16), (3001, "4080 0000"),
                     (3053, "406B 851F"), (3055, "BF6B 851F"), (3059, "4030 A3D7"),
                     (3203, "0000 0000 0012 D644")),
    "janitza_umg": words((19000, V230), (19002, V230), (19004, V230), (19012, A16),
                         (19014, "4080 0000"), (19020, W3680), (19022, W_920), (19026, W2760),
                         (19068, "4996 B220")),
    "shelly_pro_3em": words((1020, "0000 4366"), (1040, "0000 4366"), (1060, "0000 4366"),
                            (1022, "0000 4180"), (1042, "0000 4080"), (1024, "0000 4566"),
                            (1044, "0000 C466"), (1013, "8000 452C"), (1162, "B220 4996")),
}  # fmt: skip
SIGNED = ("em340", "em24_e1")  # meters whose currents tell the direction


@pytest.fixture
def served():
    """Open servers by map, and close them."""
    servers = []

    def serve(name):
        servers.append(MeterServer(load_map(name)))
        return servers[-1]

    yield serve
    for server in servers:
        server.close()


def meter_of(server, name):
    return open_meter("meter", server.where, name, {})


def test_every_map_has_an_example_here_and_a_row_in_the_docs():
    assert {*EXAMPLES, "sdm120"} == set(known_maps())
    page = (Path(__file__).parents[2] / "docs" / "devices.md").read_text()
    assert [name for name in known_maps() if f"| `{name}` |" not in page] == []


@pytest.mark.parametrize("name", EXAMPLES)
def test_registers_as_the_meter_s_list_has_them_are_read(name):
    registers = load_map(name)
    zero = {a: 0 for first, count in registers.blocks for a in range(first, first + count)}
    assert EXAMPLES[name].keys() <= zero.keys()
    read = reading(registers, zero | EXAMPLES[name], 7)
    assert read.currents_ma == (16_000, -4_000 if name in SIGNED else 4_000, 0)
    assert read.powers_w == (3_680, -920, 0)
    assert (read.power_w, read.energy_wh, read.at_ms) == (2_760, 1_234_500, 7)
    assert read.voltages_mv == (230_000, 230_000, 230_000)


def test_a_meter_of_one_phase_is_read_as_l1():
    told = words((6, A16), (12, W3680), (72, "449A 5000"))
    read = reading(load_map("sdm120"), {7: 0, 13: 0} | told, 0)
    assert (read.currents_ma, read.powers_w) == ((16_000, 0, 0), (3_680, 0, 0))
    assert (read.power_w, read.energy_wh, read.voltages_mv) == (3_680, 1_234_500, None)


@pytest.mark.parametrize("name", known_maps())
def test_the_driver_reads_what_a_server_of_the_library_was_given(served, name):
    server = served(name)
    meter = meter_of(server, name)
    chance = random.Random(name)
    for _ in range(5):
        volts = [chance.uniform(207, 253) for _ in range(3)]
        amps = [chance.uniform(-80, 80) for _ in range(3)]
        told = measured(server.map, volts, amps, chance.randrange(10_000_000))
        for quantity, number in told.items():
            server.put(quantity, number)
        assert wrong(server.map, meter.read(), told) == []
    assert server.asked[: len(server.map.blocks)] == [
        (server.map.function, *block) for block in server.map.blocks
    ]
    meter.close()


def test_a_server_of_one_map_refuses_the_requests_of_another(served):
    meter = meter_of(served("sdm630"), "pac2200")
    with pytest.raises(HardwareSilent, match="registers 1 to 66 refused with code 2"):
        meter.read()
    meter.close()


def test_what_the_meter_calls_no_value_is_refused(served):
    server = served("abb_b23")
    server.words |= words((0x5B0E, "FFFF FFFF"))
    with pytest.raises(HardwareSilent, match="current_l2 = 4294967295: the meter has no value"):
        meter_of(server, "abb_b23").read()


# -- the tool --------------------------------------------------------------------------------


def test_currents_stay_without_a_seed_and_the_register_counts_them():
    steps = wander((10.0, 0.0, -1.0), (230, 230, 230), 100, None)
    assert [next(steps) for _ in range(2)] == [
        ((10.0, 0.0, -1.0), 100),
        ((10.0, 0.0, -1.0), 100 + 2_070 / 3_600),
    ]


def test_currents_wander_the_same_way_from_one_seed():
    walks = [wander((10.0, 10.0, 10.0), (230,) * 3, 0, 7) for _ in range(2)]
    first, second = ([next(walk)[0] for _ in range(5)] for walk in walks)
    assert first == second
    assert len(set(first)) == 5


def test_export_counts_nothing():
    steps = wander((-10.0, 0.0, 0.0), (230,) * 3, 50, None)
    assert [next(steps)[1] for _ in range(3)] == [50, 50, 50]


@pytest.mark.parametrize("asked", [["--map", "pac3200", "--at", "127.0.0.1:0"],
                                   ["--map", "sdm630", "--at", "127.0.0.1:none"]])  # fmt: skip
def test_what_cannot_be_served_is_said(asked, capsys):
    assert main(asked) == 2
    assert capsys.readouterr().err


def test_three_currents_are_wanted():
    assert triple("10,12,-9") == (10, 12, -9)
    with pytest.raises(ValueError):
        triple("10,12")


def test_the_examples_are_the_numbers_that_they_say():
    assert struct.unpack(">f", bytes.fromhex("452C8000")) == (2_760,)
    assert struct.unpack(">d", bytes.fromhex("4132D64400000000")) == (1_234_500,)
