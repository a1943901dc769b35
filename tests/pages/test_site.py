"""The site page: who shares the current of a site, who waits and why; a station joins by a code."""

import re
import socket

import pytest
from playwright.sync_api import expect

from tests.node import modules
from tests.pages.conftest import SIZES, running
from tests.pages.test_open_to_all import AXE, FOUND, WIDER, new_page, sign_in

pytestmark = pytest.mark.needs_chromium
PASSWORD = "a quiet blue wallbox"
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


@pytest.fixture
def port():
    """The master's port; the network id follows from it, for others test on this machine too."""
    return free_ports()


@pytest.fixture
def network(port):
    return f"dlm_network_id={port % 255 + 1}"


@pytest.fixture
def tree():
    """No fuse but that of the whole site."""
    return ""


@pytest.fixture
def sets(port, network, tree):
    """A master whose cars share 12 A on each phase."""
    return (
        "dlm_mode=master_internal_slave", f"dlm_port={port}", network, "dlm_sample_rate=5",
        "dlm_operator_evse_subdistribution_limit=12/12/12", f"dlm_fuses={tree}", *FREE,
    )  # fmt: skip


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
    person.signs_in("user", PASSWORD, first=station.labels["user"])
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


@pytest.mark.covers("B-ACC-24")
def test_the_dashboard_of_a_master_lists_its_slaves_with_what_they_draw(person, station):
    person.signs_in("operator", PASSWORD, first=station.labels["operator"])
    group = person.page.get_by_role("group", name="Stations of the group")
    rows = group.get_by_role("row")
    expect(rows).to_have_count(3, timeout=SLOW_MS)
    expect(rows.nth(2)).to_contain_text("No car")
    station.world(do="plug", outlet=1, cable_ma=32_000, car=CAR)
    expect(rows.nth(1)).to_contain_text("12.0 A / 12.0 A / 12.0 A", timeout=SLOW_MS)
    expect(rows.nth(1)).to_contain_text("Charges")
    group.scroll_into_view_if_needed()
    person.keeps("site-group")


def test_the_site_says_why_in_the_language_of_the_person(person, station):
    page = person.page
    person.signs_in("user", PASSWORD, first=station.labels["user"])
    person.opens("Site")
    expect(page.get_by_text("L1 leaves 12 A to the cars: operator limit")).to_be_visible(
        timeout=SLOW_MS
    )
    menu = page.get_by_role("button", name="Menu")
    if menu.is_visible():
        menu.click()
    choice = page.get_by_role("combobox", name=re.compile("^(Language|Sprache|Langue|Taal)$"))
    said = {
        "de": "L1 lässt den Fahrzeugen 12 A: Betreibergrenze",
        "fr": "L1 laisse 12 A aux véhicules : limite exploitant",
        "nl": "L1 laat de voertuigen 12 A: limiet van de exploitant",
    }
    for language, sentence in said.items():
        choice.select_option(language)
        expect(page.get_by_text(sentence)).to_be_visible()


@pytest.mark.parametrize("tree", ["garage 16/16/16;row-2 10/10/10 behind garage"])
def test_fuses_behind_fuses_stand_under_them(person, station, tree):
    page = person.page
    person.signs_in("user", PASSWORD, first=station.labels["user"])
    person.opens("Site")
    within = page.get_by_role("region", name="Fuses").get_by_role("listitem")
    third = within.filter(has_text="Fuse site").get_by_role("listitem").filter(
        has_text="Fuse garage").get_by_role("listitem")  # fmt: skip
    row = third.get_by_role("table", name="Fuse row-2").get_by_role("row")
    expect(row.nth(3)).to_have_text("L30 A10 A10 A", timeout=SLOW_MS)
    outlets = page.get_by_role("table", name="Outlets").get_by_role("row")
    expect(outlets.nth(1)).to_contain_text("Fuse site")
    assert not page.evaluate(WIDER)


@pytest.mark.covers("P122")
def test_silent_stations_are_forgotten_after_a_question(person, station):
    page = person.page
    person.signs_in("operator", PASSWORD, first=station.labels["operator"])
    person.opens("Site")
    page.get_by_role("button", name="Forget silent stations").click()
    question = page.get_by_role("dialog", name="Forget silent stations?")
    expect(question).to_contain_text("Only for stations that are gone")
    person.keeps("site-forget")
    question.get_by_role("button", name="Forget them").click()
    done = page.get_by_text("Every station that is known is heard; nothing is forgotten")
    expect(done).to_be_visible()
    person.opens("Load management")
    expect(page.get_by_role("button", name="Forget silent stations")).to_be_visible()


@pytest.mark.needs_mosquitto
@pytest.mark.covers("B-ACC-24")
def test_a_station_joins_by_the_code_that_the_installer_opens(
    person, station, repository, tmp_path, port, network
):
    page = person.page
    person.signs_in("installer", PASSWORD, first=station.labels["installer"])
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
        "dlm_mode=slave_fixed_ip", f"dlm_master_address=127.0.0.1:{port}", network, *FREE,
        "ocpp_chargebox_identity=attic",
    )  # fmt: skip
    with running(repository, tmp_path / "slave", slave_sets) as slave:
        page.route("**/api/v1/pairing", lambda route: seen(route, port + 1))
        page.goto(slave.pages)
        person.signs_in("installer", PASSWORD, first=slave.labels["installer"])
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
        person.signs_in("installer", PASSWORD)
        group = page.get_by_role("group", name="Stations of the group")
        expect(group.get_by_role("row", name="attic 2 No car")).to_be_visible(timeout=SLOW_MS)


def test_axe_finds_nothing_serious_on_the_site_of_a_master(browser, station, repository):
    axe = modules(repository / "firmware/web/ui") / AXE
    station.world(do="plug", outlet=1, cable_ma=32_000, car=CAR)
    found, first = [], station.labels["manufacturer"]
    for size, theme in ((SIZES["desk"], "light"), (SIZES["phone"], "dark"), ((320, 640), "light")):
        page = new_page(browser, size, theme, axe.read_text())
        page.goto(station.pages)
        page.get_by_label("Password", exact=True).wait_for()
        sign_in(page, PASSWORD, first)
        first = ""
        page.goto(f"{station.pages}/#/site")
        page.get_by_role("button", name=re.compile("Show a code|Another code")).click()
        page.get_by_role("status", name="Code").wait_for()
        page.get_by_role("table", name="Outlets").wait_for()
        found += [f"{size[0]} px, {theme}: {one}" for one in page.evaluate(FOUND)]
        found += [f"wider than {size[0]} px"] if page.evaluate(WIDER) else []
        page.context.close()
    assert found == []


@pytest.mark.parametrize("sets", [()])
def test_where_load_management_is_off_the_site_says_so_and_leads_to_the_setting(person, station):
    page = person.page
    person.signs_in("operator", PASSWORD, first=station.labels["operator"])
    person.opens("Site")
    expect(page.get_by_text("Load management is off")).to_be_visible()
    page.get_by_role("link", name="Settings of load management").click()
    setting = page.get_by_label("Dynamic Load Management - DLM Master/Slave", exact=True)
    expect(setting).to_be_focused()
