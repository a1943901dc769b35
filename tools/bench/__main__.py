"""`python -m tools.bench`: plays the car for a real station, on a second Pi; docs/bench.md."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

from hal.mock.outlet import BenchError
from hal.mock.server import bench_address
from hal.ports import HardwareSilent
from tools.bench.box import Box
from tools.bench.boxfile import BoxErrors, BoxFile, load_box
from tools.bench.hardware import Hardware
from tools.bench.server import BoxServer, monotonic_ms


def main(argv: list[str] | None = None) -> int:
    """Serve until interrupted; 2 where the box cannot be had, 1 when a pin fails later."""
    arguments = _parser().parse_args(argv)
    if not arguments.serial and not arguments.tcp:
        return _refused("say where to listen: --serial /dev/ttyUSB0, --tcp 127.0.0.1:7000, or both")
    os.environ.setdefault("LG_WD", tempfile.gettempdir())  # lgpio makes a pipe where it is imported
    try:
        file = load_box(arguments.box)
        tcp = bench_address(arguments.tcp) if arguments.tcp else None
        hardware = Hardware(file)
    except (BoxErrors, BenchError, HardwareSilent) as problem:
        return _refused(str(problem).replace("--bench", "--tcp"))
    try:
        return asyncio.run(_serve(file, hardware, arguments.serial, tcp))
    finally:
        hardware.close()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.bench", description=__doc__)
    parser.add_argument("--box", type=Path, required=True, help="box file; tools/bench/box.toml")
    parser.add_argument("--serial", action="append", default=[], metavar="DEVICE")
    parser.add_argument("--tcp", metavar="HOST:PORT", help="on the loopback; port 0: any")
    return parser


async def _serve(
    file: BoxFile, hardware: Hardware, ports: list[str], tcp: tuple[str, int] | None
) -> int:
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    box = Box(file, hardware.switch, lambda ms: time.sleep(ms / 1_000), now_ms=monotonic_ms())
    server = BoxServer(box, hardware, lambda text: print(text, file=sys.stderr, flush=True))
    try:
        server.look()
    except HardwareSilent as problem:
        return _refused(str(problem))
    address = None
    if tcp is not None:
        try:
            listening = await server.tcp(*tcp)
        except OSError as problem:
            return _refused(f"cannot listen on --tcp {tcp[0]}:{tcp[1]}: {problem.strerror}")
        host, port = listening.sockets[0].getsockname()[:2]
        address = f"{host}:{port}"
    tasks = [asyncio.ensure_future(server.measure()), asyncio.ensure_future(ended.wait())]
    tasks += [asyncio.ensure_future(server.serial(port)) for port in ports]
    about = {"ready": True, "bench": address, "serial": ports, "verbs": box.verbs()}
    print(json.dumps(about), flush=True)
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    problems = [task.exception() for task in done if task.exception() is not None]
    for task in tasks:
        task.cancel()
    if problems:
        print(f"{problems[0]}; all relays are off", file=sys.stderr)
        return 1
    return 0


def _refused(text: str) -> int:
    print(text, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
