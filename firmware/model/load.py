"""What the house draws besides or with the cars, as the meter at its connection tells it."""

from __future__ import annotations

from dataclasses import dataclass

from firmware.model.values import PhasesMa


@dataclass(frozen=True, slots=True)
class ExternalLoad:
    """The external meter was read; `at_ms` is when. Export counts as 0, or below it if it may.

    `exporting` tells which phases export [B-DLM-27]; `digital_input` is the meter's own input,
    None where nothing tells it.
    """

    currents_ma: PhasesMa
    exporting: tuple[bool, bool, bool]
    at_ms: int
    digital_input: bool | None = None


@dataclass(frozen=True, slots=True)
class ExternalLoadLost:
    """The external meter is silent; until the next `ExternalLoad` its fallback counts. [B-DLM-26]

    So it does after a start until the first of either is told.
    """

    at_ms: int


@dataclass(frozen=True, slots=True)
class ReadingDropped:
    """A meter told what cannot be; its reading counts as silence. Told once in a row."""

    name: str
    reason: str
    at_ms: int
