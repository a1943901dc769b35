"""The values of all parameters as the parts see them: keys of the catalogue, checked values.

`firmware.config` declares, checks and converts; a part only reads. OCPP keys without a
parameter of their own stand here under `ocpp:<Key>`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from firmware.model.values import Stamp

SettingValue = bool | int | str | tuple[str, ...] | tuple[int, ...] | None


@dataclass(frozen=True, slots=True)
class Settings:
    """An immutable set of values; a change is a new set."""

    values: Mapping[str, SettingValue]

    def flag(self, key: str) -> bool:
        """Return a boolean parameter."""
        value = self.values[key]
        assert isinstance(value, bool), (key, value)
        return value

    def number(self, key: str) -> int:
        """Return an integer parameter in the unit of the catalogue."""
        value = self.values[key]
        assert isinstance(value, int) and not isinstance(value, bool), (key, value)
        return value

    def text(self, key: str) -> str:
        """Return a string or enum parameter."""
        value = self.values[key]
        assert isinstance(value, str), (key, value)
        return value

    def triple_ma(self, key: str) -> tuple[int, int, int]:
        """Return a current of each grid phase, in mA."""
        value = self.values[key]
        assert isinstance(value, tuple) and len(value) == 3, (key, value)
        one, two, three = (int(amps) * 1_000 for amps in value)
        return one, two, three

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list parameter."""
        value = self.values[key]
        assert isinstance(value, tuple), (key, value)
        return tuple(map(str, value))


@dataclass(frozen=True, slots=True)
class SettingsChanged:
    """The parameters have these values from now on."""

    settings: Settings


@dataclass(frozen=True, slots=True)
class SettingChange:
    """One write of parameters: who changed what from which text to which; secrets are `***`."""

    number: int  # the order for ever
    at: Stamp
    who: str
    by: str  # web, command, back end or station
    values: tuple[tuple[str, str, str], ...]  # key, before, after


@dataclass(frozen=True, slots=True)
class SettingsWritten:
    """Somebody has written parameters; `SettingsChanged` tells what they are now."""

    change: SettingChange


@dataclass(frozen=True, slots=True)
class FactoryResetAsked:
    """Every parameter returns to its factory value; transactions stay, they are money."""

    who: str


@dataclass(frozen=True, slots=True)
class HashPassword:
    """Turn a password into what may be kept; answered by `PasswordHashed`."""

    key: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class PasswordHashed:
    """What of a person's password is kept."""

    key: str
    hashed: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class CacheWritten:
    """A person has written the list of remembered tokens: emptied it, or added some."""

    tokens: tuple[str, ...]
