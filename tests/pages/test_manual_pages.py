"""What the manual's pages show: header and menu, unsaved edits, groups and fields that hide."""

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.needs_chromium, pytest.mark.xdist_group("pages")]
MENU = ["Dashboard", "Network", "Back end", "Authorization", "Whitelists", "Load management",
        "Installation", "System"]  # fmt: skip


@pytest.fixture
def station(shared):
    """Nothing that is done here lasts."""
    return shared


def menu(page):
    return page.get_by_role("navigation", name="Main menu").get_by_role("link").all_inner_texts()


def listed(person):
    """Return what the menu lists, which a phone folds away."""
    fold = person.page.get_by_role("button", name="Menu")
    if person.size == "phone":
        fold.click()
    found = menu(person.page)
    if person.size == "phone":
        fold.click()
    return found


def save(page):
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("No unsaved changes")).to_be_visible()


@pytest.mark.covers("B-ACC-18", "P142", "P146")
def test_header_and_menu_are_those_of_the_manual(person, station):
    page = person.page
    person.signs_in("operator", station)
    header = page.get_by_role("banner")
    expect(header).to_contain_text("Firmware 0.1.0")
    expect(header).to_contain_text("UTC")
    person.opens("Network")
    shown = [name for name in menu(page) if name in MENU]
    if person.size == "desk":
        assert shown == MENU
        page.get_by_label("Language").select_option("nl")
        expect(page.get_by_role("heading", level=1)).to_have_text("Netwerk")
        page.get_by_label("Taal").select_option("en")
        page.get_by_role("button", name="Log out").click()
        expect(page.get_by_role("button", name="Sign in")).to_be_visible()


@pytest.mark.covers("B-ACC-13", "B-ACC-14", "P145")
def test_edits_that_are_not_saved_are_counted_and_can_be_reset(person, station):
    page = person.page
    person.signs_in("operator", station)
    person.opens("Load management")
    limit = page.get_by_label("Operator Current Limit", exact=True)
    expect(page.get_by_text("No unsaved changes")).to_be_visible()
    limit.fill("12")
    expect(page.get_by_text("1 unsaved change", exact=True)).to_be_visible()
    for name in ("Reset all changes", "Save", "Save & Restart"):
        expect(page.get_by_role("button", name=name, exact=True)).to_be_enabled()
    page.get_by_role("button", name="Reset all changes").click()
    expect(limit).to_have_value("16")
    expect(page.get_by_text("No unsaved changes")).to_be_visible()


@pytest.mark.covers("B-ACC-20", "P109")
def test_the_fields_of_an_external_meter_are_there_when_it_is(person, station):
    page = person.page
    person.signs_in("operator", station)
    person.opens("Load management")
    hidden = [page.get_by_text(name, exact=True).first for name in (
        "Main Distribution Limit", "External Load Headroom", "External Load Fallback",
        "External Meter Location",
    )]  # fmt: skip
    for field in hidden:
        expect(field).to_be_hidden()
    page.get_by_label("External Meter Support", exact=True).check()
    for field in hidden:
        expect(field).to_be_visible()


@pytest.mark.covers("B-ACC-19", "P075")
def test_the_whitelists_are_in_the_menu_while_they_are_used(person, station):
    page = person.page
    person.signs_in("operator", station)
    person.opens("Authorization")
    page.get_by_label("Enable local whitelist", exact=True).uncheck()
    save(page)
    assert "Whitelists" not in listed(person)
    page.get_by_label("Enable local whitelist", exact=True).check()
    save(page)
    assert "Whitelists" in listed(person)


@pytest.mark.covers("P026")
def test_what_there_is_to_know_of_the_usb_socket_is_folded_away_at_first(person, station):
    page = person.page
    person.signs_in("operator", station)
    person.opens("Network")
    group = page.get_by_role("region", name="USB", exact=True)
    fold, inside = group.get_by_role("button"), group.get_by_text("http://192.168.123.123")
    expect(fold).to_have_text("Show USB Configuration")
    expect(inside).to_be_hidden()
    fold.click()
    expect(inside).to_be_visible()
    page.reload()
    expect(inside).to_be_visible()  # this browser remembers it, the station does not
    fold.click()
    expect(inside).to_be_hidden()
    expect(page.get_by_text("No unsaved changes")).to_be_visible()


@pytest.mark.covers("P001", "P013")
@pytest.mark.parametrize("button, field", [
    ("Show Modem Configuration", "Access Point Name (APN)"),
    ("Show LAN Configuration", "Network Configuration Mode"),
])  # fmt: skip
def test_a_group_folds_and_unfolds_and_nothing_is_stored(person, station, button, field):
    page = person.page
    person.signs_in("operator", station)
    person.opens("Network")
    fold, inside = page.get_by_role("button", name=button), page.get_by_label(field, exact=True)
    there = inside.is_visible()
    fold.click()
    expect(inside).to_be_visible(visible=not there)
    fold.click()
    expect(inside).to_be_visible(visible=there)
    expect(page.get_by_text("No unsaved changes")).to_be_visible()
