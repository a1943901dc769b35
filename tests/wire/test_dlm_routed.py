"""Load management across a router: processes in namespaces, a fixed address, the route cut."""

import asyncio

import pytest

from tools.measure import routed

pytestmark = [pytest.mark.needs_mosquitto, pytest.mark.needs_namespaces]


def test_a_station_in_another_subnet_gets_its_share_and_falls_when_the_route_is_cut(
    record_property,
):
    """Every limit is waited for; one that never comes into force ends the wait by an error."""
    taken_ms = asyncio.run(routed.measure(lambda text: None))
    assert list(taken_ms) == [routed.START, routed.CUT, routed.LEFT, routed.BACK]
    assert taken_ms[routed.CUT] <= taken_ms[routed.LEFT], "what it left was taken before"
    for what, ms in taken_ms.items():
        record_property("figure", f"across a router, {what}: {ms:,} ms")
