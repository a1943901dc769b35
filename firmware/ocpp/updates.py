"""One firmware update: fetch, check, wait for the cars, hand over, and tell how it went.

An accepted update is kept on disk from its first moment: after a loss of power it goes on. What
it has become is known only by the firmware that starts afterwards, so that is what tells it.
While an update waits for transactions to end, fault X02 keeps new ones away.

What a person brings at the pages is there and checked already: it begins with the waiting, and
the back end hears nothing of it but the event of a new firmware.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from enum import StrEnum

from firmware.model import transfers as t
from firmware.model.fault import Fault
from firmware.model.machine import NEVER_MS
from firmware.model.outlet import FaultCleared, FaultRaised
from firmware.model.security import SecurityEvent
from firmware.model.security import SecurityEventKind as Kind
from firmware.model.storage import PutNote
from firmware.ocpp.uploads import Jobs, Status

NOTE = "update"
STARTS_MAX = 3  # of the station during one download; more is the download's own doing
SETTLE_MS = 2_000  # a session that is just beginning shows, and Unavailable is told
CLOCK_WAIT_MS = 600_000  # without wall time no date can be waited for
DOWNLOAD_MAX_MS = 7_200_000  # the adapter's own bounds are narrower
CHECK_MAX_MS = 300_000
INSTALL_MAX_MS = 3_600_000


class Stage(StrEnum):
    """How far an update is."""

    SCHEDULED = "scheduled"
    DOWNLOADING = "downloading"
    RETRYING = "retrying"
    CHECKING = "checking"
    FETCHED = "fetched"  # waits for its time of installation
    WAITING = "waiting"  # for transactions to end
    INSTALLING = "installing"
    RESTARTED = "restarted"  # what it has become is to be told


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be installed, as it is kept on disk."""

    url: str = field(repr=False)
    retrieve_utc_ms: int | None
    install_utc_ms: int | None
    retries: int
    wait_ms: int
    request_id: int | None  # of the signed kind
    pem: str = field(default="", repr=False)
    signature: str = field(default="", repr=False)
    brought: str = ""  # the version that a person has brought; empty: the back end's order

    @property
    def signed(self) -> bool:
        """It came by SignedUpdateFirmware."""
        return self.request_id is not None


@dataclass(frozen=True, slots=True)
class Note:
    """What lasts of an update: `version` is the firmware that began to install it."""

    order: Order
    stage: Stage
    starts: int = 0
    version: str = ""
    digest: str = ""  # of what a person has brought


@dataclass(frozen=True, slots=True)
class Shown:
    """What people see of an update: fetching, waiting, installing, installed or failed."""

    stage: str
    brought: str  # its version, where a person has brought it
    problem: str = ""  # a sentence, where something is known of a failure


def order_of(asked: t.UpdateRequested) -> Order:
    """Return the order of a request."""
    signing = asked.signing or t.Signing("", "")
    return Order(
        asked.url, asked.retrieve_utc_ms, asked.install_utc_ms, asked.patience.retries,
        asked.patience.wait_ms, asked.request_id, signing.pem, signing.signature,
    )  # fmt: skip


class Update:
    """The update of the station; there is one at a time."""

    def __init__(self, jobs: Jobs, version: str, note: str | None) -> None:
        self._jobs, self._version = jobs, version
        self._kept = _read(note)
        self._stage: Stage | None = None
        self._order: Order | None = None
        self._job = 0
        self._tries = 0
        self._starts = 0  # of the station while it was fetching this one
        self._digest = ""
        self._word = ""  # the last status, for a trigger
        self._at_ms = NEVER_MS  # when the stage goes on, or is given up
        self._closed = False  # X02 is raised
        self._last: Shown | None = None  # how the last one ended, as far as this start knows

    # -- from outside -----------------------------------------------------------------------

    @property
    def busy(self) -> bool:
        """An update is under way."""
        return self._order is not None and not self.told

    @property
    def stoppable(self) -> bool:
        """A new one may take its place."""
        return self._stage is not Stage.INSTALLING

    @property
    def told(self) -> bool:
        """Nothing is left to be done but to be heard."""
        return self._stage is Stage.RESTARTED

    def status(self, report: t.Report) -> Status:
        """Return the present status for a trigger: of the update, where it is of that kind."""
        order, signed = self._order, report is t.Report.SIGNED
        if order is None or order.brought or order.signed != signed:
            return Status(report, {"status": "Idle"})
        if not self._word or self.told:
            return Status(report, {"status": "Idle"})
        return _status(order, self._word)

    def shown(self) -> Shown | None:
        """Return what people see of this one, else how the last one of this start ended."""
        if self._order is None or self._stage is None or self.told:
            return self._last
        return Shown(_SHOWN.get(self._stage, "fetching"), self._order.brought)

    def woken(self, now_ms: int, zero_ms: int | None) -> Iterator[object]:
        """Go on with what an earlier start has left."""
        kept, self._kept = self._kept, None
        if kept is None:
            return
        self._order, self._closed = kept.order, True
        if kept.stage in (Stage.INSTALLING, Stage.RESTARTED):
            yield from self._restarted(kept, now_ms)
            return
        if kept.order.brought:
            self._job, self._digest = self._jobs.next(), kept.digest
            yield from self._close(now_ms)
            return
        starts = kept.starts + (kept.stage is Stage.DOWNLOADING)
        if starts >= STARTS_MAX:
            yield from self._ended("DownloadFailed", now_ms)
        else:
            yield from self.begin(kept.order, now_ms, zero_ms, starts=starts)

    def begin(
        self, order: Order, now_ms: int, zero_ms: int | None, *, starts: int = 0
    ) -> Iterator[object]:
        """Take an order; the one before is dropped."""
        if self._stage is not None:
            yield t.CancelTransfer(self._job)
        yield from self._opened(now_ms)
        self._order, self._tries, self._word, self._starts = order, 0, "", starts
        yield _note(Note(order, Stage.SCHEDULED, starts))
        self._stage = Stage.SCHEDULED
        self.clock(now_ms, zero_ms)
        if self._at_ms > now_ms and order.signed:
            yield self._told("DownloadScheduled")

    def bring(self, package: t.PackageBrought, now_ms: int) -> Iterator[object]:
        """Take what a person has brought; the one before is dropped."""
        if self._stage is not None:
            yield t.CancelTransfer(self._job)
        order = Order("", None, None, 0, 0, None, brought=package.version)
        self._order, self._word, self._digest = order, "", package.digest
        self._job = self._jobs.next()
        yield _note(Note(order, Stage.FETCHED, digest=package.digest))
        yield from self._close(now_ms)

    def clock(self, now_ms: int, zero_ms: int | None) -> None:
        """Learn what time it is: dates become instants."""
        order = self._order
        if order is None or self._stage not in (Stage.SCHEDULED, Stage.FETCHED):
            return
        first = self._stage is Stage.SCHEDULED
        date_ms = order.retrieve_utc_ms if first else order.install_utc_ms
        if date_ms is None:
            self._at_ms = now_ms
        elif zero_ms is not None:
            self._at_ms = min(max(now_ms, date_ms - zero_ms), NEVER_MS - 1)
        else:
            self._at_ms = now_ms + CLOCK_WAIT_MS

    def deadline_ms(self) -> int:
        """Return when the stage goes on by itself."""
        return self._at_ms

    def due(self, now_ms: int, zero_ms: int | None, *, busy: bool) -> Iterator[object]:
        """Do what time has come for; `busy`: a transaction is running."""
        while self._order is not None and now_ms >= self._at_ms:
            match self._stage:
                case Stage.SCHEDULED | Stage.RETRYING:
                    yield from self._fetch(self._order, now_ms)
                case Stage.DOWNLOADING:
                    yield t.CancelTransfer(self._job)
                    yield from self._again(now_ms)
                case Stage.CHECKING:
                    yield from self._checked("the check did not end", now_ms, zero_ms)
                case Stage.FETCHED:
                    yield from self._close(now_ms)
                case Stage.WAITING if busy:
                    self._at_ms = NEVER_MS  # until the last of them ends
                case Stage.WAITING:
                    yield from self._install(self._order, now_ms)
                case _:
                    yield from self._ended("InstallationFailed", now_ms)

    def calm(self, now_ms: int) -> None:
        """A transaction has begun or ended: look again a little later."""
        if self._stage is Stage.WAITING:
            self._at_ms = now_ms + SETTLE_MS

    def taken(self, fact: object, now_ms: int, zero_ms: int | None) -> Iterator[object]:
        """Take what an adapter tells of the present job."""
        if self._order is None or getattr(fact, "job", None) != self._job:
            return
        match fact, self._stage:
            case t.Downloaded(_, _, digest), Stage.DOWNLOADING:
                self._digest = digest
                yield from self._downloaded(self._order, now_ms, zero_ms)
            case t.DownloadFailed(), Stage.DOWNLOADING:
                yield from self._again(now_ms)
            case t.SignatureChecked(_, problem), Stage.CHECKING:
                yield from self._checked(problem, now_ms, zero_ms)
            case t.InstallTaken(), Stage.INSTALLING if self._word == "Installing":
                self._at_ms = now_ms + INSTALL_MAX_MS
                if self._order.signed:
                    yield self._told("InstallRebooting")
            case t.InstallFailed(_, problem), Stage.INSTALLING:
                yield from self._ended("InstallationFailed", now_ms, problem)

    def heard(self, now_ms: int) -> Iterator[object]:
        """The back end has heard what became of it."""
        self._order = self._stage = None
        self._at_ms = NEVER_MS
        yield PutNote(NOTE, None)

    # -- stages -----------------------------------------------------------------------------

    def _fetch(self, order: Order, now_ms: int) -> Iterator[object]:
        self._stage, self._at_ms = Stage.DOWNLOADING, now_ms + DOWNLOAD_MAX_MS
        self._job, self._tries = self._jobs.next(), self._tries + 1
        if self._tries == 1:
            yield self._told("Downloading")
            yield _note(Note(order, Stage.DOWNLOADING, self._starts))
        yield t.DownloadWanted(self._job, order.url)

    def _again(self, now_ms: int) -> Iterator[object]:
        assert self._order is not None
        if self._tries > self._order.retries:
            yield from self._ended("DownloadFailed", now_ms)
        else:
            self._stage, self._at_ms = Stage.RETRYING, now_ms + self._order.wait_ms

    def _downloaded(self, order: Order, now_ms: int, zero_ms: int | None) -> Iterator[object]:
        yield self._told("Downloaded")
        yield _note(Note(order, Stage.FETCHED))
        if order.signed:
            self._stage, self._at_ms = Stage.CHECKING, now_ms + CHECK_MAX_MS
            yield t.SignatureWanted(self._job, order.pem, order.signature)
        else:
            yield from self._fetched(now_ms, zero_ms)

    def _checked(self, problem: str, now_ms: int, zero_ms: int | None) -> Iterator[object]:
        if problem:
            yield SecurityEvent(Kind.FIRMWARE_SIGNATURE, problem)  # [L01.FR.03, TC_081]
            yield from self._ended("InvalidSignature", now_ms)
        else:
            yield self._told("SignatureVerified")
            yield from self._fetched(now_ms, zero_ms)

    def _fetched(self, now_ms: int, zero_ms: int | None) -> Iterator[object]:
        self._stage = Stage.FETCHED
        self.clock(now_ms, zero_ms)
        if self._at_ms > now_ms:
            yield self._told("InstallScheduled")

    def _close(self, now_ms: int) -> Iterator[object]:
        """Let nothing new begin; what runs goes on to its end. [ER 3.49]"""
        self._stage, self._at_ms, self._closed = Stage.WAITING, now_ms + SETTLE_MS, True
        yield FaultRaised(0, Fault.UPDATING, now_ms)

    def _install(self, order: Order, now_ms: int) -> Iterator[object]:
        self._stage, self._at_ms = Stage.INSTALLING, now_ms + INSTALL_MAX_MS
        yield self._told("Installing")
        yield _note(Note(order, Stage.INSTALLING, version=self._version))
        yield t.InstallWanted(self._job, self._digest, order.signed or bool(order.brought))

    def _restarted(self, kept: Note, now_ms: int) -> Iterator[object]:
        """Tell what the restart has shown: only another firmware than before is a new one."""
        self._stage = Stage.RESTARTED
        installed = kept.version != self._version
        if kept.stage is Stage.INSTALLING and installed:
            yield SecurityEvent(Kind.FIRMWARE_UPDATED, f"{kept.version} to {self._version}")
        yield from self._opened(now_ms)
        note = Note(kept.order, Stage.RESTARTED, version=kept.version)
        if kept.stage is Stage.INSTALLING:
            yield _note(note)
        problem = "" if installed else f"the same version as before runs: {self._version}"
        self._last = Shown("installed" if installed else "failed", kept.order.brought, problem)
        yield self._told("Installed" if installed else "InstallationFailed")

    def _ended(self, word: str, now_ms: int, problem: str = "") -> Iterator[object]:
        """The station runs on with the firmware it has."""
        if self._order is not None:
            self._last = Shown("failed", self._order.brought, problem)
        yield self._told(word)
        yield from self._opened(now_ms)
        yield from self.heard(now_ms)

    def _opened(self, now_ms: int) -> Iterator[object]:
        if self._closed:
            self._closed = False
            yield FaultCleared(0, Fault.UPDATING, now_ms)

    def _told(self, word: str) -> Status:
        assert self._order is not None
        self._word = word
        return _status(self._order, word)


_SHOWN = {
    Stage.FETCHED: "waiting", Stage.WAITING: "waiting", Stage.INSTALLING: "installing",
}  # fmt: skip


def _status(order: Order, word: str) -> Status:
    if order.brought:
        return Status(None, {"status": word})
    if order.signed:
        return Status(t.Report.SIGNED, {"status": word, "requestId": order.request_id})
    return Status(t.Report.FIRMWARE, {"status": word})


def _note(note: Note) -> PutNote:
    return PutNote(NOTE, json.dumps(asdict(note)))


def _read(text: str | None) -> Note | None:
    if text is None:
        return None
    told = json.loads(text)
    order = Order(**told["order"])
    return Note(
        order, Stage(told["stage"]), told["starts"], told["version"], told.get("digest", "")
    )
