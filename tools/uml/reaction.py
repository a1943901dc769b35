"""`python -m tools.uml.reaction`: how long the shipped `pilotd` takes to let a contactor go.

Runs inside the virtual station in real time, on the board `gpiosim`. Measured is from the write
that changes an input or the pilot line to the first look that finds the contactor's line low, by
a process of ordinary priority: what it takes to be scheduled is part of the figure.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import time
from collections.abc import Callable
from pathlib import Path

from firmware.sim.acts import CARDS
from tools.uml import outside
from tools.uml.day import NUMBER, STATE, PinsStation
from tools.uml.play import BOARD

GIVE_UP_S = 2.0
CLOSES_S = 90.0  # the rest of a contactor, the reset of the sensor
SETTLE_S = 0.7
RESET_S = 4.0
LINE_B_MV = 9_000


class Trials:
    """One outlet with a car that charges again and again."""

    def __init__(self, station: PinsStation) -> None:
        self.station = station
        pins = station.profile.outlets[NUMBER - 1].pins
        self._contactor = os.open(outside.PINS / f"sim_gpio{pins['contactor']}/value", os.O_RDONLY)
        self._fault = os.open(outside.PINS / f"sim_gpio{pins['residual_fault']}/pull", os.O_WRONLY)
        channel = str(pins["cp"]).partition("/")[2]
        self._high = os.open(outside.CONVERTERS / "0" / channel / "high", os.O_WRONLY)

    async def leaves_c(self) -> int:
        """Return the us from state B on the line to the contactor's line."""
        code = str(round((LINE_B_MV + 16_000) * 4_096 / 32_000)).encode()
        took_us = self._until_open(lambda: os.write(self._high, code))
        self.station.act("car", outlet=NUMBER, asks="B")
        await asyncio.sleep(SETTLE_S)
        self.station.act("car", outlet=NUMBER, asks="C")
        return took_us

    async def residual(self) -> int:
        """Return the us from the sensor's fault output to the contactor's line."""
        took_us = self._until_open(lambda: os.write(self._fault, b"pull-up"))
        self.station.act("residual", outlet=NUMBER, dc_ma=8)
        await asyncio.sleep(SETTLE_S)
        self.station.act("residual", outlet=NUMBER, dc_ma=0)
        self.station.act("unplug", outlet=NUMBER, force=True)  # a trip ends with the plug
        await asyncio.sleep(RESET_S)
        self.arrive()
        return took_us

    def arrive(self) -> None:
        """A driver plugs a car in, and has a card."""
        car = {"battery_wh": 200_000, "soc_percent": 0}
        self.station.act("plug", outlet=NUMBER, cable_ma=32_000, car=car)
        self.station.act("swipe", uid=CARDS[NUMBER])

    async def closed(self) -> None:
        """Wait until the car charges, and a little longer."""
        until_s = time.monotonic() + CLOSES_S
        while not self.station.world.sample(NUMBER).contactor_closed:
            assert time.monotonic() < until_s, list(self.station.last)
            await asyncio.sleep(0.1)
        await asyncio.sleep(SETTLE_S)

    def _until_open(self, act: Callable[[], object]) -> int:
        began_ns = time.monotonic_ns()
        act()
        while os.pread(self._contactor, 4, 0).strip() == b"1":
            assert time.monotonic_ns() < began_ns + GIVE_UP_S * 1e9, "it stays closed"
        return (time.monotonic_ns() - began_ns) // 1_000


async def measure(trials: int) -> dict[str, list[int]]:
    """Return the us of so many trials of each kind."""
    station = PinsStation(BOARD, 0)
    station.side.open()
    station.step()
    station.power_on()
    link = asyncio.create_task(station.link.run())
    await asyncio.sleep(SETTLE_S)
    both = Trials(station)
    both.arrive()
    took: dict[str, list[int]] = {"leaving C": [], "residual fault": []}
    for _ in range(trials):
        for name, trial in (("leaving C", both.leaves_c), ("residual fault", both.residual)):
            await both.closed()
            took[name].append(await trial())
    link.cancel()
    station.power_off()
    return took


def main() -> None:
    """Measure, and print the times as one line of JSON."""
    parser = argparse.ArgumentParser(prog="python -m tools.uml.reaction", description=__doc__)
    parser.add_argument("--trials", type=int, default=20)
    args = parser.parse_args()
    Path(STATE).mkdir(exist_ok=True)
    print(f"took_us: {json.dumps(asyncio.run(measure(args.trials)))}")


if __name__ == "__main__":
    main()
