"""The black box: what is noted is read again, in order; what was torn is left out and counted."""

from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.apps.pilotd import LOOKS
from firmware.apps.recorder import Checkpoint, Recorder
from firmware.apps.replay import play, replay_file
from firmware.io.blackbox import SLOT_BYTES, BlackBox, NoBox, Words, read_box
from firmware.pilot.core import PilotCore
from firmware.pilot.facts import (
    Drive,
    LockAsked,
    PermitGiven,
    PermitTaken,
    Sampled,
    SampleLost,
    Traits,
)
from hal.ports import LockPosition, OutletDrive, OutletSample
from tests.pure.rigs import HIGH_MV

WORDS = Recorder.WORDS
SMALL_BYTES = 256 * SLOT_BYTES
whole = st.integers(-(1 << 62), 1 << 62)
flag = st.sampled_from([None, False, True])
samples = st.builds(
    OutletSample, whole, whole, whole, st.none() | whole, whole, flag,
    st.sampled_from([None, *LockPosition]), st.booleans(), flag, st.booleans(), st.booleans(),
    st.none() | st.tuples(whole, whole, whole), st.none() | whole,
)  # fmt: skip
drives = st.builds(OutletDrive, whole, st.booleans(), st.booleans(), whole, st.booleans())
values = st.one_of(
    st.builds(Sampled, samples),
    st.just(SampleLost()),
    st.builds(PermitGiven, whole, whole),
    st.builds(PermitTaken, st.text("abcdefghij _", max_size=64)),
    st.builds(LockAsked, st.booleans()),
    st.builds(Drive, drives),
)


def noted(path, *notes, size_bytes=SMALL_BYTES):
    box = BlackBox(path, WORDS, size_bytes)
    for outlet, at_ms, value in notes:
        box.note(outlet, at_ms, value)
    box.close()
    return path


def harmed(path, slot):
    data = bytearray(path.read_bytes())
    data[(slot + 1) * SLOT_BYTES + 40] ^= 1
    path.write_bytes(data)


def permits(first, last):
    return [(1, n, PermitGiven(n, n)) for n in range(first, last + 1)]


@settings(max_examples=50, deadline=None)
@given(notes=st.lists(st.tuples(st.integers(1, 2), st.integers(0, 1 << 60), values), max_size=40))
def test_whatever_is_noted_is_read_again_in_order(tmp_path_factory, notes):
    path = noted(tmp_path_factory.mktemp("box") / "box", *notes)
    reading = read_box(path, WORDS)
    assert [(e.outlet, e.at_ms, e.value) for e in reading.entries] == notes
    assert reading.torn == 0


def test_the_ring_keeps_the_newest_255_of_1000(tmp_path):
    reading = read_box(noted(tmp_path / "box", *permits(1, 1_000)), WORDS)
    assert [e.at_ms for e in reading.entries] == list(range(746, 1_001))
    assert reading.torn == 0


def test_a_record_whose_beginning_gave_its_place_is_old_and_not_torn(tmp_path):
    core = PilotCore(Traits(1, 32_000, lock=True, mirror=True))
    check = 1, 0, Checkpoint(True, core.traits, core.state)
    reading = read_box(noted(tmp_path / "box", check, *permits(1, 254)), WORDS)
    assert [e.at_ms for e in reading.entries] == list(range(1, 255))
    assert reading.torn == 0


def test_a_torn_record_is_left_out_and_counted(tmp_path):
    path = noted(tmp_path / "box", *permits(1, 10))
    harmed(path, 5)
    reading = read_box(path, WORDS)
    assert [e.number for e in reading.entries] == [1, 2, 3, 4, 6, 7, 8, 9, 10]
    assert reading.torn == 1


def test_a_new_run_goes_on_after_what_the_last_one_noted(tmp_path):
    path = noted(tmp_path / "box", *permits(1, 3))
    reading = read_box(noted(path, *permits(4, 5)), WORDS)
    assert [(e.number, e.at_ms) for e in reading.entries] == [(n, n) for n in range(1, 6)]


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A word of another version."""

    size_mm: int


def test_a_box_of_another_version_is_refused_by_readers_and_put_aside_by_writers(tmp_path):
    path = noted(tmp_path / "box", *permits(1, 3))
    with pytest.raises(NoBox, match="another version"):
        read_box(path, Words(Elsewhere))
    BlackBox(path, Words(Elsewhere), SMALL_BYTES).close()
    assert read_box(path, Words(Elsewhere)).entries == ()
    assert len(read_box(tmp_path / "box.previous", WORDS).entries) == 3


@pytest.mark.parametrize("data", [b"", b"x" * 40_000])
def test_what_is_no_box_is_refused_in_a_sentence(tmp_path, data, capsys):
    (tmp_path / "box").write_bytes(data)
    assert replay_file(tmp_path / "box") == 2
    assert "black box" in capsys.readouterr().err


# -- the recorder, and playing it again ------------------------------------------------------


def recorded(path, *, drop_drive=False, rounds=1, size_bytes=SMALL_BYTES):
    """Let one outlet charge under the recorder, sampled every 5 ms; return what it drove."""
    core = PilotCore(Traits(1, 32_000, lock=True, mirror=True))
    box = BlackBox(path, WORDS, size_bytes)
    recorder = Recorder(box, {1: core})
    drove, now, seen = [], 0, None

    def look(sample):  # as the loop does
        nonlocal seen
        if LOOKS(sample) != seen or now >= core.deadline_ms():
            seen = LOOKS(sample)
            give(Sampled(sample))

    def give(fact):
        recorder.fact(1, fact, now)
        for wish in core.handle(fact, now):
            if isinstance(wish, Drive) and not (drop_drive and wish.drive.contactor_on):
                recorder.drive(1, wish, now)
                drove.append(wish.drive)

    for _ in range(rounds):
        for letter, span_ms in (("A", 200), ("B", 400), ("C", 3_000), ("B", 300)):
            give(LockAsked(letter != "A"))
            give(PermitGiven(16_000, now + 2_000))
            for now in range(now + 5, now + span_ms, 5):  # noqa: B020
                drive = core.state.drive
                pin = LockPosition.LOCKED if drive.lock_on else LockPosition.UNLOCKED
                pwm = 0 < drive.duty_permille < 1_000
                look(OutletSample(
                    now, HIGH_MV[letter], -12_000 if pwm else HIGH_MV[letter],
                    None if letter == "A" else 220, drive.duty_permille, drive.contactor_on, pin,
                ))  # fmt: skip
    box.close()
    return drove


def test_a_recorded_charge_is_played_again_order_for_order(tmp_path, capsys):
    drove = recorded(tmp_path / "box")
    assert any(drive.contactor_on for drive in drove)
    ledger = play(read_box(tmp_path / "box", WORDS).entries)
    assert (ledger.difference, ledger.drives, ledger.unplayed) == (None, len(drove), 0)
    assert ledger.facts < 100  # of 780 samples: those that were news
    assert replay_file(tmp_path / "box") == 0
    assert f"{len(drove)} drives, identical" in capsys.readouterr().out


def test_a_ring_that_went_round_is_played_from_its_oldest_checkpoint(tmp_path):
    recorded(tmp_path / "box", rounds=40)
    reading = read_box(tmp_path / "box", WORDS)
    ledger = play(reading.entries)
    assert reading.entries[0].number > 256  # the beginning gave its place
    assert (ledger.difference, ledger.runs, reading.torn) == (None, 0, 0)
    assert ledger.facts > 120 > ledger.unplayed


def test_an_order_that_is_not_in_the_box_is_a_difference(tmp_path, capsys):
    recorded(tmp_path / "box", drop_drive=True)
    assert replay_file(tmp_path / "box") == 1
    assert "recorded no order, replayed Drive" in capsys.readouterr().out


def test_an_order_that_the_machine_does_not_give_is_a_difference(tmp_path):
    path = tmp_path / "box"
    recorded(path)
    noted(path, (1, 9_000, Drive(OutletDrive(duty_permille=533, contactor_on=True))))
    assert "replayed no order" in play(read_box(path, WORDS).entries).difference


def test_after_a_torn_record_a_machine_waits_for_its_next_checkpoint(tmp_path):
    path = tmp_path / "box"
    recorded(path)
    middle = len(read_box(path, WORDS).entries) // 2
    harmed(path, middle)
    reading = read_box(path, WORDS)
    ledger = play(reading.entries)
    assert (reading.torn, ledger.difference) == (1, None)
    assert ledger.unplayed > 0


def test_a_state_that_did_not_follow_is_a_difference(tmp_path):
    path = tmp_path / "box"
    recorded(path)
    core = PilotCore(Traits(1, 32_000, lock=True, mirror=True))
    state = replace(core.state, permit_ma=6_000)
    noted(path, (1, 9_000, Checkpoint(False, core.traits, state)))
    assert play(read_box(path, WORDS).entries).difference is not None
