"""The black box of the process that ships: it survives SIGKILL, and plays what was driven."""

import asyncio

import pytest

from firmware.apps.bench_client import BenchClient
from firmware.apps.recorder import Checkpoint, Recorder
from firmware.apps.replay import play, replay_file
from firmware.apps.run import Family, Plan
from firmware.io.blackbox import read_box
from firmware.pilot.facts import Drive

WAIT_S = 30
SETS = ["if_in_doubt_allow_charging=on", "operator_current_limit_1=32"]


async def kill_while_charging(board, state):
    """Charge, kill pilotd, charge again; return the exit code of the one that was killed."""
    family = Family(Plan(board, state, log=state / "log", sets=SETS))
    news, moves = asyncio.Event(), []

    def saw(event):
        if event["event"] == "contactor" and event["outlet"] == 1:
            moves.append(event["closed"])
            news.set()

    async def until(story):
        while moves != story:
            news.clear()
            await asyncio.wait_for(news.wait(), WAIT_S)

    bench = BenchClient(saw)
    try:
        await family.start()
        await bench.connect(family.bench)
        await bench.do("watch")
        await bench.do("swipe", uid="0a0e9b83")
        await bench.do("plug", outlet=1, cable_ma=32_000, car={"battery_wh": 60_000})
        await until([True])
        killed = family.children["pilotd"]
        family.kill("pilotd")
        await until([True, False, True])
        return killed.returncode
    finally:
        await bench.close()
        await family.end()


@pytest.mark.xdist_group("processes")
def test_the_box_of_a_killed_pilotd_is_played_again_order_for_order(repository, tmp_path, capsys):
    code = asyncio.run(kill_while_charging(repository / "boards/mock.toml", tmp_path))
    assert code == -9
    reading = read_box(tmp_path / "pilot.blackbox", Recorder.WORDS)
    ledger = play(reading.entries)
    assert (ledger.difference, reading.torn, ledger.unplayed) == (None, 0, 0)
    begun = [e for e in reading.entries if isinstance(e.value, Checkpoint) and e.value.first]
    assert [e.outlet for e in begun] == [1, 2, 1, 2]
    died = begun[2].number
    closed = [e for e in reading.entries if isinstance(e.value, Drive) and e.number < died]
    assert any(e.value.drive.contactor_on for e in closed)
    assert replay_file(tmp_path / "pilot.blackbox") == 0
    assert f"{ledger.drives} drives, identical" in capsys.readouterr().out
