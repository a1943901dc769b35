"""Hostile values are refused with a sentence each, and nothing is changed."""

from collections import Counter

import pytest

from firmware.config.registry import PARAMS, changed, defaults
from firmware.model.errors import SettingErrors
from tests.manual.hostile import cases

CASES = cases()


def test_there_are_more_than_five_hundred_and_some_for_every_parameter(record_property):
    per_key = Counter(key for key, _ in CASES)
    assert set(per_key) == {key for key, param in PARAMS.items() if not param.readonly}
    assert len(CASES) >= 500
    record_property("figure", f"hostile values: {len(CASES)} over {len(per_key)} parameters")


@pytest.mark.parametrize("key", [k for k, p in PARAMS.items() if not p.readonly])
def test_a_hostile_value_is_refused_with_a_sentence_and_changes_nothing(key):
    base = defaults()
    for value in (v for k, v in CASES if k == key):
        with pytest.raises(SettingErrors) as caught:
            changed(base, {"tcp_watchdog_timeout": "60", key: value})
        (said,) = caught.value.messages
        assert said.startswith(f"{key}: ") and "allowed: " in said and len(said) < 500
        assert said.isprintable()
        assert base == defaults()
