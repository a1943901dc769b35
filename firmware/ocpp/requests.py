"""Requests of the back end that the station has still to decide; none stays open for ever."""

from __future__ import annotations

from collections.abc import Iterator

from firmware.model.backend import Answer, ConfigurationAnswer, KeyValue, SendFrame
from firmware.model.machine import NEVER_MS
from firmware.ocpp.frames import Call, Payload, Refusal, pack_error, pack_result
from firmware.ocpp.schemas import violation

_PATIENCE_MS = 30_000
_MAX_OPEN = 32


class OpenRequests:
    """The open requests of one connection, by message id."""

    def __init__(self) -> None:
        self._open: dict[str, tuple[str, int]] = {}  # id -> action, deadline

    def holds(self, message_id: str) -> bool:
        """Return whether this request is still open."""
        return message_id in self._open

    def deadline_ms(self) -> int:
        """Return when the oldest request has waited too long."""
        return min((deadline_ms for _, deadline_ms in self._open.values()), default=NEVER_MS)

    def opened(self, call: Call, fact: object, now_ms: int) -> Iterator[object]:
        """Keep a request and give its fact to the station."""
        if len(self._open) >= _MAX_OPEN:
            yield _internal_error(call.id, "too many requests are open")
            return
        self._open[call.id] = (call.action, now_ms + _PATIENCE_MS)
        yield fact

    def answered(self, answer: Answer | ConfigurationAnswer) -> Iterator[object]:
        """Send the station's decision; one that the action does not know is our own error."""
        action, _ = self._open.pop(answer.call, ("", 0))
        if not action:
            return
        match answer:
            case ConfigurationAnswer() if action == "GetConfiguration":
                yield SendFrame(pack_result(answer.call, _configuration(answer)))
            case Answer() if not violation(action, payload := _payload(answer), answer=True):
                yield SendFrame(pack_result(answer.call, payload))
            case _:
                yield _internal_error(answer.call, "the station's answer does not fit")

    def expired(self, now_ms: int) -> Iterator[object]:
        """Refuse what the station has not decided in time."""
        late = [call for call, (_, deadline_ms) in self._open.items() if now_ms >= deadline_ms]
        for message_id in late:
            del self._open[message_id]
            yield _internal_error(message_id, "the station did not decide in time")

    def forget(self) -> None:
        """Drop all: their connection is gone."""
        self._open.clear()


def _internal_error(message_id: str, why: str) -> SendFrame:
    return SendFrame(pack_error(Refusal(message_id, "InternalError", why)))


def _payload(answer: Answer) -> Payload:
    return {**({"status": answer.status} if answer.status else {}), **answer.more}


def _configuration(answer: ConfigurationAnswer) -> Payload:
    payload: Payload = {"configurationKey": [_entry(known) for known in answer.known]}
    if answer.unknown:
        payload["unknownKey"] = list(answer.unknown)
    return payload


def _entry(known: KeyValue) -> Payload:
    entry: Payload = {"key": known.key, "readonly": known.readonly}
    return entry if known.value is None else {**entry, "value": known.value}
