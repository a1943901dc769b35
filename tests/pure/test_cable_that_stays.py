"""A cable that belongs to the station: always locked, and the car is what comes and goes."""

import pytest

from firmware.model import outlet as o
from firmware.model import session as s
from firmware.model.settings import SettingsChanged
from firmware.model.values import CpState
from firmware.station.commands import Commands
from tests.pure.rigs import settings
from tests.pure.station_rig import CARD, Station

PLUG = o.CableChanged(1, 32_000, 0)
CAR, NO_CAR = o.CpChanged(1, CpState.B1, 0), o.CpChanged(1, CpState.A, 0)


def held(station):
    """Return what the pilot was told of the plug of outlet 1."""
    holds, station.wishes = station.wishes, []
    return [w.locked for w in holds if isinstance(w, o.HoldLock) and w.outlet == 1]


def attached(**texts):
    station = Station(cable_always_locked="on", **texts)
    station.tell(NO_CAR, PLUG)
    return station


@pytest.mark.parametrize("flag", ["off", "on"])
def test_it_is_locked_when_it_is_put_in_and_the_outlet_is_free(flag):
    station = attached(lock_actuator_only_if_authorized=flag)
    station.wait(600_000)
    assert held(station) == [True]
    assert (station.phase, station.news()) == (s.SessionPhase.IDLE, [])


def test_a_session_begins_and_ends_with_the_car_and_the_cable_stays_locked():
    station = attached()
    held(station)
    station.tell(CARD)
    assert station.phase is s.SessionPhase.IDLE
    station.tell(CAR)
    assert station.phase is s.SessionPhase.RUNNING
    station.tell(o.CpChanged(1, CpState.C2, 0), o.ContactorMoved(1, True, "car_asks", 0))
    station.wait(60_000)
    station.tell(NO_CAR, o.ContactorMoved(1, False, "cp_a", 0))
    station.wait(20_000)
    assert station.phase is s.SessionPhase.IDLE
    assert (station.stopped, held(station)) == (["EVDisconnected"], [])
    assert station.news()[-1][1] == "Available"


def test_a_card_goes_to_the_outlet_whose_car_came_last():
    station = attached()
    station.tell(o.CpChanged(2, CpState.A, 0), o.CableChanged(2, 32_000, 0))
    station.tell(CARD)
    assert station.phase is s.SessionPhase.IDLE
    station.tell(o.CpChanged(2, CpState.B1, 0))
    assert station.core.sessions[2].state.phase is s.SessionPhase.RUNNING


def test_after_a_stop_by_card_the_car_has_to_leave_before_it_is_free_again():
    station = attached()
    station.tell(CARD, CAR)
    station.wait(1_000)
    station.tell(CARD)
    station.wait(20_000)
    assert station.phase is s.SessionPhase.FINISHING
    station.tell(NO_CAR)
    assert station.phase is s.SessionPhase.IDLE


def test_an_unlock_command_frees_it_all_the_same():
    station = attached()
    held(station)
    station.tell(*Commands(station.core).take({"do": "unlock", "outlet": 1})[1])
    assert held(station) == [False]
    station.tell(o.CableChanged(1, None, 0), PLUG)
    assert held(station) == [True]


def test_the_setting_acts_on_the_cable_that_is_there():
    station = Station()
    station.tell(NO_CAR, PLUG)
    station.wait(60_000)
    assert held(station) == [True, False]
    station.tell(SettingsChanged(settings(cable_always_locked="on")))
    assert held(station) == [True]
    station.tell(SettingsChanged(settings(cable_always_locked="off")))
    assert held(station) == [False]
