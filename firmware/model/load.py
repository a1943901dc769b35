"""What the house draws besides or with the cars, as the meter at its connection tells it."""

from __future__ import annotations

from dataclasses import dataclass

from firmware.model.values import PhasesMa


@dataclass(frozen=True, slots=True)
class ExternalLoad:
    """The external meter was read; `at_ms` is when. No current is below 0: export counts as 0.

    `currents_ma` is the mean over one sample period of load management, rounded up [B-DLM-08];
    `latest_ma` is the newest reading alone; `exporting` tells where that shows export [B-DLM-27].
    `digital_input` is the meter's own input then, None where nothing tells it.
    """

    currents_ma: PhasesMa
    latest_ma: PhasesMa
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
