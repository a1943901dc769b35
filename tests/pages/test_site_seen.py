"""The site of a master, looked at: its slaves, its fuses and why, in four languages, by axe."""

import re

import pytest
from playwright.sync_api import expect

from tests.node import modules
from tests.pages.conftest import SIZES, running
from tests.pages.test_open_to_all import AXE, FOUND, WIDER, new_page, sign_in
from tests.pages.test_site import CAR, SLOW_MS, free_ports, master_at

pytestmark = pytest.mark.needs_chromium
FUSES = "garage 16/16/16;row-2 10/10/10 behind garage"


@pytest.fixture
def station(repository, tmp_path):
    """A master with fuses behind fuses, for one test: a plug that leaves takes its time."""
    with running(repository, tmp_path, master_at(free_ports(), FUSES)) as made:
        yield made


@pytest.fixture
def plug(station):
    """Put a car at outlet 1."""
    return lambda: station.world(do="plug", outlet=1, cable_ma=32_000, car=CAR)


@pytest.mark.covers("B-ACC-24")
def test_the_dashboard_of_a_master_lists_its_slaves_with_what_they_draw(person, station, plug):
    person.signs_in("operator", station)
    group = person.page.get_by_role("group", name="Stations of the group")
    rows = group.get_by_role("row")
    expect(rows).to_have_count(3, timeout=SLOW_MS)
    expect(rows.nth(2)).to_contain_text("No car")
    plug()
    expect(rows.nth(1)).to_contain_text("12.0 A / 12.0 A / 12.0 A", timeout=SLOW_MS)
    expect(rows.nth(1)).to_contain_text("Charges")
    group.scroll_into_view_if_needed()
    person.keeps("site-group")


def test_the_site_says_why_in_the_language_of_the_person(person, station):
    page = person.page
    person.signs_in("user", station)
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


def test_fuses_behind_fuses_stand_under_them(person, station):
    page = person.page
    person.signs_in("user", station)
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
    person.signs_in("operator", station)
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


def test_axe_finds_nothing_serious_on_the_site_of_a_master(browser, station, plug, repository):
    axe = modules(repository / "firmware/web/ui") / AXE
    plug()
    found = []
    for size, theme in ((SIZES["desk"], "light"), (SIZES["phone"], "dark"), ((320, 640), "light")):
        page = new_page(browser, size, theme, axe.read_text())
        page.goto(station.pages)
        page.get_by_label("Password", exact=True).wait_for()
        sign_in(page, station)
        page.goto(f"{station.pages}/#/site")
        page.get_by_role("button", name=re.compile("Show a code|Another code")).click()
        page.get_by_role("status", name="Code").wait_for()
        page.get_by_role("table", name="Outlets").wait_for()
        found += [f"{size[0]} px, {theme}: {one}" for one in page.evaluate(FOUND)]
        found += [f"wider than {size[0]} px"] if page.evaluate(WIDER) else []
        page.context.close()
    assert found == []
