"""A station and its back end's charging profiles in a word each."""

from __future__ import annotations

import json

from firmware.model import backend as b
from firmware.model import outlet as o
from firmware.model.values import CpState
from firmware.station.snapshot import why
from tests.pure.station_rig import Station

NOON = "2026-01-31T12:00:00Z"  # when the station of the rig wakes up
NO_LIMIT_MA = 32_000  # of the outlet itself


def station(**texts):
    """A station of two outlets of 32 A."""
    full = {"operator_current_limit_1": "32", "operator_current_limit_2": "32"}
    return Station(**(full | texts))


def profile(number=1, purpose="TxDefaultProfile", *, level=0, periods=((0, 10.0),), **more):
    """An Absolute profile from noon on; unit, start, duration and kind go to their places."""
    kind = more.pop("kind", "Absolute")
    schedule = {
        "chargingRateUnit": more.pop("unit", "A"),
        "chargingSchedulePeriod": [
            dict(zip(("startPeriod", "limit", "numberPhases"), one, strict=False))
            for one in periods
        ],
    }
    if kind != "Relative":
        schedule["startSchedule"] = more.pop("start", NOON)
    if "duration" in more:
        schedule["duration"] = more.pop("duration")
    return {
        "chargingProfileId": number, "stackLevel": level, "chargingProfilePurpose": purpose,
        "chargingProfileKind": kind, "chargingSchedule": schedule, **more,
    }  # fmt: skip


def ask(me, action, **payload):
    """Ask the station; return the payload of its answer, or the code of its error."""
    number = f"q{len(me.answers)}"
    me.tell(b.FrameReceived(json.dumps([2, number, action, payload])))
    return me.answers[number]


def put(me, connector, told):
    """SetChargingProfile; return the status or the error."""
    answer = ask(me, "SetChargingProfile", connectorId=connector, csChargingProfiles=told)
    return answer["status"] if isinstance(answer, dict) else answer


def clear(me, **criteria):
    """ClearChargingProfile; return the status."""
    return ask(me, "ClearChargingProfile", **criteria)["status"]


def composite(me, connector=1, duration=600, unit="A"):
    """GetCompositeSchedule; return the periods as they were told."""
    answer = ask(
        me, "GetCompositeSchedule", connectorId=connector, duration=duration, chargingRateUnit=unit
    )
    assert answer["status"] == "Accepted"
    schedule = answer["chargingSchedule"]
    assert (schedule["duration"], schedule["chargingRateUnit"]) == (duration, unit)
    return [tuple(one.values()) for one in schedule["chargingSchedulePeriod"]]


def permit_ma(me, outlet=1):
    """Return what the pilot may offer now; 0 is no permit."""
    permit = me.core.limits.books[outlet].permit
    return permit.limit_ma if permit is not None else 0


def reason(me, outlet=1):
    """Return why."""
    return why(me.core, outlet)


def plug(me, outlet=1):
    """A car comes and asks for energy."""
    me.tell(o.CableChanged(outlet, 32_000, me.now_ms), o.CpChanged(outlet, CpState.B2, me.now_ms))
    me.wait(1_000)
    me.tell(o.CpChanged(outlet, CpState.C2, me.now_ms))
    me.wait(1_000)


def charge_both(me):
    """A car on each outlet, the first one first."""
    me.charge()
    ask(me, "RemoteStartTransaction", connectorId=2, idTag="OTHER")
    plug(me, 2)
    assert permit_ma(me, 2) > 0
