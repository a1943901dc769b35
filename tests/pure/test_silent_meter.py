"""Fault F13: a silent charging meter stops what runs, and nothing begins until it answers."""

import pytest

from firmware.model import outlet as o
from firmware.model.session import SessionPhase as P
from firmware.model.values import CpState
from tests.pure.station_rig import CARD, Station

pytestmark = pytest.mark.covers("B-MET-06", "F13")


def car(station):
    """Plug a car in, held by a card."""
    station.tell(o.CableChanged(1, 32_000, station.now_ms))
    station.tell(o.CpChanged(1, CpState.B2, station.now_ms), CARD)


def permitted(station):
    return any(isinstance(wish, o.GivePermit) and wish.outlet == 1 for wish in station.wishes)


def test_a_session_whose_meter_falls_silent_is_stopped_at_the_third_question():
    station = Station()
    station.charge()
    station.well = False
    station.wait(2_000)
    assert (station.there(), station.phase) == ([], P.RUNNING)
    station.wait(1_000)
    assert (1, "F13") in station.there()
    assert o.EndPermit(1, "Other") in station.wishes
    station.open("permit")
    station.wait(20_000)
    assert station.stopped == ["Other"]
    assert station.phase is P.FINISHING


def test_a_meter_that_is_silent_when_a_session_begins_lets_nothing_begin():
    station = Station()
    station.well = False
    car(station)
    station.wait(60_000)
    assert (1, "F13") in station.there()
    assert station.core.sessions[1].state.transaction is None
    assert not permitted(station)


def test_after_the_meter_has_answered_a_session_begins():
    station = Station()
    station.well = False
    station.wait(70_000)
    car(station)
    station.wait(30_000)
    assert not permitted(station)
    station.well = True
    station.wait(60_000)
    assert station.there() == []
    station.tell(CARD)
    station.wait(5_000)
    assert station.core.sessions[1].state.transaction is not None
    assert permitted(station)
