"""What the bench makes of its trials, and that it knows a limit for every fault it injects."""

import pytest
from rich.console import Console

from hal.board import load_board
from hal.mock.verbs import check
from tools.measure.__main__ import faults_table
from tools.measure.faults import CASES, _row


def test_a_row_has_the_median_the_tail_and_what_never_opened():
    case = CASES["error E"]
    row = _row(case, [15, 16, None, 17, 101])
    assert row == {
        "limit_ms": 100, "rule": "A.6 12", "n": 4, "not_opened": 1, "p50_ms": 17, "p99_ms": 101,
        "max_ms": 101, "late": 1,
    }  # fmt: skip
    assert _row(case, [])["max_ms"] is None


@pytest.mark.parametrize("name", CASES)
def test_every_fault_has_a_limit_and_verbs_that_the_world_knows(name, repository):
    case = CASES[name]
    assert case.limit_ms is not None
    board = load_board(repository / "boards" / "mock.toml")
    for verb, arguments in filter(None, ((case.verb, case.arguments), case.undo)):
        named = {k: v.format(1) if isinstance(v, str) else v for k, v in arguments.items()}
        check(verb, named if verb == "input" else {"outlet": 1, **named}, board)


def test_the_table_shows_every_figure():
    console = Console(width=200)
    with console.capture() as said:
        console.print(faults_table({"error E": _row(CASES["error E"], [15, 16])}))
    figures = said.get().splitlines()[-2].replace("│", " ").split()
    assert figures == ["error", "E", "100", "A.6", "12", "2", "16", "16", "16", "0", "0"]
