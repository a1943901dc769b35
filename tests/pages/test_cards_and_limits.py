"""A card is learned and charges; the limit is changed while it does."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.needs_chromium
CARD = "0a0e9b83"
SLOW_MS = 30_000


def learn(person, station, card):
    """Add a card by holding it to the reader."""
    page = person.page
    person.opens("Whitelists")
    page.get_by_role("button", name="Add entry").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Hold one card after the other")
    station.world(do="swipe", uid=card, hold_ms=300)
    added = dialog.get_by_role("list", name="Added now")
    expect(added).to_contain_text(card, timeout=SLOW_MS)
    person.keeps("learn")
    dialog.get_by_role("button", name="Finish").click()
    expect(page.get_by_role("list", name="Local whitelist")).to_contain_text(card)


def charge(person, station, card):
    """Plug a car in and hold the card to the reader, until it charges."""
    person.opens("Dashboard")
    station.world(do="plug", outlet=1, cable_ma=32_000, car={"max_ma": 32_000})
    expect(person.outlet(1)).to_contain_text("Plugged in", timeout=SLOW_MS)
    station.world(do="swipe", uid=card)
    expect(person.outlet(1)).to_contain_text("Charging", timeout=SLOW_MS)


def test_a_card_is_learned_at_the_reader_and_may_charge(person, station):
    person.signs_in("operator", station)
    learn(person, station, CARD)
    charge(person, station, CARD)
    expect(person.outlet(1)).to_contain_text(CARD)
    person.opens("Whitelists")
    person.page.get_by_role("button", name=f"Remove {CARD}").click()
    expect(person.page.get_by_text("The list is empty.")).to_be_visible()


def test_a_limit_changed_during_a_charge_acts_at_once(person, station):
    page = person.page
    person.signs_in("operator", station)
    learn(person, station, CARD)
    charge(person, station, CARD)
    expect(person.outlet(1)).to_contain_text("16 A, set by the operator", timeout=SLOW_MS)
    person.opens("Load management")
    limit = page.get_by_label("Operator Current Limit", exact=True)
    limit.fill("99")
    page.get_by_role("button", name="Save", exact=True).click()
    wrong = page.get_by_role("region", name="What is not right yet")
    expect(wrong).to_contain_text("6 to 80 A")
    person.keeps("refused")
    limit.fill("10")
    page.get_by_role("button", name="Save", exact=True).click()
    review = page.get_by_role("dialog")
    expect(review.get_by_role("row", name="Operator Current Limit 16 A 10 A")).to_be_visible()
    person.keeps("review")
    review.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("No unsaved changes")).to_be_visible()
    person.opens("Dashboard")
    expect(person.outlet(1)).to_contain_text("10 A, set by the operator", timeout=SLOW_MS)
    expect(person.outlet(1)).to_contain_text("10.0 / 10.0 / 10.0", timeout=SLOW_MS)
    person.keeps("dashboard")
