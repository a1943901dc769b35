"""Pings of the WebSocket in virtual time: as many as are asked for, none without."""

import asyncio

import pytest

from firmware.io.ws import BackendLink, LinkConfig
from firmware.model.backend import BackendConnected, BackendLost
from firmware.sim.backend import Backend
from firmware.sim.loop import VirtualLoop
from tests.wire.test_ocpp_backend import AT

PING = 0x89  # the first byte of its frame


class Ear(asyncio.Protocol):
    """The server's protocol with somebody who listens at the door."""

    def __init__(self, inner, heard):
        self.inner, self.heard = inner, heard
        self.connection_made, self.eof_received = inner.connection_made, inner.eof_received
        self.connection_lost = inner.connection_lost

    def data_received(self, data):
        self.heard.append(data[0])
        self.inner.data_received(data)


def hour_of_silence(interval_s):
    """Return what the link told, and how many pings the server got."""
    loop, facts, heard = VirtualLoop(), [], []

    async def hour():
        backend = Backend(lambda: AT)
        port = await backend.start("csms", 9000)
        serve = loop.network.servers[port]
        loop.network.servers[port] = lambda: Ear(serve(), heard)
        config = LinkConfig(f"ws://csms:{port}", "CP1", ping_interval_s=interval_s)
        link = BackendLink(config, facts.append, jitter=lambda: 0.0, now_ms=lambda: 0)
        task = asyncio.ensure_future(link.run())
        ended = loop.create_future()
        loop.call_later(3_601, ended.set_result, None)
        await ended
        link.close()
        await task
        await backend.stop()

    loop.run_until_complete(hour())
    loop.close()
    return [type(fact) for fact in facts], heard.count(PING)


@pytest.mark.covers("B-OCP-05", "B-OCP-06")
@pytest.mark.parametrize(("interval_s", "count"), [(0, 0), (60, 60), (3_600, 1)])
def test_an_hour_of_silence_has_the_pings_that_were_asked_for(interval_s, count):
    assert hour_of_silence(interval_s) == ([BackendConnected, BackendLost], count)
