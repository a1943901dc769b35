"""Installing what the station offers, as root: nothing of it is believed but its signature.

The offer lies in a folder of the station's user. It is taken by a rename, copied to a place that
only root can write, looked at there, and given to dpkg. What could not be installed is told in
`taken/failed`; what was installed has started the station anew. The package before the last is
kept: where an installation breaks, it is put back.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from firmware.io.installer import FAILED, FAILED_MAX_BYTES, FIRMWARE, READY, TAKEN
from firmware.io.packages import (
    BadPackage,
    Package,
    demand_fitting,
    installed_version,
    looked_at,
)
from firmware.model.transfers import PACKAGE_MAX_BYTES

COPY, KEPT = "incoming.deb", "installed.deb"
INSTALL_S = 900.0  # [manual 8] up to 15 min
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW


@dataclass(frozen=True, slots=True)
class Places:
    """Where things are: of the station, of root alone, of the system that is changed."""

    state: Path
    work: Path
    keys: Sequence[Path]
    root: Path = Path("/")


def install_offer(places: Places) -> str:
    """Install what is offered and return what was done; raise `BadPackage` with a sentence."""
    with contextlib.ExitStack() as stack:
        taken = _take(places.state / "updates", stack)
        if taken is None:
            return "nothing is offered"
        try:
            return _install(taken, places)
        except BadPackage as problem:
            _tell(taken, str(problem))
            raise


def _take(updates: Path, stack: contextlib.ExitStack) -> int | None:
    """Make the offer ours; return its folder, `None` where there is none."""
    folder = _opened(str(updates), None, stack)
    for _ in range(2):
        try:
            os.rename(READY, TAKEN, src_dir_fd=folder, dst_dir_fd=folder)
        except FileNotFoundError:
            return None
        except OSError:  # one of before is there still
            shutil.rmtree(TAKEN, dir_fd=folder)
        else:
            return _opened(TAKEN, folder, stack)
    raise BadPackage(f"{updates / READY} cannot be taken")


def _opened(name: str, inside: int | None, stack: contextlib.ExitStack) -> int:
    try:
        handle = os.open(name, _FOLDER, dir_fd=inside)
    except OSError as problem:
        raise BadPackage(f"{name}: {problem.strerror}") from None
    stack.callback(os.close, handle)
    return handle


def _install(taken: int, places: Places) -> str:
    places.work.mkdir(mode=0o700, parents=True, exist_ok=True)
    copy, kept = places.work / COPY, places.work / KEPT
    _copy(taken, copy)
    package = looked_at(copy, places.keys)
    installed = installed_version(places.root)
    if installed is None:
        raise BadPackage(
            "the station was not installed as a package here; update it in the way that it was "
            "installed"
        )
    demand_fitting(package, places.root, installed)
    if os.statvfs(places.root / "usr").f_flag & os.ST_RDONLY:
        raise BadPackage("the system is read-only, as our image is: flash the new image instead")
    try:
        _dpkg(places.root, "--install", str(copy))
    except BadPackage as problem:
        raise BadPackage(f"{problem}; {_put_back(kept, places)}") from None
    copy.rename(kept)
    return _done(package, installed)


def _done(package: Package, before: str) -> str:
    return f"{before} was replaced by {package.version}, signed by {package.signer}"


def _copy(taken: int, copy: Path) -> None:
    """Copy the offered file, which must be an ordinary one."""
    try:
        handle = os.open(FIRMWARE, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=taken)
    except OSError as problem:
        raise BadPackage(f"{FIRMWARE}: {problem.strerror}") from None
    with os.fdopen(handle, "rb") as offered:
        about = os.fstat(handle)
        if not stat.S_ISREG(about.st_mode) or about.st_size > PACKAGE_MAX_BYTES:
            raise BadPackage("what is offered is no file, or too large")
        with copy.open("wb") as file:
            left = about.st_size  # it may grow while it is read
            while left and (block := offered.read(min(left, 1 << 20))):
                file.write(block)
                left -= len(block)
            os.fsync(file.fileno())


def _put_back(kept: Path, places: Places) -> str:
    if not kept.exists():
        return "no earlier package is kept here that could be put back"
    try:
        looked_at(kept, places.keys)
        _dpkg(places.root, "--force-downgrade", "--install", str(kept))
    except BadPackage as problem:
        return f"the earlier one could not be put back: {problem}"
    return "the earlier one was put back"


def _dpkg(root: Path, *words: str) -> None:
    asked = ("dpkg", f"--root={root}", *words)
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
    try:
        ran = subprocess.run(
            asked, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=INSTALL_S, check=False,
        )  # fmt: skip
    except FileNotFoundError:
        raise BadPackage("this machine has no dpkg") from None
    except subprocess.TimeoutExpired:
        raise BadPackage(f"dpkg did not end within {INSTALL_S:g} s") from None
    if ran.returncode:
        said = [line.strip() for line in ran.stderr.splitlines() if line.strip()]
        raise BadPackage(f"dpkg: {' '.join(said)[:300] or 'it failed'}")


def _tell(taken: int, problem: str) -> None:
    """Leave the sentence where the station looks for it."""
    with contextlib.suppress(OSError):
        handle = os.open(
            FAILED, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644, dir_fd=taken
        )
        with os.fdopen(handle, "wb") as file:
            file.write(problem.encode()[:FAILED_MAX_BYTES])
