"""The OCPP 1.6 machine: facts of the station and frames of the back end in, frames and facts out.

One call at a time is under way; requests of the back end are answered meanwhile. The order of
what wants the line: BootNotification, then short messages, then the outbox. Everything that must
survive is in the outbox; the rest is the present, and is said anew after an interruption.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from firmware.model import backend
from firmware.model.lists import ListContradicted
from firmware.model.session import (
    ConnectorChanged,
    EnergySampled,
    TransactionBegan,
    TransactionConfirmed,
    TransactionEnded,
)
from firmware.model.settings import Settings, SettingsChanged
from firmware.model.storage import Memory
from firmware.model.values import TokenInfo, Verdict
from firmware.ocpp import frames, payloads
from firmware.ocpp.boot import Boot, BootState
from firmware.ocpp.calls import CallSlot, Send
from firmware.ocpp.handlers import reply_to
from firmware.ocpp.heartbeat import Heartbeat
from firmware.ocpp.line import Line, Queue
from firmware.ocpp.options import heartbeat_span_ms, options_of
from firmware.ocpp.outbox import Outbox
from firmware.ocpp.payloads import StationInfo
from firmware.ocpp.replies import Desk, Reply
from firmware.ocpp.reproach import Reproaches
from firmware.ocpp.requests import OpenRequests
from firmware.ocpp.shorts import Shorts
from firmware.ocpp.status import Notice, StatusBoard
from firmware.ocpp.wire_time import WireTime

_MAX_TOKEN = 20
_SILENT_CALLS = 3  # so many unanswered calls in a row, nothing else heard: the line is dead


class OcppCore:
    """The protocol of one station with one back end."""

    def __init__(self, settings: Settings, memory: Memory, info: StationInfo) -> None:
        self._info = info
        self._boot_count = memory.boot
        self._options = options_of(settings)
        self._outbox = Outbox(memory)
        self._slot = CallSlot(memory.boot)
        self._boot = Boot()
        self._heartbeat = Heartbeat(self._options.heartbeat_ms)
        self._board = StatusBoard(info.outlets)
        self._requests = OpenRequests()
        self._shorts = Shorts(self._board)
        self._connected_at_ms: int | None = None
        self._time = WireTime()
        self._silent_calls = 0
        self._reproaches = Reproaches()
        self._lost_at_ms: int | None = None
        self._problem = "The station has not been connected yet."
        self._now_ms = 0

    def handle(self, fact: object, now_ms: int) -> Iterable[object]:
        """Take a fact; return frames, facts and writes in the order in which they count."""
        self._now_ms = now_ms
        return [
            *self._expired(now_ms),
            *self._taken(fact, now_ms),
            *self._expired(now_ms),  # a fact may leave something overdue behind
            *self._pumped(now_ms),
        ]

    def deadline_ms(self) -> int:
        """Return when to call again with `Tick`."""
        times = [self._slot.deadline_ms(), self._requests.deadline_ms()]
        times += self._shorts.deadlines_ms()
        if self._ready:
            beat_ms = self._heartbeat.deadline_ms(self._options.forced_heartbeat)
            times += [self._board.deadline_ms(), beat_ms]
        if self._connected and self._slot.free:
            times.append(self._boot.deadline_ms())
            if self._ready:
                times.append(self._outbox.deadline_ms())
        return min(times)

    def queue(self) -> Queue:
        """Return how much waits for the back end."""
        return Queue(len(self._outbox), self._outbox.meter_bytes)

    def line(self) -> Line:
        """Return how it stands with the back end."""
        lost_ms = None if self._lost_at_ms is None else self._now_ms - self._lost_at_ms
        return Line(
            self._connected,
            lost_ms,
            self._problem,
            self._boot.state,
            max(0, self._boot.deadline_ms() - self._now_ms),
            len(self._outbox),
            self._time.skew_ms,
            tuple(self._reproaches.sentences()),
        )

    def status(self) -> dict[str, object]:
        """Return what a page or a log wants to know."""
        due_ms = self._heartbeat.deadline_ms(self._options.forced_heartbeat)
        wait_ms = max(0, due_ms - self._now_ms) if self._ready else None
        return {
            "connected": self._connected,
            "boot": self._boot.state.value,
            "queued": len(self._outbox),
            "heartbeat_in_s": None if wait_ms is None else -(-wait_ms // 1000),
            "heartbeat_due_ms": due_ms if self._ready else None,
            "problem": self._problem,
        }

    # -- facts ------------------------------------------------------------------------------

    def _taken(self, fact: object, now_ms: int) -> Iterator[object]:
        match fact:
            case backend.FrameReceived(text) if self._connected:
                yield from self._received(frames.parse(text), now_ms)
            case backend.BackendConnected(at_ms) if at_ms != self._connected_at_ms:
                yield from self._interrupted()
                yield from self._came(at_ms, now_ms)
            case backend.BackendLost(_, reason):
                self._problem = reason
                if self._connected:
                    self._lost_at_ms = now_ms
                yield from self._interrupted()
            case TransactionBegan(transaction) if not transaction.private:
                yield from self._outbox.began(transaction)
            case TransactionEnded(transaction) if not transaction.private:
                yield from self._outbox.ended(transaction, data=self._options.stop_data)
            case EnergySampled():
                yield from self._sampled(fact)
            case ConnectorChanged():
                self._notify(self._board.changed(fact, now_ms, self._options, ready=self._ready))
            case ListContradicted(token) if self._ready:
                self._notify(self._board.contradicted(token, now_ms))
            case backend.AskBackend(token):
                yield from self._ask(token, now_ms)
            case backend.Answer() | backend.ConfigurationAnswer():
                yield from self._requests.answered(fact)
            case backend.Tell():
                if not self._may_go(fact.asked) or not self._shorts.tell(fact):
                    yield backend.Told(fact.ref, None)
            case SettingsChanged(settings):
                self._configure(settings)
            case backend.ClockSynced():
                yield from self._time.synced(fact, now_ms)

    @property
    def _connected(self) -> bool:
        return self._connected_at_ms is not None

    @property
    def _ready(self) -> bool:
        return self._connected and self._boot.state is BootState.ACCEPTED

    def _came(self, at_ms: int, now_ms: int) -> Iterator[object]:
        self._connected_at_ms = at_ms
        self._problem = ""
        if self._ready:  # [OCPP-J 5.4] the same start of the station: no BootNotification
            self._notify(self._board.news(all_of_them=False))
            yield backend.BackendReady(now_ms)

    def _interrupted(self) -> Iterator[object]:
        """Forget what belonged to the connection; the outbox keeps its message, uncounted."""
        self._connected_at_ms = None
        self._silent_calls = 0
        self._requests.forget()
        yield from self._shorts.hushed()
        if send := self._slot.lost():
            yield from self._shorts.unsent(send)

    def _may_go(self, asked: bool) -> bool:
        """Tell whether a message may leave; while Pending only what TriggerMessage asked for."""
        pending = self._connected and self._boot.state is BootState.PENDING
        return self._ready or (asked and pending)

    def _configure(self, settings: Settings) -> None:
        before, self._options = self._options, options_of(settings)
        if self._options.tells_status and not before.tells_status and self._ready:
            self._notify(self._board.news(all_of_them=True))
        if self._options.heartbeat_ms != before.heartbeat_ms:
            self._heartbeat.interval_ms = self._options.heartbeat_ms

    def _sampled(self, sample: EnergySampled) -> Iterable[object]:
        if sample.transaction_key is not None and sample.context != "Trigger":
            yield from self._outbox.sampled(sample)
            return
        asked = sample.context == "Trigger"
        if not (asked or self._options.tells_samples):
            return
        payload = payloads.meter_values(sample) if self._may_go(asked) else None
        if payload is not None:
            key = sample.transaction_key
            utc_ms = payloads.stamp_utc_ms(
                sample.at,
                boot=self._boot_count,
                utc_at_zero_ms=self._time.utc_at_zero_ms,
                floor_ms=0,
            )
            full = payloads.completed(payload, utc_ms, self._outbox.transaction_id(key))
            self._shorts.put(Send("meter", "MeterValues", full, asked=asked))

    def _ask(self, token: str, now_ms: int) -> Iterator[object]:
        if len(token) > _MAX_TOKEN:  # [E2 7.28] no back end can know it
            yield backend.BackendAnswered(token, TokenInfo(Verdict.INVALID))
        else:
            until_ms = now_ms + self._options.call_timeout_ms
            question = Send("authorize", "Authorize", payloads.authorize(token), token)
            if not self._ready or not self._shorts.ask(token, question, until_ms):
                yield backend.BackendAnswered(token, None)

    def _notify(self, notices: Iterable[Notice], *, asked: bool = False) -> None:
        for notice in notices if asked or self._options.tells_status else ():
            zero_ms = self._time.utc_at_zero_ms
            utc_ms = None if zero_ms is None else zero_ms + notice.since_ms
            payload = payloads.status_notification(notice.outlet, notice.words(), utc_ms)
            self._shorts.put(Send("status", "StatusNotification", payload, notice.outlet, asked))

    # -- frames -----------------------------------------------------------------------------

    def _received(self, frame: frames.Frame, now_ms: int) -> Iterator[object]:
        self._heartbeat.heard(now_ms)
        self._silent_calls = 0
        match frame:
            case frames.Call() if not self._boot.silent(now_ms):
                yield from self._requested(frame, now_ms)
            case frames.Refusal() if not self._boot.silent(now_ms):
                yield backend.SendFrame(frames.pack_error(frame))
            case frames.Result(message_id, payload):
                if send := self._slot.answered(message_id):
                    yield from self._answered(send, payload, now_ms)
            case frames.Failure(message_id, code, description):
                send = self._slot.answered(message_id)
                if send is not None:
                    self._reproaches.refused(send.action, code)
                if send is not None and send.kind == "tell":
                    self._problem = f"The back end refused {send.action}: {code}"
                    yield from self._shorts.refused(send, code)
                elif send:
                    sentence = f"The back end refused {send.action}: {code} {description}".strip()
                    yield from self._failed(send, sentence, now_ms)
            case frames.Junk(why):
                self._problem = f"The back end sent {why}."

    def _requested(self, call: frames.Call, now_ms: int) -> Iterator[object]:
        if self._requests.holds(call.id):
            return
        desk = Desk(self._info.outlets, self._boot.state, self._board.faces())
        reply = reply_to(call, desk)
        if not isinstance(reply, Reply):
            yield backend.SendFrame(frames.pack_error(reply))
        elif reply.payload is None:
            yield from self._requests.opened(call, reply.fact, now_ms)
        else:
            yield backend.SendFrame(frames.pack_result(call.id, reply.payload))
            yield from self._triggered(reply)
            if reply.fact is not None:
                yield reply.fact

    def _triggered(self, reply: Reply) -> Iterator[object]:
        match reply.trigger:
            case "BootNotification":
                payload = payloads.boot_notification(self._info)
                self._shorts.put(Send("boot", "BootNotification", payload, asked=True))
            case "Heartbeat":
                self._shorts.put(Send("heartbeat", "Heartbeat", {}, asked=True))
            case "StatusNotification":
                self._notify(self._board.asked(reply.connectors), asked=True)
            case "MeterValues":
                yield from map(backend.SampleRequested, reply.connectors)

    def _answered(
        self, send: Send, payload: frames.Payload | None, now_ms: int
    ) -> Iterator[object]:
        if payload is None:
            self._reproaches.refused(send.action, "no object")
            yield from self._failed(send, f"The answer to {send.action} is no object.", now_ms)
            return
        self._reproaches.answered(send.action)
        match send.kind:
            case "boot":
                yield from self._booted(payload, now_ms)
            case "heartbeat":
                yield from self._time.heard(payload, now_ms)
            case "authorize" if (token := self._shorts.asker(send)) is not None:
                yield backend.BackendAnswered(token, payloads.token_info(payload))
            case "tell":
                yield from self._shorts.answered(send, payload)
            case "outbox":
                yield from self._delivered(payload, now_ms)

    def _booted(self, payload: frames.Payload, now_ms: int) -> Iterator[object]:
        was_ready = self._ready
        interval_s = payloads.whole_number(payload.get("interval")) or 0
        if not self._boot.answered(payload.get("status"), interval_s, now_ms):
            self._boot.failed(now_ms)
            self._problem = "The answer to BootNotification has no status that OCPP knows."
            return
        self._heartbeat.beat(now_ms)
        yield from self._time.heard(payload, now_ms)
        if not self._ready:
            self._requests.forget()
            self._problem = f"The back end answered BootNotification with {self._boot.state}."
            yield from self._shorts.hushed()
            return
        spared_ms = heartbeat_span_ms(interval_s) if interval_s > 0 else None
        self._heartbeat.interval_ms = spared_ms or self._options.heartbeat_ms
        self._problem = ""
        if not was_ready:
            self._notify(self._board.news(all_of_them=True))  # [ER 3.22]
            yield backend.BackendReady(now_ms)

    def _delivered(self, payload: frames.Payload, now_ms: int) -> Iterator[object]:
        transaction_id = None
        starts = self._outbox.kind_of_first() == "start"
        if starts:
            transaction_id = payloads.whole_number(payload.get("transactionId"))
            if transaction_id is None:
                self._problem = "The answer to StartTransaction has no transactionId."
                yield from self._outbox.failed(now_ms, self._options)
                return
        writes, key, outlet = self._outbox.delivered(transaction_id)
        yield from writes
        if transaction_id is not None:
            info = payloads.token_info(payload)
            yield TransactionConfirmed(key, outlet, transaction_id, info)

    def _failed(self, send: Send, sentence: str, now_ms: int) -> Iterator[object]:
        self._problem = sentence
        match send.kind:
            case "boot" if not self._ready:
                self._boot.failed(now_ms)
            case "authorize" | "tell":
                yield from self._shorts.unsent(send)
            case "outbox":
                yield from self._outbox.failed(now_ms, self._options)

    # -- time and the line ------------------------------------------------------------------

    def _expired(self, now_ms: int) -> Iterator[object]:
        if send := self._slot.expired(now_ms):
            self._silent_calls += 1
            self._reproaches.ignored(send.action)
            yield from self._failed(send, f"The back end did not answer {send.action}.", now_ms)
            if self._silent_calls >= _SILENT_CALLS:
                self._silent_calls = 0
                yield backend.DropConnection(f"{_SILENT_CALLS} requests without any answer")
        yield from self._requests.expired(now_ms)
        yield from self._shorts.expired(now_ms)
        if self._ready:
            self._notify(self._board.lasted(now_ms))
            if now_ms >= self._heartbeat.deadline_ms(self._options.forced_heartbeat):
                self._heartbeat.beat(now_ms)
                self._shorts.put(Send("heartbeat", "Heartbeat", {}))

    def _pumped(self, now_ms: int) -> Iterator[object]:
        """Give the free line to what has the first right to it."""
        if not self._connected or not self._slot.free:
            return
        if now_ms >= self._boot.deadline_ms():
            payload = payloads.boot_notification(self._info)
            yield self._open(Send("boot", "BootNotification", payload), now_ms)
        elif short := self._shorts.next(ready=self._ready):
            yield self._open(short, now_ms)
        elif self._ready:
            yield from self._outbox.pruned()
            if now_ms >= self._outbox.deadline_ms():
                writes, send = self._outbox.first(self._time.utc_at_zero_ms)
                yield from writes
                yield self._open(send, now_ms)
            elif last := self._shorts.last():
                yield self._open(last, now_ms)

    def _open(self, send: Send, now_ms: int) -> backend.SendFrame:
        if send.kind == "heartbeat":
            self._heartbeat.beat(now_ms)
        return backend.SendFrame(self._slot.open(send, now_ms + self._options.call_timeout_ms))
