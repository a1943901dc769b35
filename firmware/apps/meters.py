"""The meters that parameters name, put into the board's profile before anything is opened.

A charging meter on TCP is outlet 1's: there is one address, and two outlets on one meter would
count each other's energy. A serial type changes what the board's serial meters are, not where
they are. What is chosen but cannot be there is opened as a meter that never answers: the station
starts, and fault F13 keeps it from charging uncounted.
"""

from __future__ import annotations

from dataclasses import replace

from firmware.config.meters import ONE_PHASE, SERIAL_TYPES, TCP_TYPES, WITH_INPUT
from firmware.model.settings import Settings
from hal.board import ABSENT, PLACED_METERS, BoardProfile, MeterProfile

CHARGING, HOUSE = PLACED_METERS


def with_meters(profile: BoardProfile, settings: Settings) -> BoardProfile:
    """Return the profile with the meters that the parameters choose; the house's comes first."""
    kind = settings.text("meter1_type")
    if kind in TCP_TYPES:
        profile = _charging(profile, _on_tcp(CHARGING, kind, settings))
    elif kind != "none":
        profile = _serial(profile, kind, settings)
    kind = settings.text("meter2_type")
    if settings.flag("dlm_external_meter_support") and kind != "none":
        asked = kind in WITH_INPUT and settings.text("dlm_meter_digital_input") != "off"
        house = replace(_on_tcp(HOUSE, kind, settings), asks_input=asked)
        profile = replace(profile, meters=(house, *profile.meters))
    return profile


def _on_tcp(name: str, kind: str, settings: Settings) -> MeterProfile:
    address, port = settings.text(f"{name}_ip"), settings.number(f"{name}_port")
    if not address:
        return MeterProfile(name, ABSENT, f"{name}_ip is empty")
    return MeterProfile(name, "modbus", f"{address}:{port}?unit=1", TCP_TYPES[kind])


def _charging(profile: BoardProfile, meter: MeterProfile) -> BoardProfile:
    """Let outlet 1 have this meter; the board's, if nobody else has it, is not asked any more."""
    first, *others = profile.outlets
    outlets = (replace(first, meter=meter.name), *others)
    owned = {outlet.meter for outlet in outlets}
    kept = (m for m in profile.meters if m.name != first.meter or m.name in owned)
    return replace(profile, outlets=outlets, meters=(*kept, meter))


def _serial(profile: BoardProfile, kind: str, settings: Settings) -> BoardProfile:
    fed = {o.meter: settings.text(f"phases_connected_{o.number}") for o in profile.outlets}
    meters = [_as(kind, m, fed[m.name]) if m.name in fed else m for m in profile.meters]
    return replace(profile, meters=tuple(meters))


def _as(kind: str, meter: MeterProfile, fed: str) -> MeterProfile:
    if kind not in SERIAL_TYPES:
        return MeterProfile(meter.name, ABSENT, f"meter1_type {kind} has no driver")
    if kind in ONE_PHASE and fed == "three_phase":
        return MeterProfile(meter.name, ABSENT, f"meter1_type {kind}: one phase of three")
    if meter.driver != "modbus" or not meter.device.startswith("/"):
        where = f'driver "{meter.driver}"' if meter.driver != "modbus" else meter.device
        return MeterProfile(meter.name, ABSENT, f"meter1_type {kind}: no serial bus ({where})")
    return replace(meter, map=SERIAL_TYPES[kind])
