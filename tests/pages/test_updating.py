"""A person brings a firmware at the page System; root, whom the test plays, installs it."""

import pytest
from playwright.sync_api import expect

from firmware import VERSION
from firmware.apps.admind import main as admind
from firmware.io.packages import installed_version
from tests.pages.test_site import FREE
from tests.wire.packages import NEWER, keys_in, package, system

pytestmark = pytest.mark.needs_chromium
WAIT_S = 30


@pytest.fixture
def sets():
    return FREE


def colours(station):
    """Return how many colours the ring shows: an update has three at once, no other has."""
    return len(set(station.world(do="look")["led"]))


def by_root(tmp_path, root, keys):
    """Return what the unit would say, for a system of its own."""
    said = ("--state", tmp_path, "--work", tmp_path / "work", "--root", root, "--keys", keys[0])
    return ["install", *map(str, said)]


@pytest.mark.covers("P139", "B-UPD-02", "B-UPD-03")
def test_a_package_is_brought_looked_at_and_installed_once_no_car_charges(
    person, station, tmp_path
):
    page = person.page
    keys = keys_in(tmp_path / "keys")
    (tmp_path / "packages").mkdir()
    unsigned = package(tmp_path / "packages", "9.9", key=None)
    good = package(tmp_path / "packages", NEWER, padding_bytes=1 << 20)
    root = system(tmp_path / "root", package(tmp_path / "packages", VERSION))

    person.signs_in("operator", station)
    station.world(do="plug", outlet=1, cable_ma=32_000, car={"max_ma": 16_000})
    expect(person.outlet(1)).to_contain_text("Charging", timeout=WAIT_S * 1_000)

    person.opens("System")
    group = page.get_by_role("region", name="Firmware Update", exact=True)
    expect(group).to_contain_text(f"This station runs firmware {VERSION}.")
    group.get_by_label("Choose a package (.deb)").set_input_files(unsigned)
    expect(group).to_contain_text("powerstation_9.9.deb cannot be installed")
    expect(group).to_contain_text("The package is not signed")

    group.get_by_label("Choose a package (.deb)").set_input_files(good)
    expect(group).to_contain_text(f"version {NEWER}, signed by maker")
    group.get_by_role("button", name="Install").click()
    dialog = page.get_by_role("dialog", name=f"Install version {NEWER}?")
    dialog.get_by_role("button", name="Install").click()
    expect(group).to_contain_text("It waits until no car is charging")
    assert not (tmp_path / "updates/ready").exists()

    station.world(do="unplug", outlet=1, force=True)
    expect(group).to_contain_text("It is being installed", timeout=WAIT_S * 1_000)
    person.keeps("update")
    assert colours(station) == 3
    assert admind(by_root(tmp_path, root, keys)) == 0
    assert installed_version(root) == NEWER


@pytest.mark.covers("P139", "B-UPD-07")
def test_what_root_refuses_is_told_and_the_outlets_open_again(person, station, tmp_path):
    page = person.page
    keys = keys_in(tmp_path / "keys")
    (tmp_path / "packages").mkdir()
    root = system(tmp_path / "root", package(tmp_path / "packages", "99.0"))
    person.signs_in("operator", station)
    person.opens("System")
    group = page.get_by_role("region", name="Firmware Update", exact=True)
    group.get_by_label("Choose a package (.deb)").set_input_files(
        package(tmp_path / "packages", NEWER)
    )
    group.get_by_role("button", name="Install").click()
    page.get_by_role("dialog").get_by_role("button", name="Install").click()
    expect(group).to_contain_text("It is being installed", timeout=WAIT_S * 1_000)
    assert admind(by_root(tmp_path, root, keys)) == 1
    expect(group).to_contain_text("The update was not installed")
    expect(group).to_contain_text(f"Version {NEWER} is not newer than 99.0, which is installed")
    assert colours(station) < 3
    expect(group.get_by_label("Choose a package (.deb)")).to_be_enabled()
