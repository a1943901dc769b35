"""How much of the supply is left to the cars, per grid phase: catalogue 2.12.1.

What the result lowers further, the disconnected limits of units that are not heard, enters the
tree as held loads (`tree.room`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from firmware.model.values import PhasesMa


class Location(StrEnum):
    """Whether the external meter's currents contain those of the stations."""

    INCLUDING = "including_evse"
    EXCLUDING = "excluding_evse"


@dataclass(frozen=True, slots=True)
class Connection:
    """The house connection: where its meter sits and what may flow there.

    `stale_ms` is the age from which a reading counts no more: three polls (B-DLM-26). With
    `use_export` what the house feeds in may be used by the cars.
    """

    location: Location
    main_ma: PhasesMa
    headroom_ma: PhasesMa
    fallback_ma: PhasesMa
    stale_ms: int
    use_export: bool = False


@dataclass(frozen=True, slots=True)
class Metered:
    """A reading of the external meter; a current is negative where its phase exports."""

    currents_ma: PhasesMa
    at_ms: int


def operating_ma(
    evse_ma: PhasesMa,
    operator_ma: PhasesMa,
    scheduled_ma: PhasesMa | None = None,
    input_ma: PhasesMa | None = None,
) -> PhasesMa:
    """Return the limit in force for all stations: the least of those that apply, per phase.

    None: no scheduler entry, no external input active.
    """
    given = [x for x in (evse_ma, operator_ma, scheduled_ma, input_ma) if x is not None]
    return _triple(min(each) for each in zip(*given, strict=True))


def external_ma(
    connection: Connection, metered: Metered | None, evse_ma: PhasesMa, now_ms: int
) -> PhasesMa:
    """Return the load beside the stations; `evse_ma` is what they draw, on the grid's phases.

    Both are to be means over the same time. A silent meter counts as the fallback [A-20].
    """
    if metered is None or now_ms - metered.at_ms >= connection.stale_ms:
        return connection.fallback_ma
    measured_ma = metered.currents_ma
    if not connection.use_export:
        measured_ma = _triple(max(0, x) for x in measured_ma)
    if connection.location is Location.INCLUDING:
        measured_ma = _triple(m - e for m, e in zip(measured_ma, evse_ma, strict=True))
        if not connection.use_export:
            measured_ma = _triple(max(0, x) for x in measured_ma)
    return measured_ma


def available_ma(
    operating: PhasesMa, connection: Connection | None = None, beside_ma: PhasesMa = (0, 0, 0)
) -> PhasesMa:
    """Return what may be distributed; `connection` is None without a meter."""
    if connection is None:
        return _triple(max(0, x) for x in operating)
    left_ma = (
        main - head - beside
        for main, head, beside in zip(
            connection.main_ma, connection.headroom_ma, beside_ma, strict=True
        )
    )
    return _triple(max(0, min(pair)) for pair in zip(operating, left_ma, strict=True))


def _triple(values: Iterable[int]) -> PhasesMa:
    a, b, c = values
    return a, b, c
