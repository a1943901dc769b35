"""Every numbered pitfall has a test that names it, or a line that says why it cannot occur."""

import re

import pytest

from firmware.config.ocpp_core import MEASURANDS
from firmware.config.registry import changed, defaults
from firmware.model.errors import SettingErrors

LAST = 81


def test_every_pitfall_is_tested_or_excluded(repository):
    sources = "".join(file.read_text() for file in (repository / "tests").rglob("test_*.py"))
    tested = {int(number) for number in re.findall(r'"OCPP16-PITFALL-(\d+)"', sources)}
    page = (repository / "docs" / "ocpp-pitfalls.md").read_text()
    excluded = {int(number) for number in re.findall(r"^\| (\d+) \|", page, re.M)}
    assert not tested & excluded
    assert sorted(set(range(1, LAST + 1)) - tested - excluded) == []


def test_frequency_is_refused_with_the_whole_list():
    assert "Frequency" not in MEASURANDS
    wanted = {"ocpp:MeterValuesSampledData": "Energy.Active.Import.Register,Frequency"}
    with pytest.raises(SettingErrors):
        changed(defaults(), wanted)
