"""The meters that no outlet owns, at the house connection: are they there, and what flows?

They are asked once a second [B-MET-02]. Three polls without an answer, or a newest reading as old
as that, are fault F14; the first answer of all ends it. One of them tells the load of the house.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from firmware.metering.judge import impossible, strange
from firmware.model.devices import OtherMeterRead, OtherMeterSilent, ReadOtherMeter
from firmware.model.fault import Fault
from firmware.model.load import ExternalLoad, ExternalLoadLost, ReadingDropped
from firmware.model.machine import NEVER_MS
from firmware.model.outlet import FaultCleared, FaultRaised
from firmware.model.settings import Settings, SettingsChanged
from firmware.model.values import PhasesMa, Reading

POLL_MS = 1_000
SILENT_POLLS = 3
STALE_MS = (SILENT_POLLS + 1) * POLL_MS  # the third may take its second


@dataclass(slots=True)
class _Meter:
    """What is known of one meter; instants are monotonic ms."""

    silent: int = 0  # polls in a row
    heard_ms: int = 0  # of its newest reading; at first when the station woke
    seen_ms: int | None = None  # of its newest answer, believed or not
    last: Reading | None = None  # that was believed
    doubted: Reading | None = None  # that was strange, and came last
    dropping: bool = False  # told already


@dataclass(slots=True)
class ExternalState:
    """Plain data."""

    meters: dict[str, _Meter]
    poll_ms: int = NEVER_MS
    woke: bool = False
    fault: bool = False
    lost: bool = False


class ExternalMeters:
    """The machine of the external meters."""

    def __init__(self, names: Sequence[str], settings: Settings) -> None:
        """The first of the names is the meter that tells the load of the house."""
        self.settings = settings
        self.load_of = names[0] if names else ""
        self.state = ExternalState({name: _Meter() for name in names})

    def handle(self, fact: object, now_ms: int) -> Iterable[object]:
        """Take one fact."""
        s = self.state
        out: list[object] = []
        if not s.woke:
            s.woke, s.poll_ms = True, now_ms if s.meters else NEVER_MS
            for meter in s.meters.values():
                meter.heard_ms = now_ms
        match fact:
            case OtherMeterRead(name, reading) if name in s.meters:
                self._read(name, reading, now_ms, out)
            case OtherMeterSilent(name, _) if name in s.meters:
                _missed(s.meters[name])
            case SettingsChanged(settings):
                self.settings = settings
            case _:
                pass
        self._faults(now_ms, out)
        if now_ms >= s.poll_ms:
            s.poll_ms += (now_ms - s.poll_ms) // POLL_MS * POLL_MS + POLL_MS
            out += [ReadOtherMeter(name) for name in s.meters]
        return out

    def deadline_ms(self) -> int:
        """The next question, or when a reading is too old."""
        stale = (m.heard_ms + STALE_MS for m in self.state.meters.values() if not _mute(m))
        return min(self.state.poll_ms, *stale, NEVER_MS)

    def _read(self, name: str, reading: Reading, now_ms: int, out: list[object]) -> None:
        meter = self.state.meters[name]
        if meter.seen_ms is not None and reading.at_ms <= meter.seen_ms:
            return  # known already
        if now_ms >= reading.at_ms + STALE_MS:
            return  # it waited somewhere, and is no news
        meter.seen_ms = reading.at_ms
        reason = _dropped(meter, reading)
        if reason is not None:
            _missed(meter)
            if not meter.dropping:
                out.append(ReadingDropped(name, reason, now_ms))
            meter.dropping = True
            return
        meter.silent, meter.heard_ms, meter.last = 0, reading.at_ms, reading
        meter.dropping = False
        if name == self.load_of:
            self._load(reading, out)

    def _load(self, reading: Reading, out: list[object]) -> None:
        self.state.lost = False
        flow_ma, at_ms, signal = self._flow_ma(reading), reading.at_ms, reading.digital_input
        out.append(ExternalLoad(flow_ma, exporting(reading), at_ms, signal))

    def _flow_ma(self, reading: Reading) -> PhasesMa:
        """[B-DLM-27] An export counts as 0 unless the cars may use it."""
        use = self.settings.flag("dlm_use_export")
        return signed_ma(reading) if use else imported_ma(reading)

    def _faults(self, now_ms: int, out: list[object]) -> None:
        s = self.state
        for name, meter in s.meters.items():
            if now_ms >= meter.heard_ms + STALE_MS:
                meter.silent = SILENT_POLLS
            if name == self.load_of and _mute(meter) and not s.lost:
                s.lost = True
                out.append(ExternalLoadLost(now_ms))
        mute = any(map(_mute, s.meters.values()))
        if mute != s.fault:
            s.fault = mute
            out.append((FaultRaised if mute else FaultCleared)(0, Fault.EXTERNAL_METER, now_ms))


def _mute(meter: _Meter) -> bool:
    return meter.silent >= SILENT_POLLS


def _missed(meter: _Meter) -> None:
    meter.silent = min(meter.silent + 1, SILENT_POLLS)


def _dropped(meter: _Meter, reading: Reading) -> str | None:
    """Say why a reading is not believed; what is strange is, once the next one agrees with it."""
    reason, doubted = impossible(reading), meter.doubted
    meter.doubted = None
    if reason is None and meter.last is not None:
        reason = strange(meter.last, reading)
        if reason is not None and doubted is not None and strange(doubted, reading) is None:
            return None
        meter.doubted = reading if reason is not None else None
    return reason


def exporting(reading: Reading) -> tuple[bool, bool, bool]:
    """Tell which phases export: by the power of each, else by the signs of the currents."""
    first, second, third = reading.currents_ma if reading.powers_w is None else reading.powers_w
    return first < 0, second < 0, third < 0


def imported_ma(reading: Reading) -> PhasesMa:
    """Return what each phase draws; 0 where it exports."""
    first, second, third = (
        0 if out else abs(current_ma)
        for out, current_ma in zip(exporting(reading), reading.currents_ma, strict=True)
    )
    return first, second, third


def signed_ma(reading: Reading) -> PhasesMa:
    """Return what each phase draws; negative where it exports."""
    first, second, third = (
        -abs(current_ma) if out else abs(current_ma)
        for out, current_ma in zip(exporting(reading), reading.currents_ma, strict=True)
    )
    return first, second, third
