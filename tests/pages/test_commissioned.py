"""A new station is taken into service with the pages alone, as an installer does it."""

import pytest
from playwright.sync_api import expect

from tests.pages.conftest import PASSWORD

pytestmark = pytest.mark.needs_chromium
OWNERS = "the owner has a green one"
CARD = "0a0e9b83"
SLOW_MS = 30_000


def step(person, number, name):
    """Wait for a step of the wizard."""
    heading = person.page.get_by_role("heading", name=f"Step {number} of 9: {name}")
    expect(heading).to_be_visible(timeout=SLOW_MS)


def go_on(person):
    """Save a step and go to the next."""
    person.page.get_by_role("button", name="Save and continue").click()


def electrics(person):
    """Country, supply, fuse and rotation."""
    page = person.page
    step(person, 1, "Country")
    page.get_by_role("combobox", name="Country").select_option(label="Netherlands")
    page.get_by_label("UI language", exact=True).select_option(label="English")
    person.keeps("commissioning")
    go_on(person)
    step(person, 2, "Supply")
    page.get_by_label("Power Source Voltage", exact=True).fill("231")
    go_on(person)
    step(person, 3, "Fuse")
    page.get_by_label("Installation Current Limit", exact=True).fill("40")
    go_on(person)
    expect(page.get_by_role("alert").filter(has_text="Not saved")).to_be_visible()
    page.get_by_label("Installation Current Limit", exact=True).fill("25")
    page.get_by_label("Operator Current Limit", exact=True).fill("20")
    go_on(person)
    step(person, 4, "Phase rotation")
    second = page.get_by_label("Phase rotation of the ChargePoint (Connector 2)", exact=True)
    second.select_option(label="STR (L2/L3/L1)")
    go_on(person)


def surroundings(person):
    """Outlets, back end and passwords."""
    page = person.page
    step(person, 5, "Outlets")
    go_on(person)
    step(person, 6, "Back end")
    page.get_by_label("Connection Type", exact=True).select_option(label="None (stand-alone)")
    go_on(person)
    step(person, 7, "Passwords")
    page.get_by_label("Your own password").first.fill(PASSWORD)
    page.get_by_label("New password", exact=True).first.fill(OWNERS)
    page.get_by_label("New password again").first.fill(OWNERS)
    page.get_by_role("button", name="Change password").first.click()
    expect(page.get_by_text("The password was changed.")).to_be_visible()
    go_on(person)


def guided_test(person, station):
    """LED, reader, and at each outlet lock, contactor, sensor and meter."""
    page = person.page
    step(person, 8, "Guided test")
    page.get_by_role("button", name="Begin the test").click()
    page.get_by_role("button", name="Yes, I see it").click()
    rows = page.get_by_role("list").get_by_role("listitem")
    expect(rows.filter(has_text="LED ring")).to_contain_text("passed", timeout=SLOW_MS)
    person.keeps("guided-test")
    station.world(do="swipe", uid="04aabbcc")
    expect(rows.filter(has_text="Card reader")).to_contain_text("passed", timeout=SLOW_MS)
    for outlet in (1, 2):  # the first car stays while the second comes
        station.world(do="plug", outlet=outlet, cable_ma=32_000, car={})
        station.world(do="swipe", uid=CARD, hold_ms=300)
        contactor = rows.filter(has_text=f"Contactor · Outlet {outlet}")
        expect(contactor).to_contain_text("the contacts are closed", timeout=SLOW_MS)
        station.world(do="swipe", uid=CARD, hold_ms=300)
        here = rows.filter(has_text=f"Outlet {outlet}")
        expect(here.filter(has_text="passed")).to_have_count(4, timeout=SLOW_MS)
    go_on(person)


def test_an_installer_takes_a_new_station_into_service(person, station):
    page = person.page
    person.signs_in("installer", station)
    person.allows(CARD)
    person.opens("Commissioning")
    electrics(person)
    step(person, 5, "Outlets")
    page.reload()  # left, and resumed where it was
    surroundings(person)
    guided_test(person, station)
    step(person, 9, "Summary")
    expect(page.get_by_text("Every part passed the guided test.")).to_be_visible()
    expect(page.get_by_text("STR (L2/L3/L1)")).to_be_visible()
    person.keeps("summary")
    page.get_by_role("link", name="Finish commissioning").click()
    page.get_by_role("heading", name="Dashboard", level=1).wait_for()
