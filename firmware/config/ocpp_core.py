"""Configuration keys of OCPP 1.6 Core that are no parameter of the manual.

[E2 9.1] In the registry they stand as `ocpp:<Key>`.
"""

from __future__ import annotations

from firmware.config.kinds import Kind, flag, text, texts, whole
from firmware.config.param import Param
from firmware.model.settings import SettingValue

MEASURANDS = (
    "Energy.Active.Import.Register",
    "Power.Active.Import",
    "Current.Import",
    "Voltage",
    "Current.Offered",
)
MEASURANDS_MAX = len(MEASURANDS)
PROFILES = "Core,FirmwareManagement,LocalAuthListManagement,RemoteTrigger,Reservation,SmartCharging"
_register_only = texts(
    ",", r"^Energy\.Active\.Import\.Register$", "Energy.Active.Import.Register or nothing", 1
)
_measurands = texts(
    ",",
    "^(" + "|".join(m.replace(".", r"\.") for m in MEASURANDS) + ")$",
    f"measurands of {', '.join(MEASURANDS)}, separated by commas",
    MEASURANDS_MAX,
)


def _key(
    name: str, kind: Kind, default: SettingValue, *, unit: str = "", readonly: bool = False
) -> Param:
    return Param(
        f"ocpp:{name}", kind, default, unit=unit, ocpp16=name, readonly=readonly,
        manual="OCPP 1.6 9.1", help=f"OCPP 1.6 configuration key {name}.",
    )  # fmt: skip


_DAY_S = 86_400
_MAX_LENGTH = whole(0, 1_000)
PARAMS = (
    _key("ClockAlignedDataInterval", whole(0, _DAY_S), 0, unit="s"),
    _key("ConnectorPhaseRotationMaxLength", _MAX_LENGTH, 3, readonly=True),
    _key("GetConfigurationMaxKeys", _MAX_LENGTH, 200, readonly=True),
    _key("BlinkRepeat", whole(1, 20), 5),  # flashes of a refused card
    _key("HeartbeatInterval", whole(0, 30 * _DAY_S), 0, unit="s"),  # 0: as the back end says
    _key("LightIntensity", whole(0, 100), 100, unit="%"),
    _key("MaxEnergyOnInvalidId", whole(0, 1_000_000), 0, unit="Wh", readonly=True),
    _key("MeterValuesAlignedData", _measurands, ("Energy.Active.Import.Register",)),
    _key("MeterValuesAlignedDataMaxLength", _MAX_LENGTH, MEASURANDS_MAX, readonly=True),
    _key(
        "MeterValuesSampledData",
        _measurands,
        ("Energy.Active.Import.Register", "Power.Active.Import", "Current.Import"),
    ),
    _key("MeterValuesSampledDataMaxLength", _MAX_LENGTH, MEASURANDS_MAX, readonly=True),
    _key("MeterValueSampleInterval", whole(0, _DAY_S), 60, unit="s"),
    _key("MinimumStatusDuration", whole(0, 3_600), 0, unit="s"),
    _key("NumberOfConnectors", whole(1, 2), 2, readonly=True),
    _key("ResetRetries", whole(0, 10), 1),
    _key("StopTransactionOnInvalidId", flag(), True),
    _key("StopTxnAlignedData", _measurands, (), readonly=True),
    _key("StopTxnAlignedDataMaxLength", _MAX_LENGTH, 0, readonly=True),
    _key("StopTxnSampledData", _register_only, ()),
    _key("StopTxnSampledDataMaxLength", _MAX_LENGTH, 1, readonly=True),
    _key("SupportedFeatureProfiles", text(0, 200), PROFILES, readonly=True),
    _key("SupportedFeatureProfilesMaxLength", _MAX_LENGTH, 6, readonly=True),
    _key("TransactionMessageAttempts", whole(1, 100), 3),
    _key("TransactionMessageRetryInterval", whole(1, 3_600), 60, unit="s"),
    _key("UnlockConnectorOnEVSideDisconnect", flag(), True),
)
