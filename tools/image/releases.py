"""The Debian releases that we build for; a wheel with C in it belongs to one Python."""

from __future__ import annotations

from dataclasses import dataclass

from tools.image.shop import Failed


@dataclass(frozen=True, slots=True)
class Release:
    """One Debian release."""

    codename: str
    number: int
    python: str  # "3.11"
    glibc_minor: int  # of glibc 2.x: which manylinux wheels run there

    @property
    def tag(self) -> str:
        """Return the tag of CPython's ABI."""
        return "cp" + self.python.replace(".", "")

    @property
    def next_python(self) -> str:
        """Return the first Python that the package does not fit any more."""
        major, minor = self.python.split(".")
        return f"{major}.{int(minor) + 1}"


RELEASES = (Release("bookworm", 12, "3.11", 36), Release("trixie", 13, "3.13", 41))
IMAGE = RELEASES[1]  # the image's: kernel 6.12 of its own, device trees with symbols


def release(name: str) -> Release:
    """Return a release by codename or number; raise `Failed`."""
    for one in RELEASES:
        if name in (one.codename, str(one.number)):
            return one
    known = ", ".join(f"{r.codename} ({r.number})" for r in RELEASES)
    raise Failed(f"{name} is no release that we build for; known: {known}")
