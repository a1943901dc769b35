"""How fuses of a site are written: each with its currents and what it hangs behind.

deck 63/63/63; row 32/32/32 behind deck      fuses; what hangs on none hangs on the site
ps-1a2b3c4d at row; north 7 at deck          stations, by name on the site or of the back end
"""

from __future__ import annotations

import re
from dataclasses import dataclass

SITE = "site"  # the fuse above all others: the EVSE sub-distribution limit
_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}"
_FUSE = re.compile(rf"({_NAME}) (\d{{1,4}})/(\d{{1,4}})/(\d{{1,4}})(?: behind ({_NAME}))?", re.A)
_PLACE = re.compile(rf"([!-~](?:[ -~]{{0,46}}[!-~])?) at ({_NAME})", re.A)


@dataclass(frozen=True, slots=True)
class FuseEntry:
    """A fuse with its limit on L1, L2 and L3, and the name of the one above it."""

    name: str
    limit_ma: tuple[int, int, int]
    behind: str


def read_fuse(text: str) -> FuseEntry:
    """Return a fuse like `row 32/32/32 behind deck`; raise `ValueError`."""
    found = _FUSE.fullmatch(text.strip())
    if found is None:
        raise ValueError(text)
    one, two, three = (int(found[i]) * 1_000 for i in (2, 3, 4))
    return FuseEntry(found[1], (one, two, three), found[5] or SITE)


def read_place(text: str) -> tuple[str, str]:
    """Return a station and its fuse, written like `north 7 at deck`; raise `ValueError`."""
    found = _PLACE.fullmatch(text.strip())
    if found is None:
        raise ValueError(text)
    return found[1], found[2]
