"""Configuration keys of OCPP 1.6 Local Auth List Management and Reservation.

[E2 9.2, 9.3] The bounds are those of `firmware.model.storage`; a test holds both together.
"""

from __future__ import annotations

from firmware.config.kinds import Kind, flag, whole
from firmware.config.param import Param
from firmware.model.settings import SettingValue


def _key(name: str, kind: Kind, value: SettingValue, *, readonly: bool = True) -> Param:
    return Param(
        f"ocpp:{name}", kind, value, ocpp16=name, readonly=readonly,
        manual="OCPP 1.6 9", help=f"OCPP 1.6 configuration key {name}.",
    )  # fmt: skip


PARAMS = (
    _key("LocalAuthListEnabled", flag(), True, readonly=False),
    _key("LocalAuthListMaxLength", whole(0, 100_000), 10_000),
    # of OCPP 2.0.1, where the station may be told to take no reservations
    _key("ReservationEnabled", flag(), True, readonly=False),
    _key("ReserveConnectorZeroSupported", flag(), True),
    _key("SendLocalListMaxLength", whole(0, 100_000), 500),
)
