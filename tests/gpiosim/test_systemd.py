"""systemd is process 1 of the virtual station, and the units are those of the package."""

import re

import pytest

from tools.uml.kernel import ROOT
from tools.uml.run import inside, python
from tools.uml.units import installed

pytestmark = [
    pytest.mark.needs_uml,
    pytest.mark.needs_systemd,
    pytest.mark.xdist_group("uml"),
]


def test_the_units_start_charge_die_and_come_back():
    tests = "tests/gpiosim/systemd"
    command = [python(), "-m", "pytest", "-p", "no:cacheprovider", tests]
    result = inside(
        command,
        time_travel=True,
        limit_s=400,
        systemd=installed(ROOT / "boards" / "gpiosim.toml"),
    )
    assert result.code == 0, result.told
    assert re.search(r"^\d+ passed", result.output, re.M), result.told
