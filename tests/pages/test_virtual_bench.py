"""The virtual bench: a whole charge by its buttons, and a fault by another."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.needs_chromium
CARD = "0a0e9b83"
SLOW_MS = 30_000


def test_a_charge_and_a_fault_are_played_by_the_buttons_of_the_bench(person, station):
    page = person.page
    person.signs_in("operator", station)
    person.allows(CARD)
    person.opens("Virtual bench")
    picture = page.get_by_role("region", name="The station")
    page.get_by_role("button", name="Plug in with a car").click()
    expect(page.get_by_role("button", name="Unplug", exact=True)).to_be_visible(timeout=SLOW_MS)
    page.get_by_label("Number of the card (hex)").fill(CARD)
    page.get_by_role("button", name="Swipe card").click()
    closed = picture.get_by_role("img", name="Outlet 1: Charging, plugged in, Contactor closed")
    expect(closed).to_be_visible(timeout=SLOW_MS)
    drawn = page.get_by_role("region", name="Contactor and current, 20 s")
    expect(drawn).to_contain_text("drawn 16.0 A", timeout=SLOW_MS)
    pilot = page.get_by_role("region", name="Control pilot")
    expect(pilot).to_contain_text("6.0 V / -12.0 V, 1 kHz", timeout=SLOW_MS)
    person.keeps("bench")
    pilot.scroll_into_view_if_needed()
    person.keeps("bench-scope")
    page.get_by_role("button", name="Residual current 8 mA DC").click()
    opened = picture.get_by_role("img", name="Outlet 1: Fault, plugged in, Contactor open")
    expect(opened).to_be_visible(timeout=SLOW_MS)
    page.get_by_role("button", name="Residual current 8 mA DC").click()
    person.keeps("bench-fault")
