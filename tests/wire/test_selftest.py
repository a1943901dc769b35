"""`powerstation selftest` on a simulated board: what answers, what does not, and what is held."""

import pytest

from firmware.apps.selftest import main, outlet_words
from hal.ports import LockPosition, OutletSample
from tests.wire.test_latch import process

SEEN = OutletSample(
    0, 8_950, -11_900, 220, 266, True, LockPosition.LOCKED, True, None, True, False, None, 415
)


def test_what_is_wrong_is_told_in_capitals():
    assert outlet_words(SEEN) == (
        "pilot 8.9 / -11.9 V, duty 26.6 %, plug 220 ohm, contacts CLOSED, lock locked, "
        "residual current TRIPPED, MCB TRIPPED, RCD on, controller 41.5 C"
    )


@pytest.mark.xdist_group("processes")
def test_a_board_where_all_answers_and_one_where_a_pilot_holds_the_pins(
    repository, tmp_path, capsys
):
    args = ["--board", str(repository / "boards/mock.toml"), "--state", str(tmp_path)]
    with process(repository, "world", tmp_path, "--bench", "127.0.0.1:0") as world:
        world.stdout.readline()
        assert main(args) == 0
        lines = capsys.readouterr().out.splitlines()
        assert [line.split(":")[0] for line in lines[:-1]] == [
            "ok   board", "ok   outlet 1", "ok   outlet 2", "ok   meter of outlet 1",
            "ok   meter of outlet 2", "ok   meter grid", "ok   reader 1", "ok   ring",
            "ok   inputs",
        ]  # fmt: skip
        assert lines[-1] == "everything answers"
        with process(repository, "pilotd", tmp_path):
            while not (tmp_path / "pilot.sock").exists():
                pass
            assert main(args) == 1
        assert "MISS safety pins: pilotd is running" in capsys.readouterr().out


def test_without_a_world_it_says_what_to_start(repository, tmp_path, capsys):
    args = ["--board", str(repository / "boards/mock.toml"), "--state", str(tmp_path)]
    assert main(args) == 1
    assert "is `powerstation world` running?" in capsys.readouterr().out


def test_a_board_with_mistakes_is_told_at_once(tmp_path, capsys):
    (tmp_path / "board.toml").write_text("name = 7")
    args = ["--board", str(tmp_path / "board.toml"), "--state", str(tmp_path)]
    assert main(args) == 2
    assert "board.toml" in capsys.readouterr().err
