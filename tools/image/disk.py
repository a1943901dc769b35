"""Puts file systems and a partition table into one file, without loop devices.

Partitions: 1 boot A, 2 boot B, 3 root A, 4 the extended one, in it 5 root B and 6 the data, which
grows to the end of the card at the first start. A and B are as large as each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tools.image.shop import run

NEEDED = {
    "mkfs.vfat": "dosfstools", "mcopy": "mtools", "mkfs.ext4": "e2fsprogs", "sfdisk": "fdisk",
    "dd": "coreutils",
}  # fmt: skip
DISK_ID = "0x57a71042"
BOOT_MIB, ROOT_MIB, DATA_MIB = 128, 640, 64
MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Part:
    """One partition: where it begins, how long it is, and what is put there."""

    number: int
    start_mib: int
    size_mib: int
    kind: str
    file: Path | None = None


def layout(boot_a: Path, boot_b: Path, root_a: Path, data: Path) -> tuple[Part, ...]:
    """Return the partitions; a logical one has a MiB before it for its own table."""
    root_a_at = 1 + 2 * BOOT_MIB
    extended_at = root_a_at + ROOT_MIB
    root_b_at = extended_at + 1
    data_at = root_b_at + ROOT_MIB + 1
    return (
        Part(1, 1, BOOT_MIB, "c, bootable", boot_a),
        Part(2, 1 + BOOT_MIB, BOOT_MIB, "c", boot_b),
        Part(3, root_a_at, ROOT_MIB, "83", root_a),
        Part(4, extended_at, data_at + DATA_MIB - extended_at, "5"),
        Part(5, root_b_at, ROOT_MIB, "83"),
        Part(6, data_at, DATA_MIB, "83", data),
    )


def assemble(parts: tuple[Part, ...], out: Path) -> None:
    """Write the whole disk."""
    end_mib = max(part.start_mib + part.size_mib for part in parts)
    with out.open("wb") as file:
        file.truncate(end_mib * MIB)
    script = out.with_suffix(".sfdisk")
    script.write_text(table(parts))
    run("sh", "-c", f"sfdisk --quiet '{out}' < '{script}'")
    script.unlink()
    for part in parts:
        if part.file is not None:
            run("dd", f"if={part.file}", f"of={out}", "bs=1M", f"seek={part.start_mib}",
                "conv=notrunc,sparse", "status=none")  # fmt: skip


def table(parts: tuple[Part, ...]) -> str:
    """Return what sfdisk is told."""
    lines = [
        f"start={part.start_mib}MiB, size={part.size_mib}MiB, type={part.kind}" for part in parts
    ]
    return "\n".join(["label: dos", f"label-id: {DISK_ID}", *lines]) + "\n"


def fat(folder: Path, label: str, out: Path) -> None:
    """Make a boot partition of a folder."""
    with out.open("wb") as file:
        file.truncate(BOOT_MIB * MIB)
    run("mkfs.vfat", "-F", "32", "-n", label, out)
    names = sorted(folder.iterdir())
    if names:
        run("mcopy", "-s", "-m", "-i", out, *names, "::")


def ext4(folder: Path, label: str, size_mib: int, out: Path) -> None:
    """Make a file system of a folder."""
    with out.open("wb") as file:
        file.truncate(size_mib * MIB)
    run("mkfs.ext4", "-q", "-b", "4096", "-m", "0", "-L", label, "-d", folder, out)
