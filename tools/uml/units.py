"""The station as its package installs it, on a virtual machine whose process 1 is systemd."""

from __future__ import annotations

import sys
from pathlib import Path

from tools.uml.kernel import ROOT
from tools.uml.run import Systemd, python

HOME = (
    "/opt/powerstation"  # homes are hidden from the units, and this machine's Python may be in one
)
SYSTEMD = ROOT / "systemd"
LAUNCHER = f"""#!/bin/sh
export LD_LIBRARY_PATH={HOME}/base/lib
export PYTHONPATH={HOME}/source:{HOME}/libraries PYTHONDONTWRITEBYTECODE=1
exec {HOME}/base/bin/python3 -m firmware.apps.cli "$@"
"""
# the played reader and meters hang on pseudo terminals, which no real board has
DROP_IN = "[Service]\nDeviceAllow=char-pts rw\n"
PLACES = {
    ".service": "/etc/systemd/system/{name}",
    ".rules": "/etc/udev/rules.d/{name}",
    ".sysusers": "/etc/sysusers.d/powerstation.conf",
    ".tmpfiles": "/etc/tmpfiles.d/powerstation.conf",
}


def installed(board: Path) -> Systemd:
    """Return units, rules, users and the board file at their places, nothing started."""
    files = {
        PLACES[file.suffix].format(name=file.name): (file.read_text(), 0o644)
        for file in sorted(SYSTEMD.iterdir())
        if file.suffix in PLACES
    }
    files["/usr/bin/powerstation"] = (LAUNCHER, 0o755)
    files["/etc/powerstation/board.toml"] = (board.read_text(), 0o644)
    files["/etc/systemd/system/powerstation-stationd.service.d/rig.conf"] = (DROP_IN, 0o644)
    libraries = python().parents[1] / "lib"
    site = next(libraries.glob("python3.*/site-packages"))
    binds = {
        f"{HOME}/source": str(ROOT),
        f"{HOME}/libraries": str(site),
        f"{HOME}/base": str(Path(sys.base_prefix).resolve()),
    }
    return Systemd(files, binds)
