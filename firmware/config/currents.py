"""Chapters Load management, Installation and Manufacturer: the currents of each outlet."""

from __future__ import annotations

from firmware.config.param import Effect, Param, Role, choice, whole

_AMPS = whole(6, 80)


def _per_outlet(number: int) -> tuple[Param, ...]:
    return (
        Param(
            f"operator_current_limit_{number}",
            _AMPS,
            16,
            id=f"P{85 + number:03d}",
            unit="A",
            manual="7.1",
            help="Most current offered to the car; may change while it charges.",
        ),
        Param(
            f"installation_current_limit_{number}",
            _AMPS,
            32,
            id=f"P{124 + number}",
            unit="A",
            role=Role.INSTALLER,
            manual="7.2",
            help="What the supply of this outlet carries.",
        ),
        Param(
            f"maximum_current_{number}",
            _AMPS,
            32,
            id=f"P{147 + number}",
            unit="A",
            role=Role.MANUFACTURER,
            effect=Effect.RESTART,
            manual="7.2",
            help="What socket, contactor and meter of this outlet carry.",
        ),
        Param(
            f"phases_connected_{number}",
            choice("single_phase", "single_phase_it", "three_phase"),
            "three_phase",
            id=f"P{128 + number}",
            role=Role.INSTALLER,
            effect=Effect.RESTART,
            manual="7.1",
            help="How this outlet is fed; with one phase only L1 is used and counted.",
        ),
    )


PARAMS = (*_per_outlet(1), *_per_outlet(2))
