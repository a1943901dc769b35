"""Register maps: what ships is usable, and registers become a reading or are refused."""

import pytest

from hal.registers import (
    Implausible,
    MapError,
    decoded,
    known_maps,
    load_map,
    nearest,
    parse_map,
    reading,
)

GOOD = """
name = "X"
source = "its list"
function = 3
word_order = "high_first"
blocks = [[0, 12]]
[values]
current_l1 = { register = 0, type = "s32", unit = "mA" }
current_l2 = { register = 2, type = "u32", unit = "A", scale = 0.01 }
current_l3 = { register = 4, type = "s16", unit = "A" }
power = { register = 6, type = "s32", unit = "kW", scale = 0.001 }
energy = { register = 8, type = "u64", unit = "Wh" }
"""


@pytest.mark.parametrize(
    "words, coding, low_word_first, number",
    [
        ([0x4366, 0x0000], "f32", False, 230.0),
        ([0x0000, 0x4366], "f32", True, 230.0),
        ([0xC180, 0x0000], "f32", False, -16.0),
        ([0x40FE, 0x240C, 0x9000, 0x0000], "f64", False, 123_456.785_156_25),
        ([0x0000, 0x9000, 0x240C, 0x40FE], "f64", True, 123_456.785_156_25),
        ([0xFFFF], "u16", False, 65_535),
        ([0xFFFF], "s16", False, -1),
        ([0x0001, 0x0000], "u32", False, 65_536),
        ([0x0001, 0x0000], "u32", True, 1),
        ([0xFFFF, 0xFFFE], "s32", False, -2),
        ([0x0000, 0x0001, 0x0000, 0x0002], "u64", False, 4_294_967_298),
        ([0xFFFF, 0xFFFF, 0xFFFF, 0xFFFD], "s64", False, -3),
    ],
)
def test_registers_are_decoded(words, coding, low_word_first, number):
    assert decoded(words, coding, low_word_first=low_word_first) == number


@pytest.mark.parametrize(
    "number, whole", [(0.4, 0), (0.5, 0), (0.6, 1), (1.5, 2), (-0.6, -1), (16_100.000_4, 16_100)]
)
def test_a_number_is_rounded_to_the_nearest(number, whole):
    assert nearest(number) == whole


def test_every_map_that_ships_is_usable_and_says_where_it_is_from():
    maps = [load_map(name) for name in known_maps()]
    assert len(maps) == 11
    assert len({one.name for one in maps}) == len(maps)
    assert [one.name for one in maps if len(one.source) < 20] == []
    assert [one.name for one in maps if one.phases == 1] == ["Eastron SDM120"]


def test_a_map_says_what_of_it_nobody_has_confirmed():
    assert "EEM-MB371" in load_map("eem_mb370").unverified
    assert load_map("sdm630").unverified == ""


def test_units_and_scales_become_ours():
    words = [0xFFFF, 0xFC18, 0, 1_650, 17, 0, 0, 11_040, 0, 0, 0, 99]
    told = reading(parse_map("x", GOOD), dict(enumerate(words)), 7)
    assert told.currents_ma == (-1_000, 16_500, 17_000)
    assert (told.power_w, told.energy_wh, told.voltages_mv, told.at_ms) == (11_040, 99, None, 7)


@pytest.mark.parametrize(
    "coding, largest",
    [("u16", 65_535), ("s16", 32_767), ("u32", 4_294_967_295), ("s32", 2_147_483_647),
     ("u64", 18_446_744_073_709_551_615), ("s64", 9_223_372_036_854_775_807)],
)  # fmt: skip
def test_the_largest_number_of_a_coding_is_no_value(coding, largest):
    text = GOOD.replace(
        'energy = { register = 8, type = "u64"', f'energy = {{ register = 8, type = "{coding}"'
    )
    size = {"16": 1, "32": 2, "64": 4}[coding[1:]]
    top = [largest >> 16 * n & 0xFFFF for n in reversed(range(size))]
    words = [0] * 8 + top + [0] * 4
    scaled = parse_map("x", text.replace('"Wh"', '"Wh", scale = 1e-12'))
    with pytest.raises(Implausible, match="the meter has no value of it"):
        reading(scaled, dict(enumerate(words)), 0)
    words[7 + size] -= 1
    assert reading(scaled, dict(enumerate(words)), 0).power_w == 0


def words_of(name, changed):
    registers = load_map(name)
    words = {a: 0 for first, count in registers.blocks for a in range(first, first + count)}
    return registers, words | changed


@pytest.mark.parametrize(
    "name, changed, told",
    [
        ("pac2200", {13: 0x7FC0}, "current_l1 = nan"),
        ("pac2200", {1: 0x7F80}, "voltage_l1 = inf"),
        ("pac2200", {1: 0xC366}, "voltage_l1 = -230"),
        ("pac2200", {801: 0xC0FE}, "energy = -"),
        ("pac2200", {65: 0x4F00}, "power = 2147483648"),
        # 230.0 V and 16.0 A with their words in the wrong order would read as nothing at all
        ("pac2200", {2: 0x4366}, "voltage_l1 = 2.4"),
        ("eem_mb370", {32782: 0x4180}, "current_l1 = 2.3"),
    ],
)
def test_what_no_meter_can_mean_is_refused(name, changed, told):
    with pytest.raises(Implausible, match=told):
        reading(*words_of(name, changed), 0)


@pytest.mark.parametrize(
    "old, new, told",
    [
        ("[[0, 12]]", "[[0, 11]]", "no block holds energy"),
        ("[[0, 12]]", "[[1, 12]]", "no block holds current_l1"),
        ("[[0, 12]]", "[[0, 126]]", "no block of 126 registers"),
        ("[[0, 12]]", "[[65530, 12]]", "no block of 12 registers from 65530"),
        ('"high_first"', '"middle_first"', "word_order"),
        ("function = 3", "function = 6", "function is 3 or 4"),
        ("function = 3", "", "function: missing"),
        ('name = "X"', 'nane = "X"', "nane: not a known key"),
        ('"s16", unit = "A"', '"s17", unit = "A"', "no s17 in A"),
        ('"s16", unit = "A"', '"s16", unit = "V"', "no s16 in V"),
        ("scale = 0.01", "scale = 0", "scale 0"),
        ("scale = 0.01", "skale = 1", "skale: not a known key"),
        ("power =", "powder =", "no s32 in kW"),
        ("power =", "power_l4 =", "values lack power"),
        ('current_l3 = { register = 4, type = "s16", unit = "A" }', "", "values lack current_l3"),
        ("current_l3 =", "voltage_l3 =", "no s16 in A"),
        (
            "[values]",
            '[values]\nvoltage_l1 = { register = 0, type = "s32", unit = "V" }',
            "values lack voltage_l2, voltage_l3",
        ),
        (
            "[values]",
            '[values]\npower_l2 = { register = 0, type = "s32", unit = "W" }',
            "values lack power_l1, power_l3",
        ),
        (
            "[values]",
            '[values]\nenergy_l1 = { register = 0, type = "s32", unit = "Wh" }',
            "energy_l1: nothing that is read",
        ),
        ("function = 3", "function = 3\nphases = 2", "phases is 2"),
        ("function = 3", "function = 3\nphases = 1", "current_l2, current_l3: nothing that"),
        ('source = "its list"', 'source = ""', "source: missing or empty"),
        ("function = 3", "function = 3\ndigital_input = 9", "digital_input is a register and"),
        (
            "function = 3",
            'function = 3\ndigital_input = { register = 9, type = "f32" }',
            "digital_input is a register and a type, u16 or u32",
        ),
        ("[[0, 12]]", "[[0, 12, 1]]", "x: "),
        ("[values]", "[values", "x: "),
    ],
)
def test_a_wrong_map_says_what_is_wrong(old, new, told):
    assert old in GOOD
    with pytest.raises(MapError, match=told):
        parse_map("x", GOOD.replace(old, new))


def test_an_unknown_map_names_those_that_are_known():
    with pytest.raises(MapError, match="'pac3200' is no known meter; known: abb_b23, eem_mb370"):
        load_map("pac3200")
