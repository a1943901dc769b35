"""The six modes of free charging, as the manual's table has them. [CC613 5.2, catalogue 2.6]"""

from __future__ import annotations

from dataclasses import dataclass

from firmware.model.settings import Settings


@dataclass(frozen=True, slots=True)
class FreeMode:
    """One row: what starts a session, and what of it the back end is told."""

    name: str
    card: bool  # somebody has to present one, whichever
    tells_status: bool
    tells_transaction: bool
    fixed: bool = False  # billed is `free_charging_fixed_tag`, whoever came
    remote_start: bool = False


MODES: dict[str, FreeMode] = {
    mode.name: mode
    for mode in (
        FreeMode("no_ocpp", False, False, False, fixed=True),
        FreeMode("status_without_auth", False, True, False, fixed=True),
        FreeMode("status_with_auth", True, True, False),
        FreeMode("full_fixed_with_auth", True, True, True, fixed=True, remote_start=True),
        FreeMode("full_fixed_without_auth", False, True, True, fixed=True),
        FreeMode("full_any_rfid", True, True, True, remote_start=True),
    )
}


def free_mode(settings: Settings) -> FreeMode | None:
    """Return the mode of free charging; `None` while charging is not free."""
    if not settings.flag("free_charging"):
        return None
    return MODES[settings.text("free_charging_mode")]
