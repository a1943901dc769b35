"""The facts that the laws tell to the machines, each without its time."""

from __future__ import annotations

import json
from dataclasses import replace

from firmware.config.registry import changed, defaults
from firmware.model import backend as b
from firmware.model import devices as d
from firmware.model import outlet as o
from firmware.model import session as s
from firmware.model.fault import Fault
from firmware.model.settings import SettingsChanged
from firmware.model.storage import FaultRecord
from firmware.model.values import (
    CpState,
    Reading,
    Stamp,
    StopReason,
    TokenInfo,
    Verdict,
)
from firmware.ocpp import StationInfo

BOOT = 7
NOON_MS = 1_769_860_800_000  # 2026-01-31T12:00:00Z
QUICK = changed(
    defaults(),
    {
        "vehicle_connection_timeout": "2",
        "backend_connection_timeout": "5",
        "ocpp:TransactionMessageRetryInterval": "3",
        "ocpp:MinimumStatusDuration": "1",
        "ocpp:HeartbeatInterval": "9",
        "ocpp:MeterValueSampleInterval": "4",
        "ocpp:ClockAlignedDataInterval": "5",
        "installation_current_limit_1": "20",
    },
)
OTHER = changed(
    QUICK,
    {
        "lock_actuator_only_if_authorized": "on",
        "cable_always_locked": "on",
        "ocpp_status_strategy": "occupied_on_authorized_plugged",
        "ocpp_preparing_until_state_c": "off",
        "display_backend_disconnect_as_error": "on",
        "if_in_doubt_allow_charging": "on",
        "local_whitelist_entries": "TAG:0a0e9b83/1:T2/master",
        "rfid_enforce_master": "on",
        "ocpp:MeterValueSampleInterval": "0",
        "ocpp:ClockAlignedDataInterval": "0",
        "ocpp:LightIntensity": "50",
        "led_night_intensity": "10",
        "led_night_from": "12",
        "led_profile": "bender_5_33",
        "operator_current_limit_1": "6",
        "dimming_input": "ext1_active_high",
        "dlm_ext_input_2": "active_high",
        "dlm_max_current_scheduler": "on",
        "dlm_max_current_schedule": "mon-sun 12:00 16/16/16",
    },
)
WATCHED = changed(QUICK, {"ocpp_ws_url": "ws://backend.lan", "tcp_watchdog_timeout": "3"})
SETTINGS = [SettingsChanged(QUICK), SettingsChanged(OTHER)]
INFO = StationInfo("Vendor", "Model", "S1", "1.0", 2)
FOREIGN: list[object] = ["garbage", None, 17, b.Restart(StopReason.OTHER)]
ACCEPTED, INVALID = TokenInfo(Verdict.ACCEPTED, "PARENT"), TokenInfo(Verdict.INVALID)
TIME = [b.ClockSynced(NOON_MS, "ntp"), b.ClockSynced(NOON_MS + 90_001, "ocpp")]
LINE: list[object] = [b.BackendReady(0), b.BackendLost(0, "gone")]


def transaction(outlet: int) -> s.Transaction:
    stamp = Stamp(BOOT, 0, None)
    return s.Transaction(f"{BOOT}-{outlet}-1", outlet, "TAG", stamp, 100, 100, stamp)


BEGAN = [s.TransactionBegan(transaction(n)) for n in (1, 2)]
ENDED = [
    s.TransactionEnded(
        replace(
            one.transaction, last_wh=900, ended=Stamp(BOOT, 9, None), stop_reason=StopReason.LOCAL
        )
    )
    for one in BEGAN
]
CONFIRMED = [s.TransactionConfirmed(f"{BOOT}-1-1", 1, 5, info) for info in (ACCEPTED, INVALID)]
METERS = [s.MeterRead(n, Reading(wh, 0, (0, 0, 0), 0)) for n, wh in ((1, 100), (1, 250), (2, 9))]
SILENT = [s.MeterSilent(1, 0), s.MeterSilent(2, 0)]
FAULTS = [
    told(outlet, fault, 0)
    for told in (o.FaultRaised, o.FaultCleared)
    for outlet, fault in ((1, Fault.GROUND_FAILURE), (1, Fault.LOCK_FAILED), (0, Fault.READER))
]
STATION_FAULTS = [
    told(0, fault, 0)
    for told in (o.FaultRaised, o.FaultCleared)
    for fault in (Fault.TILT, Fault.UPDATING, Fault.USB_BUSY, Fault.STORAGE, Fault.BACKEND)
]
OWN_FAULTS = [
    told(1, fault, 0)
    for told in (o.FaultRaised, o.FaultCleared)
    for fault in (Fault.HOT_DERATED, Fault.OVERLOAD, Fault.METER, Fault.CURRENT_UNASKED)
]
ALL_FAULTS = [*FAULTS, *STATION_FAULTS, *OWN_FAULTS]
INPUTS = [
    d.InputChanged(name, active, 0)
    for name in ("tilt", "spd", "mcb_schuko_1", "mcb_1")
    for active in (True, False)
]
DEVICES: list[object] = [
    *INPUTS,
    *(told(n, 0) for told in (d.ReaderSilent, d.ReaderSilent, d.ReaderAnswered) for n in (1, 2)),
    *(d.OtherMeterSilent(name, 0) for name in ("grid", "grid", "heat", "strange")),
    d.OtherMeterRead("grid", Reading(1, 0, (0, 0, 0), 0)),
]
HOUSE = [
    d.OtherMeterRead(name, Reading(wh, 0, (ma, 0, 0), 0, None, (230 * ma // 1_000, 0, 0)))
    for name in ("grid", "heat")
    for wh, ma in ((100, 9_000), (101, 12_001), (102, -7_000), (50, 9_000), (103, 900_000))
] + [d.OtherMeterRead("grid", Reading(100, 0, (0, 0, 0), 0, None, (9_999, 0, 0)))]
LOADS = [
    s.MeterRead(1, Reading(wh, 0, (ma, 0, 0), 0))
    for wh, ma in ((100, 0), (100, 900), (151, 0), (152, 6_000), (160, 19_000), (170, 40_000))
]
OFFERS = [o.OfferChanged(1, ma, 0) for ma in (0, 6_000, 16_000, 32_000)]
KEPT_FAULTS = tuple(
    FaultRecord(n, outlet, fault, Stamp(BOOT - 1, 0, None))
    for n, (outlet, fault) in enumerate(
        ((1, Fault.OVERLOAD), (0, Fault.TILT_LATCHED), (1, Fault.RCD), (0, Fault.SURGE)), start=1
    )
)
PLUG, CAR, ASKS = o.CableChanged(1, 32_000, 0), o.CpChanged(1, CpState.B2, 0), CpState.C2
OUTLET: list[object] = [
    *(o.CableChanged(1, ma, 0) for ma in (None, 20_000, 0)),
    *(o.CpChanged(1, cp, 0) for cp in (CpState.A, CpState.B1, ASKS, CpState.E, CpState.INVALID)),
    *(o.ContactorMoved(1, closed, "car_asks", 0) for closed in (True, False)),
    *(o.LockMoved(1, locked, 0) for locked in (True, False)),
    PLUG, CAR, o.PilotFound(0), o.PilotLost(0),
]  # fmt: skip
CARDS = [
    s.CardSeen("0a0e9b83", 1, 0), s.CardSeen("00", 1, 0), s.CardSeen("08aabbcc", 1, 0, "random"),
    s.CarIdentified(1, "0a0e9b830000"),
]  # fmt: skip
ACCEPT = s.TokenAccepted(1, "TAG", s.StartSource.CARD, "PARENT")
JUDGED = [
    s.TokenJudged("TAG", outlet, s.StartSource.CARD, accepted, "PARENT", "a rule")
    for outlet in (None, 1, 9)
    for accepted in (True, False)
]
SHOWN = [
    s.SessionShown(1, phase, charging=False, faulted=faulted, operative=operative)
    for phase in s.SessionPhase
    for faulted, operative in ((False, True), (True, True), (False, False))
]
REQUESTS: list[object] = [
    b.RemoteStartRequested("a", None, "TAG"), b.RemoteStartRequested("b", 1, "T2"),
    b.RemoteStopRequested("c", 5), b.RemoteStopRequested("d", 6),
    b.UnlockRequested("e", 1), b.UnlockRequested("f", 9), b.ResetRequested("g", hard=True),
    b.ResetRequested("h", hard=False), b.AvailabilityRequested("i", 0, operative=False),
    b.AvailabilityRequested("j", 0, operative=True), b.AvailabilityRequested("k", 1, False),
]  # fmt: skip
PRESENTED = [
    s.TokenPresented(token, 1, source)
    for token in ("TAG", "T2", "tag")
    for source in (s.StartSource.CARD, s.StartSource.REMOTE, s.StartSource.CAR)
]
ANSWERED = [b.BackendAnswered("TAG", info) for info in (ACCEPTED, INVALID, None)]
CONFS = [
    {"status": "Accepted", "currentTime": "2026-01-31T12:00:00Z", "interval": 20},
    {"status": "Pending", "currentTime": "2026-01-31T12:00:00Z", "interval": 5},
    {"transactionId": 5, "idTagInfo": {"status": "Accepted"}},
    {"idTagInfo": {"status": "Invalid"}},
    {},
]
FRAMES = [
    b.FrameReceived(json.dumps(frame))
    for frame in (
        *([3, f"{BOOT}-{n}", conf] for n in range(1, 7) for conf in CONFS),
        [4, f"{BOOT}-2", "InternalError", "", {}],
        [2, "a", "ClearCache", {}],
        [2, "b", "TriggerMessage", {"requestedMessage": "MeterValues"}],
        [2, "c", "RemoteStartTransaction", {"idTag": "TAG", "connectorId": 1}],
        [2, "d", "RemoteStopTransaction", {"transactionId": 5}],
        [2, "e", "UnlockConnector", {"connectorId": 1}],
        [2, "f", "ChangeAvailability", {"connectorId": 1, "type": "Inoperative"}],
        [2, "g", "GetConfiguration", {}],
        [2, "h", "ChangeConfiguration", {"key": "ConnectionTimeOut", "value": "3"}],
        [2, "i", "Reset", {"type": "Soft"}],
        "nonsense",
    )
]
LOST = b.BackendLost(0, "gone")
