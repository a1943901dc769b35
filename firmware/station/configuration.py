"""Parameters of the running station: who asks, what may be read, what a change does.

The checks are the registry's; here a change is kept and told to every part.
"""

from __future__ import annotations

from collections.abc import Iterable

from firmware.config.param import BadValue, Effect, Param, Role
from firmware.config.registry import OCPP_KEYS, PARAMS, OcppKey, changed, find
from firmware.model.backend import (
    Answer,
    ConfigurationAnswer,
    ConfigurationChangeRequested,
    ConfigurationRequested,
    KeyValue,
)
from firmware.model.errors import SettingErrors
from firmware.model.machine import NEVER_MS
from firmware.model.security import ChangeSettings, SecurityKeyRequested
from firmware.model.settings import Settings, SettingsChanged
from firmware.model.storage import PutSetting

LINE_KEYS = ("ocpp_basic_auth_password", "ocpp:SecurityProfile")
VALUE_MAX = 500  # characters of a GetConfiguration value [OCPP 1.6 CiString500]


class ConfigurationDesk:
    """The machine of the parameters."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def handle(self, fact: object, now_ms: int) -> Iterable[object]:
        """Take one fact."""
        match fact:
            case ChangeSettings(texts):
                return self.write(dict(texts))
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
            return ConfigurationAnswer(call, tuple(map(self._entry, OCPP_KEYS.values())), ())
        there = [OCPP_KEYS[k.casefold()] for k in keys if k.casefold() in OCPP_KEYS]
        unknown = tuple(k for k in keys if k.casefold() not in OCPP_KEYS)
        return ConfigurationAnswer(call, tuple(map(self._entry, there)), unknown)

    def _entry(self, key: OcppKey) -> KeyValue:
        if key.param.kind.secret:
            return KeyValue(key.name, readonly=False, value=None)
        text = key.show(self.settings.values[key.param.key])
        if not self.settings.flag("ocpp_allow_long_get_config"):
            text = text[:VALUE_MAX]
        return KeyValue(key.name, readonly=_readonly(key.param), value=text)

    def _change(self, call: str, key: str, value: str) -> list[object]:
        named = OCPP_KEYS.get(key.casefold())
        if named is None:
            return [Answer(call, "NotSupported")]
        if _readonly(named.param):
            return [Answer(call, "Rejected")]
        if named.param.key in LINE_KEYS:
            return self._change_line(call, named.param, value)
        try:
            messages = self.write({named.param.key: named.read.get(value.lower(), value)})
        except SettingErrors:
            return [Answer(call, "Rejected")]
        later = named.param.effect is Effect.RESTART
        return [Answer(call, "RebootRequired" if later else "Accepted"), *messages]

    def _change_line(self, call: str, param: Param, value: str) -> list[object]:
        """Leave to others what the line itself stands on; here only the value is checked."""
        try:
            text = param.kind.write(param.parse(value))
        except BadValue:
            return [Answer(call, "Rejected")]
        return [SecurityKeyRequested(call, param.key, text)]


def _readonly(param: Param) -> bool:
    """The back end acts as operator: what is the installer's it may only read."""
    return param.readonly or param.role in (Role.INSTALLER, Role.MANUFACTURER)
