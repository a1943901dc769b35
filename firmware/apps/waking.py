"""What the station process wakes up with: board, parameters, and all that lasts."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import structlog

from firmware.apps.meters import with_meters
from firmware.apps.settings_args import read_settings, with_hashes
from firmware.config.migrations import STEPS, migrated
from firmware.io.sqlite import Database
from firmware.model.settings import Settings
from firmware.model.storage import Memory, PutNote, PutSetting
from firmware.storage import rows, schema
from hal.board import BoardProfile, load_board

log = structlog.get_logger()

SETTINGS_VERSION = "settings_version"  # the note that counts the steps of config.migrations
UNIT = "dlm_unit"  # the note of this station's name in load management


@dataclass(slots=True)
class Wake:
    """What the process woke up with."""

    profile: BoardProfile
    board: Path
    settings: Settings
    memory: Memory
    database: Database


def wake(board: Path, state: Path, overrides: Mapping[str, str]) -> Wake:
    """Count the boot and read what is kept; raise what a bad file or value deserves."""
    profile = load_board(board)
    read_settings({}, overrides)  # before anything is touched: a bad value changes nothing
    database = Database(state / "station.db", schema.MIGRATIONS)
    if database.put_aside is not None:
        log.error("database_damaged", put_aside=str(database.put_aside))
    database.apply([rows.NEW_BOOT])
    memory = _with_name(database, rows.memory(database.query))
    texts = _newest_texts(database, memory)
    settings, problems = read_settings(texts, with_hashes(overrides))
    for problem in problems:
        log.warning("setting_left_out", problem=problem)
    return Wake(with_meters(profile, settings), board, settings, memory, database)


def _newest_texts(database: Database, memory: Memory) -> Mapping[str, str]:
    """Return the kept settings in the words of this version, which the disk learns as well."""
    version = int(memory.notes.get(SETTINGS_VERSION, "0"))
    if version >= len(STEPS):
        return memory.settings
    texts = migrated(memory.settings, version)
    writes: list[PutSetting | PutNote] = [PutNote(SETTINGS_VERSION, str(len(STEPS)))]
    writes += [PutSetting(key, texts.get(key)) for key in {**memory.settings, **texts}]
    database.apply([s for write in writes for s in rows.statements(write)])
    return texts


def _with_name(database: Database, memory: Memory) -> Memory:
    """Give the station a name of its own on its site, once and for all."""
    if UNIT in memory.notes:
        return memory
    note = PutNote(UNIT, f"ps-{secrets.token_hex(4)}")
    database.apply(rows.statements(note))
    return replace(memory, notes={**memory.notes, UNIT: str(note.value)})
