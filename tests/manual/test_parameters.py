"""Every parameter of the catalogue is declared as the catalogue says, once, and usable anywhere."""

import json
import re
from pathlib import Path

import pytest

from firmware.config.param import Effect, Role
from firmware.config.registry import OCPP_KEYS, PARAMS, defaults
from firmware.model.backend import ConfigurationRequested
from firmware.station.configuration import ConfigurationDesk
from tests.manual.kinds import agrees

ROWS = json.loads((Path(__file__).parent.parent / "data" / "parameters.json").read_text())
STORED = [row for row in ROWS if row["kind"] in "NC"]
SOON = [Effect.IMMEDIATE, Effect.NEXT_SESSION, Effect.RESTART]
EFFECTS = {"imm": Effect.IMMEDIATE, "next": Effect.NEXT_SESSION, "rst": Effect.RESTART}
# where the catalogue's default is of one station, or is a description
NOT_KEYS = ("SecurityProfile", "GetConfiguration", "ISO15118PnCEnabled", "ClearCache.req")
DEFAULTS = {"ocpp_chargebox_identity": "powerstation", "email_sender": "", "operator_password": "",
            "installer_password": "", "user_password": "", "manufacturer_password": ""}  # fmt: skip


def marked(rows):
    return [pytest.param(r, id=r["key"], marks=pytest.mark.covers(r["id"])) for r in rows]


@pytest.mark.parametrize("row", marked(STORED))
def test_a_parameter_is_declared_as_the_catalogue_says(row):
    param = PARAMS[row["key"]]
    assert param.id == row["id"]
    assert param.role is Role(row["role"])
    assert param.unit == row["unit"]
    assert param.menu.value == row["menu"].split("/")[0].lower().replace(" ", "_")
    assert param.kind.write(param.default) == DEFAULTS.get(row["key"], row["default"])
    assert SOON.index(param.effect) <= SOON.index(EFFECTS[row["effect"]])  # sooner is better
    assert param.kind.secret == (row["type"] == "secret")
    assert param.help.endswith(".")
    assert agrees(param, row) == ""


@pytest.mark.parametrize("row", marked(STORED))
def test_a_parameter_is_a_key_of_the_back_end_that_hides_what_is_secret(row):
    name = row["ocpp_vendor_key"]
    (answer,) = ConfigurationDesk(defaults()).handle(ConfigurationRequested("c", (name,)), 0)
    (entry,) = answer.known
    assert entry.key == name
    assert (entry.value is None) == (row["type"] == "secret")
    assert entry.readonly == (row["role"] in ("installer", "manufacturer"))
    standard = re.match(r"[A-Z]\w+", row["ocpp"])
    if standard and row["ocpp"].split(" ")[0] not in NOT_KEYS:
        assert standard[0].casefold() in OCPP_KEYS


def test_no_two_parameters_have_one_id_and_none_is_beside_the_catalogue():
    ids = [param.id for param in PARAMS.values() if param.id]
    assert len(ids) == len(set(ids))
    assert set(ids) == {row["id"] for row in STORED}


def test_a_parameter_that_is_shown_by_another_names_one_that_there_is():
    for param in PARAMS.values():
        if param.shown_if is not None:
            key, words = param.shown_if
            assert {PARAMS[key].kind.write(PARAMS[key].parse(word)) for word in words} == set(words)
