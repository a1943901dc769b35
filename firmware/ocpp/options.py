"""What the protocol reads from the settings, converted once to the units of the inside."""

from __future__ import annotations

from dataclasses import dataclass

from firmware.model.free import free_mode
from firmware.model.settings import Settings

DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Options:
    """The settings of the protocol."""

    call_timeout_ms: int
    forced_heartbeat: bool
    heartbeat_ms: int
    transmissions: int
    retry_ms: int
    min_status_ms: int
    sends_informative: bool
    sends_errors: bool
    stop_data: bool  # registers of begin and end in StopTransaction
    tells_status: bool  # of outlets, unless somebody asks [free charging]
    tells_samples: bool  # that belong to no transaction


def options_of(settings: Settings) -> Options:
    """Read the settings; each is bounded, whatever a back end has set."""
    mode = free_mode(settings)
    return Options(
        call_timeout_ms=_span_ms(settings.number("backend_connection_timeout"), least_s=1),
        forced_heartbeat=settings.flag("ocpp_force_heartbeat"),
        heartbeat_ms=heartbeat_span_ms(settings.number("ocpp:HeartbeatInterval")),
        transmissions=max(1, settings.number("ocpp:TransactionMessageAttempts")),
        retry_ms=_span_ms(settings.number("ocpp:TransactionMessageRetryInterval")),
        min_status_ms=_span_ms(settings.number("ocpp:MinimumStatusDuration")),
        sends_informative=settings.flag("ocpp_send_informative_status"),
        sends_errors=settings.flag("ocpp_send_error_status"),
        stop_data=bool(settings.texts("ocpp:StopTxnSampledData")),
        tells_status=mode is None or mode.tells_status,
        tells_samples=mode is None or mode.tells_transaction,
    )


def heartbeat_span_ms(interval_s: int) -> int:
    """Return a heartbeat interval; none or a huge one is a day, for the clock's sake (E2 4.6)."""
    return DAY_MS if interval_s <= 0 else min(interval_s * 1000, DAY_MS)


def _span_ms(span_s: int, least_s: int = 0) -> int:
    return min(max(span_s, least_s) * 1000, DAY_MS)
