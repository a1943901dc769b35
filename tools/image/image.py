"""The flashable image: boot partitions, two slots for the root, data; from Debian's packages."""

from __future__ import annotations

import re
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tools.image import disk, initrd, pi, rootfs
from tools.image.deb import build as build_deb
from tools.image.deb import version
from tools.image.releases import IMAGE
from tools.image.roots import emulated
from tools.image.shop import BUILD, Failed, cache, commit_time_s, demand, run, tell
from tools.image.sources import depends, fetch

KERNEL, FIRMWARE, BUSYBOX = "linux-image-arm64", "raspi-firmware", "busybox-static"
NEEDED = disk.NEEDED | initrd.NEEDED | pi.NEEDED | {"zstd": "zstd", "systemctl": "systemd"}
# of a Pi 4 and a CM4, whose first stage is in EEPROM; start.elf makes a partition one to boot from
FIRMWARE_FILES = ("start4.elf", "fixup4.dat", "start.elf", "fixup.dat")
EMULATED_TREE = "bcm2837-rpi-3-b.dtb"  # of the only Pi that QEMU 7.2 plays
DATA_FOLDERS = {"system": 0o755, "etc": 0o750, "lib": 0o750, "log": 0o755, "systemd": 0o755}


@dataclass(frozen=True, slots=True)
class Made:
    """What `make image` leaves in build/image."""

    image: Path
    packed: Path
    boot: Path  # kernel, initramfs and trees as they are on the card, for the emulated machine


@dataclass(frozen=True, slots=True)
class Parts:
    """Debian's packages, unpacked."""

    kernel: Path
    version: str
    trees: Path
    firmware: Path
    busybox: Path


def build(into: Path = BUILD / "image") -> Made:
    """Make the image; raise `Failed` with what is missing or what went wrong."""
    demand(NEEDED)
    emulated()
    began_s = time.monotonic()
    into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="powerstation-image-") as place:
        work = Path(place)
        package = build_deb(IMAGE, BUILD / "deb")
        parts = unpacked(work)
        boot = boot_folder(parts, work / "boot")
        root = rootfs.make(package, parts.kernel, parts.version, work)
        size_mib = _size_mib(root)
        tell(f"the root holds {size_mib} MiB; writing file systems")
        files = _file_systems(work, boot, root)
        out = into / f"powerstation-{version(IMAGE)}.img"
        disk.assemble(disk.layout(*files), out)
        shutil.rmtree(into / "boot", ignore_errors=True)
        shutil.copytree(boot, into / "boot")
        tree = into / "boot" / "emulated.dtb"
        pi.merge(parts.trees / EMULATED_TREE, pi.EMULATED_OVERLAY, tree)
    packed = out.with_suffix(".img.zst")
    run("zstd", "-q", "-f", "-T0", "-9", out, "-o", packed)
    tell(f"{packed}: {packed.stat().st_size / disk.MIB:.0f} MiB, "
         f"unpacked {out.stat().st_size / disk.MIB:.0f} MiB ({_used_mib(out)} MiB not empty), "
         f"in {time.monotonic() - began_s:.0f} s")  # fmt: skip
    return Made(out, packed, into / "boot")


def unpacked(work: Path) -> Parts:
    """Fetch and unpack kernel, firmware and busybox."""
    folder = cache() / f"debs-{IMAGE.codename}"
    kernels = [name for name in depends(IMAGE, KERNEL) if name.startswith("linux-image-")]
    if not kernels:
        raise Failed(f"{KERNEL} of {IMAGE.codename} names no kernel; `apt-get update` may help")
    debs = fetch(IMAGE, [kernels[0], FIRMWARE, BUSYBOX], folder)
    tell(f"unpacking {', '.join(deb.name for deb in debs)}")
    for name, deb in zip(("kernel", "firmware", "busybox"), debs, strict=True):
        run("dpkg-deb", "-x", deb, work / name)
    kernel = work / "kernel"
    (kernel / "lib").symlink_to("usr/lib")  # where depmod looks
    found = next((kernel / "usr/lib/modules").iterdir()).name
    trees = kernel / "usr/lib" / f"linux-image-{found}" / "broadcom"
    firmware = work / "firmware/usr/lib/raspi-firmware"
    return Parts(kernel, found, trees, firmware, work / "busybox/usr/bin/busybox")


def boot_folder(parts: Parts, folder: Path) -> Path:
    """Fill what becomes a boot partition; slot A's has what people and the firmware read too."""
    folder.mkdir()
    for name in FIRMWARE_FILES:
        shutil.copy(parts.firmware / name, folder / name)
    shutil.copy(parts.kernel / "boot" / f"vmlinuz-{parts.version}", folder / "vmlinuz")
    trees = []
    for board, (_, tree) in pi.TREES.items():
        pi.merge(parts.trees / tree, pi.OVERLAYS / f"{board}.dts", folder / f"{board}.dtb")
        trees.append(folder / f"{board}.dtb")
    count = initrd.make(parts.kernel, parts.version, parts.busybox,
                        [*trees, parts.trees / EMULATED_TREE], folder / "initrd.img")  # fmt: skip
    tell(f"initramfs with {count} modules of {parts.version}")
    texts = {
        "config.txt": pi.config_txt(), "cmdline.txt": pi.cmdline_txt("a"),
        "autoboot.txt": pi.autoboot_txt("a"), "station.txt": pi.CARD_TEXT,
    }  # fmt: skip
    for name, text in texts.items():
        (folder / name).write_text(text)
    return folder


def _file_systems(work: Path, boot: Path, root: Path) -> tuple[Path, Path, Path, Path]:
    boot_a, boot_b = work / "boot-a.fat", work / "boot-b.fat"
    root_a, data = work / "root-a.ext4", work / "data.ext4"
    empty = work / "empty"
    empty.mkdir()
    disk.fat(boot, "STATION", boot_a)
    disk.fat(empty, "STATION-B", boot_b)
    disk.ext4(root, "station-a", disk.ROOT_MIB, root_a)
    disk.ext4(data_folder(root, work / "data"), "station-data", disk.DATA_MIB, data)
    return boot_a, boot_b, root_a, data


def data_folder(root: Path, folder: Path) -> Path:
    """Make the data partition's folders; they belong to the users of this very root."""
    ids = re.search(r"^powerstation:[^:]*:(\d+):(\d+):", (root / "etc/passwd").read_text(), re.M)
    if ids is None:
        raise Failed("the image's root has no user powerstation; the package did not install")
    uid, gid = int(ids[1]), int(ids[2])
    for name, mode in DATA_FOLDERS.items():
        (folder / name).mkdir(parents=True)
        (folder / name).chmod(mode)
    shutil.chown(folder / "lib", uid, gid)
    shutil.chown(folder / "etc", 0, gid)
    (folder / ".made").write_text(f"{commit_time_s()}\n")
    return folder


def _size_mib(folder: Path) -> int:
    return int(run("du", "-sm", folder).split()[0])


def _used_mib(file: Path) -> int:
    return file.stat().st_blocks * 512 // disk.MIB
