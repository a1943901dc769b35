"""What the catalogue says of a lost power, one story a line, in virtual time."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from firmware.sim.backend import Backend
from firmware.sim.loop import VirtualLoop
from firmware.sim.station import SimPlan, SimStation
from firmware.storage import rows
from hal.board import load_board

BOARD = load_board(Path(__file__).parents[2] / "boards" / "mock.toml")
CAR = {"battery_wh": 60_000, "soc_percent": 0, "phases": 1}
ON, OFF = "on", "off"


def charging(loop, resume):
    """Return a station that charges a car since 20 s on outlet 1, and its back end."""
    me = SimpleNamespace(calls=[])

    def frame(_station, direction, text, _at):
        if direction == "up" and text.startswith("[2"):
            me.calls.append(json.loads(text)[2:])

    start = datetime(2026, 3, 1, tzinfo=UTC)
    me.backend = Backend(lambda: start + timedelta(seconds=loop.time()), on_frame=frame)
    settings = {
        "restart_transaction_after_power_loss": resume,
        "ocpp:MeterValueSampleInterval": "30",
    }
    zero_ms = int(start.timestamp() * 1_000)
    plan = SimPlan("CP1", BOARD, 1, "cp1.lan", settings=settings, utc_at_zero_ms=zero_ms)
    me.station = SimStation(loop, plan)
    loop.run_until_complete(me.backend.start("", plan.port))
    me.station.power_on()
    until(loop, 10)
    me.station.act("plug", outlet=1, cable_ma=32_000, car=CAR)
    me.station.act("swipe", uid="0a0e9b83")
    until(loop, 20)
    assert closed(me)
    me.told = lambda action: [payload for name, payload in me.calls if name == action]
    me.booked = me.backend.ledger("CP1").transactions
    return me


def until(loop, second):
    """Let the world go on until this second."""
    done = loop.create_future()
    loop.call_at(second, done.set_result, None)
    loop.run_until_complete(done)


def closed(me):
    """Tell whether the contactor of outlet 1 is closed."""
    return me.station.world.sample(1).contactor_closed


@pytest.fixture
def loop():
    loop = VirtualLoop()
    yield loop
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
    loop.close()


@pytest.mark.covers("B-OCP-31")
def test_with_resumption_the_transaction_goes_on_and_what_waited_is_sent_again(loop):
    me = charging(loop, ON)
    loop.network.cut("cp1.lan")
    until(loop, 120)
    waiting = rows.memory(me.station.database.query).outbox
    assert [entry.kind for entry in waiting] == ["meter"] * 3
    me.station.act("power", off_ms=10_000)
    loop.network.heal("cp1.lan")
    until(loop, 300)
    assert closed(me)
    (one,) = me.booked
    assert (one.id, one.token, one.stopped) == (1, "0a0e9b83", None)
    assert len(me.told("StartTransaction")) == len(me.told("Authorize")) == 1
    values = me.told("MeterValues")
    assert {told["transactionId"] for told in values} == {1}
    sent = [told["meterValue"][0]["timestamp"] for told in values]
    assert sent[:3] == [_iso(entry.at.utc_ms) for entry in waiting]


@pytest.mark.covers("B-OCP-32")
def test_without_resumption_it_is_stopped_with_the_last_register_that_was_kept(loop):
    me = charging(loop, OFF)
    until(loop, 117)
    (kept,) = rows.memory(me.station.database.query).transactions
    assert kept.last_wh < me.station.world.read_meter(1, 117_000).energy_wh
    me.station.act("power", off_ms=10_000)
    until(loop, 300)
    (one,) = me.booked
    assert (one.reason, one.meter_stop_wh) == ("PowerLoss", kept.last_wh)
    assert one.stopped == _iso(kept.last_at.utc_ms)
    assert not closed(me)  # the car still asks, nobody has paid
    me.station.act("swipe", uid="0a0e9b83")
    until(loop, 320)
    assert closed(me)
    assert [transaction.id for transaction in me.booked] == [1, 2]


@pytest.mark.covers("B-OCP-33")
def test_a_car_that_left_in_the_dark_ends_it_although_it_might_go_on(loop):
    me = charging(loop, ON)
    until(loop, 117)
    (kept,) = rows.memory(me.station.database.query).transactions
    me.station.act("power", off_ms=10_000)
    until(loop, 122)
    me.station.act("unplug", outlet=1)  # the lock opens by its opener
    until(loop, 300)
    (one,) = me.booked
    meter_wh = me.station.world.read_meter(1, 300_000).energy_wh
    assert (one.reason, one.meter_stop_wh) == ("PowerLoss", meter_wh)
    assert meter_wh > kept.last_wh


def test_a_card_held_while_the_station_wakes_up_ends_it_with_the_meters_register(loop):
    me = charging(loop, ON)
    until(loop, 117)
    me.station.act("power", off_ms=1_000)
    me.station.act("swipe", uid="0a0e9b83", hold_ms=5_000)
    until(loop, 300)
    (one,) = me.booked
    assert one.meter_stop_wh == me.station.world.read_meter(1, 300_000).energy_wh
    assert (one.reason or "Local", one.stop_token) == ("Local", "0a0e9b83")


def _iso(utc_ms):
    moment = datetime.fromtimestamp(utc_ms / 1_000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
