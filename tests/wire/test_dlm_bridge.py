"""Two bridged brokers: grants cross the bridge, and whoever holds it speaks for its units only."""

import asyncio
import ssl
from contextlib import asynccontextmanager, suppress

import pytest
from aiomqtt import Client, ProtocolVersion

from firmware.io.dlm_bridge import Bridge, Uplink, bridge_rights
from firmware.io.dlm_broker import CONFIG, RIGHTS, DlmBroker, write
from firmware.io.dlm_keys import UNIT, SiteAuthority, bus_context
from tests.wire import dlm_rig as rig

ANNEX, FAR, NEAR = "annex", "far", "near"
SHARE_MA, DISCONNECTED_MA = rig.FUSE_MA // 2, 6_000
HEARTBEAT = "dlm/0/master"


class Relay:
    """The cable between two brokers: bytes of both ways pass while it is whole."""

    def __init__(self, port):
        self.port, self.whole = port, asyncio.Event()
        self.whole.set()

    @asynccontextmanager
    async def laid(self):
        """Yield the port at this end."""
        server = await asyncio.start_server(self._joined, "127.0.0.1", 0)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()
            self.whole.set()

    async def _joined(self, reader, writer):
        there = await asyncio.open_connection("127.0.0.1", self.port)
        await asyncio.gather(self._carry(reader, there[1]), self._carry(there[0], writer))

    async def _carry(self, reader, writer):
        try:
            while data := await reader.read(65_536):
                await self.whole.wait()
                writer.write(data)
        except OSError:
            pass  # one of the brokers has hung up
        finally:
            writer.close()


class Fuse(rig.News):
    """News that adds up what is in force, of all units, each time."""

    def __init__(self):
        super().__init__()
        self.units, self.most_ma = [], 0

    def note(self):
        now_ma = sum(ma for unit in self.units for ma in unit.limits_ma.values())
        self.most_ma = max(self.most_ma, now_ma)
        super().note()


@pytest.fixture
def place(tmp_path):
    """Keys: a master with two units, one of which has a broker of its own, with one behind it."""
    site = rig.authority(tmp_path / "master")
    for unit in (ANNEX, NEAR):
        rig.unit_keys(site, tmp_path / unit, unit)
    behind = SiteAuthority(tmp_path / "second", ANNEX)
    rig.unit_keys(behind, tmp_path / FAR, FAR)
    return tmp_path


def upper(folder, port, units=(FAR,)):
    """Return the master's broker, which lets the annex speak for these units."""
    return rig.broker_config(folder, port, bridges=(Bridge(ANNEX, units),))


def lower(folder, port, up):
    """Return the second broker, which has the master's at the port `up`."""
    uplink = Uplink("127.0.0.1", up, folder / ANNEX)
    return rig.broker_config(folder, port, "second", unit=ANNEX, uplink=uplink)


# -- grants ----------------------------------------------------------------------------------


@pytest.mark.needs_mosquitto
def test_a_unit_behind_a_bridge_gets_its_share_and_falls_when_the_bridge_is_cut(place):
    ports = rig.free_port(), rig.free_port()

    async def run():
        news, relay = Fuse(), Relay(ports[0])
        async with (
            relay.laid() as cable,
            rig.running_broker(upper(place, ports[0]), news),
            rig.running_broker(lower(place, ports[1], cable), news),
        ):
            master = rig.master(place / "master", ports[0], news)
            near = rig.slave(place / NEAR, NEAR, [("127.0.0.1", ports[0])], news)
            far = rig.slave(place / FAR, FAR, [("127.0.0.1", ports[1])], news, DISCONNECTED_MA)
            news.units = [near, far]
            async with rig.running(master.run(), near.run(), far.run()):
                await news.until(lambda: _limits(near, far) == [SHARE_MA, SHARE_MA])
                relay.whole.clear()
                rest_ma = 32_000  # all that its car takes; 42 A are left
                await news.until(lambda: _limits(near, far) == [rest_ma, DISCONNECTED_MA])
                relay.whole.set()
                await news.until(lambda: _limits(near, far) == [SHARE_MA, SHARE_MA])
        return news.most_ma, far.told

    most_ma, told = asyncio.run(run())
    assert most_ma <= rig.FUSE_MA
    assert told == [""]  # its own broker was there all the time


def _limits(*units):
    return [limit_ma for unit in units for limit_ma in unit.limits_ma.values()]


# -- who may say what ------------------------------------------------------------------------


def client(port, keys, name):
    return Client(
        "127.0.0.1", port, tls_context=bus_context(keys), identifier=name, timeout=10,
        protocol=ProtocolVersion.V5,
    )  # fmt: skip


async def heard(listener, last):
    """Return what a client hears up to a last word."""
    found = []
    async with asyncio.timeout(rig.GIVE_UP_S):
        async for message in listener.messages:
            if message.payload == last:
                return found
            found.append((message.topic.value, message.payload))
    raise AssertionError("the connection has ended")


async def _crosses(speaker, listener, topic):
    """Repeat a word until it has crossed the bridge, which needs a moment to come up."""
    async with asyncio.timeout(rig.GIVE_UP_S):
        while True:
            await speaker.publish(topic, b"up?")
            with suppress(TimeoutError):
                await asyncio.wait_for(anext(listener.messages), 0.1)
                return


def rogue(config):
    """Write the second broker's files so that it passes everything and calls itself a bridge."""
    file = write(config)
    lines = [line for line in file.read_text().splitlines() if not line.startswith("topic ")]
    lines = ["try_private true" if line == "try_private false" else line for line in lines]
    file.write_text("\n".join([*lines, "topic # both 0", ""]))
    (config.folder / RIGHTS).write_text("topic readwrite #\npattern readwrite #\n")
    assert file == config.folder / CONFIG
    return file


@asynccontextmanager
async def running_rogue(config):
    """The second broker in wrong hands."""
    program = DlmBroker(config, lambda why: None)._program()
    process = await asyncio.create_subprocess_exec(
        program, "-c", rogue(config), stderr=asyncio.subprocess.PIPE
    )
    try:
        while b" running" not in await process.stderr.readline():
            pass
        yield
    finally:
        process.kill()
        await process.wait()


@pytest.mark.needs_mosquitto
def test_a_second_broker_in_wrong_hands_speaks_and_hears_for_its_own_units_only(place):
    ports = rig.free_port(), rig.free_port()

    async def run():
        news = rig.News()
        async with (
            rig.running_broker(upper(place, ports[0]), news),
            running_rogue(lower(place, ports[1], ports[0])),
            client(ports[0], place / "master", rig.MASTER) as master,
            client(ports[0], place / NEAR, NEAR) as near,
            client(ports[1], place / FAR, FAR) as far,
        ):
            await master.subscribe("dlm/0/ask/+")
            await near.subscribe(f"dlm/0/answer/{NEAR}")
            await near.subscribe(HEARTBEAT)
            await far.subscribe("#")
            await _crosses(far, master, f"dlm/0/ask/{FAR}")
            for topic in (f"dlm/0/ask/{NEAR}", f"dlm/0/ask/{rig.MASTER}", "dlm/1/ask/far",
                          f"dlm/0/answer/{NEAR}", HEARTBEAT):  # fmt: skip
                await far.publish(topic, b"forged")
            await far.publish(f"dlm/0/ask/{FAR}", b"last")
            asked = await heard(master, b"last")
            for unit in (NEAR, FAR):
                await master.publish(f"dlm/0/answer/{unit}", b"answer")
            await near.publish(f"dlm/0/ask/{NEAR}", b"question")
            await master.publish(HEARTBEAT, b"end")
            return asked, await heard(near, b"end"), await heard(far, b"end")

    asked, at_near, at_far = asyncio.run(run())
    assert {word for word in asked if word[1] != b"up?"} == set()
    assert at_near == [(f"dlm/0/answer/{NEAR}", b"answer")]
    assert {word for word in at_far if word[1] == b"answer"} == {(f"dlm/0/answer/{FAR}", b"answer")}
    assert b"question" not in {payload for _, payload in at_far}


@pytest.mark.needs_mosquitto
def test_behind_a_bridge_no_unit_can_answer_and_none_asks_for_another(place):
    ports = rig.free_port(), rig.free_port()
    second = SiteAuthority(place / "second", ANNEX)
    rig.unit_keys(second, place / "other", "other")

    async def run():
        news = rig.News()
        async with (
            rig.running_broker(upper(place, ports[0], (FAR, "other")), news),
            rig.running_broker(lower(place, ports[1], ports[0]), news),
            client(ports[0], place / "master", rig.MASTER) as master,
            client(ports[1], place / FAR, FAR) as far,
            client(ports[1], place / "other", "other") as other,
        ):
            await master.subscribe("dlm/0/ask/+")
            await far.subscribe("#")
            await _crosses(far, master, f"dlm/0/ask/{FAR}")
            for topic in (f"dlm/0/ask/{FAR}", f"dlm/0/answer/{FAR}", HEARTBEAT):
                await other.publish(topic, b"forged")
            await other.publish("dlm/0/ask/other", b"last")
            asked = await heard(master, b"last")
            await master.publish("dlm/0/answer/other", b"not for far")
            await master.publish(f"dlm/0/answer/{FAR}", b"last")
            return asked, await heard(far, b"last")

    asked, at_far = asyncio.run(run())
    assert {word for word in asked if word[1] != b"up?"} == set()
    assert at_far == []


@pytest.mark.needs_mosquitto
def test_a_bridge_does_not_take_a_unit_for_the_masters_broker(place):
    """Nor anybody of another site: only a broker's certificate proves a server."""
    port = rig.free_port()
    SiteAuthority(place / "elsewhere", "elsewhere")

    async def refused(shown):
        """Return how the handshake with a bridge ends, seen by whoever plays its upper broker."""
        ends = asyncio.Queue()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(shown)

        async def played(reader, writer):
            try:
                await writer.start_tls(context)
                ends.put_nowait(f"let in: {await reader.read(64)}")
            except (ssl.SSLError, OSError) as why:
                ends.put_nowait(str(why))
            writer.close()

        server = await asyncio.start_server(played, "127.0.0.1", 0)
        up = server.sockets[0].getsockname()[1]
        async with server, rig.running_broker(lower(place, port, up), rig.News()):
            return await asyncio.wait_for(ends.get(), rig.GIVE_UP_S)

    assert "UNSUPPORTED_CERTIFICATE" in asyncio.run(refused(place / NEAR / UNIT))
    assert "UNKNOWN_CA" in asyncio.run(refused(place / "elsewhere" / "broker.pem"))
    assert "let in" in asyncio.run(refused(place / "master" / "broker.pem"))


@pytest.mark.parametrize(
    "bridges, why",
    [
        ([Bridge("annex", ("one", rig.MASTER))], "cellar is the master's own unit"),
        ([Bridge("annex", ("one",)), Bridge("barn", ("one",))], "one is the master's own unit, or"),
        ([Bridge("annex", ("+",))], "'+' cannot name a unit behind a bridge"),
    ],
)
def test_a_bridge_that_would_speak_for_the_master_or_for_all_is_refused(bridges, why):
    with pytest.raises(ValueError, match=why.replace("+", r"\+")):
        bridge_rights(bridges, rig.MASTER, 0)


def test_a_second_broker_that_is_not_paired_says_so(tmp_path):
    SiteAuthority(tmp_path / "second", ANNEX)

    async def run():
        news = rig.News()
        told = rig.Told(news)
        broker = DlmBroker(lower(tmp_path, 1, 1), told.append, lambda: "mosquitto")
        async with rig.running(broker.run()):
            await news.until(lambda: told)
        return told[0]

    assert asyncio.run(run()) == (
        f"the broker for load management does not start: {tmp_path / ANNEX} holds no certificate "
        "of a site; pair it by a code"
    )
