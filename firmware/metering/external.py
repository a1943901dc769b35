"""The meters that no outlet owns, at the house connection: are they there?

They are asked every ten seconds; three silences are fault F14, the first answer of all ends it.
What they measure is for load management.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from firmware.model.devices import OtherMeterRead, OtherMeterSilent, ReadOtherMeter
from firmware.model.fault import Fault
from firmware.model.machine import NEVER_MS
from firmware.model.outlet import FaultCleared, FaultRaised

POLL_MS = 10_000
SILENT_POLLS = 3


@dataclass(slots=True)
class ExternalState:
    """Plain data: silences in a row of each meter."""

    silent: dict[str, int] = field(default_factory=dict)
    poll_ms: int = NEVER_MS
    woke: bool = False
    there: bool = False  # the fault


class ExternalMeters:
    """The machine of the external meters."""

    def __init__(self, names: Iterable[str]) -> None:
        self.state = ExternalState(dict.fromkeys(names, 0))

    def handle(self, fact: object, now_ms: int) -> Iterable[object]:
        """Take one fact."""
        s = self.state
        out: list[object] = []
        if not s.woke:
            s.woke, s.poll_ms = True, now_ms if s.silent else NEVER_MS
        match fact:
            case OtherMeterRead(name, _) if name in s.silent:
                s.silent[name] = 0
            case OtherMeterSilent(name, _) if name in s.silent:
                s.silent[name] = min(s.silent[name] + 1, SILENT_POLLS)
            case _:
                pass
        mute = any(count >= SILENT_POLLS for count in s.silent.values())
        if mute != s.there:
            s.there = mute
            out.append((FaultRaised if mute else FaultCleared)(0, Fault.EXTERNAL_METER, now_ms))
        if now_ms >= s.poll_ms:
            s.poll_ms = now_ms + POLL_MS
            out += [ReadOtherMeter(name) for name in s.silent]
        return out

    def deadline_ms(self) -> int:
        """The next question."""
        return self.state.poll_ms
