"""`python -m tools.image`: packages and image for a station, and their trials in emulation."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from firmware.io.packages import new_key, public_pem
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
        if name == "deb":
            verb.add_argument("--sign", type=Path, metavar="KEY", help="a maker's key, of `key`")
    verb = verbs.add_parser("key", help="make a maker's key; who has it can update stations")
    verb.add_argument("file", type=Path, help="where to keep it: nowhere that others can read")
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
    key = _key_of(args.sign) if args.sign else None
    for one in _releases(args):
        began_s = time.monotonic()
        package = deb.build(one, key=key)
        tell(f"{package.file}: {package.file.stat().st_size / 2**20:.1f} MiB, installed "
             f"{package.installed_kib / 1024:.0f} MiB, in {time.monotonic() - began_s:.0f} s; "
             "lintian has nothing to say")  # fmt: skip
    _security(args)


def _key(args: argparse.Namespace) -> None:
    key, pem = new_key()
    try:
        with os.fdopen(os.open(args.file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as to:
            to.write(pem)
    except OSError as problem:
        raise Failed(f"{args.file}: {problem.strerror}") from None
    public = args.file.with_suffix(".pub.pem")
    public.write_bytes(public_pem(key))
    tell(f"{args.file} signs packages; keep it. {public} may go to /etc/powerstation/keys of a "
         "station; a signed package brings it along.")  # fmt: skip


def _key_of(file: Path) -> Ed25519PrivateKey:
    try:
        key = load_pem_private_key(file.read_bytes(), None)
    except (OSError, ValueError, TypeError) as problem:
        raise Failed(f"{file}: no key can be read there: {problem}") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise Failed(f"{file}: not a key of `python -m tools.image key`")
    return key


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
    "security": _security, "key": _key,
}  # fmt: skip

if __name__ == "__main__":
    sys.exit(main())
