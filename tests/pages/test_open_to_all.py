"""Every page can be used by everybody: axe finds nothing serious, nothing scrolls sideways."""

import pytest
from playwright.sync_api import expect

from tests.node import modules
from tests.pages.conftest import PASSWORD, SIZES, WAIT_S

pytestmark = pytest.mark.needs_chromium
AXE = "axe-core/axe.min.js"
PAGES = {
    "dashboard": "Dashboard", "network": "Network", "backend": "Back end",
    "authorization": "Authorization", "whitelists": "Whitelists",
    "load_management": "Load management", "site": "Site", "installation": "Installation",
    "system": "System",
    "manufacturer": "Manufacturer", "commissioning": "Commissioning", "bench": "Virtual bench",
}  # fmt: skip
FOUND = """async () => (await axe.run(document)).violations
    .filter(one => ['serious', 'critical'].includes(one.impact))
    .map(one => `${one.id}: ${one.nodes[0].html.slice(0, 200)}`)"""
WIDER = "document.documentElement.scrollWidth > innerWidth"


def new_page(browser, size, theme, axe):
    """Return a page into which axe was put: for this alone the content policy is lifted."""
    width, height = size
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=theme, bypass_csp=True,
        reduced_motion="reduce", locale="en-GB",
    )  # fmt: skip
    context.set_default_timeout(WAIT_S * 1_000)
    context.add_init_script(axe)
    return context.new_page()


def sign_in(page, station):
    """Sign in as the role that sees every page; return what was wrong on the way."""
    found, first = page.evaluate(FOUND), station.first("manufacturer")
    page.get_by_role("combobox", name="User", exact=True).select_option("manufacturer")
    page.get_by_label("Password", exact=True).fill(first or PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    if first:
        page.get_by_label("Password used now").wait_for()
        found += page.evaluate(FOUND)
        page.get_by_label("Password used now").fill(first)
        page.get_by_label("New password", exact=True).fill(PASSWORD)
        page.get_by_label("New password again").fill(PASSWORD)
        page.get_by_role("button", name="Change password").click()
    page.get_by_role("heading", name="Dashboard", level=1).wait_for()
    station.changed.add("manufacturer")
    return found


def test_axe_finds_nothing_serious_on_any_page(browser, station, repository):
    axe = modules(repository / "firmware/web/ui") / AXE
    found = []
    for size, theme in ((SIZES["desk"], "light"), (SIZES["phone"], "dark"), ((320, 640), "light")):
        page = new_page(browser, size, theme, axe.read_text())
        page.goto(station.pages)
        page.get_by_label("Password", exact=True).wait_for()
        found += sign_in(page, station)
        for name, title in PAGES.items():
            page.goto(f"{station.pages}/#/{name}")
            page.get_by_role("heading", name=title, level=1).wait_for()
            expect(page.get_by_text("Loading …")).to_have_count(0)
            found += [f"{name}, {size[0]} px, {theme}: {one}" for one in page.evaluate(FOUND)]
            found += [f"{name}: wider than {size[0]} px"] if page.evaluate(WIDER) else []
        page.context.close()
    assert found == []


@pytest.mark.xdist_group("pages")
def test_the_first_page_is_small(browser, shared):
    page = browser.new_page()
    sizes_bytes = []
    page.on("requestfinished", lambda r: sizes_bytes.append(r.sizes()["responseBodySize"]))
    page.goto(shared.pages)
    page.get_by_label("Password", exact=True).wait_for()
    assert sum(sizes_bytes) < 150_000, sizes_bytes
    page.close()


SLOW_TO_DRAW = """
    const later = window.setTimeout;
    window.setTimeout = (act, ms, ...words) => later(act, Math.max(ms ?? 0, 2000), ...words);
    window.requestAnimationFrame = (act) => later(act, 2000);
"""


@pytest.mark.xdist_group("pages")
def test_an_answer_that_is_there_before_the_page_is_drawn_is_shown(browser, shared):
    context = browser.new_context()
    context.add_init_script(SLOW_TO_DRAW)
    page = context.new_page()
    page.goto(shared.pages)
    expect(page.get_by_label("Password", exact=True)).to_be_visible(timeout=20_000)
    context.close()
