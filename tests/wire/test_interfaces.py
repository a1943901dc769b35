"""The back end is reached over the interface that was chosen, or a sentence says why not."""

import asyncio
import socket

import pytest
from websockets.asyncio.server import serve
from websockets.typing import Subprotocol

from firmware.io.interfaces import (
    BEGINNINGS,
    NoInterface,
    at_home,
    connected_over,
    interface_of,
    own_networks,
)
from firmware.io.ws import BackendLink, LinkConfig
from firmware.model.backend import BackendConnected, BackendLost
from tests.wire.ocpp_station import within


async def first_fact(config):
    """Return the first thing that a link tells."""
    facts, heard = [], asyncio.Event()

    def post(fact):
        facts.append(fact)
        heard.set()

    link = BackendLink(config, post, jitter=lambda: 0.0, now_ms=lambda: 0)
    task = asyncio.ensure_future(link.run())
    await heard.wait()
    link.close()
    await task
    return facts[0]


def test_a_line_over_the_chosen_interface_is_bound_to_it():
    async def story():
        async def answer(line):
            await line.wait_closed()

        async with serve(answer, "127.0.0.1", 0, subprotocols=[Subprotocol("ocpp1.6")]) as server:
            port = server.sockets[0].getsockname()[1]
            config = LinkConfig(f"ws://127.0.0.1:{port}", "CP1", interface="gsm")  # no way home
            assert isinstance(await first_fact(config), BackendConnected)
            bound = await connected_over("loopback", "127.0.0.1", port)
            name = bound.getsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, 16)
            bound.close()
            assert name.rstrip(b"\0") == b"lo"

    within(10, story)


def test_this_machine_is_known_by_its_addresses():
    assert [at_home(host) for host in ("localhost", "127.0.0.9", "::1")] == [True] * 3
    assert [at_home(host) for host in ("backend.lan", "192.0.2.1")] == [False] * 2


def test_what_the_interface_does_not_reach_is_not_reached_another_way():
    async def story():
        outside = socket.socket()
        outside.bind(("127.0.0.1", 0))  # nobody listens
        port = outside.getsockname()[1]
        outside.close()
        with pytest.raises(OSError):
            await connected_over("loopback", "127.0.0.1", port)

    within(10, story)


def test_a_kind_of_interface_that_is_not_there_is_told_in_a_sentence():
    there = {name for _, name in socket.if_nameindex()}
    missing = next(
        kind
        for kind, beginnings in BEGINNINGS.items()
        if not any(name.startswith(beginnings) for name in there)
    )
    with pytest.raises(NoInterface, match=f"There is no {missing} interface"):
        interface_of(missing)

    async def story():
        config = LinkConfig("ws://192.0.2.1:9", "CP1", interface=missing)
        fact = await first_fact(config)
        assert isinstance(fact, BackendLost)
        assert fact.reason.endswith("backend_connection_type chooses another.")

    within(10, story)


def test_the_own_networks_are_those_of_the_interfaces_that_have_an_address():
    assert "127.0.0.1/255.0.0.0" in own_networks()
