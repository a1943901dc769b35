"""Charging profiles for the laws: what a back end may ask, and what a station remembers."""

from __future__ import annotations

import json

from firmware.model import backend as b
from firmware.model import session as s
from firmware.model.storage import ProfileRecord
from tests.laws.facts import BOOT

_DAY = "2026-01-31T"


def profile(
    number: int, purpose: str, kind: str = "Absolute", *, level: int = 0, **more: object
) -> dict[str, object]:
    """Return a profile of three periods of a second and more."""
    schedule: dict[str, object] = {
        "chargingRateUnit": "W" if number % 2 else "A",
        "chargingSchedulePeriod": [
            {"startPeriod": 0, "limit": 9_000.0 if number % 2 else 13.7},
            {"startPeriod": 1, "limit": 0.0},
            {"startPeriod": 3, "limit": 8_000.0 if number % 2 else 16.0, "numberPhases": 1},
        ],
    }
    if kind != "Relative":
        schedule["startSchedule"] = f"{_DAY}12:00:0{number}Z"
    if kind == "Recurring":
        more["recurrencyKind"] = "Daily"
    if number == 3:
        schedule["duration"] = 5
    return {
        "chargingProfileId": number, "stackLevel": level, "chargingProfilePurpose": purpose,
        "chargingProfileKind": kind, "chargingSchedule": schedule, **more,
    }  # fmt: skip


MAX = profile(1, "ChargePointMaxProfile")
DEFAULTS = [
    profile(2, "TxDefaultProfile", "Relative"),
    profile(3, "TxDefaultProfile", "Recurring", level=1, validTo=f"{_DAY}12:00:20Z"),
    profile(4, "TxDefaultProfile", "Absolute", level=2, validFrom=f"{_DAY}12:00:02Z"),
]
OF_TX = profile(5, "TxProfile", "Relative", level=1)
STARTED = profile(6, "TxProfile", "Relative")
PROFILES = [
    b.SetChargingProfileRequested("s", 0, MAX),
    *(b.SetChargingProfileRequested("s", n, one) for n in (0, 1) for one in DEFAULTS),
    b.SetChargingProfileRequested("s", 1, OF_TX),
    b.SetChargingProfileRequested("s", 1, {**OF_TX, "transactionId": 5}),
    b.ClearChargingProfileRequested("c", profile_id=3),
    b.ClearChargingProfileRequested("c", outlet=0, purpose="TxDefaultProfile", stack_level=2),
    b.ClearChargingProfileRequested("c"),
    *(b.CompositeScheduleRequested("g", n, 60, unit) for n in (0, 1) for unit in ("A", "W", None)),
]
STARTS = [
    b.RemoteStartRequested("a", 1, "TAG", STARTED),
    b.RemoteStartRequested("b", None, "T2", STARTED),
    b.Answer("a", "Accepted"), b.Answer("b", "Rejected"), s.TokenRefused("T2", "why"),
    s.TokenWaits("TAG", 900), s.TokenAccepted(1, "TAG", s.StartSource.REMOTE),
    s.AuthorityExpired(1, "TAG"),
]  # fmt: skip
KEPT_PROFILES = (
    ProfileRecord(0, 1, json.dumps(MAX)),
    ProfileRecord(1, 3, json.dumps(DEFAULTS[1])),
    ProfileRecord(1, 5, json.dumps(OF_TX), f"{BOOT - 1}-1-1"),
    ProfileRecord(1, 9, "{}"),
)
ASKED = [
    [2, f"p{number}", action, payload]
    for number, (action, payload) in enumerate((
        ("SetChargingProfile", {"connectorId": 0, "csChargingProfiles": MAX}),
        ("SetChargingProfile", {"connectorId": 1, "csChargingProfiles": DEFAULTS[0]}),
        ("SetChargingProfile", {"connectorId": 9, "csChargingProfiles": DEFAULTS[0]}),
        ("SetChargingProfile", {"connectorId": 1, "csChargingProfiles": OF_TX}),
        ("ClearChargingProfile", {}),
        ("GetCompositeSchedule", {"connectorId": 0, "duration": 30}),
        ("RemoteStartTransaction", {"connectorId": 1, "idTag": "TAG", "chargingProfile": STARTED}),
    ))
]  # fmt: skip
ASKED_FRAMES = [b.FrameReceived(json.dumps(frame)) for frame in ASKED]
