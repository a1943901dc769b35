"""Debian's packages of another release and another architecture, by this machine's own mirror.

The mirror is read from apt's configuration and never written into the project; the machine's own
lists and sources stay as they are.
"""

from __future__ import annotations

import re
from pathlib import Path

from tools.image.releases import Release
from tools.image.shop import Failed, alone, cache, run

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
COMPONENTS = "main non-free-firmware"
ARCHITECTURE = "arm64"


def apt_lines(release: Release) -> list[str]:
    """Return the lines of a sources.list for a release."""
    main, security = _sites()
    suites = [(main, release.codename), (main, f"{release.codename}-updates")]
    suites += [(security, f"{release.codename}-security")] if security else []
    return [f"deb [signed-by={KEYRING}] {site} {suite} {COMPONENTS}" for site, suite in suites]


def fetch(release: Release, packages: list[str], into: Path) -> list[Path]:
    """Download packages for arm64 and return their files; raise `Failed`."""
    into.mkdir(parents=True, exist_ok=True)
    with alone(f"apt-{release.codename}"):
        options = apt_options(release)
        lists = cache() / f"apt-{release.codename}" / "lists"
        if not list(lists.glob("*_Packages*")):
            run("apt-get", *options, "-qq", "update")
        files = []
        for package in packages:
            folder = into / package
            folder.mkdir(exist_ok=True)
            if not list(folder.glob("*.deb")):
                _download(options, package, folder)
            files.append(next(folder.glob("*.deb")))
    return files


def depends(release: Release, package: str) -> list[str]:
    """Return the names that a package depends on, alternatives left out."""
    with alone(f"apt-{release.codename}"):
        options = apt_options(release)
        if not list((cache() / f"apt-{release.codename}" / "lists").glob("*_Packages*")):
            run("apt-get", *options, "-qq", "update")
        shown = run("apt-cache", *options, "show", "--no-all-versions", package)
    line = re.search(r"^Depends: (.*)$", shown, re.M)
    return [re.split(r"[ (|]", part.strip())[0] for part in line[1].split(",")] if line else []


def apt_options(release: Release) -> list[str]:
    """Return options that let apt see a release for arm64 and nothing of this machine."""
    place = cache() / f"apt-{release.codename}"
    for name in ("lists/partial", "cache/archives/partial"):
        (place / name).mkdir(parents=True, exist_ok=True)
    (place / "status").touch()
    (place / "sources.list").write_text("".join(f"{line}\n" for line in apt_lines(release)))
    settings = {
        "Dir::Etc::SourceList": place / "sources.list",
        "Dir::Etc::SourceParts": "-",
        "Dir::State::Lists": place / "lists",
        "Dir::State::status": place / "status",
        "Dir::Cache": place / "cache",
        "APT::Architecture": ARCHITECTURE,
        "APT::Architectures": ARCHITECTURE,
        "APT::Sandbox::User": "root",
    }
    return [part for name, value in settings.items() for part in ("-o", f"{name}={value}")]


def _download(options: list[str], package: str, folder: Path) -> None:
    try:
        run("apt-get", *options, "-qq", "download", package, cwd=folder)
    except Failed:  # lists that have aged name files that are gone
        run("apt-get", *options, "-qq", "update")
        run("apt-get", *options, "-qq", "download", package, cwd=folder)


def _sites() -> tuple[str, str | None]:
    """Return the mirror of Debian that this machine uses, and that of its security updates."""
    known = run(
        "apt-get", "indextargets", "--format", "$(CODENAME) $(SITE)", "Created-By: Packages"
    )
    sites = dict(reversed([line.split() for line in known.splitlines() if len(line.split()) == 2]))
    mains = [site for suite, site in sites.items() if suite in ("bookworm", "trixie")]
    if not mains:
        raise Failed(
            "apt has no lists of Debian 12 or 13 to find a mirror in; `apt-get update` ends this"
        )
    securities = [site for suite, site in sites.items() if suite.endswith("-security")]
    return mains[0], securities[0] if securities else None
