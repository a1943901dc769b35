"""Parameters of the running station: who asks, what may be read, what a change does.

The checks are the registry's; here a change is kept and told to every part.
"""

from __future__ import annotations

from collections.abc import Iterable

from firmware.config.param import Effect, Param, Role
from firmware.config.registry import BY_OCPP_KEY, PARAMS, changed, find
from firmware.model.backend import (
    Answer,
    ConfigurationAnswer,
    ConfigurationChangeRequested,
    ConfigurationRequested,
    KeyValue,
)
from firmware.model.errors import SettingErrors
from firmware.model.machine import NEVER_MS
from firmware.model.settings import Settings, SettingsChanged
from firmware.model.storage import PutSetting

VALUE_MAX = 500  # characters of a GetConfiguration value [OCPP 1.6 CiString500]


class ConfigurationDesk:
    """The machine of the parameters."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def handle(self, fact: object, now_ms: int) -> Iterable[object]:
        """Take one fact."""
        match fact:
            case ConfigurationRequested(call, keys):
                return [self._get(call, keys)]
            case ConfigurationChangeRequested(call, key, value):
                return self._change(call, key, value)
            case _:
                return []

    def deadline_ms(self) -> int:
        """Never."""
        return NEVER_MS

    def write(self, texts: dict[str, str]) -> list[object]:
        """Change parameters by their keys; raise `SettingErrors` and change nothing."""
        self.settings = changed(self.settings, texts)
        keys = [param.key for key in texts if (param := find(key)) is not None]
        puts = [PutSetting(k, PARAMS[k].kind.write(self.settings.values[k])) for k in keys]
        return [*puts, SettingsChanged(self.settings)]

    # -- the back end -----------------------------------------------------------------------

    def _get(self, call: str, keys: tuple[str, ...]) -> ConfigurationAnswer:
        if not keys:
            known = sorted(PARAMS.values(), key=lambda p: p.ocpp_key)
            return ConfigurationAnswer(call, tuple(self._entry(p) for p in known), ())
        there = [BY_OCPP_KEY[k.casefold()] for k in keys if k.casefold() in BY_OCPP_KEY]
        unknown = tuple(k for k in keys if k.casefold() not in BY_OCPP_KEY)
        return ConfigurationAnswer(call, tuple(self._entry(p) for p in there), unknown)

    def _entry(self, param: Param) -> KeyValue:
        if param.kind.secret:
            return KeyValue(param.ocpp_key, readonly=False, value=None)
        text = param.kind.write(self.settings.values[param.key])
        if text in ("on", "off") and isinstance(param.default, bool):
            text = "true" if text == "on" else "false"
        if not self.settings.flag("ocpp_allow_long_get_config"):
            text = text[:VALUE_MAX]
        return KeyValue(param.ocpp_key, readonly=_readonly(param), value=text)

    def _change(self, call: str, key: str, value: str) -> list[object]:
        param = BY_OCPP_KEY.get(key.casefold())
        if param is None:
            return [Answer(call, "NotSupported")]
        if _readonly(param):
            return [Answer(call, "Rejected")]
        try:
            messages = self.write({param.key: value})
        except SettingErrors:
            return [Answer(call, "Rejected")]
        accepted = "RebootRequired" if param.effect is Effect.RESTART else "Accepted"
        return [Answer(call, accepted), *messages]


def _readonly(param: Param) -> bool:
    """The back end acts as operator: what is the installer's it may only read."""
    return param.readonly or param.role in (Role.INSTALLER, Role.MANUFACTURER)
