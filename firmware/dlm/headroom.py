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

    With `use_export` what the house feeds in may be used by the cars; `fallback_ma` is the load
    that is assumed while the meter is silent [A-20].
    """

    location: Location
    main_ma: PhasesMa
    headroom_ma: PhasesMa
    fallback_ma: PhasesMa
    use_export: bool = False


def operating_ma(*limits_ma: PhasesMa) -> PhasesMa:
    """Return the limit in force for all stations: the least of those that apply, per phase."""
    return triple(min(each) for each in zip(*limits_ma, strict=True))


def external_ma(connection: Connection, measured_ma: PhasesMa, evse_ma: PhasesMa) -> PhasesMa:
    """Return the load beside the stations; `evse_ma` is what they draw, on the grid's phases.

    Both are to be means over the same time. Measured is a current below 0 where its phase exports.
    """
    if not connection.use_export:
        measured_ma = triple(max(0, x) for x in measured_ma)
    if connection.location is Location.INCLUDING:
        measured_ma = triple(m - e for m, e in zip(measured_ma, evse_ma, strict=True))
        if not connection.use_export:
            measured_ma = triple(max(0, x) for x in measured_ma)
    return measured_ma


def available_ma(
    operating: PhasesMa, connection: Connection | None = None, beside_ma: PhasesMa = (0, 0, 0)
) -> PhasesMa:
    """Return what may be distributed; `connection` is None without a meter."""
    if connection is None:
        return triple(max(0, x) for x in operating)
    left_ma = (
        main - head - beside
        for main, head, beside in zip(
            connection.main_ma, connection.headroom_ma, beside_ma, strict=True
        )
    )
    return triple(max(0, min(pair)) for pair in zip(operating, left_ma, strict=True))


def triple(values: Iterable[int]) -> PhasesMa:
    """Return currents of L1, L2 and L3."""
    a, b, c = values
    return a, b, c
