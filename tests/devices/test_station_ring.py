"""The station's thread of the ring: what is wished is drawn on the lights, so bright."""

import asyncio
import queue
from types import SimpleNamespace

import pytest

from firmware.apps.devices import Ring
from firmware.io.loop import loop_ms
from firmware.model.session import ShowPattern
from hal.opening import StationPorts

ENOUGH_S = 10  # a bound for a loaded machine, no measure


@pytest.mark.covers("B-LEDB-01")
@pytest.mark.parametrize(
    "profile, percent, colour",
    [("cc613", 100, (0, 255, 0)), ("cc613", 10, (0, 25, 0)), ("bender_5_33", 0, (0, 0, 0))],
)
def test_a_wish_is_drawn_in_its_profile_and_brightness(profile, percent, colour):
    drawn = queue.Queue()
    ports = StationPorts({}, SimpleNamespace(show=drawn.put), {}, {}, None, ())

    async def show():
        loop = asyncio.get_running_loop()
        ring = Ring(ports, 3, lambda fact: None, loop)
        ring.thread.start()
        ring.show(ShowPattern("ready", loop_ms(loop), profile, percent))
        while await asyncio.to_thread(drawn.get, timeout=ENOUGH_S) != (colour,) * 3:
            pass
        ring.thread.finish()
        await asyncio.to_thread(ring.thread.join)

    asyncio.run(show())
