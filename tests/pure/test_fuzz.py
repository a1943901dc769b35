"""The fuzzer of the frames: a slice and the kept corpus here, a million in `make soak`."""

import pytest

from tools.fuzz.campaign import corpus, drawn
from tools.fuzz.choices import Told
from tools.fuzz.frames import frame
from tools.fuzz.target import Dead, Target

INPUTS = 4_000


def test_whatever_a_back_end_sends_the_next_heartbeat_is_answered():
    figures, problems = drawn(INPUTS, lambda _steps: None, seed=1)
    assert problems == []
    assert figures["inputs"] == f"{INPUTS:,}"
    assert figures["Heartbeats afterwards"] != "0"


def test_the_kept_corpus_reaches_results_and_errors():
    target = Target()
    for data in corpus():
        target.feed(frame(Told(data)))
    target.see_that_it_lives()
    assert target.counts.results > 20
    assert target.counts.errors > 20


def test_a_station_that_falls_silent_is_found_out():
    target = Target()
    target.station.ocpp.handle = lambda _fact, _now_ms: []
    with pytest.raises(Dead):
        target.see_that_it_lives()


def test_frames_of_the_same_decisions_are_the_same():
    data = b"\x03\x05\x01\x02" * 20
    assert len({frame(Told(data)) for _ in range(3)}) == 1
    assert frame(Told(data)) != frame(Told(b"\x03\x06\x01\x02" * 20))
