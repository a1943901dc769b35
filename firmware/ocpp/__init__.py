"""OCPP 1.6-J, Core profile: a sans-IO machine between the station's facts and JSON frames."""

from firmware.ocpp.core import OcppCore
from firmware.ocpp.payloads import StationInfo

__all__ = ["OcppCore", "StationInfo"]
