"""Facts of people at the station's pages: learning cards, commissioning."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class LearnAsked:
    """Somebody opens learn mode, or ends it."""

    on: bool


@dataclass(frozen=True, slots=True)
class LearningChanged:
    """Learn mode as it is now: each card presented is put on the local whitelist."""

    on: bool
    learned: tuple[str, ...]
    until_ms: int


class GuidedPart(StrEnum):
    """What the guided test of commissioning goes through."""

    LED = "led"
    READER = "reader"
    LOCK = "lock"
    CONTACTOR = "contactor"
    RESIDUAL = "residual"
    METER = "meter"


@dataclass(frozen=True, slots=True)
class CommissioningAsked:
    """Somebody begins the guided test, or ends it."""

    on: bool


@dataclass(frozen=True, slots=True)
class CommissioningConfirmed:
    """A person says what only a person can see."""

    part: GuidedPart
    fine: bool


@dataclass(frozen=True, slots=True)
class LightsTested:
    """The ring shows all its colours for a while."""


@dataclass(frozen=True, slots=True)
class SignInTried:
    """Somebody tried to sign in at the pages, from this address."""

    user: str
    source: str
    fine: bool
