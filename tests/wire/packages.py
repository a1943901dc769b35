"""Small packages that dpkg knows, and a system of their own that it may change."""

import os
import subprocess

from firmware import VERSION
from firmware.io.packages import new_key, public_pem, sign

NEWER = f"{VERSION}+1"  # than what runs here, whatever that is
KEY, _ = new_key()
STRANGER, _ = new_key()


def keys_in(folder, key=KEY):
    """Trust a key there; return the folders to look in."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "maker.pem").write_bytes(public_pem(key))
    return (folder,)


def package(folder, version, *, name="powerstation", architecture="all", key=KEY, needs="",
            script="", padding_bytes=0):  # fmt: skip
    """Build a .deb that installs one file with its version."""
    tree = folder / f"tree-{name}-{version}"
    (tree / "DEBIAN").mkdir(parents=True)
    fields = {
        "Package": name, "Version": version, "Architecture": architecture,
        "Maintainer": "Nobody <nobody@example.org>", "Description": "a trial",
    } | ({"Depends": needs} if needs else {})  # fmt: skip
    control = "".join(f"{key}: {value}\n" for key, value in fields.items())
    (tree / "DEBIAN/control").write_text(control)
    if script:
        (tree / "DEBIAN/postinst").write_text(f"#!/bin/sh\n{script}\n")
        (tree / "DEBIAN/postinst").chmod(0o755)
    (tree / "usr/lib/station").mkdir(parents=True)
    (tree / "usr/lib/station/version").write_text(f"{version}\n")
    (tree / "usr/lib/station/padding").write_bytes(os.urandom(padding_bytes))
    file = folder / f"{name}_{version}.deb"
    subprocess.run(
        ["dpkg-deb", "--root-owner-group", "--build", tree, file], check=True, capture_output=True
    )
    if key is not None:
        sign(file, key)
    return file


def system(folder, file=None):
    """Make a system that dpkg may change, with a package in it."""
    (folder / "var/lib/dpkg/info").mkdir(parents=True)
    (folder / "var/lib/dpkg/updates").mkdir()
    (folder / "var/lib/dpkg/status").touch()
    (folder / "usr").mkdir()
    if file is not None:
        subprocess.run(
            ["dpkg", f"--root={folder}", "--install", file], check=True, capture_output=True
        )
    return folder
