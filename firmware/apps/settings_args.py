"""Settings of a process: what storage keeps, then what the command line says."""

from __future__ import annotations

from collections.abc import Mapping

from firmware.config.registry import changed, restored
from firmware.model.errors import SettingErrors
from firmware.model.settings import Settings


def read_settings(
    stored: Mapping[str, str], overrides: Mapping[str, str]
) -> tuple[Settings, tuple[str, ...]]:
    """Return settings and sentences about stored values left out; raise `SettingErrors`."""
    settings, problems = restored(stored)
    return changed(settings, overrides), problems


def parse_sets(items: list[str]) -> dict[str, str]:
    """Return the values of `--set KEY=VALUE`; raise `SettingErrors`."""
    bad = tuple(f"--set {item}: write it as key=value" for item in items if "=" not in item)
    if bad:
        raise SettingErrors(bad)
    pairs = (item.partition("=") for item in items)
    return {key: value for key, _, value in pairs}
