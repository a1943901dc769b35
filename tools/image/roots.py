"""Root folders of Debian arm64, made once by mmdebstrap and kept as archives in the cache.

The files are unpacked on this machine; only maintainers' scripts run emulated, some minutes.
"""

from __future__ import annotations

import re
import shutil
import time
from pathlib import Path

from tools.image.chroot import Inside
from tools.image.releases import IMAGE, Release
from tools.image.shop import Failed, alone, cache, demand, digest, run, tell
from tools.image.sources import ARCHITECTURE, apt_lines, fetch

NEEDED = {
    "mmdebstrap": "mmdebstrap", "arch-test": "arch-test",  # mmdebstrap only recommends it
    "qemu-aarch64-static": "qemu-user-static", "tar": "tar",
    "unshare": "util-linux", "chroot": "coreutils",
}  # fmt: skip
BASE = ("systemd-sysv", "udev", "python3")  # and what the package names itself
OF_IMAGE = (
    "dbus", "systemd-resolved", "systemd-timesyncd", "iproute2", "iputils-ping", "openssh-server",
    "e2fsprogs", "dosfstools", "fdisk", "kmod", "tzdata", "ca-certificates", "netbase", "less",
    "mosquitto",
)  # fmt: skip
NOT_INSTALLED = ("/usr/share/doc/*", "/usr/share/locale/*", "/usr/share/man/*")
AGE = ("Acquire::Check-Valid-Until", "Acquire::Check-Date")  # a mirror may be a snapshot
SETTINGS = (
    'Acquire::Languages "none"',
    'APT::Install-Recommends "false"',
)
REGISTRATION = Path("/proc/sys/fs/binfmt_misc/qemu-aarch64")
BINFMT = Path("/usr/lib/binfmt.d/qemu-aarch64.conf")


def archive(release: Release) -> Path:
    """Return the archive of a release's root; make it where it is not there."""
    packages = BASE + (OF_IMAGE if release == IMAGE else ())
    file = cache() / f"root-{release.codename}-{digest([*packages, *SETTINGS, *NOT_INSTALLED])}.tar"
    if file.exists():
        return file
    with alone(f"root-{release.codename}"):
        if not file.exists():
            emulated()
            _make(release, packages, file)
    return file


def emulated() -> None:
    """Make this machine run arm64 programs; raise `Failed` with what to do."""
    demand(NEEDED)
    if not REGISTRATION.parent.joinpath("register").exists():
        run("mount", "-t", "binfmt_misc", "binfmt_misc", REGISTRATION.parent)
    if not REGISTRATION.exists():
        words = [line for line in BINFMT.read_text().splitlines() if line.startswith(":")]
        try:
            REGISTRATION.parent.joinpath("register").write_text(words[0])
        except OSError as problem:
            raise Failed(f"arm64 programs cannot run here ({problem}); be root") from problem


def _make(release: Release, packages: tuple[str, ...], file: Path) -> None:
    tell(f"{release.codename}: making a root of arm64; 3 to 20 minutes, once")
    started_s = time.monotonic()
    sources, part = file.with_suffix(".list"), file.with_suffix(".part.tar")
    sources.write_text("".join(f"{line}\n" for line in apt_lines(release)))
    options = [f"--aptopt={setting}" for setting in (*SETTINGS, *_as_here())]
    options += [f"--dpkgopt=path-exclude={glob}" for glob in NOT_INSTALLED]
    options += ["--dpkgopt=path-include=/usr/share/doc/*/copyright"]
    run("mmdebstrap", "--mode=root", "--variant=minbase", f"--architectures={ARCHITECTURE}",
        f"--include={','.join(packages)}", *options, release.codename, part, sources)  # fmt: skip
    part.rename(file)
    tell(f"{release.codename}: root made in {time.monotonic() - started_s:.0f} s: {file}")


def hand_in(inside: Inside, release: Release, package: Path) -> list[str]:
    """Put a package and what it needs beside a root; return their names as seen from inside.

    What is missing is fetched by this machine: apt's own update takes minutes when emulated.
    """
    status = (inside.root / "var/lib/dpkg/status").read_text()
    there = {line.split()[1] for line in status.splitlines() if line.startswith("Package: ")}
    depends = run("dpkg-deb", "--field", package, "Depends").split(",")
    needed = [re.split(r"[ (|]", part.strip())[0] for part in depends]
    missing = [name for name in needed if name not in there]
    files = [package, *fetch(release, missing, cache() / f"debs-{release.codename}")]
    for file in files:
        shutil.copy(file, inside.outside)
    return [f"/run/outside/{file.name}" for file in files]


def _as_here() -> list[str]:
    """Return what this machine's apt thinks of the age of its mirror's lists."""
    lines = [run("apt-config", "dump", name).strip().rstrip(";") for name in AGE]
    return [line for line in lines if line]


def unpack(release: Release, into: Path) -> Path:
    """Unpack a fresh root, ready to install into; apt there sees what this machine sees."""
    into.mkdir(parents=True)
    run("tar", "-xf", archive(release), "-C", into, "--numeric-owner")
    for left in into.glob("etc/dpkg/dpkg.cfg.d/*mmdebstrap*"):
        left.unlink()  # our own pages are to be installed
    (into / "etc/resolv.conf").unlink(missing_ok=True)
    shutil.copy("/etc/resolv.conf", into / "etc/resolv.conf")
    return into
