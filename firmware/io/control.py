"""The station's command socket: one JSON object a line in, one out, over a Unix socket.

Who may connect is the file system's business (mode 0660); each command carries its role.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import json
import socket
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

LINE_MAX_BYTES = 256 * 1024
SOCKET_NAME = "station.sock"
Told = Mapping[str, Any]
Command = Callable[[Mapping[str, Any]], Told | Awaitable[Told]]


async def serve_control(path: Path, command: Command) -> asyncio.Server:
    """Serve commands at `path`; `command` answers one object with one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        path.unlink()

    async def session(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, ValueError, asyncio.IncompleteReadError):
            while line := await reader.readline():
                answer = await _answer(line, command)
                writer.write(json.dumps(answer).encode() + b"\n")
                await writer.drain()
        writer.close()

    server = await asyncio.start_unix_server(session, path, limit=LINE_MAX_BYTES)
    path.chmod(0o660)
    return server


async def _answer(line: bytes, command: Command) -> Told:
    try:
        asked = json.loads(line)
    except ValueError as problem:
        return {"ok": False, "errors": [f"not JSON: {problem}"]}
    if not isinstance(asked, dict):
        return {"ok": False, "errors": ["a command is a JSON object with a key `do`"]}
    answer = command(asked)
    return await answer if inspect.isawaitable(answer) else answer


def ask_station(state: Path, asked: Mapping[str, Any], wait_s: float = 5.0) -> dict[str, Any]:
    """Ask a running station; raise `OSError` with a sentence when there is none."""
    path = state / SOCKET_NAME
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.settimeout(wait_s)
        try:
            sock.connect(str(path))
        except OSError as problem:
            raise OSError(
                f"no station answers at {path} ({problem.strerror}); "
                "start one with `powerstation run`, or name its --state directory"
            ) from problem
        sock.sendall(json.dumps(asked).encode() + b"\n")
        with sock.makefile("rb") as answers:
            answer: dict[str, Any] = json.loads(answers.readline(LINE_MAX_BYTES * 4))
    return answer
