"""Builds the kernel of the virtual station from Debian's source package, and its modules.

The package comes by apt, from the sources of this machine, or from the backports beside them
where the release itself has another series. What was built is kept in the cache; a second call
finds it there.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.uml.kernel import (
    FRAGMENT,
    HERE,
    KEY_FILE,
    MODULES,
    PATCHES,
    SERIES,
    NoKernel,
    cache,
    compile_tree,
    digest,
    key,
)  # fmt: skip

PACKAGE = f"linux-source-{SERIES}"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
NEEDED = {
    "apt-get": "apt", "dpkg-deb": "dpkg", "bc": "bc", "bison": "bison", "flex": "flex",
    "git": "git", "gcc": "gcc", "make": "make", "strip": "binutils", "tar": "tar", "xz": "xz-utils",
}  # fmt: skip


def build(work: Path | None = None) -> Path:
    """Return the folder of a built kernel; `work` is kept and used again where it is given."""
    folder = cache() / key()
    if _built(folder):
        _tell(f"the kernel is there: {folder}")
        return folder
    with _alone():
        if not _built(folder):
            _check_machine()
            started_s = time.monotonic()
            with _workshop(work) as place:
                _build_in(place, folder)
            _tell(f"built in {time.monotonic() - started_s:.0f} s: {folder}")
    return folder


def packages() -> list[str]:
    """Return the Debian packages that a build needs."""
    return [*sorted({*NEEDED.values()} - {"apt", "dpkg"}), "libc6-dev", "libelf-dev"]


def _built(folder: Path) -> bool:
    return (folder / KEY_FILE).is_file()


@contextmanager
def _alone() -> Iterator[None]:
    cache().mkdir(parents=True, exist_ok=True)
    with (cache() / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def _workshop(work: Path | None) -> Iterator[Path]:
    if work is not None:
        work.mkdir(parents=True, exist_ok=True)
        yield work.absolute()
        return
    with tempfile.TemporaryDirectory(prefix="work-", dir=cache()) as place:
        yield Path(place)


def _check_machine() -> None:
    machine = os.uname().machine
    if machine != "x86_64":
        raise NoKernel(f"User-Mode Linux runs on x86-64 only, this machine is {machine}")
    missing = [package for program, package in NEEDED.items() if shutil.which(program) is None]
    missing += [] if Path("/usr/include/libelf.h").exists() else ["libelf-dev"]
    if missing:
        raise NoKernel(f"missing to build; `apt-get install {' '.join(missing)}` ends this")


def _build_in(place: Path, folder: Path) -> None:
    source = _source(place)
    objects, modules = place / "objects", place / "modules"
    _make(source, objects, "allnoconfig", f"KCONFIG_ALLCONFIG={FRAGMENT}")
    _check_configuration(objects / ".config")
    _tell("compiling the kernel, about six minutes of processor time")
    _make(source, objects, "linux", "modules", f"-j{os.cpu_count()}")
    shutil.copytree(HERE / "modules", modules, dirs_exist_ok=True)
    _make(source, objects, f"M={modules}", "modules")
    release = (objects / "include/config/kernel.release").read_text().strip()
    fresh = folder.with_name(f"{folder.name}.{os.getpid()}")
    fresh.mkdir()
    _run("strip", "-o", fresh / "linux", objects / "linux")
    for name in MODULES:
        shutil.copy(modules / name, fresh / name)
    compile_tree(str(objects / "scripts/dtc/dtc"), fresh / "station.dtb")
    (fresh / KEY_FILE).write_text(f"{key()} {release}\n")
    fresh.rename(folder)


def _source(place: Path) -> Path:
    source = place / PACKAGE
    patched = source / f"patched-{digest(PATCHES)}"
    if patched.exists():
        return source
    if not list(place.glob(f"{PACKAGE}_*.deb")):
        _download(place)
    _tell("unpacking")
    shutil.rmtree(source, ignore_errors=True)
    package = next(place.glob(f"{PACKAGE}_*.deb"))
    _run("dpkg-deb", "-x", package, place / "package")
    _run("tar", "-xJf", place / f"package/usr/src/{PACKAGE}.tar.xz", "-C", place)
    _patch(source)
    patched.touch()
    return source


def _patch(source: Path) -> None:
    # the ceiling: inside a checkout, git would take the paths of a patch for the checkout's own
    surroundings = {**os.environ, "GIT_CEILING_DIRECTORIES": str(source.parent)}
    for patch in sorted(PATCHES.iterdir()):
        _run("git", "apply", patch, cwd=source, env=surroundings)


def _download(place: Path) -> None:
    options: list[str] = []
    if not _candidate(options):
        options = _backports(place)
        _run("apt-get", *options, "-qq", "update")
    if not _candidate(options):
        raise NoKernel(
            f"apt knows no {PACKAGE}, not even in backports; `apt-get update`, or set "
            "POWERSTATION_UML to a kernel that was built elsewhere"
        )
    _tell(f"fetching {PACKAGE}, about 150 MB")
    _run("apt-get", *options, "-qq", "download", PACKAGE, cwd=place)


def _candidate(options: list[str]) -> bool:
    shown = subprocess.run(
        ["apt-cache", *options, "show", PACKAGE], capture_output=True, text=True, check=False
    )
    return shown.returncode == 0 and "Filename:" in shown.stdout


def _backports(place: Path) -> list[str]:
    """Return options that let apt see the backports and leave the machine's own sources alone."""
    release = re.search(r"^VERSION_CODENAME=(\w+)$", Path("/etc/os-release").read_text(), re.M)
    known = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(CODENAME) $(SITE)", "Created-By: Packages"],
        capture_output=True, text=True, check=False,
    ).stdout.split("\n")  # fmt: skip
    sites = [line.split()[1] for line in known if release and line.startswith(f"{release[1]} ")]
    if release is None or not sites:
        raise NoKernel(f"apt has no lists to find {PACKAGE} in; `apt-get update` ends this")
    for name in ("lists/partial", "cache/archives/partial"):
        (place / "apt" / name).mkdir(parents=True, exist_ok=True)
    sources = place / "apt" / "sources.list"
    sources.write_text(f"deb [signed-by={KEYRING}] {sites[0]} {release[1]}-backports main\n")
    settings = {
        "Dir::Etc::SourceList": sources,
        "Dir::Etc::SourceParts": "-",
        "Dir::State::Lists": place / "apt/lists",
        "Dir::Cache": place / "apt/cache",
        "APT::Sandbox::User": "root",
    }
    return [part for name, value in settings.items() for part in ("-o", f"{name}={value}")]


def _check_configuration(config: Path) -> None:
    """Kconfig drops in silence what it does not know; here it is told."""
    have = set(config.read_text().splitlines())
    wanted = [line for line in FRAGMENT.read_text().splitlines() if line.startswith("CONFIG_")]
    missing = [line for line in wanted if line not in have]
    if missing:
        raise NoKernel(f"the kernel did not take {', '.join(missing)}; mend {FRAGMENT.name}")


def _make(source: Path, objects: Path, *targets: str) -> None:
    objects.mkdir(exist_ok=True)
    log = objects.parent / "make.log"
    with log.open("ab") as sink:
        done = subprocess.run(
            ["make", "-s", "ARCH=um", f"O={objects}", *targets],
            cwd=source, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink, check=False,
        )  # fmt: skip
    if done.returncode:
        last = "\n".join(log.read_text(errors="replace").splitlines()[-30:])
        raise NoKernel(f"make {' '.join(targets)} failed:\n{last}")


def _run(*command: str | Path, cwd: Path | None = None, env: dict[str, str] | None = None) -> None:
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NoKernel(f"{' '.join(map(str, command))} failed: {done.stderr.strip()}")


def _tell(sentence: str) -> None:
    print(f"uml: {sentence}", flush=True)
