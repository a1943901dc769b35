"""All parameters by key, and every way of changing them: checked as a whole, errors at once."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from firmware.config import (
    authorization,
    backend,
    currents,
    ocpp_charging,
    ocpp_core,
    ocpp_files,
    ocpp_lists,
    ocpp_security,
)
from firmware.config.param import BadValue, Param
from firmware.model.errors import SettingErrors
from firmware.model.settings import Settings, SettingValue

PARAMS: Mapping[str, Param] = MappingProxyType(
    {
        p.key: p
        for p in (
            *backend.PARAMS, *authorization.PARAMS, *currents.PARAMS, *ocpp_core.PARAMS,
            *ocpp_charging.PARAMS, *ocpp_security.PARAMS, *ocpp_lists.PARAMS,
            *ocpp_files.PARAMS,
        )
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class OcppKey:
    """A name under which a back end knows a parameter, and its words where they are others."""

    name: str
    param: Param
    shown: Mapping[str, str] = field(default_factory=dict)  # our word -> the back end's
    read: Mapping[str, str] = field(default_factory=dict)  # the back end's -> ours

    def show(self, value: SettingValue) -> str:
        """Return a value in the back end's words."""
        text = self.param.kind.hide(self.param.kind.write(value))
        if isinstance(self.param.default, bool):
            return "true" if value else "false"
        return self.shown.get(text, text)


def _ocpp_keys() -> dict[str, OcppKey]:
    """Every standard key, the vendor key of every parameter, and what only maps to one."""
    keys = [OcppKey(p.ocpp16, p) for p in PARAMS.values() if p.ocpp16]
    keys += [OcppKey(p.vendor_key, p) for p in PARAMS.values() if p.id]
    keys.append(
        OcppKey(
            "AllowOfflineTxForUnknownId",
            PARAMS["if_in_doubt_allow_charging"],
            {"off": "false", "on": "true", "immediate_plug_in": "true"},
            {"false": "off", "true": "on"},
        )
    )
    return {key.name.casefold(): key for key in sorted(keys, key=lambda k: k.name)}


OCPP_KEYS: Mapping[str, OcppKey] = MappingProxyType(_ocpp_keys())

Relation = Callable[[Mapping[str, SettingValue]], str | None]


def _at_most(lower: str, upper: str) -> Relation:
    def check(values: Mapping[str, SettingValue]) -> str | None:
        low, high = values[lower], values[upper]
        assert isinstance(low, int) and isinstance(high, int)
        if low <= high:
            return None
        return f"{lower}: {low} A is above {upper} ({high} A); lower it or raise the other first"

    return check


_HELD_BY: tuple[tuple[str, str], ...] = tuple(  # from the outermost limit inwards
    (f"{lower}_{n}", f"{upper}_{n}")
    for n in (1, 2)
    for lower, upper in (
        ("installation_current_limit", "maximum_current"),
        ("operator_current_limit", "installation_current_limit"),
    )
)
RELATIONS: tuple[Relation, ...] = tuple(_at_most(lower, upper) for lower, upper in _HELD_BY)


def defaults() -> Settings:
    """Return the factory's values."""
    return Settings({key: p.default for key, p in PARAMS.items()})


def changed(settings: Settings, texts: Mapping[str, str]) -> Settings:
    """Return the settings with these values; raise `SettingErrors` and change nothing."""
    values = dict(settings.values)
    problems = _read(texts, values)
    if not problems:
        problems = [said for relation in RELATIONS if (said := relation(values)) is not None]
    if problems:
        raise SettingErrors(tuple(problems))
    return Settings(values)


def restored(texts: Mapping[str, str]) -> tuple[Settings, tuple[str, ...]]:
    """Return settings from storage, and a sentence for each value that had to be left out.

    A value that is left out never loosens another: what is then above the limit that holds it
    is lowered to it.
    """
    values = dict(defaults().values)
    problems = _read(texts, values)
    for lower, upper in _HELD_BY:
        said = _at_most(lower, upper)(values)
        if said is not None:
            values[lower] = values[upper]
            problems.append(f"{said}; it was lowered")
    return Settings(values), tuple(problems)


def _read(texts: Mapping[str, str], values: dict[str, SettingValue]) -> list[str]:
    """Put what can be read into `values`; return a sentence for each that cannot."""
    problems: list[str] = []
    for key, value in texts.items():
        param = find(key)
        if param is None:
            problems.append(_unknown(key))
        elif param.readonly:
            problems.append(f"{key}: read-only")
        else:
            try:
                values[param.key] = param.parse(value)
            except BadValue as problem:
                problems.append(str(problem))
    return problems


def find(key: str) -> Param | None:
    """Return the parameter of a key: the catalogue's, or `ocpp:` and an OCPP key."""
    if key in PARAMS:
        return PARAMS[key]
    named = OCPP_KEYS.get(key[5:].casefold()) if key.startswith("ocpp:") else None
    return named.param if named is not None else None


def _unknown(key: str) -> str:
    near = difflib.get_close_matches(key, PARAMS, n=1)
    hint = f"; did you mean {near[0]}?" if near else "; `powerstation get` lists all"
    return f"{key}: no such parameter{hint}"
