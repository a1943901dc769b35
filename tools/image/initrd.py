"""The initramfs: busybox, our own first program, and the modules that the supported trees name.

Made on this machine in a second; Debian's own tool takes a quarter of an hour when emulated.
"""

from __future__ import annotations

import gzip
import lzma
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from tools.image.shop import FILES, Failed, run

NEEDED = {"cpio": "cpio", "depmod": "kmod", "dtc": "device-tree-compiler"}
ALWAYS = (  # ext4 asks for the first when it mounts, vfat for its tables of letters
    "crc32c_generic", "ext4", "vfat", "nls_cp437", "nls_ascii", "mmc_block", "bcm2835",
    "sdhci_iproc",
)  # fmt: skip
# what stands between a Pi's firmware and its card; nothing else is waited for this early
KINDS = re.compile(
    r"kernel/drivers/(mmc|clk|gpio|regulator|pinctrl|dma|reset|soc|firmware|mailbox|pmdomain|bus|"
    r"mfd|watchdog|char/hw_random)/"
)


def make(kernel: Path, version: str, busybox: Path, trees: list[Path], out: Path) -> int:
    """Write the initramfs of a kernel that lies unpacked at `kernel`; return how many modules."""
    modules = modules_for(kernel, version, trees)
    with tempfile.TemporaryDirectory(prefix="powerstation-initrd-") as place:
        top = Path(place)
        for name in ("bin", "dev", "proc", "sys", "slot", "modules"):
            (top / name).mkdir()
        shutil.copy(busybox, top / "bin/busybox")
        shutil.copy(FILES / "init", top / "init")
        for path in modules:
            text = path.read_bytes()
            text = lzma.decompress(text) if path.suffix == ".xz" else text
            (top / "modules" / path.name.removesuffix(".xz")).write_bytes(text)
        names = [path.name.removesuffix(".xz") for path in modules]
        (top / "modules/list").write_text("".join(f"{name}\n" for name in names))
        out.write_bytes(gzip.compress(_cpio(top), compresslevel=6, mtime=0))
    return len(modules)


def modules_for(kernel: Path, version: str, trees: list[Path]) -> list[Path]:
    """Return the modules that the trees need to reach the card, each after what it needs."""
    run("depmod", "-b", kernel, version)
    aliases = _aliases(kernel / "lib/modules" / version / "modules.alias")
    wanted = set(ALWAYS)
    for tree in trees:
        source = run("dtc", "-q", "-I", "dtb", "-O", "dts", tree)
        for words in re.findall(r"\bcompatible = (.*);", source):
            for name in re.findall(r'[^"\\]+', words.replace("\\0", '"')):
                wanted |= aliases.get(name, set())
    needs = _needs(kernel / "lib/modules" / version)
    found: dict[Path, None] = {}
    for module in sorted(wanted & needs.keys()):  # what is not there is built in
        *_, itself = needs[module]
        if module in ALWAYS or KINDS.search(str(itself)):
            found |= dict.fromkeys(needs[module])
    return list(found)


def _aliases(file: Path) -> dict[str, set[str]]:
    """Return the modules by the name that a device tree calls them."""
    known: dict[str, set[str]] = {}
    for line in file.read_text().splitlines():
        match = re.fullmatch(r"alias of:N\*T\*C([^*]+)(?:C\*)? (\S+)", line)
        if match:
            known.setdefault(match[1], set()).add(match[2])
    return known


def _needs(folder: Path) -> dict[str, list[Path]]:
    """Return each module's files by its name, those that it needs before itself."""
    needs = {}
    for line in (folder / "modules.dep").read_text().splitlines():
        itself, _, others = line.partition(":")
        name = Path(itself).name.split(".")[0].replace("-", "_")
        needs[name] = [folder / path for path in (*reversed(others.split()), itself)]
    return needs


def _cpio(top: Path) -> bytes:
    names = "\n".join(str(path.relative_to(top)) for path in sorted(top.rglob("*")))
    done = subprocess.run(
        ["cpio", "--quiet", "-o", "-H", "newc", "-R", "0:0", "--reproducible"],
        cwd=top, input=names.encode(), capture_output=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise Failed(f"cpio failed: {done.stderr.decode()}")
    return done.stdout
