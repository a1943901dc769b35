"""What `systemd-analyze security` says of the units, without a systemd that runs them."""

from __future__ import annotations

import re

from tools.image.shop import ROOT, demand, run

NEEDED = {"systemd-analyze": "systemd"}


def figures() -> dict[str, str]:
    """Return the exposure of each unit, 0 to 10; less is better."""
    demand(NEEDED)
    found = {}
    for unit in sorted((ROOT / "systemd").glob("*.service")):
        said = run("systemd-analyze", "security", "--offline=true", "--no-pager", unit)
        level = re.search(r"Overall exposure level for [^:]+: ([\d.]+ \w+)", said)
        found[unit.stem] = level[1] if level else "systemd says nothing"
    return found
