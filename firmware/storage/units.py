"""The stations that a master of load management knows, as rows. [B-DLM-20]"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from firmware.model.dlm import ForgetUnit, KeepUnit, UnitRecord

Statement = tuple[str, Sequence[object]]
Query = Callable[[str], Iterable[Sequence[Any]]]


def change(write: KeepUnit | ForgetUnit) -> list[Statement]:
    """Return what keeps or forgets a station."""
    if isinstance(write, ForgetUnit):
        return [("DELETE FROM units WHERE unit = ?", (write.unit,))]
    r = write.record
    points = json.dumps({"most_ma": r.most_ma, "rotations": r.rotations, "label": r.label})
    sql = "INSERT OR REPLACE INTO units VALUES (?, ?, ?, ?)"
    return [(sql, (r.unit, r.fuse, r.disconnected_ma, points))]


def kept(query: Query) -> tuple[UnitRecord, ...]:
    """Return all stations."""
    rows = query("SELECT unit, fuse, disconnected_ma, points FROM units ORDER BY unit")
    return tuple(_record(*row) for row in rows)


def _record(unit: str, fuse: str, disconnected_ma: int, points: str) -> UnitRecord:
    told = json.loads(points)
    most_ma, turned = (tuple(map(tuple, told[name])) for name in ("most_ma", "rotations"))
    return UnitRecord(unit, fuse, disconnected_ma, most_ma, turned, told["label"])
