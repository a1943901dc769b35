"""`python -m tools.image`: packages and image for a station, and their trials in emulation."""

from __future__ import annotations

import argparse
import signal
import sys
import time

from tools.image import deb, image, try_deb, try_image
from tools.image.releases import IMAGE, RELEASES, Release, release
from tools.image.security import figures
from tools.image.shop import BUILD, Failed, tell


def main() -> int:
    """Carry out one verb; 1 with a sentence where something is missing or fails."""
    parser = argparse.ArgumentParser(prog="python -m tools.image", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    for name, sentence in (
        ("deb", "make the package of each Debian release"),
        ("try-deb", "install it in an emulated arm64 root, start its services, ask them"),
    ):
        verb = verbs.add_parser(name, help=sentence)
        verb.add_argument("release", nargs="*", help="12, 13, bookworm or trixie; none: all")
    verbs.add_parser("image", help="make the image for SD card or eMMC")
    verbs.add_parser("try-image", help="boot it in an emulated machine, ask its station")
    verbs.add_parser("security", help="what systemd says of the units' exposure")
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # nothing that we started stays
    try:
        VERBS[args.verb](args)
    except Failed as why:
        print(f"image: {why}", file=sys.stderr)
        return 1
    return 0


def _deb(args: argparse.Namespace) -> None:
    for one in _releases(args):
        began_s = time.monotonic()
        package = deb.build(one)
        tell(f"{package.file}: {package.file.stat().st_size / 2**20:.1f} MiB, installed "
             f"{package.installed_kib / 1024:.0f} MiB, in {time.monotonic() - began_s:.0f} s; "
             "lintian has nothing to say")  # fmt: skip
    _security(args)


def _try_deb(args: argparse.Namespace) -> None:
    for one in _releases(args):
        file = BUILD / "deb" / f"{deb.NAME}_{deb.version(one)}_arm64.deb"
        package = deb.Package(file, 0) if file.exists() else deb.build(one)
        try_deb.try_package(one, package)


def _image(_args: argparse.Namespace) -> None:
    image.build()


def _try_image(_args: argparse.Namespace) -> None:
    folder = BUILD / "image"
    file = folder / f"{deb.NAME}-{deb.version(IMAGE)}.img"
    there = file.exists() and (folder / "boot").exists()
    made = image.Made(file, file, folder / "boot") if there else image.build()
    try_image.try_image(made)


def _security(_args: argparse.Namespace) -> None:
    for unit, exposure in figures().items():
        tell(f"systemd-analyze security {unit}: {exposure}")


def _releases(args: argparse.Namespace) -> tuple[Release, ...]:
    return tuple(release(name) for name in args.release) or RELEASES


VERBS = {
    "deb": _deb, "try-deb": _try_deb, "image": _image, "try-image": _try_image,
    "security": _security,
}  # fmt: skip

if __name__ == "__main__":
    sys.exit(main())
