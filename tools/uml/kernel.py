"""Where a kernel of virtual hardware is: the one that POWERSTATION_UML names, or our own.

POWERSTATION_UML is the folder of a kernel or the kernel itself. Our own lies in a cache under a
key made of everything that it was built from.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SERIES = "6.12"
FRAGMENT = HERE / "kernel.fragment"
TREE = HERE / "station.dts"
PATCHES = HERE / "patches"
MODULES = ("pwm-sim.ko", "mcp3208-sim.ko")  # in the order in which they are loaded
KEY_FILE = "made-from"


class NoKernel(RuntimeError):
    """There is no kernel to run; says why and which command ends it."""


@dataclass(frozen=True, slots=True)
class Kernel:
    """A kernel with its modules and device tree; `ours` where this source tree made all of it."""

    linux: Path
    modules: tuple[Path, ...]
    tree: Path
    ours: bool


def key() -> str:
    """Return the hash of everything that a kernel is made from, the point release aside."""
    return digest(FRAGMENT, TREE, PATCHES, HERE / "modules")


def digest(*places: Path) -> str:
    """Return a short hash of files and of what lies in folders."""
    hashed = hashlib.sha256(SERIES.encode())
    for place in places:
        for path in sorted(place.iterdir()) if place.is_dir() else [place]:
            hashed.update(path.name.encode() + path.read_bytes())
    return hashed.hexdigest()[:16]


def cache() -> Path:
    """Return the folder that keeps kernels beyond a checkout."""
    base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("HOME")
    if base is None:
        return ROOT / "build" / "uml"
    return Path(base) / ("" if "XDG_CACHE_HOME" in os.environ else ".cache") / "powerstation/uml"


def find() -> Kernel:
    """Return the given kernel, else our own; raise `NoKernel` where there is neither."""
    given = os.environ.get("POWERSTATION_UML")
    if given:
        return _given(Path(given).absolute())
    folder = cache() / key()
    if not (folder / KEY_FILE).is_file():
        raise NoKernel(f"no kernel in {folder}; `make uml` builds it")
    return _in_folder(folder, folder / "linux")


def _given(path: Path) -> Kernel:
    if path.is_file():
        return _in_folder(path.parent, path)
    for name in ("linux", "linux-core"):
        if (path / name).is_file():
            return _in_folder(path, path / name)
    raise NoKernel(f"POWERSTATION_UML={path} holds no kernel named linux; unset it or correct it")


def _in_folder(folder: Path, linux: Path) -> Kernel:
    modules = []
    for name in MODULES:
        places = [folder / name, folder / "mods" / name]
        found = next((place for place in places if place.is_file()), None)
        if found is None:
            raise NoKernel(f"{linux} has no module {name} beside it; unset POWERSTATION_UML")
        modules.append(found)
    made_from = folder / KEY_FILE
    ours = made_from.is_file() and made_from.read_text().split()[0] == key()
    tree = folder / "station.dtb"
    if not ours:
        tree = _compiled_tree()
    return Kernel(linux, tuple(modules), tree, ours)


def _compiled_tree() -> Path:
    tree = cache() / f"station-{digest(TREE)}.dtb"
    if tree.is_file():
        return tree
    if shutil.which("dtc") is None:
        raise NoKernel("dtc not found; `apt-get install device-tree-compiler` ends this")
    tree.parent.mkdir(parents=True, exist_ok=True)
    fresh = tree.with_suffix(f".{os.getpid()}")
    compile_tree("dtc", fresh)
    fresh.replace(tree)
    return tree


def compile_tree(dtc: str, target: Path) -> None:
    """Write the flat device tree of the virtual board."""
    # gpio-sim describes its bank without an address, on purpose of its binding
    command = [dtc, "-q", "-I", "dts", "-O", "dtb", "-o", target, TREE]
    subprocess.run(command, check=True)
