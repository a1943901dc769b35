"""Files that come and go: GetDiagnostics, GetLog, UpdateFirmware, SignedUpdateFirmware.

Requests are answered first; what follows is told by statuses. Moving, checking and installing
are an adapter's; here are the order, the tries, the dates and the words.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

from firmware.model import backend as b
from firmware.model import session as s
from firmware.model import transfers as t
from firmware.model.machine import NEVER_MS
from firmware.model.security import InspectSigner, SecurityEvent, SignerInspected
from firmware.model.security import SecurityEventKind as Kind
from firmware.model.settings import Settings
from firmware.model.storage import Memory
from firmware.ocpp import uploads
from firmware.ocpp.reports import ASKED, Reports
from firmware.ocpp.updates import NOTE, Shown, Update, order_of
from firmware.ocpp.uploads import Jobs, Status, Upload

SCHEMES = ("ftp", "ftps", "http", "https")
URL_MAX = 512
INSPECTION_MAX_MS = 25_000  # a request is answered within 30 s
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class TransferCore:
    """The machine of all transfers."""

    def __init__(self, settings: Settings, memory: Memory, version: str) -> None:
        self._identity = _file_word(settings.text("ocpp_chargebox_identity"))
        self._boot = memory.boot
        jobs = Jobs()
        self._uploads = {
            report: Upload(report, jobs) for report in (t.Report.DIAGNOSTICS, t.Report.LOG)
        }
        self._update = Update(jobs, version, memory.notes.get(NOTE))
        self._reports = Reports()
        self._last = 0  # the number of the status that an update ends with
        self._woken = False
        self._running = {one.key for one in memory.transactions if one.ended is None}
        self._inspected: t.UpdateRequested | None = None  # waits for its certificate
        self._patience_at_ms = NEVER_MS
        self._zero_ms: int | None = None

    def handle(self, fact: object, now_ms: int) -> Iterable[object]:
        """Take one fact."""
        wishes: list[object] = []
        for wish in self._all(fact, now_ms):
            if not isinstance(wish, Status):
                wishes.append(wish)
            elif wish.report is None:
                self._last = 0  # nobody has to hear it
            else:
                self._last = self._reports.put(wish.report, wish.payload)
        if self._update.told and not self._reports.waits(self._last):
            wishes += self._update.heard(now_ms)
        return [*wishes, *self._reports.due(now_ms)]

    def deadline_ms(self) -> int:
        """Return when anything goes on by itself."""
        parts = [one.deadline_ms() for one in self._uploads.values()]
        return min(
            *parts, self._update.deadline_ms(), self._reports.deadline_ms(), self._patience_at_ms
        )

    def update(self) -> Shown | None:
        """Return what people see of the update of this station."""
        return self._update.shown()

    @property
    def updating(self) -> bool:
        """An update is under way."""
        return self._update.busy

    # -- facts ------------------------------------------------------------------------------

    def _all(self, fact: object, now_ms: int) -> Iterator[object]:
        if not self._woken:
            self._woken = True
            yield from self._update.woken(now_ms, self._zero_ms)
        yield from self._taken(fact, now_ms)
        for upload in self._uploads.values():
            yield from upload.due(now_ms)
        yield from self._update.due(now_ms, self._zero_ms, busy=bool(self._running))
        if now_ms >= self._patience_at_ms:
            yield from self._signer("the certificate could not be checked in time", now_ms)

    def _taken(self, fact: object, now_ms: int) -> Iterator[object]:
        match fact:
            case t.DiagnosticsRequested():
                yield from self._diagnostics(fact, now_ms)
            case t.LogRequested():
                yield from self._log(fact, now_ms)
            case t.UpdateRequested():
                yield from self._asked(fact, now_ms)
            case t.PackageBrought():
                if self._update.stoppable:
                    yield from self._update.bring(fact, now_ms)
            case SignerInspected(call, problem):
                if self._inspected is not None and self._inspected.call == call:
                    yield from self._signer(problem, now_ms)
            case t.ReportTriggered(report):
                status = self._status(report)
                yield b.Tell(ASKED, report.value, status.payload, asked=True)
            case t.Uploaded(job):
                for upload in self._uploads.values():
                    yield from upload.uploaded(job)
            case t.UploadFailed():
                for upload in self._uploads.values():
                    yield from upload.failed(fact, now_ms)
            case _:
                self._known(fact, now_ms)
                yield from self._update.taken(fact, now_ms, self._zero_ms)

    def _known(self, fact: object, now_ms: int) -> None:
        """Take what the rest of the station tells."""
        match fact:
            case b.BackendReady():
                self._reports.ready(now_ms)
            case b.BackendLost():
                self._reports.away()
            case b.Told():
                self._reports.told(fact, now_ms)
            case b.ClockSynced(utc_at_zero_ms):
                if utc_at_zero_ms != self._zero_ms:
                    self._zero_ms = utc_at_zero_ms
                    self._update.clock(now_ms, utc_at_zero_ms)
            case s.TransactionBegan(transaction) if transaction.key not in self._running:
                self._running.add(transaction.key)
                self._update.calm(now_ms)
            case s.TransactionEnded(transaction) if transaction.key in self._running:
                self._running.discard(transaction.key)
                self._update.calm(now_ms)

    def _status(self, report: t.Report) -> Status:
        if report in self._uploads:
            return self._uploads[report].status()
        return self._update.status(report)

    # -- uploads ----------------------------------------------------------------------------

    def _diagnostics(self, asked: t.DiagnosticsRequested, now_ms: int) -> Iterator[object]:
        if self._empty(asked.span, now_ms):  # [E2 5.9] nothing there: no fileName
            yield b.Answer(asked.call, "")
            return
        name = self._name(t.Content.DIAGNOSTICS, now_ms)
        yield b.Answer(asked.call, "", {"fileName": name})
        order = uploads.Order(asked.url, name, t.Content.DIAGNOSTICS, asked.span, asked.patience)
        yield from self._uploads[t.Report.DIAGNOSTICS].begin(order, now_ms)

    def _log(self, asked: t.LogRequested, now_ms: int) -> Iterator[object]:
        if not _usable(asked.url) or self._empty(asked.span, now_ms):
            yield b.Answer(asked.call, "Rejected")
            return
        upload = self._uploads[t.Report.LOG]
        name = self._name(asked.content, now_ms)
        word = "AcceptedCanceled" if upload.busy else "Accepted"  # [N01.FR.12]
        yield b.Answer(asked.call, word, {"filename": name})
        order = uploads.Order(
            asked.url, name, asked.content, asked.span, asked.patience, asked.request_id
        )
        yield from upload.begin(order, now_ms)

    def _empty(self, span: t.Span, now_ms: int) -> bool:
        """Tell whether nothing can have happened within a span."""
        oldest_ms, latest_ms = span.oldest_utc_ms, span.latest_utc_ms
        if oldest_ms is None:
            return False
        future = self._zero_ms is not None and oldest_ms > self._zero_ms + now_ms
        return future or (latest_ms is not None and latest_ms < oldest_ms)

    def _name(self, content: t.Content, now_ms: int) -> str:
        word = "security" if content is t.Content.SECURITY else "diagnostics"
        if self._zero_ms is None:
            at = f"boot{self._boot}-{now_ms // 1_000}s"
        else:
            at = f"{_EPOCH + timedelta(milliseconds=self._zero_ms + now_ms):%Y%m%dT%H%M%SZ}"
        return f"{self._identity}_{word}_{at}.zip"

    # -- updates ----------------------------------------------------------------------------

    def _asked(self, asked: t.UpdateRequested, now_ms: int) -> Iterator[object]:
        if asked.signing is None:
            if self._update.stoppable:
                yield from self._update.begin(order_of(asked), now_ms, self._zero_ms)
            return
        if not self._update.stoppable or not _usable(asked.url):
            yield b.Answer(asked.call, "Rejected")
            return
        if self._inspected is not None:
            yield b.Answer(self._inspected.call, "Rejected")  # the newer one counts
        self._inspected, self._patience_at_ms = asked, now_ms + INSPECTION_MAX_MS
        yield InspectSigner(asked.call, asked.signing.pem)

    def _signer(self, problem: str, now_ms: int) -> Iterator[object]:
        """Answer a signed update: its certificate comes before anything else. [L01.FR.02]"""
        asked, self._inspected, self._patience_at_ms = self._inspected, None, NEVER_MS
        assert asked is not None, "who calls has looked"
        if problem:
            yield b.Answer(asked.call, "InvalidCertificate")
            yield SecurityEvent(Kind.FIRMWARE_CERTIFICATE, problem)
        elif not self._update.stoppable:
            yield b.Answer(asked.call, "Rejected")
        else:
            word = "AcceptedCanceled" if self._update.busy else "Accepted"
            yield b.Answer(asked.call, word)
            yield from self._update.begin(order_of(asked), now_ms, self._zero_ms)


def _usable(url: str) -> bool:
    scheme, found, rest = url.partition("://")
    return bool(found and rest.strip("/")) and scheme.lower() in SCHEMES and len(url) <= URL_MAX


def _file_word(text: str) -> str:
    """Return a text as a part of a file's name on any server."""
    kept = "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "-" for c in text)
    return kept[:48] or "station"
