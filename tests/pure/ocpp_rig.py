"""A station's protocol on the table: settings, connection, boot, and frames as plain lists."""

import json
from dataclasses import replace

from firmware.model.backend import BackendConnected, FrameReceived, SendFrame
from firmware.model.session import EnergySampled, Transaction
from firmware.model.settings import Settings
from firmware.model.storage import Memory
from firmware.model.values import Reading, Stamp, StopReason
from firmware.ocpp import OcppCore, StationInfo

NOON = "2026-01-31T12:00:00.000Z"
NOON_MS = 1_769_860_800_000
DEFAULTS = {
    "backend_connection_timeout": 30,
    "free_charging": False,
    "ocpp_force_heartbeat": True,
    "ocpp_send_informative_status": True,
    "ocpp_send_error_status": True,
    "ocpp:HeartbeatInterval": 300,
    "ocpp:TransactionMessageAttempts": 3,
    "ocpp:TransactionMessageRetryInterval": 60,
    "ocpp:MinimumStatusDuration": 0,
    "ocpp:MeterValuesSampledData": ("Energy.Active.Import.Register",),
    "ocpp:StopTxnSampledData": (),
}


def settings(**changes):
    return Settings(
        {**DEFAULTS, **{key.replace("ocpp__", "ocpp:"): v for key, v in changes.items()}}
    )


def station(memory=None, outlets=2, **changes):
    info = StationInfo("Vendor", "Model", "S1", "1.0", outlets)
    return OcppCore(settings(**changes), memory or Memory(boot=7), info)


def frames(wishes):
    return [json.loads(wish.text) for wish in wishes if isinstance(wish, SendFrame)]


def others(wishes):
    return [wish for wish in wishes if not isinstance(wish, SendFrame)]


def hear(core, message, now_ms):
    return list(core.handle(FrameReceived(json.dumps(message)), now_ms))


def connect(core, now_ms=0):
    return list(core.handle(BackendConnected(now_ms), now_ms))


def boot(core, now_ms=0, status="Accepted", interval_s=300):
    """Connect and answer the BootNotification; return what follows."""
    (call,) = frames(connect(core, now_ms))
    assert call[2] == "BootNotification"
    conf = {"status": status, "currentTime": NOON, "interval": interval_s}
    return hear(core, [3, call[1], conf], now_ms)


def transaction(key="7-1-1", outlet=1, **changes):
    stamp = Stamp(7, 1_000, NOON_MS + 1_000)
    values = {"meter_start_wh": 100, "last_wh": 100, "last_at": stamp, **changes}
    return Transaction(key=key, outlet=outlet, token="TAG", began=stamp, **values)


def ended(begun, wh=900, reason=StopReason.LOCAL, at_ms=60_000, **changes):
    stamp = Stamp(7, at_ms, NOON_MS + at_ms)
    return replace(begun, ended=stamp, last_wh=wh, last_at=stamp, stop_reason=reason, **changes)


def sample(key="7-1-1", outlet=1, context="Sample.Periodic", at_ms=30_000, **changes):
    reading = Reading(500, 11_000, (16_000, 15_900, 16_100), at_ms, (230_000, 231_500, 229_000))
    measurands = changes.pop("measurands", ("Energy.Active.Import.Register",))
    stamp = Stamp(7, at_ms, NOON_MS + at_ms)
    return EnergySampled(key, outlet, reading, stamp, context, measurands)
