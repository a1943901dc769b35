"""Makes the private environment of a release on this machine, without running a line of arm64.

Wheels are chosen by pip for the release's Python and glibc; every download is checked against the
lock's hashes. What has C in it and no wheel is compiled across, from sources under the same lock.
"""

from __future__ import annotations

import shutil
import sys
import tarfile
import venv as stdlib_venv
from pathlib import Path

from tools.image.lock import Pinned, Plan, plan
from tools.image.releases import Release
from tools.image.shop import ROOT, alone, cache, commit_time_s, run, tell
from tools.image.sources import fetch

CROSS, STRIP = "aarch64-linux-gnu-gcc", "aarch64-linux-gnu-strip"
NEEDED = {CROSS: "gcc-aarch64-linux-gnu", STRIP: "binutils-aarch64-linux-gnu", "swig": "swig"}
NEEDED_FILES = {"/usr/aarch64-linux-gnu/include/stdio.h": "libc6-dev-arm64-cross"}
FLAGS = ("-shared", "-fPIC", "-O2", "-fstack-protector-strong", "-D_FORTIFY_SOURCE=2", "-s",
         "-Wl,-z,relro", "-Wl,-z,now", "-Wl,-z,noexecstack")  # fmt: skip
OLDEST_GLIBC_MINOR = 17
UNUSED = frozenset({"setuptools"})  # colorzero names it and imports nothing of it


def fill(release: Release, site: Path, work: Path) -> None:
    """Install everything of the lock, and ourselves, into an empty `site-packages`."""
    parts = plan(release)
    pip = _pip(parts)
    wheels = work / "wheels"
    wheels.mkdir(parents=True, exist_ok=True)
    tell(f"{release.codename}: fetching {len(parts.wheels) - len(UNUSED)} wheels")
    where = _platform(release)
    asked = ("--no-deps", "--require-hashes", "--only-binary=:all:", *where, "-d", wheels)
    wanted = tuple(one for one in parts.wheels if one.name not in UNUSED)
    pip("download", *asked, "-r", _listed(work / "wheels.txt", wanted))
    pip("wheel", "--no-deps", "--no-build-isolation", "--require-hashes", "-w", wheels,
        "-r", _listed(work / "pure.txt", parts.pure_sources))  # fmt: skip
    surroundings = {"SOURCE_DATE_EPOCH": commit_time_s()}
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", wheels,
        cwd=ROOT, env=surroundings)  # fmt: skip
    pip("install", "--no-deps", "--no-index", "--no-compile", *where, "--only-binary=:all:",
        "--target", site, *sorted(wheels.glob("*.whl")))  # fmt: skip
    shutil.rmtree(site / "bin", ignore_errors=True)
    sources = work / "sources"
    pip("download", "--no-deps", "--no-build-isolation", "--no-binary=:all:", "--require-hashes",
        "-d", sources, "-r", _listed(work / "sources.txt", parts.compiled))  # fmt: skip
    headers = _headers(release, work)
    for one in parts.compiled:
        tell(f"{release.codename}: compiling {one.name} {one.version} across")
        MAKERS[one.name](_unpacked(one, sources), headers, site, release)
        _note(one, site)
    for module in site.rglob("*.so*"):  # some authors leave their symbols in
        run(STRIP, "--strip-unneeded", "--remove-section=.comment", module)


def _pip(parts: Plan) -> _Pip:
    """Return pip in an environment of its own: uv's environments have none."""
    with alone("pip"):
        folder = cache() / f"pip-{sys.version_info.major}.{sys.version_info.minor}"
        pip = _Pip(folder / "bin" / "python")
        if not (folder / "ready").exists():
            stdlib_venv.create(folder, clear=True, with_pip=True)
            tools = [one for one in parts.wheels if one.name == "setuptools"]
            listed = _listed(folder / "tools.txt", tuple(tools))
            pip("install", "--no-deps", "--require-hashes", "-r", listed)
            (folder / "ready").touch()
    return pip


class _Pip:
    def __init__(self, python: Path) -> None:
        self._python = python

    def __call__(self, verb: str, *words: str | Path) -> None:
        quiet = ("-q", "--disable-pip-version-check", "--no-input")
        run(self._python, "-m", "pip", verb, *quiet, *words)


def _platform(release: Release) -> tuple[str, ...]:
    """Return what tells pip for whom it chooses; it does not know that glibc 2.36 runs 2.17's."""
    minors = range(release.glibc_minor, OLDEST_GLIBC_MINOR - 1, -1)
    names = [f"manylinux_2_{minor}_aarch64" for minor in minors] + ["manylinux2014_aarch64"]
    words = [part for name in names for part in ("--platform", name)]
    return (*words, "--python-version", release.python, "--implementation", "cp")


def _listed(file: Path, entries: tuple[Pinned, ...]) -> Path:
    file.write_text("".join(f"{one.text}\n" for one in entries))
    return file


def _headers(release: Release, work: Path) -> Path:
    package = f"libpython{release.python}-dev"
    found = fetch(release, [package], cache() / f"debs-{release.codename}")
    run("dpkg-deb", "-x", found[0], work / "headers")
    return work / "headers" / "usr" / "include"


def _unpacked(one: Pinned, sources: Path) -> Path:
    archive = next(sources.glob(f"{one.name}-*.tar.gz"))
    with tarfile.open(archive) as tar:
        tar.extractall(sources, filter="data")
    return sources / archive.name.removesuffix(".tar.gz")


def _spidev(source: Path, headers: Path, site: Path, release: Release) -> None:
    _compile([source / "spidev_module.c"], headers, _module(site, "spidev", release))


def _lgpio(source: Path, headers: Path, site: Path, release: Release) -> None:
    """Do what its authors do for their wheels: the whole library in the module."""
    run("swig", "-python", "-Isrc", "-o", "lgpio_wrap.c", "lgpio.i", cwd=source)
    files = [*sorted((source / "src").glob("lg*.c")), source / "src/rgpiod.c"]
    include = ("-I", str(source / "src"), "-pthread")
    target = _module(site, "_lgpio", release)
    _compile([*files, source / "lgpio_wrap.c"], headers, target, *include)
    shutil.copy(source / "lgpio.py", site / "lgpio.py")


MAKERS = {"spidev": _spidev, "lgpio": _lgpio}


def _compile(files: list[Path], headers: Path, target: Path, *more: str) -> None:
    python = next(headers.glob("python3*"))
    run(CROSS, *FLAGS, *more, "-I", python, "-I", headers, "-o", target, *files)
    target.chmod(0o644)


def _module(site: Path, name: str, release: Release) -> Path:
    return site / f"{name}.cpython-{release.tag[2:]}-aarch64-linux-gnu.so"


def _note(one: Pinned, site: Path) -> None:
    """Leave what `importlib.metadata` reads: gpiozero and people ask for versions."""
    folder = site / f"{one.name}-{one.version}.dist-info"
    folder.mkdir()
    text = f"Metadata-Version: 2.1\nName: {one.name}\nVersion: {one.version}\n"
    (folder / "METADATA").write_text(text)
    (folder / "INSTALLER").write_text("powerstation\n")
