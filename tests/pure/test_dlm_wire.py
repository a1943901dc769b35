"""Frames between stations: what is packed is read, and garbage is only ever a `BadFrame`."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.dlm import wire
from firmware.dlm.phases import ROTATIONS
from firmware.dlm.slave import LEASE_MAX_MS
from firmware.model.dlm import (
    MAX_FRAME_BYTES,
    UNIT_NAME,
    MasterSeen,
    PointState,
    UnitAnswered,
    UnitAsked,
)

COUNTS, AMPS = st.integers(0, wire.MAX_COUNT), st.integers(0, wire.MAX_MA)
UNITS = st.from_regex(UNIT_NAME, fullmatch=True)
POINTS = st.from_regex(wire.POINT, fullmatch=True)
STATES = st.builds(
    PointState,
    POINTS,
    st.sampled_from(sorted(ROTATIONS)),
    st.lists(st.integers(0, 2), unique=True).map(tuple),
    AMPS,
    st.tuples(AMPS, AMPS, AMPS),
    AMPS,
    st.integers(0, wire.MAX_PRIORITY),
    st.booleans(),
)
FRAMES = st.one_of(
    st.builds(
        UnitAsked,
        UNITS,
        COUNTS,
        COUNTS,
        COUNTS,
        st.integers(-1, wire.MAX_COUNT),
        AMPS,
        st.lists(STATES, max_size=4, unique_by=lambda state: state.point).map(tuple),
    ),
    st.builds(
        UnitAnswered,
        UNITS,
        COUNTS,
        COUNTS,
        COUNTS,
        st.integers(1, LEASE_MAX_MS),
        st.dictionaries(POINTS, AMPS, max_size=4).map(lambda limits: tuple(limits.items())),
    ),
    st.builds(MasterSeen, UNITS, st.integers(0, 255), COUNTS),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=10,
)
STATE = PointState("box/1", "STR", (0, 1, 2), 16_000, (0, 0, 0), 7_000)
ASKED = UnitAsked("box", 3, 17, 5, -1, 7_000, (STATE,))
ANSWERED = UnitAnswered("box", 3, 17, 5, 15_000, (("box/1", 16_000),))
SEEN = MasterSeen("cellar", 0, 5)


@settings(max_examples=100, derandomize=True, deadline=None)
@given(FRAMES)
def test_what_is_packed_is_read(frame):
    assert wire.unpack(wire.pack(frame)) == frame


@settings(max_examples=150, derandomize=True, deadline=None)
@given(st.binary(max_size=300) | JSON.map(lambda value: json.dumps(value).encode()))
def test_garbage_is_only_ever_a_bad_frame(data):
    with pytest.raises(wire.BadFrame):
        wire.unpack(data)


@settings(max_examples=150, derandomize=True, deadline=None)
@given(st.sampled_from([ASKED, ANSWERED, SEEN]), st.data())
def test_a_frame_with_one_other_value_is_read_as_what_it_is_or_refused(frame, data):
    content = json.loads(wire.pack(frame))
    content[data.draw(st.sampled_from(sorted(content)))] = data.draw(JSON)
    try:
        read = wire.unpack(json.dumps(content).encode())
    except wire.BadFrame:
        return
    assert json.loads(wire.pack(read)) == content


@settings(max_examples=100, derandomize=True, deadline=None)
@given(st.sampled_from([ASKED, ANSWERED, SEEN]), st.integers(0, 400), st.binary(max_size=3))
def test_a_damaged_frame_is_read_as_a_frame_or_refused(frame, where, other):
    data = wire.pack(frame)
    cut = where % len(data)
    try:
        wire.pack(wire.unpack(data[:cut] + other + data[cut + 1 :]))
    except wire.BadFrame as why:
        assert str(why)


@pytest.mark.parametrize(
    "frame, name, value, told",
    [
        (SEEN, "v", 2, "version 2; this station speaks 1"),
        (SEEN, "v", True, "version true"),
        (SEEN, "t", "told", "a frame of kind 'told'"),
        (SEEN, "t", [], "a frame of kind []"),
        (SEEN, "network", 256, "network: 256 is not a whole number from 0 to 255"),
        (SEEN, "network", True, "network: true is not a whole number"),
        (SEEN, "epoch", 1 << 53, "epoch: 9007199254740992 is not a whole number"),
        (SEEN, "epoch", 5.0, "epoch: 5.0 is not a whole number"),
        (SEEN, "master", "a/b", "master: 'a/b' is no name"),
        (SEEN, "master", "a\n", r"master: 'a\n' is no name"),
        (SEEN, "master", "a" * 65, "is no name"),
        (ASKED, "unit", "+", "unit: '+' is no name"),
        (ASKED, "accepted", -2, "accepted: -2 is not a whole number"),
        (ASKED, "disconnected_ma", -1, "disconnected_ma: -1 is not a whole number"),
        (ASKED, "disconnected_ma", 10**9, "disconnected_ma: 1000000000 is not a whole number"),
        (ASKED, "points", {}, "points: {} is not a list of at most 32"),
        (ANSWERED, "lease_ms", 0, "lease_ms: 0 is not a whole number from 1 to 30000"),
        (ANSWERED, "lease_ms", 60_000, "lease_ms: 60000 is not a whole number from 1 to 30000"),
        (ANSWERED, "limits_ma", [["box/1"]], "is not a point and its limit"),
        (ANSWERED, "limits_ma", [["box/1", -1]], "limits_ma: -1 is not a whole number"),
        (ANSWERED, "limits_ma", [["a", 1], ["a", 2]], "limits_ma: a point is named twice"),
        (ANSWERED, "limits_ma", [[f"p{n}", 0] for n in range(33)], "is not a list of at most 32"),
    ],
)
def test_what_is_wrong_with_a_frame_is_told(frame, name, value, told):
    content = json.loads(wire.pack(frame)) | {name: value}
    with pytest.raises(wire.BadFrame) as refused:
        wire.unpack(json.dumps(content).encode())
    assert told in str(refused.value)


@pytest.mark.parametrize(
    "name, value, told",
    [
        ("rotation", "RRR", "rotation: 'RRR' is none of RST"),
        ("uses", [0, 3], "uses: 3 is not a whole number from 0 to 2"),
        ("uses", [0, 0], "uses: a phase is named twice"),
        ("drawn_ma", [0, 0], "drawn_ma: [0, 0] are not the currents of three phases"),
        ("drawn_ma", [0, 0, -1], "drawn_ma: -1 is not a whole number"),
        ("most_ma", "16000", "most_ma: '16000' is not a whole number"),
        ("priority", 256, "priority: 256 is not a whole number"),
        ("it_network", 0, "it_network: 0 is neither true nor false"),
        ("extra", 0, "PointState is an object of point, rotation"),
    ],
)
def test_what_is_wrong_with_a_point_is_told(name, value, told):
    content = json.loads(wire.pack(ASKED))
    content["points"][0][name] = value
    with pytest.raises(wire.BadFrame) as refused:
        wire.unpack(json.dumps(content).encode())
    assert told in str(refused.value)


def test_a_point_that_is_told_of_twice_is_refused():
    content = json.loads(wire.pack(ASKED))
    content["points"] *= 2
    with pytest.raises(wire.BadFrame, match="a point is named twice"):
        wire.unpack(json.dumps(content).encode())


@pytest.mark.parametrize(
    "data, told",
    [
        (b"[" * MAX_FRAME_BYTES, "recursion"),
        (b" " * (MAX_FRAME_BYTES + 1), "16385 bytes; at most 16384"),
        (b"9" * 10_000, "no frame"),
        (b'{"v": 1, "v": 1}', "a name stands twice"),
        (b"\xff\xfe\x00", "no frame"),
        (b"null", "null instead of an object"),
        (b"NaN", "NaN instead of an object"),
        (b'{"v": 1, "t": "master"}', "MasterSeen is an object of master, network, epoch"),
    ],
)
def test_bytes_that_hurt_readers_are_bad_frames(data, told):
    with pytest.raises(wire.BadFrame, match=told):
        wire.unpack(data)


def test_the_largest_frames_fit():
    name = "p" * 62
    points = [
        PointState(
            f"{name}{n:02}", "RST", (0, 1, 2), wire.MAX_MA, (wire.MAX_MA,) * 3, wire.MAX_MA, 255
        )
        for n in range(wire.MAX_POINTS)
    ]
    asked = UnitAsked(
        "u" * 64, wire.MAX_COUNT, wire.MAX_COUNT, wire.MAX_COUNT, -1, wire.MAX_MA, tuple(points)
    )
    assert wire.unpack(wire.pack(asked)) == asked
