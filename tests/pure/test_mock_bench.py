"""The bench protocol as text: good lines are done, bad ones are answered with a sentence."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hal.board import load_board
from hal.frames import FrameError, decode, drive_of, encode, lights, lights_of, plain, sample_of
from hal.mock.bench import LONGEST_LINE_BYTES, LineSplitter, answer
from hal.mock.world import World
from hal.ports import OutletDrive

BOARD = load_board(Path(__file__).parents[2] / "boards" / "mock.toml")


def ask(line: bytes | None, world: World | None = None) -> dict[str, object] | None:
    world = world or World(BOARD)
    reply = answer(line, lambda verb, args: world.act(verb, args, 0))
    assert reply is None or (reply.endswith(b"\n") and len(reply) <= LONGEST_LINE_BYTES)
    return None if reply is None else json.loads(reply)


def test_a_verb_is_done_and_its_id_comes_back():
    assert ask(b'{"id": 7, "do": "plug", "outlet": 1, "cable_ma": 32000}') == {"id": 7, "ok": True}
    assert ask(b'{"id": "a", "do": "rig"}')["id"] == "a"


def test_look_tells_every_outlet_and_the_ring():
    look = ask(b'{"do": "look"}')
    assert look["ok"] and [outlet["outlet"] for outlet in look["outlets"]] == [1, 2]
    outlet = look["outlets"][0]
    assert (outlet["cp_high_mv"], outlet["duty_permille"], outlet["frequency_mhz"]) == (
        12_000,
        1_000,
        0,
    )
    assert len(look["led"]) == 24


def test_the_rig_names_only_what_it_can_do():
    rig = ask(b'{"do": "rig"}')
    assert (rig["rig"], rig["outlets"]) == ("sim", [1, 2])
    assert "plug" in rig["verbs"] and "power" not in rig["verbs"]


@pytest.mark.parametrize(
    "line, sentence",
    [
        (None, "a line is longer than 65536 bytes"),
        (b"nonsense", "a line is not JSON"),
        (b"\xff\xfe", "a line is not JSON"),
        (b"[" * 60_000, "a line is not JSON"),
        (b"9" * 60_000, "a line is not JSON"),
        (b"[1]", "a line is not an object"),
        (b"{}", "a line needs a verb"),
        (b'{"do": 5}', "a line needs a verb"),
        (b'{"do": "fly"}', "no verb 'fly'"),
        (b'{"id": [1], "do": "look"}', "id must be"),
        (b'{"do": "plug"}', "plug: argument outlet is missing"),
        (b'{"do": "plug", "outlet": 3, "pp_ohm": 220}', "no outlet 3 on this rig (has: 1, 2)"),
        (b'{"do": "plug", "outlet": true}', "argument outlet must be a whole number"),
        (b'{"do": "plug", "outlet": 1}', "outlet 1: plug needs cable_ma or pp_ohm"),
        (b'{"do": "plug", "outlet": 1, "cable_ma": 16000}', "must be one of 13000, 20000"),
        (b'{"do": "plug", "outlet": 1, "cable_ma": 13000, "pp_ohm": 1}', "give either"),
        (b'{"do": "plug", "outlet": 1, "pp_ohm": 1, "car": {"x": 1}}', "knows no 'x'"),
        (b'{"do": "car", "outlet": 1}', "outlet 1: no cable is plugged in"),
        (b'{"do": "car", "outlet": 1, "asks": "A"}', "must be one of B, C, D, E, F, auto"),
        (b'{"do": "cp", "outlet": 1, "high_mv": 5}', "give high_mv and low_mv, or release"),
        (b'{"do": "pp", "outlet": 1}', "give either ohm or open"),
        (b'{"do": "residual", "outlet": 1}', "give dc_ma or ac_ma, or both"),
        (b'{"do": "swipe", "uid": "xyz"}', "must be 4 to 10 bytes in hex"),
        (b'{"do": "swipe", "uid": "0a0e9b83", "reader": 2}', "no reader 2 on this rig (has: 1)"),
        (b'{"do": "input", "name": "mcb_7", "active": true}', "no input 'mcb_7' on this rig"),
        (b'{"do": "mains", "volts": [230, 230]}', "must be a list of three whole numbers"),
        (b'{"do": "meter", "name": "x", "silent": true}', "no meter 'x' on this rig"),
        (b'{"do": "power", "off_ms": 5}', "this rig cannot"),
        (b'{"do": "look", "outlet": 1}', "look: no argument 'outlet' (known: none)"),
    ],
)
def test_a_bad_line_is_answered_with_a_sentence(line, sentence):
    reply = ask(line)
    assert reply["ok"] is False
    assert sentence in reply["error"]


def test_a_refusal_carries_the_id_of_its_line():
    reply = ask(b'{"id": 8, "do": "unplug", "outlet": 1}')
    assert reply == {"id": 8, "ok": False, "error": "outlet 1: nothing is plugged in"}


def test_an_empty_line_has_no_answer():
    assert ask(b"  \r") is None


def test_a_long_trace_comes_in_pieces_that_fit_into_a_line():
    world = World(BOARD)
    for now_ms in range(3_000):
        world.drive(1, OutletDrive(duty_permille=100 + now_ms % 2), now_ms)
    first = world.act("trace", {"outlet": 1}, 3_000)
    assert len(first["points"]) == 1_000
    line = json.dumps({"do": "trace", "outlet": 1, "from_ms": first["next_ms"]}).encode()
    reply = answer(line, lambda verb, args: world.act(verb, args, 3_000))
    assert len(reply) <= LONGEST_LINE_BYTES
    assert json.loads(reply)["points"][0][0] == first["points"][-1][0] + 1


def test_a_line_that_is_too_long_comes_out_once_and_the_next_is_fine():
    lines = LineSplitter()
    assert lines.feed(b"x" * LONGEST_LINE_BYTES) == [None]
    assert lines.feed(b"x" * LONGEST_LINE_BYTES) == []
    assert lines.feed(b"x\n{}\n") == [b"{}"]


@given(st.lists(st.binary(max_size=40).map(lambda line: line.replace(b"\n", b""))), st.data())
def test_lines_come_out_whole_however_the_stream_is_cut(wanted, data):
    stream = b"".join(line + b"\n" for line in wanted)
    lines, seen = LineSplitter(), []
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        seen += lines.feed(stream[:size])
        stream = stream[size:]
    assert seen == wanted


@given(st.binary(max_size=200))
def test_no_line_whatever_breaks_the_bench(line):
    reply = ask(line)
    assert reply is None or isinstance(reply["ok"], bool)


def test_samples_orders_and_lights_survive_their_frames():
    world = World(BOARD)
    sample = world.sample(1)
    assert sample_of(decode(encode({"sample": plain(sample)}))["sample"]) == sample
    order = OutletDrive(duty_permille=266, contactor_on=True)
    assert drive_of(decode(encode(plain(order)))) == order
    ring = ((1, 2, 3), (255, 0, 254))
    assert lights_of(lights(ring), 2) == ring


@pytest.mark.parametrize(
    "body",
    [
        None,
        {},
        {**plain(OutletDrive()), "duty_permille": 1_001},
        {**plain(OutletDrive()), "duty_permille": True},
        {**plain(OutletDrive()), "phases": 2},
        {**plain(OutletDrive()), "more": 1},
    ],
)
def test_a_wrong_order_is_no_frame(body):
    with pytest.raises(FrameError):
        drive_of(body)
