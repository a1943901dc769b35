"""The poll plan of the charging meters and the samples of their readings.

While a transaction runs its meter is asked every `POLL_MS`; each reading is kept (batched),
every `MeterValueSampleInterval` one is sampled, counted from the transaction's start, and one
at every clock-aligned instant. Three polls without an answer are fault F13.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from firmware.model.backend import ClockSynced, SampleRequested
from firmware.model.clock import WallClock
from firmware.model.fault import Fault
from firmware.model.machine import NEVER_MS
from firmware.model.outlet import FaultCleared, FaultRaised, OfferChanged
from firmware.model.session import (
    EnergySampled,
    MeterRead,
    MeterSilent,
    ReadMeter,
    Transaction,
    TransactionBegan,
    TransactionEnded,
)
from firmware.model.settings import Settings, SettingsChanged
from firmware.model.storage import PutRegister
from firmware.model.values import Reading

POLL_MS = 10_000
SILENT_POLLS = 3


@dataclass(slots=True)
class _Meter:
    transaction: str | None = None
    poll_ms: int = NEVER_MS  # next question
    periodic_ms: int = NEVER_MS  # next Sample.Periodic
    clock_ms: int = NEVER_MS  # next Sample.Clock, monotonic
    due: tuple[str, ...] = ()  # contexts that wait for the next reading
    silent: int = 0
    kept_wh: int = -1
    offered_ma: int | None = None


class MeteringCore:
    """The machine of all charging meters of a station."""

    def __init__(
        self,
        settings: Settings,
        boot: int,
        outlets: Iterable[int],
        transactions: Iterable[Transaction] = (),
        *,
        poll_ms: int = POLL_MS,
    ) -> None:
        """`transactions` are running ones of an earlier boot; `poll_ms` is the poll period."""
        self.settings = settings
        self.clock = WallClock(boot)
        self.poll_ms = poll_ms
        self.meters = {n: _Meter() for n in outlets}
        self._resumed = tuple(transactions)

    def handle(self, fact: object, now_ms: int) -> Iterable[object]:
        """Take one fact."""
        out: list[object] = []
        for transaction in self._resumed:
            self._begin(transaction.outlet, transaction.key, now_ms)
        self._resumed = ()
        match fact:
            case TransactionBegan(transaction):
                self._begin(transaction.outlet, transaction.key, now_ms)
            case TransactionEnded(transaction):
                meter = self.meters[transaction.outlet]
                meter.transaction, meter.poll_ms = None, NEVER_MS
                meter.periodic_ms, meter.kept_wh = NEVER_MS, -1
            case MeterRead(outlet, reading) if outlet in self.meters:
                self._read(outlet, reading, now_ms, out)
            case MeterSilent(outlet, _) if outlet in self.meters:
                self._silent(outlet, now_ms, out)
            case OfferChanged(outlet, offered_ma, _) if outlet in self.meters:
                self.meters[outlet].offered_ma = offered_ma
            case SampleRequested(outlet):
                for number in [outlet] if outlet else list(self.meters):
                    self._ask(number, "Trigger", out)
            case ClockSynced(utc_at_zero_ms, _):
                self.clock.utc_at_zero_ms = utc_at_zero_ms
                self._align(now_ms)
            case SettingsChanged(settings):
                self._configure(settings, now_ms)
            case _:
                pass
        self._due(now_ms, out)
        return out

    def deadline_ms(self) -> int:
        """The next question or sample."""
        return min(min(m.poll_ms, m.periodic_ms, m.clock_ms) for m in self.meters.values())

    # -- plan -------------------------------------------------------------------------------

    def _begin(self, outlet: int, key: str, now_ms: int) -> None:
        meter = self.meters[outlet]
        meter.transaction, meter.poll_ms = key, now_ms + self.poll_ms
        meter.periodic_ms = _next(now_ms, self._period_ms("ocpp:MeterValueSampleInterval"))

    def _configure(self, settings: Settings, now_ms: int) -> None:
        before_ms = self._period_ms("ocpp:MeterValueSampleInterval")
        self.settings = settings
        period_ms = self._period_ms("ocpp:MeterValueSampleInterval")
        for meter in self.meters.values():
            if meter.transaction is not None and period_ms != before_ms:
                meter.periodic_ms = _next(now_ms, period_ms)
        self._align(now_ms)

    def _align(self, now_ms: int) -> None:
        """The next clock-aligned instant, counted from 00:00:00 UTC. [ER 3.15]"""
        period_ms = self._period_ms("ocpp:ClockAlignedDataInterval")
        utc_ms = self.clock.utc_ms(now_ms)
        for meter in self.meters.values():
            if not period_ms or utc_ms is None:
                meter.clock_ms = NEVER_MS
            else:
                day_ms = utc_ms % 86_400_000
                wait_ms = min(period_ms - day_ms % period_ms, 86_400_000 - day_ms)
                meter.clock_ms = now_ms + wait_ms

    def _due(self, now_ms: int, out: list[object]) -> None:
        aligned = False
        for number, meter in self.meters.items():
            if now_ms >= meter.periodic_ms:
                meter.periodic_ms += self._period_ms("ocpp:MeterValueSampleInterval")
                self._ask(number, "Sample.Periodic", out)
            if now_ms >= meter.clock_ms:
                aligned = True
                self._ask(number, "Sample.Clock", out)
            if now_ms >= meter.poll_ms:
                meter.poll_ms = now_ms + self.poll_ms
                if not any(isinstance(w, ReadMeter) and w.outlet == number for w in out):
                    out.append(ReadMeter(number))
        if aligned:
            self._align(now_ms)

    def _ask(self, number: int, context: str, out: list[object]) -> None:
        meter = self.meters.get(number)
        if meter is None or context in meter.due:
            return
        meter.due = (*meter.due, context)
        out.append(ReadMeter(number))

    # -- readings ---------------------------------------------------------------------------

    def _read(self, outlet: int, reading: Reading, now_ms: int, out: list[object]) -> None:
        meter = self.meters[outlet]
        if meter.silent >= SILENT_POLLS:
            out.append(FaultCleared(outlet, Fault.METER, now_ms))
        meter.silent = 0
        if meter.transaction is None:
            meter.poll_ms = NEVER_MS  # it has answered; who waits for an idle outlet asks
        at = self.clock.stamp(now_ms)
        if meter.transaction is not None and reading.energy_wh != meter.kept_wh:
            meter.kept_wh = reading.energy_wh
            out.append(PutRegister(meter.transaction, reading.energy_wh, at))
        for context in meter.due:
            key = "Aligned" if context == "Sample.Clock" else "Sampled"
            measurands = self.settings.texts(f"ocpp:MeterValues{key}Data")
            if measurands:
                out.append(
                    EnergySampled(
                        meter.transaction, outlet, reading, at, context, measurands,
                        meter.offered_ma,
                    )
                )  # fmt: skip
        meter.due = ()

    def _silent(self, outlet: int, now_ms: int, out: list[object]) -> None:
        meter = self.meters[outlet]
        meter.silent += 1
        meter.due = ()
        if meter.silent == SILENT_POLLS:
            out.append(FaultRaised(outlet, Fault.METER, now_ms))
        if meter.silent < SILENT_POLLS or meter.transaction is None:
            meter.poll_ms = min(meter.poll_ms, now_ms + 1_000)
        if meter.silent >= SILENT_POLLS:
            meter.poll_ms = now_ms + self.poll_ms  # go on asking, so that it can recover

    def _period_ms(self, key: str) -> int:
        return self.settings.number(key) * 1_000


def _next(now_ms: int, period_ms: int) -> int:
    return now_ms + period_ms if period_ms else NEVER_MS
