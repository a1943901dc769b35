"""The box's program and its clients over real pyserial and TCP; the breadboard is arithmetic."""

import asyncio
import contextlib
import json

import pytest

from firmware.apps.bench_client import BenchClient, Refused
from tests.bench.lines import Cable
from tools.bench.server import BoxServer, monotonic_ms

pytestmark = pytest.mark.xdist_group("processes")
WAIT_S = 10


@contextlib.asynccontextmanager
async def served(bench):
    """Serve the box over a serial cable and TCP; give the near end and the address."""
    cable = Cable()
    bench.box.heard(monotonic_ms())
    server = BoxServer(bench.box, bench.hardware, lambda text: None)
    server.look()
    listening = await server.tcp("127.0.0.1", 0)
    host, port = listening.sockets[0].getsockname()[:2]
    tasks = [asyncio.ensure_future(work) for work in (server.measure(), server.serial(cable.far))]
    try:
        yield cable.near, f"{host}:{port}"
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        listening.close()
        cable.close()


async def _until(true, client):
    async with asyncio.timeout(WAIT_S):
        while not true():
            await client.do("look")


def test_a_charge_over_a_serial_line_with_events_between_the_answers(bench):
    async def play():
        events = []
        async with served(bench) as (near, _):
            client = BenchClient(events.append)
            await client.connect(near)
            assert (await client.do("rig"))["rig"] == "bench"
            await client.do("watch")
            await client.do("plug", outlet=1, cable_ma=32_000, car=True)
            bench.network.duty_permille[1] = 533
            await _until(lambda: "c" in bench.network.closed(1), client)
            bench.network.mains(1, True)
            await _until(lambda: any(e.get("closed") for e in events), client)
            with pytest.raises(Refused, match="cannot give 7 mA dc"):
                await client.do("residual", outlet=1, dc_ma=7)
            assert (await client.do("trace", outlet=1))["points"]
            await client.close()
        kinds = {event["event"] for event in events}
        assert {"cp", "duty", "contactor", "car", "pp"} <= kinds

    asyncio.run(play())


def test_many_clients_speak_at_once_and_a_bad_line_ends_none(bench):
    async def play():
        async with served(bench) as (near, address):
            serial, tcp = BenchClient(), BenchClient()
            await serial.connect(near)
            await tcp.connect(address)
            await serial.do("plug", outlet=1, cable_ma=20_000)
            assert (await tcp.do("look"))["outlets"][0]["pp_ohm"] == 680
            host, _, port = address.rpartition(":")
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(b"nonsense\n" + b"x" * 70_000 + b'\n[1]\n{"id": 7, "do": "look"}\n')
            answers = [json.loads(await reader.readline()) for _ in range(4)]
            assert [a["ok"] for a in answers] == [False, False, False, True]
            assert (answers[1]["error"], answers[3]["id"]) == (
                "a line is longer than 65536 bytes", 7,
            )  # fmt: skip
            writer.close()
            assert (await serial.do("rig"))["ok"]
            for client in (serial, tcp):
                await client.close()

    asyncio.run(play())


def test_noise_on_the_line_is_no_answer_and_ends_nothing(bench):
    async def play():
        async with served(bench) as (near, _):
            client = BenchClient()
            await client.connect(near)
            client._take(b"\xff\xfe{garbage\n")
            client.sign_of_life()
            assert (await client.do("look"))["ok"]
            assert await client.ahead_ms() is not None
            await client.close()

    asyncio.run(play())


def test_a_port_that_another_program_has_is_a_sentence(bench):
    async def play():
        async with served(bench) as (near, _):
            client = BenchClient()
            await client.connect(near)
            with pytest.raises(OSError, match="does not open as a serial port"):
                await BenchClient().connect(near)
            await client.close()

    asyncio.run(play())


def test_a_serial_adapter_may_be_pulled_and_put_back(bench, tmp_path):
    port = tmp_path / "ttyUSB0"

    async def play():
        said, put = [], asyncio.Event()

        def say(words):
            said.append(words)
            put.set()

        bench.box.heard(monotonic_ms())
        server = BoxServer(bench.box, bench.hardware, say)
        task = asyncio.ensure_future(server.serial(str(port)))
        async with asyncio.timeout(WAIT_S):
            await put.wait()
            assert "does not open as a serial port" in said[0]
            for turn in range(2):
                cable = Cable()
                port.symlink_to(cable.far)
                put.clear()
                await put.wait()
                client = BenchClient()
                await client.connect(cable.near)
                assert (await client.do("rig"))["rig"] == "bench", turn
                port.unlink()
                cable.close()
                await client.lost.wait()
                with pytest.raises(ConnectionError):
                    await client.do("look")
                await client.close()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(play())


@pytest.mark.parametrize("address, sentence", [
    ("nonsense", "is no address of a bench"),
    ("127.0.0.1:1", "nobody speaks the bench protocol"),
    ("/dev/ttyUSB77", "is the box plugged in"),
    ("/etc/hosts", "neither a Unix socket nor a serial port"),
    ("127.0.0.1:99999", "is no address of a bench"),
])  # fmt: skip
def test_an_address_where_nobody_is_is_a_sentence(address, sentence):
    with pytest.raises(OSError, match=sentence):
        asyncio.run(BenchClient().connect(address))
