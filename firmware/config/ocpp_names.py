"""The names under which a back end knows parameters, and its words where they are others."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from firmware.config.param import Param
from firmware.model.settings import SettingValue

Values = Mapping[str, SettingValue]


@dataclass(frozen=True, slots=True)
class OcppName:
    """A key of the back end: the parameters behind it, and both ways of its words."""

    name: str
    params: tuple[Param, ...]
    show: Callable[[Values], str]
    read: Callable[[str], dict[str, str]]  # raises `ValueError`
    writable: bool = False  # by OCPP's own word, whoever else may write what is behind it


def names(params: Mapping[str, Param]) -> dict[str, OcppName]:
    """Return every standard key, the vendor key of every parameter, and what only maps to some."""
    keys = [_plain(p.ocpp16, p) for p in params.values() if p.ocpp16]
    keys += [_plain(p.vendor_key, p) for p in params.values() if p.id]
    keys += [_offline_start(params), _rotation(params), _stop_at_car(params)]
    return {key.name.casefold(): key for key in sorted(keys, key=lambda k: k.name)}


def _plain(name: str, param: Param) -> OcppName:
    def show(values: Values) -> str:
        if isinstance(param.default, bool):
            return "true" if values[param.key] else "false"
        return param.show(values[param.key])

    return OcppName(name, (param,), show, lambda text: {param.key: text})


def _offline_start(params: Mapping[str, Param]) -> OcppName:
    """AllowOfflineTxForUnknownId: two words for the three of the manual."""
    param = params["if_in_doubt_allow_charging"]

    def show(values: Values) -> str:
        return "false" if values[param.key] == "off" else "true"

    def read(text: str) -> dict[str, str]:
        word = text.lower()
        return {param.key: {"false": "off", "true": "on"}.get(word, word)}

    return OcppName("AllowOfflineTxForUnknownId", (param,), show, read)


def _stop_at_car(params: Mapping[str, Param]) -> OcppName:
    """StopTransactionOnEVSideDisconnect: true in the two normal modes of the manual. [P069]"""
    param = params["stop_transaction_mode"]

    def show(values: Values) -> str:
        return "true" if values[param.key] in ("normal", "normal_mode_d_rcd") else "false"

    def read(text: str) -> dict[str, str]:
        words = {"true": "normal", "on": "normal"} | dict.fromkeys(
            ("false", "off"), "only_by_rfid_remote_stop"
        )
        return {param.key: words.get(text.lower(), text)}

    return OcppName("StopTransactionOnEVSideDisconnect", (param,), show, read)


def _rotation(params: Mapping[str, Param]) -> OcppName:
    """ConnectorPhaseRotation: `0.RST,1.RST,2.TRS`; 0 is the supply, which defines the order."""
    both = tuple(params[f"phase_rotation_{n}"] for n in (1, 2))

    def show(values: Values) -> str:
        return ",".join(["0.RST", *(f"{n}.{values[p.key]}" for n, p in enumerate(both, 1))])

    def read(text: str) -> dict[str, str]:
        changes: dict[str, str] = {}
        for entry in text.split(","):
            found = re.fullmatch(r"([0-2])\.([A-Za-z]{3,13})", entry.strip())
            if found is None:
                raise ValueError(entry)
            if found[1] != "0":
                changes[both[int(found[1]) - 1].key] = found[2]
            elif found[2] not in ("RST", "NotApplicable", "Unknown"):
                raise ValueError(entry)
        return changes

    return OcppName("ConnectorPhaseRotation", both, show, read, writable=True)  # [E2 9.1]
