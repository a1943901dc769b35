"""Load management over the real broker: who may say what, and that grants arrive."""

import asyncio
import os
import signal
import ssl
from dataclasses import replace

import pytest
from aiomqtt import Client, MqttError, ProtocolVersion

from firmware.dlm import wire
from firmware.io.dlm_broker import RIGHTS, rights
from firmware.io.dlm_keys import BROKER, UNIT, SiteAuthority, bus_context
from firmware.model.dlm import MAX_FRAME_BYTES, MasterSeen, PointState, UnitAnswered, UnitAsked
from tests.wire import dlm_rig as rig

pytestmark = pytest.mark.needs_mosquitto
SHARE_MA = 16_000
ASKED = UnitAsked(
    "one", 1, 0, 1, -1, 0, (PointState("one/1", "RST", (0, 1, 2), 32_000, (0, 0, 0), 0),)
)


@pytest.fixture
def place(tmp_path):
    """Keys of a site with three units, and a port."""
    authority = rig.authority(tmp_path / "master")
    for unit in ("one", "two", "three"):
        rig.unit_keys(authority, tmp_path / unit, unit)
    return tmp_path, rig.free_port()


def client(port, context, name):
    return Client(
        "127.0.0.1", port, tls_context=context, identifier=name, timeout=10, keepalive=5,
        protocol=ProtocolVersion.V5,
    )  # fmt: skip


async def heard_by(listener, topics, act, last):
    """Return what a client hears on topics while something is done, up to a last word."""
    for topic in topics:
        await listener.subscribe(topic)
    await act()
    heard = []
    async with asyncio.timeout(rig.GIVE_UP_S):
        async for message in listener.messages:
            if message.payload == last:
                return heard
            heard.append((message.topic.value, message.payload))
    raise AssertionError("the connection has ended")


async def refused(port, context):
    """Return why a connection is refused."""
    with pytest.raises(MqttError) as why:
        async with client(port, context, "stranger"):
            pass
    return str(why.value)


# -- who may come in --------------------------------------------------------------------------


def trusting(authority_pem, shows=None):
    """Return the context of a client that takes our broker and shows a certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = False
    context.load_verify_locations(cadata=authority_pem)
    if shows is not None:
        context.load_cert_chain(shows)
    return context


def test_only_a_unit_of_the_site_comes_in(place):
    folder, port = place
    pem = SiteAuthority(folder / "master", rig.MASTER).pem
    SiteAuthority(folder / "foreign", "elsewhere")

    async def run():
        news = rig.News()
        async with rig.broker(folder, port, news):
            foreign = await refused(port, trusting(pem, folder / "foreign" / UNIT))
            nobody = await refused(port, trusting(pem))
            server = await refused(port, trusting(pem, folder / "master" / BROKER))
            async with client(port, bus_context(folder / "one"), "one"):
                pass
            return foreign, nobody, server

    foreign, nobody, server = asyncio.run(run())
    assert "UNKNOWN_CA" in foreign
    assert "HANDSHAKE_FAILURE" in nobody
    assert "UNSUPPORTED_CERTIFICATE" in server


def test_a_unit_does_not_take_another_sites_broker_for_its_master(place):
    folder, port = place
    SiteAuthority(folder / "foreign", rig.MASTER)

    async def run():
        news = rig.News()
        async with rig.broker(folder, port, news, "foreign"):
            party = rig.slave(folder / "one", "one", [("127.0.0.1", port)], news)
            async with rig.running(party.run()):
                await news.until(lambda: party.told)
            return party.told

    (why,) = asyncio.run(run())
    assert why == (
        f"the master of load management at 127.0.0.1:{port}: it is the master of another site; "
        "pair this station with it, or mend the address"
    )


def test_a_unit_cannot_play_the_broker_for_another_unit(place):
    folder, _ = place
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "two" / UNIT)

    async def run():
        server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0, ssl=context)
        async with server:
            port = server.sockets[0].getsockname()[1]
            return await refused(port, bus_context(folder / "one"))

    assert "certificate purpose" in asyncio.run(run())


# -- who may say what -------------------------------------------------------------------------


def test_a_unit_speaks_and_hears_for_itself_only(place):
    folder, port = place

    async def run():
        news = rig.News()
        async with (
            rig.broker(folder, port, news),
            client(port, bus_context(folder / "master"), rig.MASTER) as master,
            client(port, bus_context(folder / "one"), "one") as one,
            client(port, bus_context(folder / "two"), "two") as two,
        ):

            async def ask():
                await two.publish("dlm/0/ask/one", b"forged")
                await two.publish("dlm/0/ask/two", b"asked")
                await two.publish("dlm/1/ask/two", b"another network")
                await two.publish("dlm/0/ask/two", b"end")

            asked = await heard_by(master, ["dlm/0/ask/+"], ask, b"end")

            async def forge():
                for topic in ("dlm/0/answer/one", "dlm/0/answer/two", "dlm/0/master"):
                    await two.publish(topic, b"forged")
                await two.publish("dlm/0/ask/two", b"sent")  # the broker has read all of it
                await heard_by(master, [], _nothing, b"sent")
                await master.publish("dlm/0/answer/one", b"end")

            forged = await heard_by(one, ["dlm/0/answer/one", "dlm/0/master"], forge, b"end")

            async def answer():
                await master.publish("dlm/0/answer/one", b"for one")
                await master.publish("dlm/0/answer/two", b"for two")
                await master.publish("dlm/0/master", b"end")

            topics = ["#", "dlm/0/#", "dlm/0/answer/+", "dlm/0/answer/one", "dlm/0/ask/+"]
            spied = await heard_by(two, topics, answer, b"end")
            return asked, forged, set(spied)

    asked, forged, spied = asyncio.run(run())
    assert asked == [("dlm/0/ask/two", b"asked")]
    assert forged == []
    assert spied == {("dlm/0/answer/two", b"for two")}


async def _nothing():
    pass


def test_a_unit_cannot_throw_another_one_off_by_its_name(place):
    folder, port = place

    async def run():
        news = rig.News()
        async with (
            rig.broker(folder, port, news),
            client(port, bus_context(folder / "master"), rig.MASTER) as master,
            client(port, bus_context(folder / "one"), "one") as one,
            client(port, bus_context(folder / "two"), "one"),
        ):

            async def ask():
                await one.publish("dlm/0/ask/one", b"still here")
                await one.publish("dlm/0/ask/one", b"end")

            return await heard_by(master, ["dlm/0/ask/+"], ask, b"end")

    assert asyncio.run(run()) == [("dlm/0/ask/one", b"still here")]


def test_without_its_rights_the_broker_would_let_a_unit_forge(place):
    """The control: the same forgery arrives once the patterns allow it."""
    folder, port = place

    async def run():
        news = rig.News()
        async with (
            rig.broker(folder, port, news) as broker,
            client(port, bus_context(folder / "one"), "one") as one,
            client(port, bus_context(folder / "two"), "two") as two,
        ):
            await one.subscribe("dlm/0/answer/one")
            allowed = rights(rig.MASTER, 0) + "pattern readwrite dlm/0/#\n"
            (folder / "master-broker" / RIGHTS).write_text(allowed)
            os.kill(broker.made.process.pid, signal.SIGHUP)  # it reads its rights again
            async with rig.running(_forging(two)):
                return await heard_by(one, [], _nothing, b"forged")

    assert asyncio.run(run()) == []


async def _forging(unit):
    while not asyncio.current_task().cancelling():  # which `publish` may swallow
        await unit.publish("dlm/0/answer/one", b"forged")


# -- grants -------------------------------------------------------------------------------------


def test_three_units_get_their_shares_and_again_after_the_broker_was_killed(place):
    folder, port = place
    brokers = [("127.0.0.1", port)]

    async def run():
        news = rig.News()
        async with rig.broker(folder, port, news) as broker:
            master = rig.master(folder / "master", port, news)
            units = [
                rig.slave(folder / name, name, brokers, news) for name in ("one", "two", "three")
            ]
            async with rig.running(master.run(), *(unit.run() for unit in units)):
                await news.until(lambda: _shares(units) == [SHARE_MA] * 3)
                os.kill(broker.made.process.pid, signal.SIGKILL)
                await news.until(lambda: not any(unit.connected for unit in (master, *units)))
                answered = [_answers(unit) for unit in units]
                await news.until(lambda: all(unit.connected for unit in (master, *units)))
                await news.until(
                    lambda: all(_answers(u) > n for u, n in zip(units, answered, strict=True))
                )
                await news.until(lambda: _shares(units) == [SHARE_MA] * 3)
            return broker.told

    told = asyncio.run(run())
    assert [why.partition(" (")[0] for why in told] == [
        "", "the broker for load management has ended", "",
    ]  # fmt: skip


def _shares(units):
    return [limit_ma for unit in units for limit_ma in unit.limits_ma.values()]


def _answers(unit):
    return sum(isinstance(fact, UnitAnswered) for fact in unit.facts)


def test_a_unit_that_is_not_paired_says_so_wherever_masters_are(tmp_path):
    async def run():
        news = rig.News()
        party = rig.slave(tmp_path, "one", [], news)
        async with rig.running(party.run()):
            await news.until(lambda: party.told)
        return party.told[0]

    assert asyncio.run(run()) == "this station is not paired with a master; pair it by a code"


def test_a_unit_that_finds_no_master_says_so(place):
    folder, _ = place

    async def run():
        news = rig.News()
        party = rig.slave(folder / "one", "one", [], news)
        async with rig.running(party.run()):
            await news.until(lambda: party.told)
        return party.told[0]

    assert asyncio.run(run()) == "no master of load management is found in this network"


def test_garbage_and_frames_of_others_are_passed_over(place):
    folder, port = place
    seen = MasterSeen("cellar", 0, 3)
    garbage = [
        b"", b"\xff", b"[" * 9_000, b"{}", wire.pack(ASKED).replace(b'"one"', b'"two"', 1),
        wire.pack(seen),
    ]  # fmt: skip

    async def run():
        news = rig.News()
        async with rig.broker(folder, port, news):
            master = rig.master(folder / "master", port, news)
            async with (
                rig.running(master.run()),
                client(port, bus_context(folder / "one"), "one") as one,
            ):
                await news.until(lambda: master.connected)
                for payload in (*garbage, wire.pack(ASKED)):
                    await one.publish("dlm/0/ask/one", payload)
                await news.until(lambda: ASKED in master.facts)
            frames = [f for f in master.facts if f != MasterSeen(rig.MASTER, 0, 1)]
            return frames, master.bus.refused, master.bus.last_refused

    frames, count, last = asyncio.run(run())
    assert frames == [ASKED]
    assert count == len(garbage)
    assert last == "dlm/0/ask/one: MasterSeen does not belong here"


def test_a_frame_that_is_too_long_never_arrives(place):
    folder, port = place

    async def run():
        news = rig.News()
        async with rig.broker(folder, port, news):
            master = rig.master(folder / "master", port, news)
            async with (
                rig.running(master.run()),
                client(port, bus_context(folder / "one"), "one") as one,
            ):
                await news.until(lambda: master.connected)
                await one.publish("dlm/0/ask/one", b" " * (MAX_FRAME_BYTES + 1))
                await one.publish("dlm/0/ask/one", b" " * MAX_FRAME_BYTES)
                await one.publish("dlm/0/ask/one", wire.pack(ASKED))
                await news.until(lambda: ASKED in master.facts)
            return master.bus.refused

    assert asyncio.run(run()) == 1  # the one that just fits, which is no frame


def test_a_bus_ends_when_it_is_told_to_however_busy_it_is(place):
    """The control of a trap: on Python 3.11 aiomqtt may go on where it was to end."""
    folder, port = place

    async def run():
        news = rig.News()
        async with rig.broker(folder, port, news):
            for turn in range(20):
                party = rig.slave(folder / "one", "one", [("127.0.0.1", port)], news)
                task = asyncio.create_task(party.run())
                await news.until(lambda party=party: party.connected)
                for number in range(50):
                    party.bus.perform(replace(ASKED, number=number))
                    await asyncio.wait([task], timeout=turn * 1e-4)
                task.cancel()
                _, left = await asyncio.wait([task], timeout=rig.GIVE_UP_S)
                party.runner.stop()
                assert not left

    asyncio.run(run())
