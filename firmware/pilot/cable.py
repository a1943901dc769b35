"""Proximity pilot: from the resistor in the plug to the current that its cable carries."""

from __future__ import annotations

NO_PLUG_OHM = 4_500  # above: nothing is plugged  [61851-1 B.2; EVerest bring-up]
SHORT_OHM = 60  # below: wiring fault
_TABLE: tuple[tuple[int, int], ...] = (  # upper bound in ohm, rating; in-between: lower rating
    (140, 63_000),
    (308, 32_000),
    (936, 20_000),
    (NO_PLUG_OHM, 13_000),
)


def cable_ma(pp_ohm: int | None) -> int | None:
    """Return the rating in mA; `None` without a plug; 0 for a short, which may not charge."""
    if pp_ohm is None or pp_ohm > NO_PLUG_OHM:
        return None
    if pp_ohm < SHORT_OHM:
        return 0
    return next(rating for upper_ohm, rating in _TABLE if pp_ohm <= upper_ohm)
