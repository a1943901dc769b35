"""Finding masters by multicast DNS on loopback; what a beacon says is an address and no more."""

import asyncio
import secrets
from contextlib import asynccontextmanager
from dataclasses import replace
from types import SimpleNamespace

import pytest
from zeroconf import IPVersion
from zeroconf.asyncio import AsyncZeroconf

from firmware.apps.load_link import LoadLink, Place
from firmware.io.dlm_discovery import TRIED_MAX, Announcer, Beacon, Finder, read
from firmware.model.dlm import AnnounceMaster
from tests.pure.rigs import settings

# Loopback is one LAN for all tests that run at once: each process has sites and names of its own.
SITE, OTHER_SITE = secrets.token_hex(32), secrets.token_hex(32)
RUN = secrets.token_hex(4)
LOCAL = "127.0.0.1"


def beacon(master="cellar", network=0, epoch=1, site=SITE, port=8_883):
    return Beacon(f"{master}-{RUN}", network, epoch, site, LOCAL, port, 8_884)


@asynccontextmanager
async def lan(*beacons):
    """Masters that announce themselves, and a unit that looks for them."""
    telling = AsyncZeroconf(interfaces=[LOCAL], ip_version=IPVersion.V4Only)
    announcers = [Announcer(telling, beacon) for beacon in beacons]
    looking = AsyncZeroconf(interfaces=[LOCAL], ip_version=IPVersion.V4Only)
    finder = Finder(looking, asyncio.Event())
    try:
        finder.open()
        await asyncio.gather(*(announcer.open() for announcer in announcers))
        yield finder, announcers
    finally:
        await finder.close()
        await telling.async_close()
        await looking.async_close()


def ours(finder):
    return [beacon for beacon in finder.found if beacon.site in {SITE, OTHER_SITE}]


async def until(finder, condition):
    async with asyncio.timeout(30):
        while not condition():
            finder.changed.clear()
            await finder.changed.wait()


def test_a_unit_finds_the_masters_of_its_network_and_site_only():
    masters = (
        beacon("cellar", 0, 4, port=1_001),
        beacon("standby", 0, 5, port=1_002),
        beacon("attic", 1, 9, port=1_003),
        beacon("neighbour", 0, 9, OTHER_SITE, port=1_004),
    )

    async def run():
        async with lan(*masters) as (finder, _):
            await until(finder, lambda: len(ours(finder)) == len(masters))
            return (
                set(ours(finder)), finder.brokers(0, SITE), finder.brokers(1, SITE),
                {other.master for other in finder.others(0, f"cellar-{RUN}")},
            )  # fmt: skip

    found, of_0, of_1, others = asyncio.run(run())
    assert found == set(masters)
    assert of_0 == [(LOCAL, 1_002), (LOCAL, 1_001)]
    assert of_1 == [(LOCAL, 1_003)]
    assert {name for name in others if name.endswith(RUN)} == {
        f"standby-{RUN}", f"neighbour-{RUN}",
    }  # fmt: skip


def test_a_master_that_takes_its_beacon_back_is_found_no_more():
    async def run():
        async with lan(beacon()) as (finder, (announcer,)):
            await until(finder, lambda: finder.brokers(0, SITE))
            await announcer.close()
            await until(finder, lambda: not ours(finder))
            return finder.brokers(0, SITE)

    assert asyncio.run(run()) == []


def test_a_beacon_tells_when_its_master_begins_to_distribute():
    async def run():
        async with lan(beacon()) as (finder, (announcer,)):
            await until(finder, lambda: ours(finder))
            await announcer.tell(replace(beacon(), epoch=99))
            await until(finder, lambda: ours(finder)[0].epoch == 99)
            return finder.brokers(0, SITE)

    assert asyncio.run(run()) == [(LOCAL, 8_883)]


GOOD = {
    "v": "1", "network": "7", "master": "cellar", "epoch": "3", "site": SITE, "pair": "8884",
}  # fmt: skip


def info(told, hosts=(LOCAL,), port=8_883):
    """What a beacon looks like to its reader."""
    return SimpleNamespace(
        decoded_properties=told, port=port, parsed_addresses=lambda _: list(hosts)
    )


def test_a_beacon_is_read():
    assert read(info(GOOD)) == Beacon("cellar", 7, 3, SITE, LOCAL, 8_883, 8_884)


@pytest.mark.parametrize(
    "changes",
    [
        {"v": "2"}, {"v": None}, {"network": "256"}, {"network": "-1"}, {"network": "٣"},
        {"network": ""}, {"epoch": "9" * 17}, {"epoch": "1e3"}, {"master": "a/b"},
        {"master": ""}, {"site": "a"}, {"site": None}, {"pair": "65536"},
    ],
)  # fmt: skip
def test_a_beacon_with_nonsense_counts_as_none(changes):
    assert read(info({**GOOD, **changes})) is None


@pytest.mark.parametrize("name", sorted(GOOD))
def test_a_beacon_without_one_of_its_words_counts_as_none(name):
    assert read(info({k: v for k, v in GOOD.items() if k != name})) is None


def test_a_beacon_without_address_or_port_counts_as_none():
    assert read(info(GOOD, hosts=())) is None
    assert read(info(GOOD, port=None)) is None


def test_no_more_addresses_than_some_are_tried():
    masters = [beacon(f"m{n:02}", 0, n, port=2_000 + n) for n in range(TRIED_MAX + 2)]

    async def run():
        async with lan(*masters) as (finder, _):
            await until(finder, lambda: len(ours(finder)) == len(masters))
            return finder.brokers(0, SITE)

    tried = asyncio.run(run())
    assert tried == [(LOCAL, 2_000 + n) for n in range(TRIED_MAX + 1, 1, -1)]


@pytest.mark.covers("B-DLM-03", "P100")
@pytest.mark.parametrize("mode, hidden, shown", [
    ("master_standalone", "off", True), ("master_standalone", "on", False),
    ("slave_auto_discovery", "off", False),
])  # fmt: skip
def test_a_master_shows_itself_unless_that_is_disabled(tmp_path, mode, hidden, shown):
    async def run():
        texts = {"dlm_mode": mode, "dlm_disable_discovery": hidden, "dlm_network_id": "7"}
        link = LoadLink(settings(**texts), Place("u1", tmp_path), lambda fact: None)
        link.perform(AnnounceMaster(3))
        return link.beacon()

    beacon = asyncio.run(run())
    assert (beacon is not None) is shown
    if beacon is not None:
        assert (beacon.master, beacon.network, beacon.epoch) == ("u1", 7, 3)
