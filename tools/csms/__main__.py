"""`python -m tools.csms`: an OCPP 1.6-J back end on this machine that shows every frame."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.text import Text

from firmware.sim.backend import Backend
from tools.csms.commands import BadCommand, obey

_COLOURS = {"up": "cyan", "down": "green", "open": "bold", "close": "bold red"}
_ARROWS = {"up": "->", "down": "<-", "open": "+ connected", "close": "- gone"}
_MAX_SHOWN = 2_000


def main() -> None:
    """Run until interrupted."""
    arguments = _parser().parse_args()
    host, _, port = arguments.listen.rpartition(":")
    if not port.isdecimal():
        sys.exit(f"--listen wants HOST:PORT, not {arguments.listen!r}")
    script = _lines(arguments.script)
    try:
        asyncio.run(_serve(arguments, host or "127.0.0.1", int(port), script))
    except KeyboardInterrupt:
        pass
    except OSError as failure:
        sys.exit(f"Cannot listen on {arguments.listen}: {failure.strerror or failure}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.csms", description=__doc__)
    parser.add_argument("--listen", default="127.0.0.1:9000", metavar="HOST:PORT")
    parser.add_argument("--accept", action="append", metavar="TOKEN", help="else all are accepted")
    parser.add_argument("--script", type=Path, metavar="FILE", help="commands to run first")
    parser.add_argument("--interval", type=int, default=300, metavar="SECONDS", help="heartbeats")
    parser.add_argument("--json", action="store_true", help="one JSON object a line, ready first")
    return parser


def _lines(script: Path | None) -> list[str]:
    if script is None:
        return []
    try:
        return script.read_text(encoding="utf-8").splitlines()
    except OSError as failure:
        sys.exit(f"Cannot read the script {script}: {failure.strerror}")


async def _serve(arguments: argparse.Namespace, host: str, port: int, script: list[str]) -> None:
    console = Console(highlight=False, soft_wrap=True)
    last = {"station": ""}

    def show(station: str, direction: str, text: str, at: datetime) -> None:
        last["station"] = station if direction != "close" else last["station"]
        stamp = at.strftime("%H:%M:%S.%f")[:-3]
        if arguments.json:
            frame = {"at": at.isoformat(), "station": station, "direction": direction}
            print(json.dumps({**frame, "text": text}), flush=True)
        else:
            line = f"{stamp} {station} {_ARROWS[direction]} {text[:_MAX_SHOWN]}"
            console.print(Text(line, style=_COLOURS[direction]))

    def say(word: str, *, bad: bool = False) -> None:
        if arguments.json:
            print(json.dumps({"error" if bad else "answer": word}), flush=True)
        else:
            console.print(Text(word, style="red" if bad else "yellow"))

    backend = Backend(lambda: datetime.now(UTC), on_frame=show)
    backend.tokens = set(arguments.accept) if arguments.accept else None
    backend.interval_s = arguments.interval
    port = await backend.start(host, port)
    url = f"ws://{host}:{port}"
    if arguments.json:
        print(json.dumps({"ready": True, "url": url, "port": port}), flush=True)
    else:
        console.print(Text(f"ready: stations connect to {url}/NAME; type help", style="bold"))
    await _obey_all(backend, script, last, say)


async def _obey_all(
    backend: Backend, script: list[str], last: dict[str, str], say: Callable[..., None]
) -> None:
    if any(map(_command, script)):
        await backend.until(lambda: bool(last["station"]))
    typed = _typed()
    for line in script:
        await _obey_one(backend, line, last["station"], say)
    while True:
        await _obey_one(backend, await typed.get(), last["station"], say)


async def _obey_one(backend: Backend, line: str, station: str, say: Callable[..., None]) -> None:
    if command := _command(line):
        try:
            say(await obey(backend, station, command))
        except BadCommand as problem:
            say(str(problem), bad=True)


def _command(line: str) -> str:
    """Return a line without its comment."""
    return "" if line.lstrip().startswith("#") else line.strip()


def _typed() -> asyncio.Queue[str]:
    """Return what is typed, line by line; a thread waits for it and dies with the program."""
    loop, lines = asyncio.get_running_loop(), asyncio.Queue[str]()

    def read() -> None:
        for line in sys.stdin:
            loop.call_soon_threadsafe(lines.put_nowait, line)

    threading.Thread(target=read, daemon=True).start()
    return lines


if __name__ == "__main__":
    main()
