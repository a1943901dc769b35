"""The history of parameters in rows."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from firmware.model.settings import SettingChange
from firmware.model.storage import CHANGES_KEPT
from firmware.model.values import Stamp

Statement = tuple[str, Sequence[object]]
Query = Callable[[str], Iterable[Sequence[Any]]]


def put(change: SettingChange) -> list[Statement]:
    """Return what keeps one write and forgets the oldest."""
    at = json.dumps([change.at.boot, change.at.mono_ms, change.at.utc_ms])
    values = (change.number, at, change.who, change.by, json.dumps(change.values))
    return [
        ("INSERT OR REPLACE INTO setting_changes VALUES (?, ?, ?, ?, ?)", values),
        ("DELETE FROM setting_changes WHERE number <= ?", (change.number - CHANGES_KEPT,)),
    ]


def kept(query: Query) -> tuple[SettingChange, ...]:
    """Return the writes that are kept, oldest first."""
    return tuple(
        SettingChange(
            number, Stamp(*json.loads(at)), who, way, tuple((k, b, a) for k, b, a in json.loads(t))
        )
        for number, at, who, way, t in query("SELECT * FROM setting_changes ORDER BY number")
    )
