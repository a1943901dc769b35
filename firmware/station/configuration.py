"""Parameters of the running station: who asks, what may be read, what a change does.

The checks are the registry's; here a change is kept with who made it, and told to every part. Of
a person's password only the hash is kept, which is made elsewhere: `HashPassword`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from firmware.config.ocpp_names import OcppName
from firmware.config.param import HIDDEN, BadValue, Effect, Param, Role, hashed
from firmware.config.registry import OCPP_KEYS, PARAMS, changed, defaults, find, own_words
from firmware.model.backend import (
    Answer,
    ClockSynced,
    ConfigurationAnswer,
    ConfigurationChangeRequested,
    ConfigurationRequested,
    KeyValue,
)
from firmware.model.clock import WallClock
from firmware.model.errors import SettingErrors
from firmware.model.machine import NEVER_MS
from firmware.model.security import ChangeSettings, SecurityKeyRequested
from firmware.model.settings import (
    CacheWritten,
    FactoryResetAsked,
    HashPassword,
    PasswordHashed,
    SettingChange,
    Settings,
    SettingsChanged,
    SettingsWritten,
    SettingValue,
)
from firmware.model.storage import CHANGES_KEPT, ClearCache, PutSetting, PutSettingChange

LINE_KEYS = ("ocpp_basic_auth_password", "ocpp:SecurityProfile")
CACHE_KEY = "ocpp_whitelist_entries"
VALUE_MAX = 500  # characters of a GetConfiguration value [OCPP 1.6 CiString500]


class ConfigurationDesk:
    """The machine of the parameters."""

    def __init__(
        self,
        settings: Settings,
        boot: int = 0,
        changes: Iterable[SettingChange] = (),
        cached: Callable[[], tuple[str, ...]] = tuple,
    ) -> None:
        """`cached` tells the tokens that are remembered, which one parameter shows."""
        self.settings = settings
        self.changes = list(changes)
        self.clock = WallClock(boot)
        self.waiting: set[str] = set()  # keys that act only after a restart
        self._cached = cached

    @property
    def revision(self) -> int:
        """Counts the changes, so that who looked before a change can be told."""
        return self.changes[-1].number if self.changes else 0

    def handle(self, fact: object, now_ms: int) -> Iterable[object]:
        """Take one fact."""
        match fact:
            case ChangeSettings(texts):
                return self.write(dict(texts), now_ms)
            case PasswordHashed(key, kept):
                return self._keep({key: kept})
            case FactoryResetAsked(who):
                return self._reset(who, now_ms)
            case ConfigurationRequested(call, keys):
                return [self._get(call, keys)]
            case ConfigurationChangeRequested(call, key, value):
                return self._change(call, key, value, now_ms)
            case ClockSynced(utc_at_zero_ms, _):
                self.clock.utc_at_zero_ms = utc_at_zero_ms
            case _:
                pass
        return []

    def deadline_ms(self) -> int:
        """Never."""
        return NEVER_MS

    def write(
        self,
        texts: dict[str, str],
        now_ms: int = 0,
        *,
        who: str = "the station",
        by: str = "station",
    ) -> list[object]:
        """Change parameters by their keys; raise `SettingErrors` and change nothing."""
        after = changed(self.settings, texts)
        named = {p.key: text for key, text in own_words(texts).items() if (p := find(key))}
        passwords = {
            key: text for key, text in named.items()
            if PARAMS[key].password and text and not hashed(text)
        }  # fmt: skip
        out: list[object] = [HashPassword(key, text) for key, text in passwords.items()]
        if CACHE_KEY in named:
            out.append(CacheWritten(Settings(after.values).texts(CACHE_KEY)))
        change = self._remember(after, passwords, now_ms, who, by)
        kept = {k: t for k, t in named.items() if k not in passwords and PARAMS[k].stored}
        return [*out, *change, *(self._keep(kept) if kept else [])]

    def value(self, param: Param) -> SettingValue:
        """Return the present value of a parameter, also of one that another part keeps."""
        return self._cached() if param.key == CACHE_KEY else self.settings.values[param.key]

    def _keep(self, texts: dict[str, str]) -> list[object]:
        self.settings = changed(self.settings, texts)
        values = self.settings.values
        puts = [PutSetting(key, PARAMS[key].kind.write(values[key])) for key in texts]
        return [*puts, SettingsChanged(self.settings)]

    def _remember(
        self, after: Settings, passwords: Iterable[str], now_ms: int, who: str, by: str
    ) -> list[object]:
        values = tuple(
            (key, param.tell(was), HIDDEN if key in passwords else param.tell(now))
            for key, param in PARAMS.items()
            if (was := self.settings.values[key]) != (now := after.values[key]) or key in passwords
        )
        if not values:
            return []
        self.waiting |= {key for key, _, _ in values if PARAMS[key].effect is Effect.RESTART}
        change = SettingChange(self.revision + 1, self.clock.stamp(now_ms), who, by, values)
        self.changes = [*self.changes, change][-CHANGES_KEPT:]
        return [PutSettingChange(change), SettingsWritten(change)]

    def _reset(self, who: str, now_ms: int) -> list[object]:
        """Forget every value, the passwords of people and the remembered tokens too."""
        after = defaults()
        out = self._remember(after, (), now_ms, who, "factory reset")
        out += [PutSetting(key, None) for key in PARAMS if PARAMS[key].stored]
        self.settings = after
        return [*out, ClearCache(), SettingsChanged(after)]

    # -- the back end -----------------------------------------------------------------------

    def _get(self, call: str, keys: tuple[str, ...]) -> ConfigurationAnswer:
        if not keys:
            return ConfigurationAnswer(call, tuple(map(self._entry, OCPP_KEYS.values())), ())
        there = [OCPP_KEYS[k.casefold()] for k in keys if k.casefold() in OCPP_KEYS]
        unknown = tuple(k for k in keys if k.casefold() not in OCPP_KEYS)
        return ConfigurationAnswer(call, tuple(map(self._entry, there)), unknown)

    def _entry(self, key: OcppName) -> KeyValue:
        if any(param.kind.secret for param in key.params):
            return KeyValue(key.name, readonly=_readonly(key), value=None)
        text = key.show({param.key: self.value(param) for param in key.params})
        if not self.settings.flag("ocpp_allow_long_get_config"):
            text = text[:VALUE_MAX]
        return KeyValue(key.name, readonly=_readonly(key), value=text)

    def _change(self, call: str, key: str, value: str, now_ms: int) -> list[object]:
        named = OCPP_KEYS.get(key.casefold())
        if named is None:
            return [Answer(call, "NotSupported")]
        if _readonly(named):
            return [Answer(call, "Rejected")]
        if named.params[0].key in LINE_KEYS:
            return self._change_line(call, named.params[0], value)
        try:
            texts = named.read(value)
            messages = self.write(texts, now_ms, who="the back end", by="back end")
        except (SettingErrors, ValueError):
            return [Answer(call, "Rejected")]
        later = any(PARAMS[key].effect is Effect.RESTART for key in texts)
        return [Answer(call, "RebootRequired" if later else "Accepted"), *messages]

    def _change_line(self, call: str, param: Param, value: str) -> list[object]:
        """Leave to others what the line itself stands on; here only the value is checked."""
        try:
            text = param.kind.write(param.parse(value))
        except BadValue:
            return [Answer(call, "Rejected")]
        return [SecurityKeyRequested(call, param.key, text)]


def _readonly(key: OcppName) -> bool:
    """The back end acts as operator: what is the installer's it may only read."""
    return not key.writable and any(
        param.readonly or not Role.OPERATOR.may(param.role) for param in key.params
    )
