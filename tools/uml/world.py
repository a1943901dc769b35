"""`python -m tools.uml.world`: the bench protocol's world, standing around simulated pins.

Runs inside the virtual station, as `powerstation world` does beside a mock board: the same world
and the same verbs, but what reaches the station goes over lines, converters and terminals.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
from pathlib import Path

from hal.board import load_board
from hal.mock.server import WorldServer, bench_address, monotonic_ms
from hal.mock.world import World
from tools.uml.chips import Chips
from tools.uml.pins_side import PinsSide, seen_from_outside

LOOK_MS = 10
CANNOT = {
    "temperature": "the virtual station has no sensor for it",
    "link": "nothing here owns the network",
    "usb_stick": "there is no USB here",
}


def main() -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m tools.uml.world", description=__doc__)
    parser.add_argument("--board", type=Path, required=True)
    parser.add_argument("--state", type=Path, help="taken, as `powerstation world` does; unused")
    parser.add_argument("--bench", default="127.0.0.1:0", help="HOST:PORT of the bench protocol")
    parser.add_argument("--seed", type=int, default=0, help="same seed, same cars")
    parser.add_argument("--look-ms", type=int, default=LOOK_MS, help="how often to look at pins")
    args = parser.parse_args()
    asyncio.run(_serve(args))


async def _serve(args: argparse.Namespace) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    profile = load_board(args.board)
    world = World(seen_from_outside(profile), args.seed, monotonic_ms(), "gpiosim", CANNOT)
    side = PinsSide(world, profile, args.look_ms, Chips(world, profile))
    server = WorldServer(world, lambda _changed: side)
    try:
        address = await server.open(bench_address(args.bench), None)
        print(json.dumps({"ready": True, "bench": address}), flush=True)
        await ended.wait()
    finally:
        await server.close()


if __name__ == "__main__":
    main()
