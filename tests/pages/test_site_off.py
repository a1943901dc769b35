"""The site page where load management is off: it says so, and where to switch it on."""

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.needs_chromium, pytest.mark.xdist_group("pages")]


@pytest.fixture
def station(shared):
    """Nothing that is done here lasts."""
    return shared


def test_where_load_management_is_off_the_site_says_so_and_leads_to_the_setting(person, station):
    page = person.page
    person.signs_in("operator", station)
    person.opens("Site")
    expect(page.get_by_text("Load management is off")).to_be_visible()
    page.get_by_role("link", name="Settings of load management").click()
    setting = page.get_by_label("Dynamic Load Management - DLM Master/Slave", exact=True)
    expect(setting).to_be_focused()
