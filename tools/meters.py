"""A meter for the bench: serves any register map, over TCP through pymodbus or on a serial port.

`python -m tools.meters --map pac2200 --at 127.0.0.1:5020 --currents 10,12,-9` is a Siemens meter
whose L3 exports 9 A; with `--walk 7` its currents wander, by that seed, with `--follow` they are
what is written last on its standard input, as in `--currents`. `--at ./ttyMETER` is a
pseudo terminal in place of a serial bus. It holds nothing but the registers of its map, and ends
with Ctrl-C.
"""

import argparse
import asyncio
import contextlib
import random
import sys
import threading
import time
from pathlib import Path

from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from hal.registers import MapError, known_maps, load_map
from tools.played.coding import measured, words_of
from tools.played.meter import SerialMeter

STEP_A = 2  # how far currents wander in a second
START_S = 5


class MeterServer:
    """One meter of a map at a TCP port of this machine; everything begins at 0."""

    def __init__(self, registers, host="127.0.0.1", port=0, unit=1):
        """Listen; port 0 is any free one. Raises `OSError` where that cannot be."""
        self.map = registers
        self.words = {}
        self.asked = []  # function, first register and count of each request
        self.silent = False
        for name in registers.values:
            self.put(name, 0)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.where = self._in_loop(self._listen(host, port, unit))

    def put(self, name, number):
        """Let a quantity be so many V, A, W or Wh."""
        self.words |= words_of(self.map, name, number)

    def close(self):
        """End every connection and the port."""
        self._in_loop(self._server.shutdown())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(START_S)
        self._loop.close()

    def _in_loop(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(START_S)

    async def _listen(self, host, port, unit):
        held = [
            SimData(first, values=[0] * count, datatype=DataType.REGISTERS)
            for first, count in sorted(self.map.blocks)
        ]
        other, bits = [SimData(0)], [SimData(0, values=False, datatype=DataType.BITS)]
        holding, inputs = (held, other) if self.map.function == 3 else (other, held)
        device = SimDevice(unit, (bits, bits, holding, inputs), action=self._answer)
        self._server = ModbusTcpServer(device, address=(host, port))
        await self._server.serve_forever(background=True)
        return "{}:{}".format(*self._server.transport.sockets[0].getsockname())

    async def _answer(self, *request):
        function, start, first, count, held, _ = request
        self.asked.append((function, first, count))
        for address in range(first, first + count):
            held[address - start] = self.words.get(address, 0)


def main(argv=None):
    """Be a meter until Ctrl-C; 2 for a map or a place that cannot be."""
    parser = argparse.ArgumentParser(prog="python -m tools.meters", description=__doc__)
    parser.add_argument("--map", required=True, help=f"one of {', '.join(known_maps())}")
    parser.add_argument("--at", required=True, help="host:port, or the path of a serial port")
    parser.add_argument("--currents", type=triple, default=(0, 0, 0), help="A on L1,L2,L3")
    parser.add_argument("--volts", type=triple, default=(230, 230, 230), help="V on L1,L2,L3")
    parser.add_argument("--energy", type=float, default=0, help="register at the start, in Wh")
    parser.add_argument("--walk", type=int, help="let the currents wander, by this seed")
    parser.add_argument("--follow", action="store_true", help="take currents from standard input")
    args = parser.parse_args(argv)
    try:
        registers = load_map(args.map)
        meter = opened(registers, args.at)
    except (MapError, OSError, ValueError) as problem:
        print(problem, file=sys.stderr)
        return 2
    print(f"{registers.name} at {meter.where}", flush=True)
    if args.follow:
        return follow(registers, meter, args.volts)
    with contextlib.suppress(KeyboardInterrupt):
        for amps, energy_wh in wander(args.currents, args.volts, args.energy, args.walk):
            for name, number in measured(registers, args.volts, amps, energy_wh).items():
                meter.put(name, number)
            time.sleep(1)
    return 0


def follow(registers, meter, volts):
    """Show what is written on standard input, line by line, until its end."""
    with contextlib.suppress(KeyboardInterrupt):
        for line in sys.stdin:
            try:
                amps = triple(line)
            except ValueError:
                print(f"{line.strip()!r} are no currents; write 10,12,-9", file=sys.stderr)
                continue
            for name, number in measured(registers, volts, amps, 0).items():
                meter.put(name, number)
    return 0


def opened(registers, at):
    """Return the meter at host:port, or at the path of a serial port; raise `ValueError`."""
    if "/" in at:
        return SerialMeter(Path(at), registers)
    host, _, port = at.rpartition(":")
    if not host or not port.isdigit():
        raise ValueError(f"{at!r} is no place; write 127.0.0.1:5020, or a path with a slash in it")
    return MeterServer(registers, host, int(port))


def wander(amps, volts, energy_wh, seed):
    """Yield currents and register second by second; without a seed the currents stay."""
    chance = random.Random(seed)
    while True:
        yield amps, energy_wh
        watts = sum(v * a for v, a in zip(volts, amps, strict=True))
        energy_wh += max(watts, 0) / 3_600
        if seed is not None:
            amps = tuple(a + chance.uniform(-STEP_A, STEP_A) for a in amps)


def triple(text):
    """Return three numbers that are separated by commas; raise `ValueError`."""
    first, second, third = (float(part) for part in text.split(","))
    return first, second, third


if __name__ == "__main__":
    sys.exit(main())
