"""The contract of the ports on the simulated chips: the tests of `tests/contract`, one machine."""

import re
import subprocess
import sys

import pytest

from tools.uml.kernel import ROOT
from tools.uml.run import inside, python

CONTRACT = "tests/contract"

pytestmark = [pytest.mark.needs_uml, pytest.mark.xdist_group("uml")]


def without_rig(text, rig):
    """Return the tests of a rig in a list of pytest's, without the rig's name."""
    tests = re.findall(r"^tests/contract/(test_\S+?)(?: (\w+).*)?$", text, re.M)
    pattern = re.compile(rf"\[{rig}-|\[{rig}\]")
    return {pattern.sub("[", name): word for name, word in tests if pattern.search(name)}


def test_the_chips_pass_the_contract_of_the_mock_test_by_test(record_property):
    collect = [sys.executable, "-m", "pytest", "--collect-only", CONTRACT]
    listed = subprocess.run(collect, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    wanted = without_rig(listed, "mock")
    assert len(wanted) >= 25, listed
    command = [python(), "-m", "pytest", "-p", "no:cacheprovider", "-vv", "-rs", CONTRACT]
    result = inside(command, time_travel=True, limit_s=400)
    assert result.code == 0, result.told
    passed = without_rig(result.output, "station")
    assert passed == dict.fromkeys(wanted, "PASSED"), result.told
    rigs = {name: len(without_rig(listed, name)) for name in ("mock", "wire", "pins", "drivers")}
    told = ", ".join(f"{name} {count}" for name, count in rigs.items())
    record_property("figure", f"contract: {told}; real drivers on simulated chips {len(passed)}")
