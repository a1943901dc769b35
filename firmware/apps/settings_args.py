"""Settings of a process: what storage keeps, then what the command line says."""

from __future__ import annotations

from collections.abc import Mapping

from firmware.config.param import hashed as is_hash
from firmware.config.registry import changed, find, restored
from firmware.io.passwords import hashed
from firmware.model.errors import SettingErrors
from firmware.model.settings import Settings


def read_settings(
    stored: Mapping[str, str], overrides: Mapping[str, str]
) -> tuple[Settings, tuple[str, ...]]:
    """Return settings and sentences about stored values left out; raise `SettingErrors`."""
    settings, problems = restored(stored)
    return changed(settings, overrides), problems


def with_hashes(texts: Mapping[str, str]) -> dict[str, str]:
    """Return values whose passwords are hashes, which alone may stay in memory and on disk."""
    return {
        key: hashed(text)
        if (param := find(key)) is not None and param.password and text and not is_hash(text)
        else text
        for key, text in texts.items()
    }


def parse_sets(items: list[str]) -> dict[str, str]:
    """Return the values of `--set KEY=VALUE`; raise `SettingErrors`."""
    bad = tuple(f"--set {item}: write it as key=value" for item in items if "=" not in item)
    if bad:
        raise SettingErrors(bad)
    pairs = (item.partition("=") for item in items)
    return {key: value for key, _, value in pairs}
