"""The threads that move files: one for what goes up, one for what comes down.

A job at a time, each within its bounds; a wish that fails is told as failed. A firmware is written
to STATE/updates by another name, synced and renamed when it is whole; what came of a broken
HTTP download is kept, and only the rest is fetched where the server says that it is the same file.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import queue
import shutil
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from firmware.io import ftp_files, web_files
from firmware.io.bundle import bundle, journal
from firmware.io.file_line import (
    BLOCK_BYTES,
    Bounds,
    Line,
    TransferFailed,
    Watch,
    address_of,
)
from firmware.io.installer import FIRMWARE, Installer, sync_folder, write_synced
from firmware.io.signatures import signature_problem
from firmware.io.web_files import Way
from firmware.model import transfers as t

QUEUE_MAX = 16
PART, MARK, WHOLE = "firmware.part", "firmware.part.json", FIRMWARE
JOIN_S = 2
STOPPED = "it was cancelled"
_WEB = ("http", "https")


@dataclass(frozen=True, slots=True)
class Job:
    """A wish, the line to use, and the texts of an upload."""

    wish: Any
    line: Line
    texts: Mapping[str, str] = field(default_factory=dict)


class TransferWorker(threading.Thread):
    """One thread of transfers; `tell` is called in it with each fact."""

    def __init__(
        self,
        folder: Path,
        installer: Installer,
        tell: Callable[[object], None],
        bounds: Bounds | None = None,
    ) -> None:
        super().__init__(name="transfers", daemon=True)
        self._folder, self._installer, self._tell = folder, installer, tell
        self._bounds = bounds or Bounds()
        self._jobs: queue.Queue[Job | None] = queue.Queue(QUEUE_MAX)
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._watch: tuple[int, Watch] | None = None
        self._cancelled: set[int] = set()  # the machine cancels a job once
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def ask(self, job: Job) -> None:
        """Queue a job; one too many is told as failed at once."""
        if isinstance(job.wish, t.CancelTransfer):
            self._cancel(job.wish.job)
            return
        try:
            self._jobs.put_nowait(job)
        except queue.Full:
            for fact in t.failed(job.wish, "too many transfers are waiting"):
                self._tell(fact)

    def run(self) -> None:
        """Work until told to end."""
        while (job := self._jobs.get()) is not None:
            if self._ended.is_set():
                continue
            watch = self._begun(job.wish)
            if watch is None:
                continue
            fact = self._done(job, watch)
            with self._lock:
                self._watch = None
            if watch.why != STOPPED and fact is not None:
                self._tell(fact)

    def finish(self) -> None:
        """End now: a station that goes down does not wait for a server."""
        self._ended.set()
        with self._lock:
            if self._watch is not None:
                self._watch[1].stop(STOPPED)
        self._jobs.put(None)
        self.join(JOIN_S)  # nothing ends a look-up of a name

    # -- jobs -------------------------------------------------------------------------------

    def _cancel(self, job: int) -> None:
        with self._lock:
            if self._watch is not None and self._watch[0] == job:
                self._watch[1].stop(STOPPED)
            self._cancelled.add(job)

    def _begun(self, wish: Any) -> Watch | None:
        limit_s = self._bounds.download_s
        if isinstance(wish, t.UploadWanted):
            limit_s = self._bounds.upload_s
        with self._lock:
            cancelled = wish.job in self._cancelled
            self._cancelled = {job for job in self._cancelled if job > wish.job}
            if cancelled:
                return None
            watch = Watch(limit_s)
            self._watch = wish.job, watch
            return watch

    def _done(self, job: Job, watch: Watch) -> object | None:
        wish, way = job.wish, Way(job.line, watch, self._bounds)
        try:
            with watch.running():
                return self._performed(job, way)
        except TransferFailed as problem:
            if isinstance(wish, t.UploadWanted):
                return t.UploadFailed(wish.job, str(problem), problem.trouble)
            return t.failed(wish, str(problem))[0]

    def _performed(self, job: Job, way: Way) -> object | None:
        match job.wish:
            case t.UploadWanted() as wish:
                _bring(wish, job.texts, way)
                return t.Uploaded(wish.job)
            case t.DownloadWanted(number, url):
                size_bytes = fetch(url, self._folder, way)
                return t.Downloaded(number, size_bytes, self._digest().hex())
            case t.SignatureWanted(number, pem, signature):
                problem = signature_problem(pem, signature, self._digest())
                if problem:
                    (self._folder / WHOLE).unlink()
                return t.SignatureChecked(number, problem)
            case t.InstallWanted(number, digest) as wish:
                if self._digest().hex() != digest:
                    return t.InstallFailed(number, "the file on the disk is another one")
                fact = self._installer.install(self._folder / WHOLE, wish, self._ended.wait)
                if isinstance(fact, t.InstallFailed):
                    return fact
                self._tell(fact)
                return self._installer.outcome(number, self._ended.wait)
        raise AssertionError(f"nobody performs {job.wish!r}")

    def _digest(self) -> bytes:
        with (self._folder / WHOLE).open("rb") as file:
            return hashlib.file_digest(file, "sha256").digest()


def _bring(wish: t.UploadWanted, texts: Mapping[str, str], way: Way) -> None:
    whole = dict(texts)
    if wish.content is t.Content.DIAGNOSTICS:
        whole["journal.log"] = journal(wish.span)
    content = bundle(whole, datetime.now(UTC))
    if address_of(wish.url).scheme in _WEB:
        web_files.bring(wish.url, wish.name, content, way)
    else:
        ftp_files.bring(wish.url, wish.name, content, way)


# -- a firmware ---------------------------------------------------------------------------------


def fetch(url: str, folder: Path, way: Way) -> int:
    """Fetch a firmware to the folder; return its size in bytes, raise `TransferFailed`."""
    part = folder / PART
    (folder / WHOLE).unlink(missing_ok=True)  # of an update that was cancelled: room for this one
    if address_of(url).scheme in _WEB:
        _fetch_web(url, part, way)
    else:
        (folder / MARK).unlink(missing_ok=True)
        with ftp_files.fetched(url, way) as (read, size), part.open("wb") as file:
            _copied(read, file, size, way)
    size_bytes = part.stat().st_size
    if not size_bytes:
        raise TransferFailed("the file is empty")
    part.rename(folder / WHOLE)
    (folder / MARK).unlink(missing_ok=True)
    sync_folder(folder)
    return size_bytes


def _fetch_web(url: str, part: Path, way: Way) -> None:
    mark = part.with_name(MARK)
    there, validator = _begun(url, part, mark)
    headers = {"Range": f"bytes={there}-", "If-Range": validator} if there else {}
    answer = web_files.fetch(url, headers, way)
    try:
        resumed = answer.status == 206 and there > 0
        if resumed and not answer.getheader("Content-Range", "").startswith(f"bytes {there}-"):
            raise TransferFailed("the server went on at another place than it was asked to")
        if not resumed:
            part.unlink(missing_ok=True)
            mark.unlink(missing_ok=True)
        if answer.status != 200 and not resumed:
            raise TransferFailed(f"the server answered {answer.status}")
        if not resumed:
            _keep_mark(url, answer, mark)
        length = answer.length
        size = None if length is None else length + (there if resumed else 0)
        with part.open("ab") as file:
            _copied(answer.read, file, size, way)
    except http.client.HTTPException as problem:
        raise TransferFailed(f"the server broke HTTP: {type(problem).__name__}") from None
    finally:
        answer.close()


def _begun(url: str, part: Path, mark: Path) -> tuple[int, str]:
    """Return how much of this file is there, and by what the server knows it again."""
    if not part.exists() or not mark.exists():
        return 0, ""
    try:
        known = json.loads(mark.read_text())
        same, validator = known["url"] == _name_of(url), str(known["validator"])
    except (ValueError, KeyError, TypeError):
        return 0, ""
    return (part.stat().st_size, validator) if same else (0, "")


def _keep_mark(url: str, answer: http.client.HTTPResponse, mark: Path) -> None:
    """Keep what can prove that a rest belongs to this beginning; a weak tag cannot."""
    validator = answer.getheader("ETag", "")
    if not validator or validator.startswith("W/"):
        validator = answer.getheader("Last-Modified", "")
    if validator:
        known = {"url": _name_of(url), "validator": validator}
        write_synced(mark, json.dumps(known).encode())


def _name_of(url: str) -> str:
    return hashlib.sha256(url.encode()).hexdigest()


def _copied(read: Callable[[int], bytes], file: BinaryIO, size: int | None, way: Way) -> None:
    """Copy to the end; raise where it is too large, or not as long as was said."""
    most = way.bounds.firmware_bytes
    free = shutil.disk_usage(Path(file.name).parent).free - way.bounds.space_bytes
    if size is not None and size > most:
        raise TransferFailed(f"the file has {size} bytes, {most} are allowed")
    if size is not None and size - file.tell() > free:
        raise TransferFailed(f"the file has {size} bytes, the disk has room for {max(free, 0)}")
    while block := read(BLOCK_BYTES):
        free -= len(block)
        if file.tell() + len(block) > most or free < 0:
            raise TransferFailed(f"the file is larger than {min(most, file.tell() + free)} bytes")
        file.write(block)
    file.flush()
    if way.watch.why:
        raise TransferFailed(way.watch.why)
    if size is not None and file.tell() != size:
        raise TransferFailed(f"the file ended after {file.tell()} of {size} bytes")
