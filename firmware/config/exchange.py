"""Settings as a whole: what a change would do, and how they leave and enter the station.

An export holds what differs from the factory's values and no secret, so that it may lie in an
installer's mailbox; an import is an ordinary change.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from firmware.config.param import Effect, Param, Role
from firmware.config.registry import PARAMS, changed, find
from firmware.config.relations import warnings
from firmware.model.errors import SettingErrors
from firmware.model.settings import Settings

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Difference:
    """One value before and after, as outside texts; secrets are `***`."""

    key: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Dry:
    """What a change would do, without doing it."""

    errors: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    differences: tuple[Difference, ...] = ()
    restarts: tuple[str, ...] = ()  # what would have to start anew before all of it acts
    later: tuple[str, ...] = ()  # the keys that act only then


def dry_run(
    settings: Settings, texts: Mapping[str, str], role: Role, networks: Iterable[str] = ()
) -> Dry:
    """Return what a change by this role would do; every error at once.

    `networks` are the station's own, each as address/netmask.
    """
    refused = forbidden(settings, texts, role)
    try:
        after = changed(settings, texts)
    except SettingErrors as problem:
        return Dry((*refused, *problem.messages))
    if refused:
        return Dry(tuple(refused))
    differences = tuple(
        Difference(param.key, param.tell(was), param.tell(now))
        for param in PARAMS.values()
        if (was := settings.values[param.key]) != (now := after.values[param.key])
    )
    params = [PARAMS[one.key] for one in differences]
    late = [param for param in params if param.effect is Effect.RESTART]
    return Dry(
        (),
        tuple(warnings(settings.values, after.values, networks)),
        differences,
        tuple(sorted({param.restarts for param in late})),
        tuple(param.key for param in late),
    )


def forbidden(settings: Settings, texts: Mapping[str, str], role: Role) -> list[str]:
    """Return a sentence for each key that this role may not write."""
    return [
        f"{key}: role {needed.value} is needed, this is {role.value}"
        for key in texts
        if (param := find(key)) is not None and not role.may(needed := needed_role(param, settings))
    ]


def needed_role(param: Param, settings: Settings) -> Role:
    """Return who may see and write a parameter.

    [CC613 7.3a, B-CUR-10] The maker opens those of the one supply line to the installer, or not.
    """
    opened = settings.flag("station_single_supply_installer_access")
    if param.key in ("station_single_supply", "station_supply_line_limit"):
        return Role.INSTALLER if opened else Role.MANUFACTURER
    return param.role


def exported(settings: Settings) -> dict[str, str]:
    """Return what differs from the factory's, without secrets."""
    return {
        param.key: param.kind.write(value)
        for param in PARAMS.values()
        if not param.kind.secret
        and not param.readonly
        and param.stored
        and (value := settings.values[param.key]) != param.default
        and param.kind.hide(param.kind.write(value)) == param.kind.write(value)
    }
