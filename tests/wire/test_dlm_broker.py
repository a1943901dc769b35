"""The broker as a child: why it does not run is told, and it comes back by itself."""

import asyncio
import os
import socket
import stat
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest

from firmware.io.dlm_broker import CONFIG, BrokerConfig, DlmBroker, write
from firmware.io.dlm_keys import AUTHORITY
from tests.wire import dlm_rig as rig


@pytest.fixture
def config(tmp_path):
    rig.authority(tmp_path / "keys")
    return BrokerConfig(
        tmp_path / "broker", tmp_path / "keys", rig.MASTER, 0, "127.0.0.1", rig.free_port()
    )


async def told_until(broker_of, enough):
    """Return what a broker has told once that is enough."""
    news = rig.News()
    told = rig.Told(news)
    async with rig.running(broker_of(told.append).run()):
        await news.until(lambda: enough(told))
    return list(told)


def test_a_master_without_the_package_says_which_one_to_install(config):
    told = asyncio.run(told_until(lambda tell: DlmBroker(config, tell, lambda: None), bool))
    assert told == ["no broker for load management: install the package mosquitto"]


def test_a_program_that_cannot_be_started_is_told(config, tmp_path):
    program = str(tmp_path / "mosquitto")
    told = asyncio.run(told_until(lambda tell: DlmBroker(config, tell, lambda: program), bool))
    assert told[0].startswith("the broker for load management does not start: [Errno 2]")


def test_the_broker_does_not_get_the_key_of_the_authority(config):
    write(config)
    key = (config.keys / AUTHORITY).read_text().splitlines()[1]
    files = list(config.folder.iterdir())
    assert len(files) == 3
    assert not any(key in file.read_text() for file in files)
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


@pytest.mark.needs_mosquitto
def test_a_port_that_is_taken_is_told_and_tried_again(config):
    async def run():
        held = socket.create_server((config.address, config.port))

        def enough(told):
            if told:
                held.close()
            return told[-1:] == [""]

        return await told_until(lambda tell: DlmBroker(config, tell), enough)

    told = asyncio.run(run())
    assert told[0].endswith(f": port {config.port} is taken by another program")
    assert told[-1] == ""


@pytest.mark.needs_mosquitto
def test_a_broker_left_behind_by_a_killed_master_is_replaced(config):
    async def run():
        left = await asyncio.create_subprocess_exec(
            "mosquitto", "-c", write(config), stdout=PIPE, stderr=asyncio.subprocess.STDOUT
        )
        while b"running" not in await left.stdout.readline():
            pass
        told = await told_until(lambda tell: DlmBroker(config, tell), bool)
        return told, await left.wait()

    told, ended = asyncio.run(run())
    assert told == [""]
    assert ended < 0


@pytest.mark.needs_mosquitto
def test_a_stranger_with_the_number_of_the_old_broker_is_left_alone(config):
    async def run():
        stranger = await asyncio.create_subprocess_exec("cat", stdin=PIPE)
        config.folder.mkdir()
        (config.folder / "mosquitto.pid").write_text(f"{stranger.pid}\n")
        told = await told_until(lambda tell: DlmBroker(config, tell), bool)
        alive = stranger.returncode is None
        stranger.stdin.close()
        return told, alive, await stranger.wait()

    assert asyncio.run(run()) == ([""], True, 0)


@pytest.mark.needs_mosquitto
def test_the_broker_ends_with_its_task(config):
    async def run():
        news = rig.News()
        told = rig.Told(news)
        broker = DlmBroker(config, told.append)
        async with rig.running(broker.run()):
            await news.until(lambda: told == [""])
            pid = broker.process.pid
            command = (Path("/proc") / str(pid) / "cmdline").read_bytes()
        return pid, command

    pid, command = asyncio.run(run())
    assert str(config.folder / CONFIG).encode() in command
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
