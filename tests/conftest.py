"""Marks: what a test needs of the machine, and how a skip is ended.

With POWERSTATION_CI=1 a missing need is a failure, never a skip; but for what a kernel refuses.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tools.uml import kernel, run

REFUSED = "the kernel makes no network namespace; outside of this container the skip ends"
NEEDS = {
    "needs_chromium": (("chromium", "npm"), "apt-get install chromium nodejs npm"),
    "needs_node": (("node", "npm"), "apt-get install nodejs npm"),
    "needs_compiler": (("cc",), "apt-get install gcc libc6-dev"),
    "needs_mosquitto": (("mosquitto",), "apt-get install mosquitto"),
    "needs_dtc": (("dtc", "fdtoverlay"), "apt-get install device-tree-compiler"),
    "needs_systemd": (("systemd-analyze", "udevadm"), "apt-get install systemd udev"),
}


def pytest_collection_modifyitems(items):
    lacks = {mark: _lack_of_programs(*need) for mark, need in NEEDS.items()}
    lacks["needs_uml"] = _lack_of_a_kernel()
    lacks["needs_rpi_lgpio"] = _lack_of_rpi_lgpio()
    lacks["needs_namespaces"] = _lack_of_namespaces()
    for item in items:
        for mark, reason in lacks.items():
            if item.get_closest_marker(mark) is None or reason is None:
                continue
            if os.environ.get("POWERSTATION_CI") == "1" and reason != REFUSED:
                raise pytest.UsageError(f"{item.nodeid}: {reason}, and in CI nothing is skipped")
            item.add_marker(pytest.mark.skip(reason=reason))


def _lack_of_programs(programs, remedy):
    missing = [program for program in programs if shutil.which(program) is None]
    return f"{', '.join(missing)} not found; `{remedy}` ends this skip" if missing else None


def _lack_of_a_kernel():
    try:
        kernel.find()
        run.python()
    except kernel.NoKernel as why:
        return f"no virtual station: {why}"
    return None


def _lack_of_rpi_lgpio():
    if (kernel.ROOT / ".venv-rpigpio" / "bin" / "python").exists():
        return None
    return "no .venv-rpigpio; `make uml` makes it"


def _lack_of_namespaces():
    if os.geteuid() != 0:
        return "not root; as root this skip ends"
    lack = _lack_of_programs(("ip", "unshare"), "apt-get install iproute2 util-linux")
    if (
        lack is None
        and subprocess.run(["unshare", "--net", "true"], capture_output=True).returncode
    ):
        return REFUSED
    return lack


def pytest_terminal_summary(terminalreporter):
    """Tell the figures that tests have measured, whoever ran them."""
    for report in terminalreporter.stats.get("passed", []):
        for name, text in report.user_properties:
            if name == "figure":
                terminalreporter.write_line(f"figure: {text}")


@pytest.fixture(scope="session")
def repository():
    """The top of the checkout."""
    return Path(__file__).parent.parent
