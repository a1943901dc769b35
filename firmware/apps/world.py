"""`powerstation world`: the simulated world as a process of its own, in real time.

It serves the bench protocol to whoever acts on the station from outside, and the drivers of a
simulated board over `world.sock` in the state directory. It outlives the station processes.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from firmware.io import realtime
from hal.board import BoardErrors, BoardProfile, load_board
from hal.frames import SOCKET_NAME
from hal.mock.outlet import BenchError
from hal.mock.packets import PacketSide
from hal.mock.server import WorldServer, bench_address, monotonic_ms
from hal.mock.world import World


def main(argv: Sequence[str] | None = None) -> int:
    """Serve a world until SIGTERM or SIGINT; 0 at a clean end, 2 if it cannot start."""
    if not __debug__:
        return _refused("do not run with -O: the checks are part of the safety")
    args = _arguments(argv)
    try:
        profile = load_board(args.board)
        bench = None if args.bench is None else bench_address(args.bench)
    except (BoardErrors, BenchError) as error:
        return _refused(str(error))
    if not profile.simulated:
        return _refused(
            f"{args.board}: board {profile.name} is not simulated; take boards/mock.toml"
        )
    realtime.hurry()  # hardware waits for no processor: a late sample is a fault of the board (X08)
    try:
        asyncio.run(_serve(profile, args, bench))
    except OSError as error:
        return _refused(f"cannot serve: {error}")
    return 0


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="powerstation world", description="A simulated world.")
    parser.add_argument("--board", type=Path, required=True, help="a board file that is simulated")
    parser.add_argument("--state", type=Path, required=True, help="directory of world.sock")
    parser.add_argument(
        "--bench", help="HOST:PORT of the bench protocol on the loopback; port 0: any"
    )
    parser.add_argument("--bench-unix", type=Path, help="path of a Unix socket for the same")
    parser.add_argument("--seed", type=int, default=0, help="same seed, same cars")
    return parser.parse_args(argv)


async def _serve(
    profile: BoardProfile, args: argparse.Namespace, bench: tuple[str, int] | None
) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    world = World(profile, args.seed, monotonic_ms(), rig="wire")
    path = args.state / SOCKET_NAME
    server = WorldServer(world, lambda changed: PacketSide(world, monotonic_ms, changed, path))
    try:
        address = await server.open(bench, args.bench_unix)
        ready = {"ready": True, "bench": address, "world": str(path)}
        print(json.dumps(ready), flush=True)
        await ended.wait()
    finally:
        await server.close()


def _refused(text: str) -> int:
    print(text, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
