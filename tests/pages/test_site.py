"""The site page of a master that shares its fuse, and of a station that joins it by a code."""

import re
import socket

import pytest
from playwright.sync_api import expect

from tests.pages.conftest import running

pytestmark = pytest.mark.needs_chromium
SLOW_MS = 40_000  # a master listens for 5 s before it begins, and the page asks every 5 s
CAR = {"max_ma": 32_000, "phases": 3}
FREE = ("free_charging=on", "free_charging_mode=no_ocpp")


def free_ports():
    """Return a port of which the next one is free too: the broker's, and that of a code."""
    while True:
        with socket.socket() as one, socket.socket() as two:
            one.bind(("127.0.0.1", 0))
            port = one.getsockname()[1]
            try:
                two.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port


def network_of(port):
    """The network id follows from the master's port, for others test on this machine too."""
    return f"dlm_network_id={port % 255 + 1}"


@pytest.fixture
def port():
    """The master's port."""
    return free_ports()


def master_at(port, fuses=""):
    """Return the settings of a master whose cars share 12 A on each phase."""
    return (
        "dlm_mode=master_internal_slave", f"dlm_port={port}", network_of(port), "dlm_sample_rate=5",
        "dlm_operator_evse_subdistribution_limit=12/12/12", f"dlm_fuses={fuses}", *FREE,
    )  # fmt: skip


@pytest.fixture
def sets(port):
    return master_at(port)


def seen(route, port):
    """Let the station find one more master: multicast may be cut where this runs."""
    found = route.fetch().json()
    found["masters"] = [
        {"master": "cellar", "network": 0, "host": "127.0.0.1", "port": port},
        *found["masters"],
    ]
    route.fulfill(json=found)


def test_a_master_shows_who_shares_its_fuse_who_waits_and_why(person, station):
    page = person.page
    person.signs_in("user", station)
    person.opens("Site")
    expect(page.get_by_text("1 station known")).to_be_visible(timeout=SLOW_MS)
    rows = page.get_by_role("table", name="Outlets").get_by_role("row")
    expect(rows).to_have_count(3, timeout=SLOW_MS)  # with the head
    expect(rows.nth(1)).to_contain_text("No car wants current here")
    station.world(do="plug", outlet=1, cable_ma=32_000, car=CAR)
    full = "Fuse site on L1 is full; it rises when the fuse may carry more"
    expect(rows.nth(1)).to_contain_text(full, timeout=SLOW_MS)
    expect(rows.nth(1)).to_contain_text("12.0 / 12.0 / 12.0 A", timeout=SLOW_MS)
    expect(rows.nth(1)).to_contain_text("Charges")
    fuse = page.get_by_role("table", name="Fuse site")
    expect(fuse.get_by_role("row", name=re.compile("^L3 12 A 12 A 20 A$"))).to_be_visible()
    expect(page.get_by_text("L1 leaves 12 A to the cars: operator limit")).to_be_visible()
    station.world(do="plug", outlet=2, cable_ma=32_000, car=CAR)
    waits = "lacks 2 A for its minimum beside those whose turn it is"
    expect(rows.nth(2)).to_contain_text(waits, timeout=SLOW_MS)
    expect(rows.nth(2)).to_contain_text(re.compile(r"Waits.*\d+ s"))
    person.keeps("site")
    chart = page.get_by_role("region", name="The last hours")
    chart.get_by_role("button", name="L2").click()
    expect(chart.get_by_role("img", name=re.compile("on L2; now .* drawn"))).to_be_visible()
    chart.scroll_into_view_if_needed()
    person.keeps("site-hours")


@pytest.mark.needs_mosquitto
@pytest.mark.covers("B-ACC-24")
def test_a_station_joins_by_the_code_that_the_installer_opens(
    person, station, repository, tmp_path, port
):
    page = person.page
    person.signs_in("installer", station)
    person.opens("Site")
    expect(page.get_by_text("1 station known")).to_be_visible(timeout=SLOW_MS)
    page.get_by_role("button", name="Show a code").click()
    shown = page.get_by_role("status", name="Code")
    expect(shown).to_have_text(re.compile(r"^\d{4} \d{4}$"))
    expect(page.get_by_text(re.compile(r"Good for (10:00|9:\d\d) more"))).to_be_visible()
    person.keeps("site-code")
    code = shown.inner_text()
    (tmp_path / "slave").mkdir()
    slave_sets = (
        "dlm_mode=slave_fixed_ip", f"dlm_master_address=127.0.0.1:{port}", network_of(port), *FREE,
        "ocpp_chargebox_identity=attic",
    )  # fmt: skip
    with running(repository, tmp_path / "slave", slave_sets) as slave:
        page.route("**/api/v1/pairing", lambda route: seen(route, port + 1))
        page.goto(slave.pages)
        person.signs_in("installer", slave)
        person.opens("Site")
        page.get_by_role("button", name="Choose cellar").click()
        expect(page.get_by_label("Address of the master")).to_have_value("127.0.0.1")
        page.unroute_all(behavior="wait")
        expect(page.get_by_role("button", name="Choose cellar")).to_have_count(0)
        page.get_by_label("Code", exact=True).fill("0000 000")
        page.get_by_role("button", name="Join", exact=True).click()
        expect(page.get_by_text("The code has eight digits.")).to_be_visible()
        wrong = "0000 0000" if code != "0000 0000" else "1111 1111"
        page.get_by_label("Code", exact=True).fill(wrong)
        page.get_by_role("button", name="Join", exact=True).click()
        refused = "This station has not joined: the other side has hung up; the code may be wrong"
        expect(page.get_by_text(refused)).to_be_visible(timeout=SLOW_MS)
        person.keeps("site-join")
        page.get_by_label("Code", exact=True).fill(code)
        page.get_by_role("button", name="Join", exact=True).click()
        expect(page.get_by_text("This station has joined the site")).to_be_visible(timeout=SLOW_MS)
        expect(page.get_by_text("its master answers")).to_be_visible(timeout=SLOW_MS)
        page.goto(station.pages)
        page.get_by_label("Password", exact=True).wait_for()
        person.signs_in("installer", station)
        group = page.get_by_role("group", name="Stations of the group")
        expect(group.get_by_role("row", name="attic 2 No car")).to_be_visible(timeout=SLOW_MS)
