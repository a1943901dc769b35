"""The page process's line to the station: one question a connection, with an end to waiting."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

ANSWER_S = 10.0
ANSWER_MAX_BYTES = 64 << 20  # the ZIP of logs in base64 among them


class StationAway(Exception):
    """The station does not answer."""


class StationLine:
    """Asks the station at its socket."""

    def __init__(self, path: Path) -> None:
        self.path = path

    async def ask(self, words: dict[str, Any], wait_s: float = ANSWER_S) -> dict[str, Any]:
        """Return the answer; raise `StationAway`."""
        try:
            async with asyncio.timeout(wait_s):
                reader, writer = await asyncio.open_unix_connection(
                    str(self.path), limit=ANSWER_MAX_BYTES
                )
                try:
                    writer.write(json.dumps(words).encode() + b"\n")
                    line = await reader.readline()
                finally:
                    writer.close()
        except (OSError, TimeoutError, ValueError) as problem:
            raise StationAway(type(problem).__name__) from problem
        if not line:
            raise StationAway("it hung up")
        answer: dict[str, Any] = json.loads(line)
        return answer
