"""Files that come and go: which thread does which wish, and what diagnostics are made of."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from firmware import VERSION
from firmware.config.registry import PARAMS
from firmware.io.file_line import Line
from firmware.io.installer import HandOver
from firmware.io.sqlite import Database, Writer
from firmware.io.tls import TlsConfig
from firmware.io.transfers import Job, TransferWorker
from firmware.model import transfers as t
from firmware.station.core import StationCore
from firmware.station.health import faults, wear
from firmware.station.snapshot import snapshot
from firmware.storage import security

HIDDEN = "(left out)"
_PERSONAL = ("token", "local_whitelist_entries")  # numbers of people's cards


@dataclass(frozen=True, slots=True)
class Sources:
    """What an upload is made of, and what a connection must show now."""

    core: StationCore
    writer: Writer
    tls: TlsConfig


class Files:
    """The transfers of a station: one thread for what goes up, one for what comes down."""

    def __init__(
        self,
        state: Path,
        tell: Callable[[object], None],
        sources: Callable[[], Sources],
        *,
        loopback: bool,
    ) -> None:
        """`tell` is called from those threads."""
        self.folder = folder = state / "updates"
        installer = HandOver(folder)
        self._up = TransferWorker(folder, installer, tell)
        self._down = TransferWorker(folder, installer, tell)
        self._sources, self._loopback = sources, loopback

    def start(self) -> None:
        """Begin to work."""
        self._up.start()
        self._down.start()

    def finish(self) -> None:
        """End what is under way, too."""
        self._up.finish()
        self._down.finish()

    def perform(self, wish: Any) -> None:
        """Take a wish; called in the loop, where the station may be looked at."""
        sources = self._sources()
        line = Line(sources.tls, self._loopback)
        match wish:
            case t.UploadWanted(content=content, span=span):
                database = sources.writer.database
                texts = diagnostics(sources.core) if content is t.Content.DIAGNOSTICS else {}

                def with_log() -> None:  # in the writer's thread: the connection is its own
                    log = security_log(database, span)
                    self._up.ask(Job(wish, line, {**texts, "security.log": log}))

                sources.writer.submit([], with_log)
            case t.CancelTransfer():
                self._up.ask(Job(wish, line))
                self._down.ask(Job(wish, line))
            case _:
                self._down.ask(Job(wish, line))


def security_log(database: Database, span: t.Span) -> str:
    """Return the lines of a span; a database that fails must not end its thread."""
    try:
        lines = list(security.lines(database.query, span.oldest_utc_ms, span.latest_utc_ms))
    except sqlite3.Error as problem:
        lines = [f"The security log cannot be read: {problem}"]
    return "".join(f"{one}\n" for one in lines)


def diagnostics(core: StationCore) -> dict[str, str]:
    """Return what diagnostics hold besides logs, by the names of files; nothing secret."""
    values = core.configuration.settings.values
    settings = {
        key: HIDDEN if param.kind.secret or key in _PERSONAL else param.show(values[key])
        for key, param in PARAMS.items()
    }
    return {
        "version.txt": f"{VERSION}\n",
        "status.json": _json(_without_people(snapshot(core))),
        "settings.json": _json(settings),
        "faults.json": _json(faults(core, over_too=True)),
        "wear.json": _json(wear(core)),
    }


def _without_people(value: Any) -> Any:
    match value:
        case dict():
            return {
                key: HIDDEN if key in _PERSONAL and inner else _without_people(inner)
                for key, inner in value.items()
            }
        case list():
            return [_without_people(inner) for inner in value]
    return value


def _json(value: object) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"
