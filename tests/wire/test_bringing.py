"""Parts of a package in their order, and out of it: what the station takes and says."""

import asyncio
import base64
from types import SimpleNamespace

import pytest

from firmware import VERSION
from firmware.apps.incoming import PART, Incoming
from firmware.model.transfers import PACKAGE_MAX_BYTES, PART_MAX_BYTES, PackageBrought
from tests.wire.packages import NEWER, keys_in, package


class Bringer:
    """Somebody at the page, and a station that has an update of its own where `busy`."""

    def __init__(self, folder):
        self.updating, self.posted, self.folder = False, [], folder / "updates"
        self.folder.mkdir()
        transfers = SimpleNamespace(update=lambda: None, updating=False)
        self.transfers = transfers
        station = SimpleNamespace(transfers=transfers)
        self.incoming = Incoming(self.folder, keys_in(folder / "keys"), station, self.posted.append)

    def do(self, command, **words):
        return asyncio.run(self.incoming.commands[command](words))

    def begin(self, size, name="powerstation_0.2.0_all.deb"):
        return self.do("update_begin", name=name, bytes=size)

    def part(self, at, block):
        return self.do("update_part", at=at, data=base64.b64encode(block).decode())

    def stage(self):
        return self.do("update")["update"]["stage"]


@pytest.fixture
def bringer(tmp_path):
    one = Bringer(tmp_path)
    yield one
    one.incoming.close()


@pytest.mark.covers("P139")
def test_a_package_in_three_parts_is_looked_at_and_ordered(bringer, tmp_path):
    whole = package(tmp_path, NEWER).read_bytes()
    third = len(whole) // 3
    assert bringer.begin(len(whole))["update"]["stage"] == "receiving"
    assert bringer.part(0, whole[:third])["update"]["received"] == third
    assert bringer.part(0, whole[:third])["update"]["received"] == third  # an answer got lost
    bringer.part(third, whole[third : 2 * third])
    bringer.part(0, whole[:third])
    told = bringer.part(2 * third, whole[2 * third :])["update"]
    assert (told["stage"], told["version"], told["signer"]) == ("ready", NEWER, "maker")
    bringer.do("update_install")
    assert (bringer.folder / "firmware.bin").read_bytes() == whole
    assert [type(one) for one in bringer.posted] == [PackageBrought]
    assert bringer.posted[0].version == NEWER


@pytest.mark.covers("P139")
@pytest.mark.parametrize("made, said", [
    ({"key": None}, "the package is not signed"),
    ({"version": "0.0.1"}, f"version 0.0.1 is not newer than {VERSION}"),
    ({"name": "other"}, "this is the package other"),
])  # fmt: skip
def test_what_cannot_be_installed_is_refused_and_nothing_of_it_is_kept(
    bringer, tmp_path, made, said
):
    whole = package(tmp_path, **{"version": NEWER} | made).read_bytes()
    bringer.begin(len(whole))
    told = bringer.part(0, whole)["update"]
    assert told["stage"] == "refused" and said in told["problem"]
    assert list(bringer.folder.iterdir()) == []
    assert bringer.do("update_install")["errors"] == ["bring a package first"]
    assert bringer.posted == []


@pytest.mark.parametrize("name, size, said", [
    ("notes.txt", 100, "'notes.txt' is no package (*.deb)"),
    ("a.deb", PACKAGE_MAX_BYTES + 1, f"the file has {PACKAGE_MAX_BYTES + 1} bytes, there is room"),
    ("a.deb", 0, "a name and a number of bytes are needed"),
    ("a.deb", True, "a name and a number of bytes are needed"),
])  # fmt: skip
def test_what_cannot_begin_says_why(bringer, name, size, said):
    assert bringer.begin(size, name)["errors"][0].startswith(said)
    assert bringer.stage() == "none"


def test_parts_out_of_order_or_too_long_are_refused_and_harm_nothing(bringer):
    assert bringer.part(0, b"x")["errors"] == ["begin anew"]
    bringer.begin(110_000)
    assert bringer.part(5, b"x")["errors"] == ["the next part begins at 0"]
    assert "longer" in bringer.part(0, bytes(PART_MAX_BYTES + 1))["errors"][0]
    assert bringer.do("update_part", at=0, data="?")["errors"] == ["this part is no base64"]
    bringer.part(0, bytes(90_000))
    assert "longer" in bringer.part(90_000, bytes(20_001))["errors"][0]
    assert bringer.do("update")["update"]["received"] == 90_000
    assert (bringer.folder / PART).stat().st_size == 90_000


def test_while_an_update_is_under_way_no_other_begins(bringer):
    bringer.transfers.updating = True
    told = bringer.begin(100)
    assert (told["code"], told["errors"]) == ("conflict", ["an update is under way"])


def test_what_is_dropped_is_gone(bringer):
    bringer.begin(100)
    bringer.part(0, b"x")
    bringer.do("update_drop")
    assert bringer.stage() == "none" and list(bringer.folder.iterdir()) == []


def test_what_is_dropped_while_a_part_is_written_stays_dropped_and_the_next_begins(bringer):
    async def meanwhile():
        part, drop, begin = (bringer.incoming.commands[f"update_{n}"] for n in
                             ("part", "drop", "begin"))  # fmt: skip
        data = base64.b64encode(bytes(50)).decode()
        await asyncio.gather(
            part({"at": 0, "data": data}), drop({}), begin({"name": "b.deb", "bytes": 70})
        )

    bringer.begin(100)
    asyncio.run(meanwhile())
    told = bringer.part(0, bytes(30))["update"]
    assert (told["name"], told["received"], told["stage"]) == ("b.deb", 30, "receiving")
    assert (bringer.folder / PART).stat().st_size == 30


@pytest.mark.covers("P139")
def test_an_order_that_is_given_twice_at_once_is_given_once(bringer, tmp_path):
    whole = package(tmp_path, NEWER).read_bytes()
    bringer.begin(len(whole))
    bringer.part(0, whole)

    async def twice():
        install = bringer.incoming.commands["update_install"]
        return await asyncio.gather(install({}), install({}))

    assert [told["ok"] for told in asyncio.run(twice())] == [True, False]
    assert len(bringer.posted) == 1


def test_a_disk_that_takes_nothing_is_a_sentence(bringer):
    bringer.begin(100)
    (bringer.folder / PART).unlink()
    (bringer.folder / PART).mkdir()
    told = bringer.part(0, b"x")["update"]
    assert told["stage"] == "refused" and "Is a directory" in told["problem"]


def test_what_an_earlier_start_has_left_is_gone(bringer, tmp_path):
    bringer.begin(100)
    Incoming(bringer.folder, (), SimpleNamespace(), print).close()
    assert list(bringer.folder.iterdir()) == []
