"""The table of `python -m tools.mutants`: enough of them, none twice, and all fit the code."""

import json
import subprocess
import sys

import pytest

from tools.mutants.table import Astray, Mutant, astray, mutants, table_file

HARMLESS = ['"""Return how to drive the pin', '"""Say how to drive the pin', "nothing"]


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


def run(repository, *arguments):
    """Run the tool; return its exit code and what it said."""
    done = subprocess.run(
        [sys.executable, "-m", "tools.mutants", "--jobs", "1", *map(str, arguments)],
        cwd=repository, capture_output=True, text=True,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def test_three_of_them_are_planted_and_found(repository):
    every = len(mutants())
    chosen = [number for n in range(3) for number in ("--only", 1 + n * every // 3 + every // 7)]
    code, said = run(repository, "--no-control", *chosen)
    assert "3 mutants, 3 killed, 0 survived" in said
    assert code == 0


def test_each_call_of_a_library_in_a_driver_still_stands_there_beside_a_test_of_its_own(repository):
    table = table_file("drivers")
    assert astray(path=table) == []
    calls = mutants(table)
    assert len(calls) >= 50 and sum(call.inside for call in calls) >= 20
    for call in calls:
        file, _, name = call.test.partition("::")
        assert f"def {name}(" in (repository / file).read_text(), call


def test_three_calls_of_libraries_are_taken_away_and_missed(repository):
    native = [m.number for m in mutants(table_file("drivers")) if not m.inside]
    chosen = [word for n in range(3) for word in ("--only", native[n * len(native) // 3])]
    code, said = run(repository, "--table", "drivers", "--no-control", *chosen)
    assert "3 mutants, 3 killed, 0 survived" in said
    assert code == 0


@pytest.mark.needs_uml
@pytest.mark.xdist_group("uml")
def test_a_call_that_only_the_virtual_station_can_miss_is_missed_there(repository):
    first = next(m.number for m in mutants(table_file("drivers")) if m.inside)
    code, said = run(repository, "--table", "drivers", "--no-control", "--only", first)
    assert "1 mutants, 1 killed, 0 survived" in said
    assert code == 0


def test_a_mutant_that_no_test_finds_is_told_and_fails(repository, tmp_path):
    table = tmp_path / "table.toml"
    table.write_text(f'"lock.py" = [{json.dumps(HARMLESS)}]\n')
    code, said = run(repository, "--table", table, "--tests", "test_pilot_tables.py")
    assert "SURVIVED: mutant 1 (lock.py: nothing)" in said
    assert "1 mutants, 0 killed, 1 survived" in said
    assert code == 1


def test_a_mutant_that_does_not_fit_fails_otherwise(repository, tmp_path):
    table = tmp_path / "table.toml"
    table.write_text('"lock.py" = [["no such text", "pass", "nothing"]]\n')
    code, said = run(repository, "--table", table)
    assert "0 times" in said
    assert code == 2
