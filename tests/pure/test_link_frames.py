"""Frames of the link: what is sent arrives, and garbage is only ever a `RemoteError`."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.link.frames import (
    LEASE_MS,
    MAX_FRAME_BYTES,
    MAX_OUTLETS,
    PermitRenewed,
    ReportAsked,
    decode,
    encode,
)
from firmware.model.errors import RemoteError
from firmware.model.fault import Fault
from firmware.model.outlet import (
    CableChanged,
    ContactorMoved,
    CpChanged,
    EndPermit,
    FaultCleared,
    FaultRaised,
    HoldLock,
    LockMoved,
    OfferChanged,
    PermitEnded,
)
from firmware.model.values import MAX_CURRENT_MA, CpState

OUTLETS, TIMES = st.integers(1, MAX_OUTLETS), st.integers(0, 1 << 60)
AMPS, TEXTS, FLAGS = st.integers(0, MAX_CURRENT_MA), st.text(max_size=64), st.booleans()
FAULTS = st.sampled_from(Fault)
FRAMES = st.one_of(
    st.builds(CableChanged, OUTLETS, st.none() | AMPS, TIMES),
    st.builds(ContactorMoved, OUTLETS, FLAGS, TEXTS, TIMES),
    st.builds(CpChanged, OUTLETS, st.sampled_from(CpState), TIMES),
    st.builds(EndPermit, OUTLETS, TEXTS),
    st.builds(FaultCleared, OUTLETS, FAULTS, TIMES),
    st.builds(FaultRaised, OUTLETS, FAULTS, TIMES),
    st.builds(HoldLock, OUTLETS, FLAGS),
    st.builds(LockMoved, OUTLETS, FLAGS, TIMES),
    st.builds(OfferChanged, OUTLETS, AMPS, TIMES),
    st.builds(PermitEnded, OUTLETS, TEXTS, TIMES),
    st.builds(PermitRenewed, OUTLETS, AMPS, st.integers(0, LEASE_MS)),
    st.just(ReportAsked()),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
GOOD = {"t": "PermitRenewed", "outlet": 1, "limit_ma": 16_000, "lease_ms": 2_000}


def taken(data):
    """Return the frame, or `None` where it was refused as the other side's mistake."""
    try:
        return decode(data)
    except RemoteError:
        return None


@settings(max_examples=400, derandomize=True, deadline=None)
@given(FRAMES)
def test_every_frame_arrives_as_it_was_sent(frame):
    data = encode(frame)
    assert len(data) <= MAX_FRAME_BYTES
    assert decode(data) == frame


@settings(max_examples=400, derandomize=True, deadline=None)
@given(st.binary(max_size=600))
def test_bytes_without_sense_are_refused(data):
    assert taken(data) is None


@settings(max_examples=400, derandomize=True, deadline=None)
@given(JSON)
def test_json_without_sense_is_refused(value):
    assert taken(json.dumps(value).encode()) is None


@settings(max_examples=400, derandomize=True, deadline=None)
@given(FRAMES, st.data())
def test_a_frame_with_one_byte_changed_is_a_frame_or_refused(frame, data):
    sent = bytearray(encode(frame))
    place = data.draw(st.integers(0, len(sent) - 1))
    sent[place] = data.draw(st.integers(0, 255))
    got = taken(bytes(sent))
    assert got is None or decode(encode(got)) == got


@settings(max_examples=200, derandomize=True, deadline=None)
@given(st.sampled_from(sorted(GOOD)), JSON)
def test_a_field_of_another_kind_never_passes_its_range(name, value):
    got = taken(json.dumps({**GOOD, name: value}).encode())
    if got is not None:
        assert type(got.outlet) is int and 1 <= got.outlet <= MAX_OUTLETS
        assert type(got.limit_ma) is int and 0 <= got.limit_ma <= MAX_CURRENT_MA
        assert type(got.lease_ms) is int and 0 <= got.lease_ms <= LEASE_MS


@pytest.mark.parametrize(
    "changes",
    [
        {"t": "Nonsense"}, {"t": None}, {"t": ["PermitRenewed"]}, {"outlet": 0}, {"outlet": 3},
        {"outlet": True}, {"outlet": 1.0}, {"outlet": "1"}, {"limit_ma": -1},
        {"limit_ma": 80_001}, {"lease_ms": 2_001}, {"lease_ms": None}, {"more": 1},
    ],
)  # fmt: skip
def test_each_field_keeps_its_type_and_range(changes):
    data = json.dumps({**GOOD, **changes}).encode()
    with pytest.raises(RemoteError, match="link frame"):
        decode(data)


@pytest.mark.parametrize("name", sorted(GOOD))
def test_a_frame_without_one_of_its_fields_is_refused(name):
    assert taken(json.dumps({k: v for k, v in GOOD.items() if k != name}).encode()) is None


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"null", b"{", b"\xff\xfe", b"[" * 500, b'{"t":"ReportAsked"} x']
)
def test_what_is_no_object_is_refused(data):
    assert taken(data) is None


def test_a_frame_too_long_is_refused_before_it_is_read():
    long = json.dumps({**GOOD, "t": "x" * 600}).encode()
    with pytest.raises(RemoteError, match="512 are allowed"):
        decode(long)
