"""All parameters by key, and every way of changing them: checked as a whole, errors at once."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from types import MappingProxyType

from firmware.config import authorization, backend, currents, ocpp_core
from firmware.config.param import BadValue, Param
from firmware.model.errors import SettingErrors
from firmware.model.settings import Settings, SettingValue

PARAMS: Mapping[str, Param] = MappingProxyType(
    {
        p.key: p
        for p in (
            *backend.PARAMS, *authorization.PARAMS, *currents.PARAMS, *ocpp_core.PARAMS,
        )
    }
)  # fmt: skip
BY_OCPP_KEY: Mapping[str, Param] = MappingProxyType(
    {p.ocpp_key.casefold(): p for p in PARAMS.values()}
)
assert len(BY_OCPP_KEY) == len(PARAMS)

Relation = Callable[[Mapping[str, SettingValue]], str | None]


def _at_most(lower: str, upper: str) -> Relation:
    def check(values: Mapping[str, SettingValue]) -> str | None:
        low, high = values[lower], values[upper]
        assert isinstance(low, int) and isinstance(high, int)
        if low <= high:
            return None
        return f"{lower}: {low} A is above {upper} ({high} A); lower it or raise the other first"

    return check


RELATIONS: tuple[Relation, ...] = tuple(
    _at_most(f"{lower}_{n}", f"{upper}_{n}")
    for n in (1, 2)
    for lower, upper in (
        ("operator_current_limit", "installation_current_limit"),
        ("installation_current_limit", "maximum_current"),
    )
)


def defaults() -> Settings:
    """Return the factory's values."""
    return Settings({key: p.default for key, p in PARAMS.items()})


def changed(settings: Settings, texts: Mapping[str, str]) -> Settings:
    """Return the settings with these values; raise `SettingErrors` and change nothing."""
    values = dict(settings.values)
    problems: list[str] = []
    for key, value in texts.items():
        param = find(key)
        if param is None:
            problems.append(_unknown(key))
            continue
        if param.readonly:
            problems.append(f"{key}: read-only")
            continue
        try:
            values[param.key] = param.parse(value)
        except BadValue as problem:
            problems.append(str(problem))
    if not problems:
        problems = [said for relation in RELATIONS if (said := relation(values)) is not None]
    if problems:
        raise SettingErrors(tuple(problems))
    return Settings(values)


def restored(texts: Mapping[str, str]) -> tuple[Settings, tuple[str, ...]]:
    """Return settings from storage, and a sentence for each value that had to be left out."""
    settings, problems = defaults(), list[str]()
    try:
        return changed(settings, texts), ()
    except SettingErrors:
        for key, value in texts.items():
            try:
                settings = changed(settings, {key: value})
            except SettingErrors as problem:
                problems += problem.messages
    return settings, tuple(problems)


def find(key: str) -> Param | None:
    """Return the parameter of a key: the catalogue's, or `ocpp:` and an OCPP key."""
    if key in PARAMS:
        return PARAMS[key]
    return BY_OCPP_KEY.get(key[5:].casefold()) if key.startswith("ocpp:") else None


def _unknown(key: str) -> str:
    near = difflib.get_close_matches(key, PARAMS, n=1)
    hint = f"; did you mean {near[0]}?" if near else "; `powerstation get` lists all"
    return f"{key}: no such parameter{hint}"
