"""Files that older versions have left are read by this one, and lose nothing."""

import shutil
from pathlib import Path

import pytest

from firmware.apps.waking import SETTINGS_VERSION, wake
from firmware.config.migrations import STEPS, migrated
from firmware.model.fault import Fault
from firmware.storage.schema import MIGRATIONS

KEPT = Path(__file__).parent.parent / "data" / "databases"
BOARD = Path(__file__).parent.parent.parent / "boards" / "mock.toml"


@pytest.mark.parametrize("version", [1, 2, 5])
def test_a_kept_file_of_an_older_version_is_read_and_nothing_is_lost(version, tmp_path):
    shutil.copy(KEPT / f"station-{version}.db", tmp_path / "station.db")
    woke = wake(BOARD, tmp_path, {})
    values, memory = woke.settings, woke.memory
    assert values.number("operator_current_limit_1") == 20
    assert values.texts("local_whitelist_entries") == ("0a0e9b83", "04aabb/1")
    assert (values.text("phase_rotation_1"), values.text("phase_rotation_2")) == ("STR", "TRS")
    assert values.text("ocpp_ws_url") == "ws://backend.example/ocpp"
    assert [(t.key, t.last_wh, t.transaction_id) for t in memory.transactions] == [
        ("1-1-1", 250, 7)
    ]
    assert (memory.boot, memory.notes["inoperative:2"]) == (2, "1")
    assert memory.cache["aabb"].parent == "p"
    assert [r.fault for r in memory.faults] == ([Fault.RCD] if version >= 2 else [])
    woke.database.close()
    again = wake(BOARD, tmp_path, {})
    assert again.settings == values
    assert "ocpp:ConnectorPhaseRotation" not in again.memory.settings
    assert again.memory.notes[SETTINGS_VERSION] == str(len(STEPS))
    version_kept = next(iter(again.database.query("PRAGMA user_version")))[0]
    assert version_kept == len(MIGRATIONS)
    again.database.close()


def test_a_step_runs_once_and_never_overwrites_what_is_newer():
    old = {"ocpp:ConnectorPhaseRotation": "1.STR,2.NotApplicable", "phase_rotation_1": "TRS"}
    assert migrated(old, 0) == {"phase_rotation_1": "TRS"}
    assert migrated(old, len(STEPS)) == old
