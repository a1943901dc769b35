"""The table of `python -m tools.mutants`: enough of them, none twice, and all fit the code."""

import pytest

from tools.mutants.table import Astray, Mutant, astray, mutants


def test_there_are_at_least_60_and_each_still_stands_in_the_code():
    assert len(mutants()) >= 60
    assert astray() == []


def test_no_mutant_is_there_twice():
    made = [(m.file, m.was, m.now) for m in mutants()]
    assert len(set(made)) == len(made)
    assert all(m.was != m.now for m in mutants())


def test_a_mutant_whose_text_is_gone_says_which():
    gone = Mutant(7, "duty.py", "no such line", "pass", "nothing")
    with pytest.raises(Astray, match=r"mutant 7 \(duty.py: nothing\): .* 0 times"):
        gone.applied("text")
