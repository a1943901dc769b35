"""The values of all parameters as the parts see them: keys of the catalogue, checked values.

`firmware.config` declares, checks and converts; a part only reads. OCPP keys without a
parameter of their own stand here under `ocpp:<Key>`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

SettingValue = bool | int | str | tuple[str, ...]


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

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list parameter."""
        value = self.values[key]
        assert isinstance(value, tuple), (key, value)
        return value


@dataclass(frozen=True, slots=True)
class SettingsChanged:
    """The parameters have these values from now on."""

    settings: Settings
