"""Marks: what a test needs of the machine, and how a skip is ended.

With POWERSTATION_CI=1 a missing need is a failure, never a skip.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

NEEDS = {
    "needs_node": (("node", "npm"), "apt-get install nodejs npm"),
    "needs_compiler": (("cc",), "apt-get install gcc libc6-dev"),
    "needs_systemd": (("systemd-analyze",), "apt-get install systemd"),
}


def pytest_collection_modifyitems(items):
    for item in items:
        for mark, (programs, remedy) in NEEDS.items():
            missing = [p for p in programs if shutil.which(p) is None]
            if item.get_closest_marker(mark) is None or not missing:
                continue
            reason = f"{', '.join(missing)} not found; `{remedy}` ends this skip"
            if os.environ.get("POWERSTATION_CI") == "1":
                raise pytest.UsageError(f"{item.nodeid}: {reason}, and in CI nothing is skipped")
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def repository():
    """The top of the checkout."""
    return Path(__file__).parent.parent
