"""Address and port of a meter appear with a type on TCP, and go with it."""

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.needs_chromium, pytest.mark.xdist_group("pages")]


@pytest.fixture
def station(shared):
    """Nothing that is done here lasts."""
    return shared


@pytest.mark.covers("B-MET-01", "P110", "P111", "P112")
def test_address_and_port_of_the_external_meter_appear_with_a_type_on_tcp(person, station):
    page = person.page
    person.signs_in("operator", station)
    person.opens("Load management")
    address = page.get_by_label("IP address of second meter", exact=True)
    port = page.get_by_label("Modbus TCP port number of second meter", exact=True)
    page.get_by_label("External Meter Support", exact=True).check(force=True)
    kind = page.get_by_label("Meter configuration (Second)", exact=True)
    expect(kind).to_have_value("none")
    expect(address).to_have_count(0)
    kind.select_option("siemens_7km2200_tcp")
    expect(address).to_be_visible()
    expect(port).to_have_value("502")
    person.keeps("external-meter")
    kind.select_option("none")
    expect(address).to_have_count(0)
    expect(port).to_have_count(0)
