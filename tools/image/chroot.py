"""Runs commands in an emulated arm64 root; nothing of it outlives the call that it belongs to.

Mounts live in a mount namespace of their own, processes in a process namespace.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.image.shop import LAST_LINES, Failed

ENTER = """
mount -t proc proc "$1/proc"
mount -t tmpfs tmpfs "$1/run"
mount --rbind /dev "$1/dev"
mkdir "$1/run/outside" "$1/run/lock"
mount --bind "$2" "$1/run/outside"
root=$1; shift 2
exec chroot "$root" "$@"
"""
NOTIFY = "notify"
TERM_S, SLICE_S = 20.0, 0.5


@dataclass(slots=True)
class Started:
    """A process inside, and what it has logged so far."""

    name: str
    child: subprocess.Popen[bytes]
    log: Path

    def words(self) -> str:
        """Return its last lines."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-LAST_LINES:])


class Inside:
    """An unpacked root, and where it meets this machine: /run/outside."""

    def __init__(self, root: Path, outside: Path) -> None:
        self.root = root
        self.outside = outside
        outside.mkdir(exist_ok=True)
        outside.chmod(0o777)

    def run(self, *words: str, check: bool = True, user: str | None = None) -> str:
        """Run to the end, return what was printed; raise `Failed` unless `check` is off."""
        child = subprocess.Popen(
            self._command(words, user), env=_surroundings(), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        try:
            printed, _ = child.communicate()
        finally:
            _stop(child)
        if check and child.returncode:
            said = printed.strip().splitlines()[-LAST_LINES:]
            raise Failed("\n".join([f"inside, {words[0]} failed with {child.returncode}:", *said]))
        return printed

    @contextlib.contextmanager
    def daemons(self, lines: dict[str, Sequence[str]], wait_s: float) -> Iterator[dict[str, float]]:
        """Start processes in order as the station's user; give the seconds until each is ready.

        Those that do not notify are ready when they print a line.
        """
        started: list[Started] = []
        ready_s: dict[str, float] = {}
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
            where = self.outside / NOTIFY
            where.unlink(missing_ok=True)
            listener.bind(str(where))
            where.chmod(0o666)
            listener.settimeout(SLICE_S)
            try:
                for name, words in lines.items():
                    one = self._start(name, words)
                    started.append(one)
                    ready_s[name] = _until_ready(one, listener, wait_s)
                yield ready_s
            finally:
                for one in reversed(started):
                    _stop(one.child)

    def _start(self, name: str, words: Sequence[str]) -> Started:
        log = self.outside / f"{name}.log"
        extra = {"NOTIFY_SOCKET": f"/run/outside/{NOTIFY}", "LG_WD": "/tmp"}
        with log.open("wb") as sink:
            child = subprocess.Popen(
                self._command(words, "powerstation"), env=_surroundings() | extra,
                stdin=subprocess.DEVNULL, stdout=sink, stderr=sink, start_new_session=True,
            )  # fmt: skip
        return Started(name, child, log)

    def _command(self, words: Sequence[str], user: str | None) -> list[str]:
        space = [
            "unshare",
            "--mount",
            "--pid",
            "--fork",
            "--kill-child",
            "--propagation",
            "private",
        ]
        enter = ["sh", "-ec", ENTER, "enter"]
        become = ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups"] if user else []
        return [*space, *enter, str(self.root), str(self.outside), *become, *words]


def _until_ready(one: Started, listener: socket.socket, wait_s: float) -> float:
    began_s = time.monotonic()
    while time.monotonic() - began_s < wait_s:
        with contextlib.suppress(TimeoutError):
            if b"READY=1" in listener.recv(4096):
                break
        if one.name == "world" and '"ready"' in one.words():
            break
        if one.child.poll() is not None:
            raise Failed(f"{one.name} ended with {one.child.returncode}:\n{one.words()}")
    else:
        raise Failed(f"{one.name} was not ready within {wait_s:g} s:\n{one.words()}")
    return time.monotonic() - began_s


def _stop(child: subprocess.Popen[bytes] | subprocess.Popen[str]) -> None:
    """End what we started: everything inside is gone when its first process is.

    `unshare` does not hand signals on, and its own way to die with its child fails when emulated.
    """
    first = _first_inside(child.pid)
    for sign, wait_s in ((signal.SIGTERM, TERM_S), (signal.SIGKILL, TERM_S)):
        if child.poll() is not None:
            return
        for pid in first:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, sign)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(wait_s)


def _first_inside(pid: int) -> list[int]:
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        return []
    return [int(word) for word in text.split()]


def _surroundings() -> dict[str, str]:
    path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    return {"PATH": path, "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive", "HOME": "/root"}
