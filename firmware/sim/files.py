"""File transfers of a simulated world: a server in memory, and a station that reaches it.

Nothing here touches a network or a disk; times are fixed and so is what comes of them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from firmware.io.signatures import signature_problem
from firmware.model import transfers as t

UPLOAD_S, DOWNLOAD_S, CHECK_S, INSTALL_S, RESTART_MS = 2, 5, 1, 10, 5_000


@dataclass(slots=True)
class FileServer:
    """What is there by address, what was brought, and what goes wrong next."""

    files: dict[str, bytes] = field(default_factory=dict)
    brought: dict[str, str] = field(default_factory=dict)  # name -> what it is made of
    failures: list[t.Trouble] = field(default_factory=list)  # of the next tries, in turn
    asked: list[str] = field(default_factory=list)
    refuses_upload: bool = False
    installs: str | None = "1"  # the version that an installation brings; `None`: it fails

    def trouble(self, url: str) -> t.Trouble | None:
        """Note a try; return what goes wrong with it."""
        self.asked.append(url)
        return self.failures.pop(0) if self.failures else None


class Home(Protocol):
    """The station of these transfers."""

    files: FileServer
    firmware: str

    @property
    def loop(self) -> Later:
        """Where time passes."""

    def power_cut(self, off_ms: int) -> None:
        """Start anew after this time."""


class Later(Protocol):
    """What is needed of a loop."""

    def call_later(self, delay_s: float, callback: Callable[[], object], /) -> object:
        """Call after a delay."""


Post = Callable[[object], None]


class SimTransfers:
    """Performs the wishes of one station."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._content = b""
        self._cancelled: set[tuple[Post, int]] = set()

    def perform(self, wish: object, post: Post) -> None:
        """Do a wish after its time; `post` belongs to one start of the station."""
        match wish:
            case t.CancelTransfer(job):
                self._cancelled.add((post, job))
            case t.UploadWanted():
                self._after(UPLOAD_S, wish, post, lambda: self._upload(wish))
            case t.DownloadWanted():
                self._after(DOWNLOAD_S, wish, post, lambda: self._download(wish))
            case t.SignatureWanted():
                self._after(CHECK_S, wish, post, lambda: self._checked(wish))
            case t.InstallWanted():
                self._after(INSTALL_S, wish, post, lambda: self._install(wish, post))

    def _after(
        self, delay_s: int, wish: t.TransferWish, post: Post, done: Callable[[], object]
    ) -> None:
        def end() -> None:
            if (post, wish.job) not in self._cancelled:
                post(done())

        self._home.loop.call_later(delay_s, end)

    def _upload(self, wish: t.UploadWanted) -> object:
        server = self._home.files
        trouble = server.trouble(wish.url)
        if server.refuses_upload:
            trouble = t.Trouble.OTHER
        if trouble is not None:
            return t.UploadFailed(wish.job, "the server refused it", trouble)
        server.brought[wish.name] = wish.content.value
        return t.Uploaded(wish.job)

    def _download(self, wish: t.DownloadWanted) -> object:
        server = self._home.files
        if server.trouble(wish.url) is not None or wish.url not in server.files:
            return t.DownloadFailed(wish.job, "the server does not have it")
        self._content = server.files[wish.url]
        digest = hashlib.sha256(self._content)
        return t.Downloaded(wish.job, len(self._content), digest.hexdigest())

    def _checked(self, wish: t.SignatureWanted) -> object:
        digest = hashlib.sha256(self._content).digest()
        return t.SignatureChecked(wish.job, signature_problem(wish.pem, wish.signature, digest))

    def _install(self, wish: t.InstallWanted, post: Post) -> object:
        version = self._home.files.installs
        if version is None:
            return t.InstallFailed(wish.job, "this installer was told to fail")

        def restart() -> None:
            self._home.firmware = version
            self._home.power_cut(RESTART_MS)

        self._home.loop.call_later(1, restart)
        return t.InstallTaken(wish.job)
