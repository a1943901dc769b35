"""Configuration keys of OCPP 1.6 Smart Charging: what the station takes, none of it to be changed.

[E2 9.4] The bounds are those of `firmware.ocpp.charging_profile`; a test holds both together.
"""

from __future__ import annotations

from firmware.config.kinds import Kind, flag, texts, whole
from firmware.config.param import Param
from firmware.model.settings import SettingValue

_units = texts(",", "^(Current|Power)$", "Current, Power or both", 2)


def _fixed(name: str, kind: Kind, value: SettingValue) -> Param:
    return Param(
        f"ocpp:{name}", kind, value, ocpp16=name, readonly=True,
        manual="OCPP 1.6 9.4", help=f"OCPP 1.6 configuration key {name}.",
    )  # fmt: skip


PARAMS = (
    _fixed("ChargeProfileMaxStackLevel", whole(0, 100), 20),
    _fixed("ChargingScheduleAllowedChargingRateUnit", _units, ("Current", "Power")),
    _fixed("ChargingScheduleMaxPeriods", whole(1, 1_000), 48),
    _fixed("ConnectorSwitch3to1PhaseSupported", flag(), False),
    _fixed("MaxChargingProfilesInstalled", whole(1, 1_000), 50),
)
