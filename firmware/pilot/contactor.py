"""When a contactor may close: every reason at once. When it must open: any one is enough.

Nothing here remembers; `core` holds the state and asks.
"""

from __future__ import annotations

from dataclasses import dataclass

from firmware.pilot.classify import Letter

MOVE_MS = 300  # by then the mirror contact has followed
CLOSINGS, CLOSINGS_MS = 6, 60_000  # the relay's life: not more in a minute  [chargebyte]


@dataclass(frozen=True, slots=True)
class View:
    """All that the decision sees, at one instant."""

    fresh: bool  # the sample can be trusted
    settled: Letter
    seen: Letter
    asking: frozenset[str]  # the states in which this outlet gives power: C, with a fan D as well
    permit: bool  # live, and for 6 A at least
    pwm: bool  # read back from the generator
    diode_proven: bool
    cable_ok: bool
    residual_ready: bool  # tested well and lately; True where there is none
    locked: bool  # True as well where there is no actuator
    contacts_open: bool  # by the mirror contact; True where there is none
    rested: bool  # long enough since it was opened under load, and not closed too often
    faulted: bool


def missing(view: View) -> tuple[str, ...]:
    """Return what is missing before the contactor may close; empty: it may."""
    reasons = (
        ("sample", view.fresh),
        ("car_asks", view.settled in view.asking and view.seen in view.asking),
        ("permit", view.permit),
        ("pwm", view.pwm),
        ("diode", view.diode_proven),
        ("cable", view.cable_ok),
        ("residual_ready", view.residual_ready),
        ("lock", view.locked),
        ("weld_check", view.contacts_open),
        ("rest", view.rested),
        ("no_fault", not view.faulted),
    )
    return tuple(name for name, there in reasons if not there)


def must_open(view: View) -> str | None:
    """Return why a closed contactor must open at once; `None` if it may stay."""
    if not view.fresh:
        return "sample_lost"
    if view.seen not in view.asking:
        return f"cp_{view.seen.lower()}" if view.seen != "?" else "cp_invalid"
    if not view.cable_ok:
        return "plug_lost"
    if view.faulted:
        return "fault"
    return None
