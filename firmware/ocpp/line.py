"""How it stands between station and back end, for whoever asks."""

from __future__ import annotations

from dataclasses import dataclass

from firmware.ocpp.boot import BootState


@dataclass(frozen=True, slots=True)
class Queue:
    """How much waits for the back end."""

    messages: int
    meter_bytes: int


@dataclass(frozen=True, slots=True)
class Line:
    """The line; durations up to now."""

    connected: bool
    lost_for_ms: int | None  # None: it never was there
    problem: str
    boot: BootState
    boot_again_ms: int
    queued: int
    skew_ms: int | None  # the back end's clock against the station's own; None: it has none
    reproaches: tuple[str, ...]
