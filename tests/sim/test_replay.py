"""Recorded sessions through whole stations: the books agree, and a seed tells one history."""

import os
import subprocess
import sys

from firmware.apps.commands import REPLAY_SETTINGS
from firmware.sim.replay import Replay, read_csv
from hal.board import load_board

FILE = "tests/data/caltech_sessions_2019-03a.csv"


def test_the_first_fifteen_real_sessions_are_booked_watt_hour_for_watt_hour(repository):
    sessions, midnight = read_csv(repository / FILE)
    profile = load_board(repository / "boards/mock.toml")
    result = Replay(sessions[:15], midnight, profile, settings=REPLAY_SETTINGS).run()
    assert (result.lost, result.duplicated, result.different, result.wire_problems) == (
        [], [], [], [],
    )  # fmt: skip
    assert len(result.played) == 15
    assert result.meter_wh == result.backend_wh > 50_000
    asked_wh = sum(p.recorded.energy_wh for p in result.played)
    assert asked_wh * 99 // 100 < result.meter_wh <= asked_wh + len(result.played)


def test_the_same_seed_tells_the_same_history_whatever_the_hash_seed(repository):
    def history(hash_seed, seed):
        done = subprocess.run(
            [sys.executable, "-m", "firmware.apps.cli", "sim", "replay", FILE, "--first", "3",
             "--seed", str(seed)],
            cwd=repository, capture_output=True, text=True, check=True,
            env=os.environ | {"PYTHONHASHSEED": str(hash_seed)},
        )  # fmt: skip
        return next(line for line in done.stdout.splitlines() if line.startswith("history"))

    assert history(1, 0) == history(77, 0)
    assert history(1, 0) != history(1, 5)
