"""The Debian package of one release: a tree of files, its control data, dpkg-deb, lintian."""

from __future__ import annotations

import gzip
import hashlib
import shutil
import tempfile
from dataclasses import dataclass
from email.parser import HeaderParser
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from firmware import VERSION
from firmware.io.packages import KEYS, public_pem, sign
from tools.image.releases import Release
from tools.image.shop import BUILD, FILES, ROOT, commit_time_s, demand, run, tell
from tools.image.sources import ARCHITECTURE
from tools.image.venv import NEEDED as VENV_NEEDED
from tools.image.venv import NEEDED_FILES as VENV_FILES
from tools.image.venv import fill

NAME = "powerstation"
OPT = Path("opt/powerstation")
UNITS = Path("usr/lib/systemd/system")
DOC = Path("usr/share/doc") / NAME
MAINTAINER = "Powerstation maintainers <maintainers@users.noreply.example.com>"
NEEDED = {"dpkg-deb": "dpkg", "lintian": "lintian"} | VENV_NEEDED
NEEDED_FILES = VENV_FILES
PLACES = {  # in systemd/: where a file goes, by how its name ends
    ".service": (UNITS, "{name}"),
    ".path": (UNITS, "{name}"),
    ".sysusers": (Path("usr/lib/sysusers.d"), "{stem}.conf"),
    ".tmpfiles": (Path("usr/lib/tmpfiles.d"), "{stem}.conf"),
    ".modules": (Path("usr/lib/modules-load.d"), "{stem}.conf"),
    ".rules": (Path("usr/lib/udev/rules.d"), "{name}"),
}
PAGES = ("README.md", "CHANGELOG.md", "docs/boards.md", "docs/install.md", "docs/safety.md")
DESCRIPTION = """Firmware of an AC charging station with one or two Type 2 sockets
 A safety process for the pilot lines, contactors, locks and residual current
 sensors, and a station process for sessions, cards, meters and OCPP 1.6-J.
 .
 For Raspberry Pi 4 and Compute Module 4 boards; simulated boards run anywhere."""


@dataclass(frozen=True, slots=True)
class Package:
    """A package that was made."""

    file: Path
    installed_kib: int


def build(
    release: Release, into: Path = BUILD / "deb", key: Ed25519PrivateKey | None = None
) -> Package:
    """Make the package of a release, and let lintian look at it; raise `Failed`.

    With a key it is signed, and stations that it is installed on take others of the same key.
    """
    demand(NEEDED, NEEDED_FILES)
    into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="powerstation-deb-") as place:
        work, tree = Path(place), Path(place) / "tree"
        site = tree / OPT / f"lib/python{release.python}/site-packages"
        site.mkdir(parents=True)
        fill(release, site, work)
        environment(release, tree)
        station_files(tree)
        if key is not None:
            trust(tree, key)
        documents(release, tree, site)
        settle_modes(tree)
        size_kib = control(release, tree)
        file = into / f"{NAME}_{version(release)}_{ARCHITECTURE}.deb"
        run("dpkg-deb", "--root-owner-group", "-Zxz", "--build", tree, work / file.name,
            env={"SOURCE_DATE_EPOCH": commit_time_s()})  # fmt: skip
        shutil.move(work / file.name, file)
    tell(f"{release.codename}: lintian")
    run("lintian", "--fail-on", "error,warning", "--display-level", ">=warning", file)
    if key is not None:
        sign(file, key)
    return Package(file, size_kib)


def trust(tree: Path, key: Ed25519PrivateKey) -> None:
    """Put the maker's public key where a station looks for it."""
    target = tree / KEYS.relative_to("/") / "maker.pem"
    target.parent.mkdir(parents=True)
    target.write_bytes(public_pem(key))


def version(release: Release) -> str:
    """Return the version of the package: ours, and the release that its wheels are bound to."""
    return f"{VERSION}+deb{release.number}"


def environment(release: Release, tree: Path) -> None:
    """Make the private environment around its site-packages, and what starts it."""
    top = tree / OPT
    (top / "bin").mkdir()
    (top / "bin/python3").symlink_to("/usr/bin/python3")
    words = (
        "home = /usr/bin",
        "include-system-site-packages = false",
        f"version = {release.python}",
    )
    (top / "pyvenv.cfg").write_text("".join(f"{word}\n" for word in words))
    (tree / "usr/bin").mkdir(parents=True)
    shutil.copy(FILES / "launcher", tree / "usr/bin/powerstation")


def station_files(tree: Path) -> None:
    """Put everything of systemd/ where systemd, udev and the kernel look for it."""
    for path in sorted((ROOT / "systemd").iterdir()):
        folder, name = PLACES[path.suffix]
        target = tree / folder / name.format(name=path.name, stem=path.stem)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    (tree / "etc/powerstation").mkdir(parents=True)
    overlays = tree / "usr/share" / NAME / "overlays"
    shutil.copytree(ROOT / "boards/overlays", overlays)


def documents(release: Release, tree: Path, site: Path) -> None:
    """Write man page, changelog, copyright, overrides and the pages for people."""
    folder = tree / DOC
    folder.mkdir(parents=True)
    for page in PAGES:
        if (ROOT / page).exists():
            _zip(tree / DOC / f"{Path(page).name}.gz", (ROOT / page).read_bytes())
    _zip(tree / "usr/share/man/man1/powerstation.1.gz", (FILES / "powerstation.1").read_bytes())
    _zip(folder / "changelog.gz", changelog(release).encode())
    (folder / "copyright").write_text(copyright_text(site))
    overrides = tree / "usr/share/lintian/overrides" / NAME
    overrides.parent.mkdir(parents=True)
    shutil.copy(FILES / "lintian-overrides", overrides)


def changelog(release: Release) -> str:
    """Return Debian's changelog; CHANGELOG.md beside it says what has changed."""
    stamp = run("date", "-u", "-R", "-d", f"@{commit_time_s()}").strip()
    said = "  * What has changed: CHANGELOG.md.gz beside this file."
    head = f"{NAME} ({version(release)}) {release.codename}; urgency=medium"
    return f"{head}\n\n{said}\n\n -- {MAINTAINER}  {stamp}\n"


def copyright_text(site: Path) -> str:
    """Return the licences: ours, and for each package inside what its authors declare."""
    lines = [(FILES / "copyright.head").read_text().rstrip(), "Comment: Inside /opt/powerstation:"]
    for folder in sorted(site.glob("*.dist-info")):
        meta = HeaderParser().parsestr((folder / "METADATA").read_text(errors="replace"))
        classes = [c.split(" :: ")[-1] for c in meta.get_all("Classifier", []) if "License" in c]
        said = (
            meta["License-Expression"] or ", ".join(classes) or meta["License"] or "see its files"
        )
        lines.append(f" {meta['Name']} {meta['Version']}: {said.splitlines()[0][:100]}")
    return "\n".join(lines) + "\n"


def settle_modes(tree: Path) -> None:
    """Give every file a mode that says nothing about whoever built it."""
    for path in sorted(tree.rglob("*")):
        if path.is_symlink():
            continue
        script = path.is_file() and path.parent in (tree / "usr/bin", tree / "DEBIAN")
        path.chmod(0o755 if path.is_dir() or script else 0o644)


def control(release: Release, tree: Path) -> int:
    """Write DEBIAN/ and return the installed size in KiB."""
    files = [p for p in sorted(tree.rglob("*")) if p.is_file() and not p.is_symlink()]
    size_kib = sum(-(-p.stat().st_size // 1024) for p in files)
    folder = tree / "DEBIAN"
    folder.mkdir()
    sums = (f"{hashlib.md5(p.read_bytes()).hexdigest()}  {p.relative_to(tree)}\n" for p in files)
    (folder / "md5sums").write_text("".join(sums))
    (folder / "control").write_text(control_text(release, size_kib))
    for script in ("postinst", "prerm", "postrm"):
        shutil.copy(FILES / script, folder / script)
        (folder / script).chmod(0o755)
    return size_kib


def control_text(release: Release, size_kib: int) -> str:
    """Return the control file: for one Python and one glibc, as the wheels are."""
    needs = (
        f"python3 (>= {release.python}), python3 (<< {release.next_python}), "
        f"libc6 (>= 2.{release.glibc_minor}), libusb-1.0-0, systemd, udev, tzdata, "
        "init-system-helpers (>= 1.54)"
    )
    fields = {
        "Package": NAME, "Version": version(release), "Architecture": ARCHITECTURE,
        "Maintainer": MAINTAINER, "Installed-Size": str(size_kib), "Depends": needs,
        "Recommends": "mosquitto",  # of a master of load management
        "Section": "embedded", "Priority": "optional", "Description": DESCRIPTION,
    }  # fmt: skip
    return "".join(f"{key}: {value}\n" for key, value in fields.items())


def _zip(target: Path, text: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(gzip.compress(text, compresslevel=9, mtime=0))
