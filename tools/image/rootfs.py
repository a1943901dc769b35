"""The root of the image: Debian, the package, the kernel's modules, and what makes it read-only.

Everything that would make two stations alike is taken out; the first start makes it anew.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from tools.image.chroot import Inside
from tools.image.deb import NAME, Package, version
from tools.image.releases import IMAGE
from tools.image.roots import hand_in, unpack
from tools.image.shop import FILES, run, tell

SHARED = (  # what Debian's packages made while they were installed
    "etc/ssh/ssh_host_*", "etc/machine-id", "var/lib/dbus/machine-id", "etc/apt/sources.list.d/*",
    "var/lib/systemd/random-seed", "etc/apt/apt.conf.d/99mmdebstrap", "var/lib/apt/lists/*",
    "var/cache/apt/*", "var/log/*", "etc/hostname", "root/.cache", "var/cache/ldconfig/*",
)  # fmt: skip
PLACES = (
    "data", "boot/station", "etc/powerstation", "var/lib/powerstation", "var/lib/powerstation-web",
    "var/log", "root",
)  # fmt: skip
ENABLED = ("systemd-networkd", "systemd-resolved", "systemd-timesyncd", "ssh", "powerstation-slot")
DISABLED = (
    "apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "e2scrub_all.timer",
    "e2scrub_reap.service", "systemd-networkd-wait-online.service",
    "mosquitto.service",  # a master of load management runs a broker of its own
)  # fmt: skip


def make(package: Package, kernel: Path, kernel_version: str, work: Path) -> Path:
    """Return the folder of a root that is ready for its file system."""
    root = unpack(IMAGE, work / "root")
    inside = Inside(root, work / "outside")
    tell("installing the package in the image's root, emulated")
    inside.run("apt-get", "-qq", "-y", "install", *hand_in(inside, IMAGE, package.file))
    modules = root / "usr/lib/modules"
    shutil.copytree(kernel / "lib/modules", modules, symlinks=True)
    clean(root)
    configure(root)
    told = {"package": version(IMAGE), "kernel": kernel_version, "debian": IMAGE.codename}
    (root / "usr/lib/powerstation/image.json").write_text(json.dumps(told) + "\n")
    return root


def clean(root: Path) -> None:
    """Take out what no two stations may share, and what the build left."""
    for pattern in SHARED:
        for path in root.glob(pattern):
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    for name in ("run", "tmp", "var/tmp"):
        for path in (root / name).iterdir():
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def configure(root: Path) -> None:
    """Lay our files over Debian's: mounts, journal, network, SSH, first boot, slots."""
    shutil.copytree(FILES / "system", root, dirs_exist_ok=True)
    own = root / "usr/lib" / NAME
    own.mkdir(exist_ok=True)
    for script in ("prepare-data", "slot"):
        shutil.copy(FILES / script, own / script)
        (own / script).chmod(0o755)
    for name in PLACES:
        (root / name).mkdir(parents=True, exist_ok=True)
    (root / "etc/machine-id").touch()
    (root / "etc/hostname").write_text("powerstation\n")
    bus_id = root / "var/lib/dbus/machine-id"
    bus_id.unlink(missing_ok=True)
    bus_id.symlink_to("/etc/machine-id")
    resolved = root / "etc/resolv.conf"
    resolved.unlink(missing_ok=True)
    resolved.symlink_to("../run/systemd/resolve/stub-resolv.conf")
    run("systemctl", f"--root={root}", "--quiet", "enable", *ENABLED)
    run("systemctl", f"--root={root}", "--quiet", "mask", *DISABLED)
    run("systemctl", f"--root={root}", "--quiet", "set-default", "multi-user.target")
