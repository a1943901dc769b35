"""A fault is read: what it is, where, what to do, and that it is over."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.needs_chromium
SLOW_MS = 30_000


def test_a_fault_says_what_it_is_and_what_to_do_and_goes_when_it_is_over(person, station):
    person.signs_in("operator", station)
    station.world(do="plug", outlet=1, cable_ma=32_000, car={})
    expect(person.outlet(1)).to_contain_text("Plugged in", timeout=SLOW_MS)
    station.world(do="residual", outlet=1, dc_ma=8, ac_ma=0)
    station.world(do="input", name="spd", active=True)
    faults = person.page.get_by_role("region", name="Faults")
    residual = faults.get_by_role("article").filter(has_text="F01")
    expect(residual).to_contain_text("Residual current detected via sensor", timeout=SLOW_MS)
    expect(residual).to_contain_text("Outlet 1")
    expect(residual).to_contain_text("check car and cable")
    surge = faults.get_by_role("article").filter(has_text="F07")
    expect(surge).to_contain_text("Replace the surge protection device.", timeout=SLOW_MS)
    expect(person.outlet(1)).to_contain_text("No charging", timeout=SLOW_MS)
    person.keeps("fault")
    station.world(do="residual", outlet=1, dc_ma=0, ac_ma=0)
    station.world(do="unplug", outlet=1, force=True)
    station.world(do="input", name="spd", active=False)
    expect(faults.get_by_role("article")).to_have_count(0, timeout=SLOW_MS)
    expect(person.outlet(1)).to_contain_text("Nothing is plugged in", timeout=SLOW_MS)
