"""Words of the station to payloads of OCPP 1.6 and back, through the dataclasses of `ocpp`.

We are strict in what we send and liberal in what we take: an odd answer is read for what it can
mean. Timestamps are ISO 8601 in UTC with milliseconds. Floats exist only here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from ocpp.v16 import call  # type: ignore[import-untyped, unused-ignore]

from firmware.model.session import EnergySampled, Transaction
from firmware.model.values import Stamp, StopReason, TokenInfo, Verdict
from firmware.ocpp.frames import Payload

EARLIEST_UTC_MS = 1_444_262_400_000  # 2015-10-08: OCPP 1.6 is no older, so no stamp of ours is
_LATEST_UTC_MS = 253_402_300_799_999  # the year 9999 ends
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_TOKEN = 20
_MAX_INFO = 50
NO_TRANSACTION_ID = -1  # [ER 3.18] a StartTransaction that was given up


@dataclass(frozen=True, slots=True)
class StationInfo:
    """Who the station is, for BootNotification."""

    vendor: str
    model: str
    serial: str
    firmware: str
    outlets: int
    meter_type: str | None = None


def iso_utc(utc_ms: int) -> str:
    """Return `2026-01-31T12:00:00.000Z`."""
    moment = _EPOCH + timedelta(milliseconds=min(max(utc_ms, 0), _LATEST_UTC_MS))
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def utc_ms_of(text: object) -> int | None:
    """Return the moment of a timestamp with any offset and fraction; `None` if it is none."""
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - _EPOCH) // timedelta(milliseconds=1)


def stamp_utc_ms(stamp: Stamp, *, boot: int, utc_at_zero_ms: int | None, floor_ms: int) -> int:
    """Return when a stamp was: known, back-dated from the clock, or the earliest it can be."""
    if stamp.utc_ms is not None:
        return stamp.utc_ms
    if stamp.boot == boot and utc_at_zero_ms is not None:
        return max(utc_at_zero_ms + stamp.mono_ms, EARLIEST_UTC_MS)
    return max(floor_ms, EARLIEST_UTC_MS)


def boot_notification(info: StationInfo) -> Payload:
    """Return who we are."""
    return _payload(
        call.BootNotification(
            charge_point_model=info.model[:20],
            charge_point_vendor=info.vendor[:20],
            charge_point_serial_number=info.serial[:25] or None,
            charge_box_serial_number=info.serial[:25] or None,
            firmware_version=info.firmware[:50] or None,
            meter_type=(info.meter_type or "")[:25] or None,
        )
    )


def authorize(token: str) -> Payload:
    """Return the question whether a token may charge."""
    return _payload(call.Authorize(id_tag=token))


def status_notification(
    outlet: int, words: Mapping[str, str | None], utc_ms: int | None
) -> Payload:
    """Return the face of a connector; `words` are status, error_code, info, vendor_error_code."""
    cut = {name: word and word[:_MAX_INFO] or None for name, word in words.items()}
    timestamp = None if utc_ms is None else iso_utc(utc_ms)
    return _payload(call.StatusNotification(connector_id=outlet, timestamp=timestamp, **cut))


def start_transaction(transaction: Transaction) -> Payload:
    """Return the beginning of a transaction; the timestamp is filled in when it is sent."""
    return _payload(
        call.StartTransaction(
            connector_id=transaction.outlet,
            id_tag=transaction.token[:_MAX_TOKEN],
            meter_start=transaction.meter_start_wh,
            reservation_id=transaction.reservation_id,  # [E2 4.8] none is left out
            timestamp="",
        )
    )


def stop_transaction(transaction: Transaction, *, data: bool = False) -> Payload:
    """Return the end of a transaction; id and unknown timestamps are filled in when it is sent."""
    reason = transaction.stop_reason or StopReason.LOCAL
    stop_token = transaction.stop_token
    return _payload(
        call.StopTransaction(
            meter_stop=transaction.last_wh,
            timestamp="",
            transaction_id=NO_TRANSACTION_ID,
            reason=None if reason is StopReason.LOCAL else reason.value,  # [JE 2.5]
            id_tag=None if stop_token is None else stop_token[:_MAX_TOKEN],
            transaction_data=_begin_and_end(transaction) if data else None,
        )
    )


def _begin_and_end(transaction: Transaction) -> list[dict[str, Any]]:
    """The registers of both ends of a transaction. [ER 3.14, StopTxnSampledData]"""
    began_ms = transaction.began.utc_ms
    ends = (
        ("" if began_ms is None else iso_utc(began_ms), transaction.meter_start_wh, "Begin"),
        ("", transaction.last_wh, "End"),
    )
    return [
        {
            "timestamp": timestamp,
            "sampledValue": [
                {
                    "value": str(energy_wh),
                    "context": f"Transaction.{end}",
                    "measurand": "Energy.Active.Import.Register",
                    "unit": "Wh",
                }
            ],
        }
        for timestamp, energy_wh, end in ends
    ]


def meter_values(sample: EnergySampled) -> Payload | None:
    """Return a sample, its timestamp to be filled in; `None` when there is nothing to say."""
    values = [
        {**value, "context": sample.context}
        for measurand in sample.measurands
        for value in _sampled(sample, measurand)
    ]
    if not values:
        return None
    block = {"timestamp": "", "sampledValue": values}
    return _payload(call.MeterValues(connector_id=sample.outlet, meter_value=[block]))


def completed(payload: Payload, utc_ms: int, transaction_id: int | None) -> Payload:
    """Return a transaction message with what was not known when it was written."""
    full = dict(payload)
    if "meterValue" in full:
        full["meterValue"] = [
            {**block, "timestamp": iso_utc(utc_ms)} for block in full["meterValue"]
        ]
    else:
        full["timestamp"] = iso_utc(utc_ms)
    if "transactionData" in full:
        full["transactionData"] = [
            block if block["timestamp"] else {**block, "timestamp": iso_utc(utc_ms)}
            for block in full["transactionData"]
        ]
    if transaction_id is not None:
        full["transactionId"] = transaction_id
    return full


def token_info(answer: Mapping[str, Any]) -> TokenInfo:
    """Read idTagInfo: missing is Accepted, an unknown status is Invalid."""
    info = answer.get("idTagInfo")
    if info is None:
        return TokenInfo(Verdict.ACCEPTED)
    if not isinstance(info, dict):
        return TokenInfo(Verdict.INVALID)
    status = info.get("status", Verdict.ACCEPTED.value)
    parent = info.get("parentIdTag")
    return TokenInfo(
        verdict=_VERDICTS.get(str(status), Verdict.INVALID),
        parent=parent if isinstance(parent, str) and parent else None,
        expires_utc_ms=utc_ms_of(info.get("expiryDate")),
    )


def whole_number(value: object) -> int | None:
    """Read an integer, also from `"5"` and `5.0`; `None` if it is none a database can keep."""
    if isinstance(value, str) and len(value) <= 20:
        text = value.strip()
        value = int(text) if text.removeprefix("-").isdecimal() else None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) >= 1 << 63:
        return None
    return value


def _sampled(sample: EnergySampled, measurand: str) -> Iterable[dict[str, str]]:
    reading = sample.reading
    match measurand:
        case "Energy.Active.Import.Register":
            yield {"value": str(reading.energy_wh), "measurand": measurand, "unit": "Wh"}
        case "Power.Active.Import":
            yield {"value": str(reading.power_w), "measurand": measurand, "unit": "W"}
        case "Current.Import":
            for number, current_ma in enumerate(reading.currents_ma, 1):
                yield {"value": _thousandth(current_ma), "measurand": measurand, "unit": "A",
                       "phase": f"L{number}"}  # fmt: skip
        case "Current.Offered" if sample.offered_ma is not None:
            yield {"value": _thousandth(sample.offered_ma), "measurand": measurand, "unit": "A"}
        case "Voltage":
            for number, voltage_mv in enumerate(reading.voltages_mv or (), 1):
                yield {"value": _thousandth(voltage_mv), "measurand": measurand, "unit": "V",
                       "phase": f"L{number}-N"}  # fmt: skip


def _thousandth(value: int) -> str:
    return f"{value / 1000:.3f}"


def _payload(message: Any) -> Payload:
    """Return the fields that are set; nested values are payloads already (`asdict` copies them)."""
    values = ((field.name, getattr(message, field.name)) for field in fields(message))
    return {_camel(name): value for name, value in values if value is not None}


@cache
def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)


_VERDICTS = {verdict.value: verdict for verdict in Verdict}
