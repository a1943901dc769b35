"""One upload for the back end with its tries and statuses: of GetDiagnostics, or of GetLog."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from firmware.model import transfers as t
from firmware.model.machine import NEVER_MS

GIVEN_UP_MS = 1_800_000  # an adapter that says nothing for so long has forgotten it
_FAILED = {
    t.Trouble.BAD_ADDRESS: "BadMessage",
    t.Trouble.NOT_SUPPORTED: "NotSupportedOperation",
    t.Trouble.DENIED: "PermissionDenied",
    t.Trouble.OTHER: "UploadFailure",
}


@dataclass(frozen=True, slots=True)
class Order:
    """What to bring where."""

    url: str = field(repr=False)
    name: str
    content: t.Content
    span: t.Span
    patience: t.Patience
    request_id: int | None = None  # of GetLog


@dataclass(slots=True)
class Jobs:
    """The numbers of this start's jobs."""

    last: int = 0

    def next(self) -> int:
        """Return a number that no job has had."""
        self.last += 1
        return self.last


@dataclass(frozen=True, slots=True)
class Status:
    """A status that the back end is to hear; with no report, it is nobody's."""

    report: t.Report | None
    payload: dict[str, object]


class Upload:
    """The upload of one kind; there is one of each at a time."""

    def __init__(self, report: t.Report, jobs: Jobs) -> None:
        self._report, self._jobs = report, jobs
        self._order: Order | None = None
        self._job = 0
        self._tries = 0
        self._again_at_ms = NEVER_MS
        self._over_at_ms = NEVER_MS

    @property
    def busy(self) -> bool:
        """A file is under way, or waits for its next try."""
        return self._order is not None

    def deadline_ms(self) -> int:
        """Return when to try again or to give up."""
        return min(self._again_at_ms, self._over_at_ms)

    def status(self) -> Status:
        """Return the present status, for a trigger."""
        return self._status("Uploading") if self.busy else Status(self._report, {"status": "Idle"})

    def begin(self, order: Order, now_ms: int) -> Iterator[object]:
        """Begin with an order; one that is under way is dropped."""
        yield from self._dropped()
        self._order, self._tries = order, 0
        yield self._status("Uploading")
        yield from self._try(order, now_ms)

    def uploaded(self, job: int) -> Iterator[object]:
        """The other side has it."""
        if self._order is not None and job == self._job:
            yield from self._ended("Uploaded")

    def failed(self, failure: t.UploadFailed, now_ms: int) -> Iterator[object]:
        """A try has failed: wait for the next, or say so."""
        if self._order is None or failure.job != self._job or self._again_at_ms < NEVER_MS:
            return
        if self._tries <= self._order.patience.retries:
            self._over_at_ms = NEVER_MS
            self._again_at_ms = now_ms + self._order.patience.wait_ms
            return
        signed = self._order.request_id is not None
        yield from self._ended(_FAILED[failure.trouble] if signed else "UploadFailed")

    def due(self, now_ms: int) -> Iterator[object]:
        """Try again, or give up what nobody tells of."""
        if self._order is not None and now_ms >= self._over_at_ms:
            yield t.CancelTransfer(self._job)
            yield from self.failed(t.UploadFailed(self._job, "nothing was heard of it"), now_ms)
        if self._order is not None and now_ms >= self._again_at_ms:
            yield from self._try(self._order, now_ms)

    def _try(self, order: Order, now_ms: int) -> Iterator[object]:
        self._job, self._tries = self._jobs.next(), self._tries + 1
        self._again_at_ms, self._over_at_ms = NEVER_MS, now_ms + GIVEN_UP_MS
        yield t.UploadWanted(self._job, order.url, order.name, order.content, order.span)

    def _dropped(self) -> Iterator[object]:
        if self._order is not None:
            yield t.CancelTransfer(self._job)

    def _ended(self, word: str) -> Iterator[object]:
        yield self._status(word)
        self._order, self._again_at_ms, self._over_at_ms = None, NEVER_MS, NEVER_MS

    def _status(self, word: str) -> Status:
        number = None if self._order is None else self._order.request_id
        more = {} if number is None else {"requestId": number}
        return Status(self._report, {"status": word, **more})
