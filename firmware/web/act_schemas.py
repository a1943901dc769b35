"""The shapes of answers about parameters and acts; those of looking stand in `schemas`."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from firmware.web.schemas import Problem, Told

# -- parameters --------------------------------------------------------------------------------


class ShownIf(Told):
    """A parameter is of use only while another has one of these values."""

    key: str
    is_one_of: list[str] = Field(alias="is")


class ParamForm(Told):
    """One parameter with all that a field needs; values are texts in the words of the manual."""

    key: str
    id: str
    label: str
    menu: str
    group: str
    kind: str
    unit: str
    low: int | None
    high: int | None
    also: list[int]
    choices: list[str]
    max_length: int | None
    separator: str
    optional: bool
    default: str
    role: str
    writable: bool
    effect: str
    restarts: str | None
    ocpp: str
    manual: str
    help: str
    allowed: str
    value: str
    is_set: bool
    acts: bool
    shown_if: ShownIf | None


class Params(Told):
    """The parameters that a role may see; `revision` counts the changes."""

    revision: int
    params: list[ParamForm]


class Difference(Told):
    """One value before and after; secrets are `***`."""

    key: str
    before: str = Field(alias="from")
    after: str = Field(alias="to")


class Dry(Told):
    """What a change would do."""

    ok: bool
    errors: list[Problem]
    warnings: list[str]
    diff: list[Difference]
    restart: list[str]


class Saved(Told):
    """What was written, and what acts only after a restart."""

    saved: list[str]
    restart_needed_for: list[str]
    revision: int
    warnings: list[str]


class Exported(Told):
    """Settings that differ from the factory's, without secrets."""

    format_number: int = Field(alias="powerstation")
    firmware: str
    settings: dict[str, str]


class Change(Told):
    """One write of parameters."""

    number: int
    at: str
    who: str
    by: str
    values: list[Difference]
    undoable: bool


class History(Told):
    """The writes of parameters, newest first."""

    changes: list[Change]


class PresetRow(Told):
    """Values of one provider of back ends."""

    name: str
    changes: dict[str, str]
    remark: str


class Presets(Told):
    """Values of providers of back ends."""

    presets: list[PresetRow]


# -- acting --------------------------------------------------------------------------------------


class Noted(Told):
    """What is done now, in one sentence."""

    text: str


class Remembered(Told):
    """What the back end said of a token."""

    token: str
    verdict: str
    expires: str | None


class Whitelist(Told):
    """Both whitelists."""

    local: list[str]
    ocpp: list[Remembered]
    enabled: bool


class CommissioningStep(Told):
    """One part of the guided test; outlet 0 is the station."""

    part: str
    outlet: int
    state: Literal["waiting", "passed", "failed"]
    do: str
    seen: str


class CommissioningState(Told):
    """The guided test."""

    on: bool
    steps: list[CommissioningStep]


class BenchAnswer(BaseModel):
    """The answer of the simulated world."""

    model_config = ConfigDict(extra="allow")
    ok: bool = True

    def words(self) -> dict[str, Any]:
        """Return it as it came."""
        return dict(self.model_extra or {}) | {"ok": self.ok}


# -- the firmware -----------------------------------------------------------------------------


class UpdateState(Told):
    """How far an update is; `by` says whose it is, `problem` is a sentence."""

    running: str
    stage: Literal[
        "none", "receiving", "checking", "refused", "ready", "fetching", "waiting", "installing",
        "installed", "failed",
    ]  # fmt: skip
    by: Literal["person", "backend"]
    name: str
    received: int
    bytes: int
    version: str
    signer: str
    problem: str


class Update(Told):
    """The update of the firmware."""

    update: UpdateState
