"""What all of this room uses: commands that fail with a sentence, programs, the cache."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
FILES = Path(__file__).parent / "files"
BUILD = ROOT / "build"
LAST_LINES = 30


class Failed(Exception):
    """Something that cannot be made here; says what, and what to do."""


def tell(sentence: str) -> None:
    """Say what is going on."""
    print(f"image: {sentence}", flush=True)


def run(*command: str | Path, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> str:
    """Run a program and return what it printed; raise `Failed` with its last lines."""
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd, env={**os.environ, "LC_ALL": "C.UTF-8", "PATH": search_path(), **(env or {})},
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()[-LAST_LINES:]
        raise Failed("\n".join([f"{command[0]} failed with {done.returncode}:", *said]))
    return done.stdout


def demand(programs: Mapping[str, str], files: Mapping[str, str] | None = None) -> None:
    """Raise `Failed` with the one line that installs what is missing; programs by package."""
    path = search_path()
    missing = {package for name, package in programs.items() if not shutil.which(name, path=path)}
    missing |= {package for file, package in (files or {}).items() if not Path(file).exists()}
    if missing:
        raise Failed(f"missing here; `apt-get install {' '.join(sorted(missing))}` ends this")


def search_path() -> str:
    """Return where programs are looked for: those of administrators too."""
    return f"{os.environ.get('PATH', '/usr/bin:/bin')}:/usr/sbin:/sbin"


def cache() -> Path:
    """Return the folder where roots and downloads are kept."""
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    folder = Path(home) / "powerstation" / "image"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def alone(name: str) -> Iterator[None]:
    """Let one process at a time work on a thing in the cache."""
    with (cache() / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def digest(words: Iterable[str | bytes]) -> str:
    """Return twelve letters that change with any of the words."""
    hashed = hashlib.sha256()
    for word in words:
        hashed.update(word.encode() if isinstance(word, str) else word)
        hashed.update(b"\0")
    return hashed.hexdigest()[:12]


def commit_time_s() -> str:
    """Return the time of the commit for SOURCE_DATE_EPOCH: the same tree, the same package."""
    done = subprocess.run(
        ["git", "log", "-1", "--format=%ct"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return done.stdout.strip() or "0"
