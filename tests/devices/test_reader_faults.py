"""Faults of a card reader: twenty here, a thousand in `make soak`."""

from tools.soak.reader import KINDS, kind_of, series

SEEDS = range(20)


def test_after_each_of_twenty_faults_the_reader_reads_the_next_card():
    trials = series(SEEDS)
    assert [(t.seed, t.kind, t.problems) for t in trials if t.problems] == []
    assert all(trial.recovery_ms is not None for trial in trials)
    assert any(trial.told for trial in trials)


def test_the_slice_has_a_fault_of_every_kind():
    assert {kind_of(seed) for seed in SEEDS} == set(KINDS)
