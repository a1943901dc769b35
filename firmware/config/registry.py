"""All parameters by key, and every way of changing them: checked as a whole, errors at once."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from types import MappingProxyType

from firmware.config import (
    authorization,
    backend,
    backend_soap,
    dlm,
    dlm_own,
    installation,
    local_load,
    mail,
    network,
    ocpp_charging,
    ocpp_core,
    ocpp_files,
    ocpp_lists,
    ocpp_security,
    system,
)
from firmware.config.ocpp_names import OcppName, names
from firmware.config.param import BadValue, Param
from firmware.config.relations import above, broken, held_by
from firmware.model.errors import SettingErrors
from firmware.model.settings import Settings, SettingValue

PARAMS: Mapping[str, Param] = MappingProxyType(
    {
        p.key: p
        for p in (
            *network.PARAMS, *backend.PARAMS, *backend_soap.PARAMS, *mail.PARAMS,
            *authorization.PARAMS, *local_load.PARAMS, *dlm.PARAMS, *dlm_own.PARAMS,
            *installation.PARAMS, *system.PARAMS, *ocpp_core.PARAMS,
            *ocpp_charging.PARAMS, *ocpp_security.PARAMS, *ocpp_lists.PARAMS,
            *ocpp_files.PARAMS,
        )
    }
)  # fmt: skip


OCPP_KEYS: Mapping[str, OcppName] = MappingProxyType(names(PARAMS))  # by what ignores case


def defaults() -> Settings:
    """Return the factory's values."""
    return Settings({key: p.default for key, p in PARAMS.items()})


def changed(settings: Settings, texts: Mapping[str, str]) -> Settings:
    """Return the settings with these values; raise `SettingErrors` and change nothing."""
    values = dict(settings.values)
    problems = _read(own_words(texts), values)
    if not problems:
        problems = broken(values)
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
    for lower, upper in held_by(values):
        said = above(values, lower, upper)
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


def own_words(texts: Mapping[str, str]) -> dict[str, str]:
    """Return texts under the parameters' own keys; names of OCPP bring the words of OCPP."""
    own: dict[str, str] = {}
    for key, text in texts.items():
        named = OCPP_KEYS.get(key[5:].casefold()) if key.startswith("ocpp:") else None
        if named is None or named.params[0].key == key:
            own[key] = text
            continue
        try:
            own.update(named.read(text))
        except ValueError:
            own[key] = text  # whose parameter then says what it takes
    return own


def find(key: str) -> Param | None:
    """Return the parameter of a key: the catalogue's, or `ocpp:` and an OCPP key."""
    if key in PARAMS:
        return PARAMS[key]
    named = OCPP_KEYS.get(key[5:].casefold()) if key.startswith("ocpp:") else None
    return named.params[0] if named is not None else None


def key_of(message: str) -> str | None:
    """Return the parameter that a sentence of this registry is about."""
    named = message.removeprefix("ocpp:").partition(": ")[0]
    key = f"ocpp:{named}" if message.startswith("ocpp:") else named
    return key if key in PARAMS else None


def _unknown(key: str) -> str:
    near = difflib.get_close_matches(key, PARAMS, n=1)
    hint = f"; did you mean {near[0]}?" if near else "; `powerstation get` lists all"
    return f"{key}: no such parameter{hint}"
